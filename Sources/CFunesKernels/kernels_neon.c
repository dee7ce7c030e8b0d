/* SPDX-License-Identifier: Apache-2.0
 * NEON as every aarch64 machine has it. A quantised vector is int16, pads zero, where the input has 16 bits: weights are
 * widened and multiplied into int32. With 8 bits it is bytes: the products of two quads are added in int16, exact since
 * 2 * 127 * 127 < 2^15. */
#if defined(__aarch64__)
#pragma STDC FP_CONTRACT OFF
#include "internal.h"

#define ISA_NAME(name) name##_neon
#define ISA_STRING "neon"
#define FUNES_WIDTH 4
#include "lanes.h"
#include "neon_lanes.h"
#include "kernel_products.h"

static float quantize_neon(uint8_t *quantized, const float *x, const funes_matrix *matrix) {
  const quantizer by = measure(x, matrix);
  const int is_bytes = matrix->qmax <= 127;
  for (int32_t col = 0; col < matrix->cols; col += 8) {
    const int16x8_t q = quantize_eight(x, matrix, col, &by);
    if (is_bytes) {
      vst1_s8((int8_t *)quantized + col, vmovn_s16(q));
    } else {
      vst1q_s16((int16_t *)(void *)quantized + col, q);
    }
  }
  return by.scale;
}

/* `rows` rows of one tile sequence by `vectors` vectors of 16 bits, whose sums lie `apart` from each other: a register
 * for each sum, a lane of it for each column. rows * vectors is at most 16. */
FUNES_INLINE void wide_product(int32_t *sums, int32_t apart, const int8_t *tiles, tile_streams streams,
                               const uint8_t *const *quantized, int vectors, int rows) {
  int32x4_t sum[16];
  for (int at = 0; at < vectors * rows; at++) sum[at] = vdupq_n_s32(0);
  for (int32_t quad = 0; quad < streams.quads; quad++) {
    for (int row = 0; row < rows; row += 4) {
      const int8x16_t weights = vld1q_s8(tiles + row * FUNES_TILE_COLS);
      const int16x8_t low = vmovl_s8(vget_low_s8(weights)), high = vmovl_high_s8(weights);
      for (int vector = 0; vector < vectors; vector++) {
        const int16x4_t q = vld1_s16((const int16_t *)(const void *)quantized[vector] + quad * FUNES_TILE_COLS);
        int32x4_t *four = sum + vector * rows + row;
        four[0] = vmlal_s16(four[0], vget_low_s16(low), q);
        four[1] = vmlal_s16(four[1], vget_high_s16(low), q);
        four[2] = vmlal_s16(four[2], vget_low_s16(high), q);
        four[3] = vmlal_s16(four[3], vget_high_s16(high), q);
      }
    }
    tiles += streams.stride;
  }
  for (int vector = 0; vector < vectors; vector++) {
    for (int row = 0; row < rows; row += 4) {
      const int32x4_t *four = sum + vector * rows + row;
      vst1q_s32(sums + vector * apart + row, vpaddq_s32(vpaddq_s32(four[0], four[1]), vpaddq_s32(four[2], four[3])));
    }
  }
}

FUNES_INLINE int8x8_t broadcast_quad(const uint8_t *q) {
  int32_t four;
  __builtin_memcpy(&four, q, 4);
  return vreinterpret_s8_s32(vdup_n_s32(four));
}

/* The same for 8 bits: a register for two rows, a lane of it for two columns. rows * vectors is at most 32. */
FUNES_INLINE void narrow_product(int32_t *sums, int32_t apart, const int8_t *tiles, tile_streams streams,
                                 const uint8_t *const *quantized, int vectors, int rows) {
  const int pairs = rows / 2;
  int32x4_t sum[16];
  for (int at = 0; at < vectors * pairs; at++) sum[at] = vdupq_n_s32(0);
  int32_t quad = 0;
  for (; quad + 2 <= streams.quads; quad += 2) {
    for (int vector = 0; vector < vectors; vector++) {
      const int8x8_t even = broadcast_quad(quantized[vector] + quad * FUNES_TILE_COLS);
      const int8x8_t odd = broadcast_quad(quantized[vector] + (quad + 1) * FUNES_TILE_COLS);
      for (int pair = 0; pair < pairs; pair++) {
        const int16x8_t product = vmull_s8(vld1_s8(tiles + pair * 8), even);
        const int16x8_t both = vmlal_s8(product, vld1_s8(tiles + streams.stride + pair * 8), odd);
        sum[vector * pairs + pair] = vpadalq_s16(sum[vector * pairs + pair], both);
      }
    }
    tiles += 2 * streams.stride;
  }
  if (quad < streams.quads) {
    for (int vector = 0; vector < vectors; vector++) {
      const int8x8_t last = broadcast_quad(quantized[vector] + quad * FUNES_TILE_COLS);
      for (int pair = 0; pair < pairs; pair++) {
        sum[vector * pairs + pair] =
            vpadalq_s16(sum[vector * pairs + pair], vmull_s8(vld1_s8(tiles + pair * 8), last));
      }
    }
  }
  for (int vector = 0; vector < vectors; vector++) {
    for (int pair = 0; pair < pairs; pair += 2) {
      const int32x4_t *two = sum + vector * pairs + pair;
      vst1q_s32(sums + vector * apart + 2 * pair, vpaddq_s32(two[0], two[1]));
    }
  }
}

/* Stream after stream: the sums of one take the registers. */
FUNES_INLINE void one_vector(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *quantized) {
  for (int stream = 0; stream < streams.count; stream++) {
    const int8_t *tiles = streams.tiles + (size_t)stream * streams.between;
    if (qmax <= 127) {
      narrow_product(sums + stream * 16, 0, tiles, streams, &quantized, 1, 16);
    } else {
      wide_product(sums + stream * 16, 0, tiles, streams, &quantized, 1, 16);
    }
  }
}

/* The vectors of 16 bits by four rows, those of 8 by eight: weights are loaded and widened once for all of them. */
FUNES_INLINE void vectors_beside(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *const *quantized) {
  const int32_t apart = streams.count * FUNES_BLOCK_UNITS;
  for (int stream = 0; stream < streams.count; stream++) {
    const int8_t *tiles = streams.tiles + (size_t)stream * streams.between;
    if (qmax <= 127) {
      for (int row = 0; row < 16; row += 8) {
        narrow_product(sums + stream * 16 + row, apart, tiles + row * 4, streams, quantized, FUNES_BESIDE, 8);
      }
    } else {
      for (int row = 0; row < 16; row += 4) {
        wide_product(sums + stream * 16 + row, apart, tiles + row * 4, streams, quantized, FUNES_BESIDE, 4);
      }
    }
  }
}

#include "kernel_isa.h"
#endif
