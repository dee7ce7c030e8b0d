/* SPDX-License-Identifier: Apache-2.0
 * What the files whose machines have sdot share. A quantised vector is signed bytes: for 8 bits one after the other; for
 * 16 bits, of each eight columns the eight high bytes and then the eight low, q = 256 high + low with low in -128 ... 127,
 * high at most (32,639 + 128) >> 8 = 127. One load of a tile serves both. Sums of high and low wrap, as all do. */
#include "neon_lanes.h"
#include "kernel_products.h"

static float ISA_NAME(quantize)(uint8_t *quantized, const float *x, const funes_matrix *matrix) {
  const quantizer by = measure(x, matrix);
  const int is_one_plane = matrix->qmax <= 127;
  for (int32_t col = 0; col < matrix->cols; col += 8) {
    const int16x8_t q = quantize_eight(x, matrix, col, &by);
    if (is_one_plane) {
      vst1_s8((int8_t *)quantized + col, vmovn_s16(q));
    } else {
      vst1q_s8((int8_t *)quantized + 2 * col, vcombine_s8(vrshrn_n_s16(q, 8), vmovn_s16(q)));
    }
  }
  return by.scale;
}

/* Four registers to a tile, four rows in each. */
enum { QUARTERS = 4 };

FUNES_INLINE int8x16_t load_sixteen(const uint8_t *quantized) { return vld1q_s8((const int8_t *)quantized); }

/* 16-bit input for `vectors` of them, two quads at a time; vectors * streams.count is at most 2. The sums of one vector
 * lie `apart` streams from another's. */
FUNES_INLINE void two_planes(int32_t *sums, int apart, tile_streams streams, const uint8_t *const *quantized,
                             int vectors) {
  int32x4_t high[2][QUARTERS], low[2][QUARTERS];
  for (int at = 0; at < vectors * streams.count; at++) {
    for (int k = 0; k < QUARTERS; k++) high[at][k] = low[at][k] = vdupq_n_s32(0);
  }
  const int8_t *tiles = streams.tiles;
  int32_t quad = 0;
  for (; quad + 2 <= streams.quads; quad += 2) {
    for (int stream = 0; stream < streams.count; stream++) {
      for (int k = 0; k < QUARTERS; k++) {
        const int8_t *tile = tiles + (size_t)stream * streams.between + k * 16;
        const int8x16_t even = vld1q_s8(tile), odd = vld1q_s8(tile + streams.stride);
        for (int vector = 0; vector < vectors; vector++) {
          const int8x16_t q = load_sixteen(quantized[vector] + quad * 8);
          const int at = vector * streams.count + stream;
          high[at][k] = vdotq_laneq_s32(vdotq_laneq_s32(high[at][k], even, q, 0), odd, q, 1);
          low[at][k] = vdotq_laneq_s32(vdotq_laneq_s32(low[at][k], even, q, 2), odd, q, 3);
        }
      }
    }
    tiles += 2 * streams.stride;
  }
  if (quad < streams.quads) {
    for (int stream = 0; stream < streams.count; stream++) {
      for (int k = 0; k < QUARTERS; k++) {
        const int8x16_t weights = vld1q_s8(tiles + (size_t)stream * streams.between + k * 16);
        for (int vector = 0; vector < vectors; vector++) {
          const int8x16_t q = load_sixteen(quantized[vector] + quad * 8);
          const int at = vector * streams.count + stream;
          high[at][k] = vdotq_laneq_s32(high[at][k], weights, q, 0);
          low[at][k] = vdotq_laneq_s32(low[at][k], weights, q, 2);
        }
      }
    }
  }
  for (int at = 0; at < vectors * streams.count; at++) {
    int32_t *to = sums + (at / streams.count * apart + at % streams.count) * FUNES_BLOCK_UNITS;
    for (int k = 0; k < QUARTERS; k++) vst1q_s32(to + k * 4, vaddq_s32(vshlq_n_s32(high[at][k], 8), low[at][k]));
  }
}

FUNES_INLINE int8x16_t broadcast_quad(const uint8_t *q) {
  int32_t four;
  __builtin_memcpy(&four, q, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(four));
}

/* The same for 8-bit input; vectors * streams.count is at most 4. */
FUNES_INLINE void one_plane(int32_t *sums, int apart, tile_streams streams, const uint8_t *const *quantized,
                            int vectors) {
  int32x4_t sum[4][QUARTERS];
  for (int at = 0; at < vectors * streams.count; at++) {
    for (int k = 0; k < QUARTERS; k++) sum[at][k] = vdupq_n_s32(0);
  }
  const int8_t *tiles = streams.tiles;
  for (int32_t quad = 0; quad < streams.quads; quad++) {
    for (int stream = 0; stream < streams.count; stream++) {
      for (int k = 0; k < QUARTERS; k++) {
        const int8x16_t weights = vld1q_s8(tiles + (size_t)stream * streams.between + k * 16);
        for (int vector = 0; vector < vectors; vector++) {
          const int at = vector * streams.count + stream;
          sum[at][k] = vdotq_s32(sum[at][k], weights, broadcast_quad(quantized[vector] + quad * FUNES_TILE_COLS));
        }
      }
    }
    tiles += streams.stride;
  }
  for (int at = 0; at < vectors * streams.count; at++) {
    int32_t *to = sums + (at / streams.count * apart + at % streams.count) * FUNES_BLOCK_UNITS;
    for (int k = 0; k < QUARTERS; k++) vst1q_s32(to + k * 4, sum[at][k]);
  }
}

/* Two planes go by two streams at most: more sums would not leave registers for the weights. */
FUNES_INLINE void one_vector(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *quantized) {
  if (qmax <= 127) {
    one_plane(sums, 0, streams, &quantized, 1);
  } else if (streams.count <= 2) {
    two_planes(sums, 0, streams, &quantized, 1);
  } else {
    two_planes(sums, 0, with_count(streams, 2), &quantized, 1);
    two_planes(sums + 2 * FUNES_BLOCK_UNITS, 0, streams_from(streams, 2, streams.count - 2), &quantized, 1);
  }
}
