/* SPDX-License-Identifier: Apache-2.0
 * NEON with smmla (Armv8.6 and later): a block of vectors by twos, two rows by two vectors in one register; one vector by
 * sdot. */
#if defined(__aarch64__)
#pragma STDC FP_CONTRACT OFF
#include "internal.h"

#define ISA_NAME(name) name##_i8mm
#define ISA_STRING "i8mm"
#define FUNES_WIDTH 4
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("+dotprod+i8mm")
#endif
#include "lanes.h"
#include "neon_dot.h"

/* Two rows of a tile's sixteen, eight columns of each, from the same four rows of two tiles next to each other. */
FUNES_INLINE int8x16_t row_pair(int8x16_t even, int8x16_t odd, int is_second) {
  const int32x4_t a = vreinterpretq_s32_s8(even), b = vreinterpretq_s32_s8(odd);
  return vreinterpretq_s8_s32(is_second ? vzip2q_s32(a, b) : vzip1q_s32(a, b));
}

/* Two quads of one tile sequence, `rows` rows of it; the second is none, of zeros, where `is_half`. */
FUNES_INLINE void load_rows(int8x16_t *pairs, const int8_t *tiles, size_t stride, int is_half, int rows) {
  for (int k = 0; k < rows / 4; k++) {
    const int8x16_t even = vld1q_s8(tiles + k * 16), odd = is_half ? vdupq_n_s8(0) : vld1q_s8(tiles + stride + k * 16);
    pairs[2 * k] = row_pair(even, odd, 0);
    pairs[2 * k + 1] = row_pair(even, odd, 1);
  }
}

/* Eight rows of one tile sequence by FUNES_BESIDE vectors of 16 bits: of each sum's register lanes 0 and 2 are of the
 * high bytes, 1 and 3 of the low, 0 and 1 of the first row. */
FUNES_INLINE void planes_beside(int32_t *sums, int apart, const int8_t *tiles, tile_streams streams,
                                const uint8_t *const *quantized) {
  static const int32_t weight_of_plane[4] = {8, 0, 8, 0};
  const int32x4_t shift = vld1q_s32(weight_of_plane);
  int32x4_t sum[FUNES_BESIDE][4];
  int8x16_t pairs[4];
  for (int at = 0; at < FUNES_BESIDE * 4; at++) sum[at / 4][at % 4] = vdupq_n_s32(0);
  for (int32_t quad = 0; quad < streams.quads; quad += 2) {
    if (quad + 1 < streams.quads) {
      load_rows(pairs, tiles, streams.stride, 0, 8);
    } else {
      load_rows(pairs, tiles, streams.stride, 1, 8);
    }
    for (int vector = 0; vector < FUNES_BESIDE; vector++) {
      const int8x16_t q = load_sixteen(quantized[vector] + quad * 8);
      for (int k = 0; k < 4; k++) sum[vector][k] = vmmlaq_s32(sum[vector][k], pairs[k], q);
    }
    tiles += 2 * streams.stride;
  }
  for (int vector = 0; vector < FUNES_BESIDE; vector++) {
    for (int k = 0; k < 4; k += 2) {
      const int32x4_t a = vshlq_s32(sum[vector][k], shift), b = vshlq_s32(sum[vector][k + 1], shift);
      vst1q_s32(sums + vector * apart + 2 * k, vpaddq_s32(a, b));
    }
  }
}

/* Sixteen rows by FUNES_BESIDE vectors of 8 bits, two of them in one register: lanes 0 and 2 are of the first. */
FUNES_INLINE void bytes_beside(int32_t *sums, int apart, tile_streams streams, const uint8_t *const *quantized) {
  int32x4_t sum[FUNES_BESIDE / 2][8];
  int8x16_t pairs[8];
  const int8_t *tiles = streams.tiles;
  for (int at = 0; at < FUNES_BESIDE * 4; at++) sum[at / 8][at % 8] = vdupq_n_s32(0);
  for (int32_t quad = 0; quad < streams.quads; quad += 2) {
    if (quad + 1 < streams.quads) {
      load_rows(pairs, tiles, streams.stride, 0, 16);
    } else {
      load_rows(pairs, tiles, streams.stride, 1, 16);
    }
    for (int two = 0; two < FUNES_BESIDE / 2; two++) {
      const int8x8_t first = vld1_s8((const int8_t *)quantized[2 * two] + quad * FUNES_TILE_COLS);
      const int8x8_t second = vld1_s8((const int8_t *)quantized[2 * two + 1] + quad * FUNES_TILE_COLS);
      const int8x16_t q = vcombine_s8(first, second);
      for (int k = 0; k < 8; k++) sum[two][k] = vmmlaq_s32(sum[two][k], pairs[k], q);
    }
    tiles += 2 * streams.stride;
  }
  for (int two = 0; two < FUNES_BESIDE / 2; two++) {
    int32_t *to = sums + 2 * two * apart;
    for (int k = 0; k < 8; k += 2) {
      vst1q_s32(to + 2 * k, vuzp1q_s32(sum[two][k], sum[two][k + 1]));
      vst1q_s32(to + apart + 2 * k, vuzp2q_s32(sum[two][k], sum[two][k + 1]));
    }
  }
}

FUNES_INLINE void vectors_beside(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *const *quantized) {
  const int apart = streams.count * FUNES_BLOCK_UNITS;
  for (int stream = 0; stream < streams.count; stream++) {
    const tile_streams one = streams_from(streams, stream, 1);
    int32_t *to = sums + stream * FUNES_BLOCK_UNITS;
    if (qmax <= 127) {
      bytes_beside(to, apart, one, quantized);
    } else {
      planes_beside(to, apart, one.tiles, one, quantized);
      planes_beside(to + 8, apart, one.tiles + 8 * FUNES_TILE_COLS, one, quantized);
    }
  }
}

#include "kernel_isa.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
