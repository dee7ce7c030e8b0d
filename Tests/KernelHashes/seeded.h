/* SPDX-License-Identifier: Apache-2.0
 * What every case is made of: seeded numbers, zeroed memory that is never given back, matrices packed in tiles. */
#ifndef SEEDED_H
#define SEEDED_H

/* The numbers here must be the same everywhere, too. */
#pragma STDC FP_CONTRACT OFF

#include <funes_kernels.h>

/* One case: what runs, for how long, and the hash of all that came out. */
typedef struct run {
  const funes_isa *isa;
  int32_t threads;
  int32_t steps; /* of each small cell */
} run;

/* SplitMix64: the same numbers on every machine. */
static inline uint64_t next_number(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* In -1 ..< 1, 24 bits. */
static inline float next_unit(uint64_t *state) {
  return (float)((int32_t)(next_number(state) >> 39) - (1 << 24)) / (float)(1 << 24);
}

/* Zeroed and 64-byte aligned; forgotten as a whole when the next case begins. */
void *take_bytes(size_t count);
void forget_all(void);

float *random_floats(uint64_t *state, int32_t count, float scale);

/* (rows, cols) of `groups` gates, 16-bit inputs where `is_wide`; its columns are equalised where that is asked for. */
funes_matrix random_matrix(uint64_t *state, int32_t rows, int32_t cols, int32_t groups, int is_wide, int is_equalized);
/* The same with weights of 16 bits: a low plane is added. */
funes_matrix with_low_plane(uint64_t *state, funes_matrix matrix);

/* What an operator may use, with scratch for it. */
funes_context context_of(const run *how, size_t scratch_bytes, size_t thread_scratch_bytes);

static inline uint32_t hash_floats(uint32_t hash, const float *x, int32_t count) {
  return funes_crc32c_portable(hash, x, (size_t)count * sizeof(float));
}

/* Runs every case of a kind and prints a line for each. */
void run_cells(const run *how);
void run_vectors(const run *how);
void run_attention(const run *how);

void print_hash(const char *name, uint32_t hash);

#endif
