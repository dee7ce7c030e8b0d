/* SPDX-License-Identifier: Apache-2.0
 * The definition of every kernel: plain C, always built; the other ISAs give its bits. Only a microcontroller's build has
 * its own products and layout here, where its processor has instructions for them.
 * A quantised vector is int16, pads zero. */
#pragma STDC FP_CONTRACT OFF
#include "internal.h"

#define ISA_NAME(name) name##_scalar
#define ISA_STRING "scalar"
#define FUNES_WIDTH 1
#include "strict_math.h"

/* The first `count` lanes, zero in the others. */
FUNES_INLINE vfloat load_halves(const uint16_t *x, int32_t count) {
  return count > 0 ? strict_float_of_half(*x) : 0.0f;
}

FUNES_INLINE vfloat load_bytes(const int8_t *x, int32_t count) { return count > 0 ? (float)*x : 0.0f; }

#if defined(__ARM_FEATURE_MVE)
#include "product_helium.h"
#elif defined(__ARM_FEATURE_DSP) && __ARM_ARCH_PROFILE == 'M'
#include "product_dsp.h"
#else
/* Rows of a tile that are summed beside each other. */
enum { ROWS_BESIDE = 4 };

FUNES_INLINE void arrange(uint8_t *quantized, const funes_matrix *matrix) {
  (void)quantized;
  (void)matrix;
}

/* One row of a tile times its four columns. */
FUNES_INLINE uint32_t quad_product(const int8_t *w, const int16_t *q) {
  return (uint32_t)((w[0] * q[0] + w[1] * q[1]) + (w[2] * q[2] + w[3] * q[3]));
}

/* ROWS_BESIDE rows of one tile sequence: sums of w q, wrapping. */
FUNES_INLINE void rows_product(int32_t *sums, const int8_t *tiles, size_t stride, int32_t quads, int32_t qmax,
                               const uint8_t *quantized) {
  const int16_t *q = (const int16_t *)(const void *)quantized;
  uint32_t a = 0, b = 0, c = 0, d = 0;
  (void)qmax;
  for (int32_t quad = 0; quad < quads; quad++) {
    a += quad_product(tiles, q);
    b += quad_product(tiles + 4, q);
    c += quad_product(tiles + 8, q);
    d += quad_product(tiles + 12, q);
    tiles += stride;
    q += FUNES_TILE_COLS;
  }
  sums[0] = (int32_t)a;
  sums[1] = (int32_t)b;
  sums[2] = (int32_t)c;
  sums[3] = (int32_t)d;
}
#endif

/* What is quantised of one column: x e. */
FUNES_INLINE float column(const float *x, const float *equalizer, int32_t col) {
  return equalizer ? x[col] * equalizer[col] : x[col];
}

/* Half to even, for |x| < 2^22. */
FUNES_INLINE int32_t round_even(float x) {
  return (int32_t)(bits_of(x + 12582912.0f) - bits_of(12582912.0f));
}

/* m = max |x_k e_k|,  scale = m / qmax,  q_k = round(clamp(x_k e_k (qmax / m))); all zero where m < 2^-100. A NaN is
 * passed over and counts as 0, m is held to 2^100. */
static float quantize_scalar(uint8_t *quantized, const float *x, const funes_matrix *matrix) {
  int16_t *q = (int16_t *)(void *)quantized;
  float limit = (float)matrix->qmax, m = 0.0f;
  for (int32_t col = 0; col < matrix->cols; col++) {
    float magnitude = strict_magnitude(column(x, matrix->equalizer, col));
    m = magnitude > m ? magnitude : m;
  }
  m = m < 0x1p100f ? m : 0x1p100f;
  float inverse = m < 0x1p-100f ? 0.0f : limit / m;
  for (int32_t col = 0; col < matrix->cols; col++) {
    q[col] = (int16_t)round_even(strict_clamp(column(x, matrix->equalizer, col) * inverse, limit));
  }
  for (int32_t col = matrix->cols; col < matrix->quads * FUNES_TILE_COLS; col++) q[col] = 0;
  arrange(quantized, matrix);
  return m < 0x1p-100f ? 0.0f : m / limit;
}

static void product_scalar(int32_t *sums, const funes_matrix *matrix, int32_t groups, int32_t block,
                                 int32_t count, const uint8_t *quantized) {
  const size_t tiles_of_block = (size_t)matrix->quads * (size_t)groups;
  const int8_t *tiles = matrix->tiles + (size_t)block * tiles_of_block * FUNES_TILE_BYTES;
  const int32_t streams = groups > 1 ? groups : count;
  const size_t between = groups > 1 ? FUNES_TILE_BYTES : tiles_of_block * FUNES_TILE_BYTES;
  for (int32_t stream = 0; stream < streams; stream++) {
    for (int32_t row = 0; row < FUNES_BLOCK_UNITS; row += ROWS_BESIDE) {
      rows_product(sums + stream * FUNES_BLOCK_UNITS + row, tiles + (size_t)stream * between + row * FUNES_TILE_COLS,
                   (size_t)groups * FUNES_TILE_BYTES, matrix->quads, matrix->qmax, quantized);
    }
  }
}

static void products_scalar(int32_t *sums, const funes_matrix *matrix, int32_t groups, int32_t block,
                                  int32_t count, const uint8_t *const *quantized) {
  const int32_t streams = groups > 1 ? groups : count;
  for (int32_t vector = 0; vector < FUNES_BESIDE; vector++) {
    product_scalar(sums + vector * streams * FUNES_BLOCK_UNITS, matrix, groups, block, count, quantized[vector]);
  }
}

#include "kernel_isa.h"

float funes_exp(float x) { return strict_exp(x); }

float funes_log(float x) { return strict_log(x); }

uint16_t funes_half_of_float(float value) { return (uint16_t)strict_half(value); }

float funes_bytes_of_floats(int8_t *y, ptrdiff_t between, const float *x, int32_t count) {
  return bytes_scalar(y, between, x, count);
}

float funes_float_of_half(uint16_t half) { return strict_float_of_half(half); }
