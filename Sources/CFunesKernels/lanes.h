/* SPDX-License-Identifier: Apache-2.0
 * Several floats beside each other, FUNES_WIDTH of them: 1 in the definition, a register's worth in an ISA file. Every
 * operation is one of binary32 or int32 on each lane, so that the same source gives the same bits at every width.
 * Included below the pragma that sets an ISA's target.
 */
#ifndef FUNES_LANES_H
#define FUNES_LANES_H

#include <float.h>
#include <stdint.h>

_Static_assert(FLT_EVAL_METHOD == 0, "float expressions must be evaluated in binary32");

#if FUNES_WIDTH == 1

typedef float vfloat;
typedef int32_t vint;
typedef uint32_t vbits;

typedef union vboth {
  vfloat value;
  vbits bits;
} vboth;

FUNES_INLINE vfloat splat(float x) { return x; }
FUNES_INLINE vfloat load(const float *x) { return *x; }
FUNES_INLINE void store(float *y, vfloat v) { *y = v; }
FUNES_INLINE vint load_int(const int32_t *x) { return *x; }
FUNES_INLINE vfloat float_of_int(vint v) { return (float)v; }
FUNES_INLINE vint int_of_bits(vbits bits) { return (int32_t)bits; }
/* Of numbers that have no sign: x from 0 on and below 2^32, without its fraction; and back. */
FUNES_INLINE vbits whole_of_float(vfloat x) { return (uint32_t)x; }
FUNES_INLINE vfloat float_of_whole(vbits v) { return (float)v; }
FUNES_INLINE vbits bits_of(vfloat v) { return ((vboth){.value = v}).bits; }
FUNES_INLINE vfloat float_of_bits(vbits bits) { return ((vboth){.bits = bits}).value; }
FUNES_INLINE vfloat where_less(vfloat a, vfloat b, vfloat yes, vfloat no) { return a < b ? yes : no; }
FUNES_INLINE vfloat where_number(vfloat a, vfloat yes, vfloat no) { return a == a ? yes : no; }
FUNES_INLINE vbits bits_where(int mask, vbits yes, vbits no) { return mask ? yes : no; }
FUNES_INLINE vbits load_bits(const uint32_t *x) { return *x; }
FUNES_INLINE void store_bits(uint32_t *y, vbits v) { *y = v; }

/* v in the first `count` lanes, zero in the others; an ISA file of several lanes defines these for itself. */
FUNES_INLINE vfloat keep(vfloat v, int32_t count) { return count > 0 ? v : 0.0f; }
/* The first `count` lanes, `rest` in the others. */
FUNES_INLINE vfloat load_some(const float *x, int32_t count, float rest) { return count > 0 ? *x : rest; }
/* The first `count` lanes, nothing past them. */
FUNES_INLINE void store_some(float *y, vfloat v, int32_t count) {
  if (count > 0) *y = v;
}
/* The sum of the lanes: halves are added until one is left. */
FUNES_INLINE float fold_lanes(vfloat v) { return v; }

#else

typedef float vfloat __attribute__((vector_size(FUNES_WIDTH * 4)));
typedef int32_t vint __attribute__((vector_size(FUNES_WIDTH * 4)));
typedef uint32_t vbits __attribute__((vector_size(FUNES_WIDTH * 4)));
typedef uint64_t vpairs __attribute__((vector_size(FUNES_WIDTH * 4)));
typedef float vfloat_unaligned __attribute__((vector_size(FUNES_WIDTH * 4), aligned(4), may_alias));
typedef int32_t vint_unaligned __attribute__((vector_size(FUNES_WIDTH * 4), aligned(4), may_alias));

FUNES_INLINE vfloat splat(float x) { return x - (vfloat){0}; }
FUNES_INLINE vfloat load(const float *x) { return *(const vfloat_unaligned *)(const void *)x; }
FUNES_INLINE void store(float *y, vfloat v) { *(vfloat_unaligned *)(void *)y = v; }
FUNES_INLINE vint load_int(const int32_t *x) { return *(const vint_unaligned *)(const void *)x; }
FUNES_INLINE vfloat float_of_int(vint v) { return __builtin_convertvector(v, vfloat); }
FUNES_INLINE vint int_of_bits(vbits bits) { return (vint)bits; }
FUNES_INLINE vbits whole_of_float(vfloat x) { return __builtin_convertvector(x, vbits); }
FUNES_INLINE vfloat float_of_whole(vbits v) { return __builtin_convertvector(v, vfloat); }
FUNES_INLINE vbits bits_of(vfloat v) { return (vbits)v; }
FUNES_INLINE vfloat float_of_bits(vbits bits) { return (vfloat)bits; }
/* Lanes 1 0 3 2 ... */
FUNES_INLINE vfloat exchange_pairs(vfloat v) { return (vfloat)((vpairs)v >> 32 | (vpairs)v << 32); }
FUNES_INLINE vfloat choose(vint mask, vfloat yes, vfloat no) {
  return (vfloat)((mask & (vint)yes) | (~mask & (vint)no));
}
FUNES_INLINE vfloat where_less(vfloat a, vfloat b, vfloat yes, vfloat no) { return choose(a < b, yes, no); }
FUNES_INLINE vfloat where_number(vfloat a, vfloat yes, vfloat no) { return choose(a == a, yes, no); }
FUNES_INLINE vbits bits_where(vint mask, vbits yes, vbits no) { return ((vbits)mask & yes) | (~(vbits)mask & no); }
FUNES_INLINE vbits load_bits(const uint32_t *x) { return (vbits)load_int((const int32_t *)(const void *)x); }
FUNES_INLINE void store_bits(uint32_t *y, vbits v) { store((float *)(void *)y, (vfloat)v); }

#endif

#endif
