/* SPDX-License-Identifier: Apache-2.0
 * AVX-512 VNNI: vpdpbusd multiplies a tile with four unsigned bytes of the input. A quantised vector is bytes: q + 128
 * for 8 bits; for 16 bits q + 32,768 as two planes, of each four columns the four high bytes and then the four low, so
 * that one load of a tile serves both. The offset, times the sum of a row's weights, is taken off at the start. */
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include "internal.h"

#include <immintrin.h>

#define ISA_NAME(name) name##_avx512vnni
#define ISA_STRING "avx512vnni"
#define FUNES_WIDTH 16
#define ISA_TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target(ISA_TARGET))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#endif
#include "lanes.h"
#include "kernel_products.h"

FUNES_INLINE __mmask16 first_lanes(int32_t count) {
  return (__mmask16)(count >= 16 ? 0xffffu : count > 0 ? (1u << count) - 1 : 0u);
}

FUNES_INLINE vfloat keep(vfloat v, int32_t count) { return (vfloat)_mm512_maskz_mov_ps(first_lanes(count), (__m512)v); }

FUNES_INLINE vfloat load_some(const float *x, int32_t count, float rest) {
  return (vfloat)_mm512_mask_loadu_ps(_mm512_set1_ps(rest), first_lanes(count), x);
}

FUNES_INLINE void store_some(float *y, vfloat v, int32_t count) {
  _mm512_mask_storeu_ps(y, first_lanes(count), (__m512)v);
}

FUNES_INLINE float fold_lanes(vfloat v) {
  const __m256 low = _mm512_castps512_ps256((__m512)v), high = _mm512_extractf32x8_ps((__m512)v, 1);
  const __m256 eight = _mm256_add_ps(low, high);
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

FUNES_INLINE vfloat load_halves(const uint16_t *x, int32_t count) {
  return (vfloat)_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(count), x));
}

FUNES_INLINE vfloat load_bytes(const int8_t *x, int32_t count) {
  return (vfloat)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first_lanes(count), x)));
}

#define FUNES_HAS_ROOT
FUNES_INLINE float strict_sqrt(float x) {
  const __m128 root = _mm_sqrt_ss(_mm_set_ss(x));
  return x > 0.0f ? _mm_cvtss_f32(root) : 0.0f;
}

FUNES_INLINE vfloat strict_roots(vfloat x) {
  const __mmask16 is_positive = _mm512_cmp_ps_mask((__m512)x, _mm512_setzero_ps(), _CMP_GT_OQ);
  return (vfloat)_mm512_maskz_sqrt_ps(is_positive, (__m512)x);
}

#define FUNES_HAS_ROUND_TO_HALVES
FUNES_INLINE void round_to_halves(uint16_t *y, vfloat v) {
  const __m512 x = (__m512)v, limit = _mm512_set1_ps(65504.0f);
  const __m512 held = _mm512_max_ps(_mm512_min_ps(x, limit), _mm512_sub_ps(_mm512_setzero_ps(), limit));
  const __m512 number = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), held);
  _mm256_storeu_si256((__m256i *)(void *)y, _mm512_cvtps_ph(number, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

#define FUNES_HAS_LARGEST_LANE
FUNES_INLINE float largest_lane(vfloat v) { return _mm512_reduce_max_ps((__m512)v); }

/* Of two vectors, fours of lanes 0 1 and 2 3, or 0 2 and 1 3, beside each other and added. */
FUNES_INLINE __m512 fold_eights(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}

FUNES_INLINE __m512 fold_fours(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

/* Sums k, k + 4, k + 8 and k + 12, folded to four lanes each. */
FUNES_INLINE __m512 fold_every_fourth(const float *sums, int32_t k) {
  const __m512 a = _mm512_loadu_ps(sums + k * 16), b = _mm512_loadu_ps(sums + (k + 4) * 16);
  const __m512 c = _mm512_loadu_ps(sums + (k + 8) * 16), d = _mm512_loadu_ps(sums + (k + 12) * 16);
  return fold_fours(fold_eights(a, b), fold_eights(c, d));
}

FUNES_INLINE __m512 fold_twos(__m512 a, __m512 b) {
  return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
}

#define FUNES_HAS_FOLD_EACH
FUNES_INLINE void fold_each(float *y, const float *sums) {
  const __m512 even = fold_twos(fold_every_fourth(sums, 0), fold_every_fourth(sums, 1));
  const __m512 odd = fold_twos(fold_every_fourth(sums, 2), fold_every_fourth(sums, 3));
  _mm512_storeu_ps(y, _mm512_add_ps(_mm512_shuffle_ps(even, odd, 0x88), _mm512_shuffle_ps(even, odd, 0xdd)));
}

/* Sixteen columns from `col` on, times e; lanes past the end are zero. */
FUNES_INLINE __m512 columns(const float *x, const funes_matrix *matrix, int32_t col) {
  const __m512 t = (__m512)load_some(x + col, matrix->cols - col, 0.0f);
  if (!matrix->equalizer) return t;
  return _mm512_mul_ps(t, (__m512)load_some(matrix->equalizer + col, matrix->cols - col, 0.0f));
}

/* The sixteen bytes of each plane, in the order of the planes, to `quantized`. */
FUNES_INLINE void store_planes(uint8_t *quantized, __m512i q) {
  const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(1, 5, 9, 13, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m512i offset = _mm512_add_epi32(q, _mm512_set1_epi32(32768));
  const __m512i planes = _mm512_shuffle_epi8(offset, order);
  const __m512i together = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 0, 2, 4, 6), planes);
  _mm256_storeu_si256((__m256i *)(void *)quantized, _mm512_castsi512_si256(together));
}

FUNES_INLINE float float_of_int_bits(int32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

FUNES_INLINE void store_quantized(uint8_t *quantized, int32_t col, __m512i q, int is_one_plane) {
  if (is_one_plane) {
    const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(q, _mm512_set1_epi32(128)));
    _mm_storeu_si128((__m128i *)(void *)(quantized + col), bytes);
  } else {
    store_planes(quantized + (size_t)col * 2, q);
  }
}

/* Of what holds a NaN or exceeds 2^100: a NaN never wins the maximum and is made zero by mask, the rest is clamped. */
static float quantize_absurd(uint8_t *quantized, const float *x, const funes_matrix *matrix) {
  const float qmax = (float)matrix->qmax;
  __m512 largest = _mm512_setzero_ps();
  for (int32_t col = 0; col < matrix->cols; col += 16) {
    largest = _mm512_max_ps(_mm512_abs_ps(columns(x, matrix, col)), largest);
  }
  float m = _mm512_reduce_max_ps(largest);
  m = m < 0x1p100f ? m : 0x1p100f;
  const int is_zero = m < 0x1p-100f;
  const __m512 inverse = _mm512_set1_ps(is_zero ? 0.0f : qmax / m);
  for (int32_t col = 0; col < matrix->cols; col += 16) {
    const __m512 t = _mm512_mul_ps(columns(x, matrix, col), inverse);
    const __mmask16 is_number = _mm512_cmp_ps_mask(t, t, _CMP_ORD_Q);
    const __m512 held = _mm512_max_ps(_mm512_min_ps(t, _mm512_set1_ps(qmax)), _mm512_set1_ps(-qmax));
    store_quantized(quantized, col, _mm512_maskz_cvtps_epi32(is_number, held), matrix->qmax <= 127);
  }
  return is_zero ? 0.0f : m / qmax;
}

/* Magnitudes are compared as whole numbers, in a quarter of the time; a NaN is then the largest, and found. Of what is
 * left nothing can be rounded beyond qmax. */
static float quantize_avx512vnni(uint8_t *quantized, const float *x, const funes_matrix *matrix) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  __m512i largest = _mm512_setzero_si512();
  for (int32_t col = 0; col < matrix->cols; col += 16) {
    largest = _mm512_max_epi32(_mm512_and_si512(_mm512_castps_si512(columns(x, matrix, col)), magnitude), largest);
  }
  const float m = float_of_int_bits(_mm512_reduce_max_epi32(largest)), qmax = (float)matrix->qmax;
  if (!(m < 0x1p100f)) return quantize_absurd(quantized, x, matrix);
  const int is_zero = m < 0x1p-100f, is_one_plane = matrix->qmax <= 127;
  const __m512 inverse = _mm512_set1_ps(is_zero ? 0.0f : qmax / m);
  for (int32_t col = 0; col < matrix->cols; col += 16) {
    const __m512 t = _mm512_mul_ps(columns(x, matrix, col), inverse);
    store_quantized(quantized, col, _mm512_cvtps_epi32(t), is_one_plane);
  }
  return is_zero ? 0.0f : m / qmax;
}

FUNES_INLINE __m512i broadcast_quad(const uint8_t *bytes) {
  int32_t four;
  __builtin_memcpy(&four, bytes, 4);
  return _mm512_set1_epi32(four);
}

FUNES_INLINE __m512i load_tile(const int8_t *tile) { return _mm512_loadu_si512((const void *)tile); }

/* Where sums begin: at less the offset, 2^shift, times the row's sum. */
FUNES_INLINE __m512i less_offset(const int32_t *row_sums, unsigned shift) {
  return _mm512_sub_epi32(_mm512_setzero_si512(),
                          _mm512_slli_epi32(_mm512_loadu_si512((const void *)row_sums), shift));
}

/* 16-bit input, for `vectors` of them: count * vectors * 2 accumulators are at most 16. */
FUNES_INLINE void two_planes(int32_t *sums, tile_streams streams, const uint8_t *const *quantized, int vectors) {
  __m512i high[8], low[8];
  for (int at = 0; at < vectors * streams.count; at++) {
    high[at] = _mm512_setzero_si512();
    low[at] = less_offset(streams.row_sums + at % streams.count * FUNES_BLOCK_UNITS, 15);
  }
  const int8_t *tiles = streams.tiles;
  for (int32_t quad = 0; quad < streams.quads; quad++) {
    for (int stream = 0; stream < streams.count; stream++) {
      const __m512i tile = load_tile(tiles + (size_t)stream * streams.between);
      for (int vector = 0; vector < vectors; vector++) {
        const uint8_t *q = quantized[vector] + (size_t)quad * 2 * FUNES_TILE_COLS;
        const int at = vector * streams.count + stream;
        high[at] = _mm512_dpbusd_epi32(high[at], broadcast_quad(q), tile);
        low[at] = _mm512_dpbusd_epi32(low[at], broadcast_quad(q + 4), tile);
      }
    }
    tiles += streams.stride;
  }
  for (int at = 0; at < vectors * streams.count; at++) {
    const __m512i sum = _mm512_add_epi32(_mm512_slli_epi32(high[at], 8), low[at]);
    _mm512_storeu_si512((void *)(sums + at * FUNES_BLOCK_UNITS), sum);
  }
}

/* 8-bit input of one vector, two quads at a time so that sums do not wait for each other. */
FUNES_INLINE void one_plane(int32_t *sums, tile_streams streams, const uint8_t *quantized) {
  __m512i even[FUNES_MAX_STREAMS], odd[FUNES_MAX_STREAMS];
  const int8_t *tiles = streams.tiles;
  for (int stream = 0; stream < streams.count; stream++) {
    even[stream] = less_offset(streams.row_sums + stream * FUNES_BLOCK_UNITS, 7);
    odd[stream] = _mm512_setzero_si512();
  }
  int32_t quad = 0;
  for (; quad + 2 <= streams.quads; quad += 2) {
    const __m512i q_even = broadcast_quad(quantized), q_odd = broadcast_quad(quantized + 4);
    for (int stream = 0; stream < streams.count; stream++) {
      const int8_t *tile = tiles + (size_t)stream * streams.between;
      even[stream] = _mm512_dpbusd_epi32(even[stream], q_even, load_tile(tile));
      odd[stream] = _mm512_dpbusd_epi32(odd[stream], q_odd, load_tile(tile + streams.stride));
    }
    quantized += 2 * FUNES_TILE_COLS;
    tiles += 2 * streams.stride;
  }
  if (quad < streams.quads) {
    const __m512i q = broadcast_quad(quantized);
    for (int stream = 0; stream < streams.count; stream++) {
      even[stream] = _mm512_dpbusd_epi32(even[stream], q, load_tile(tiles + (size_t)stream * streams.between));
    }
  }
  for (int stream = 0; stream < streams.count; stream++) {
    _mm512_storeu_si512((void *)(sums + stream * FUNES_BLOCK_UNITS), _mm512_add_epi32(even[stream], odd[stream]));
  }
}

/* 8-bit input of FUNES_BESIDE vectors. */
FUNES_INLINE void one_plane_beside(int32_t *sums, tile_streams streams, const uint8_t *const *quantized) {
  __m512i sum[FUNES_BESIDE * FUNES_MAX_STREAMS];
  for (int at = 0; at < FUNES_BESIDE * streams.count; at++) {
    sum[at] = less_offset(streams.row_sums + at % streams.count * FUNES_BLOCK_UNITS, 7);
  }
  const int8_t *tiles = streams.tiles;
  for (int32_t quad = 0; quad < streams.quads; quad++) {
    for (int stream = 0; stream < streams.count; stream++) {
      const __m512i tile = load_tile(tiles + (size_t)stream * streams.between);
      for (int vector = 0; vector < FUNES_BESIDE; vector++) {
        const int at = vector * streams.count + stream;
        sum[at] = _mm512_dpbusd_epi32(sum[at], broadcast_quad(quantized[vector] + (size_t)quad * FUNES_TILE_COLS), tile);
      }
    }
    tiles += streams.stride;
  }
  for (int at = 0; at < FUNES_BESIDE * streams.count; at++) {
    _mm512_storeu_si512((void *)(sums + at * FUNES_BLOCK_UNITS), sum[at]);
  }
}

FUNES_INLINE void one_vector(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *quantized) {
  if (qmax <= 127) {
    one_plane(sums, streams, quantized);
  } else {
    two_planes(sums, streams, &quantized, 1);
  }
}

/* With two planes the vectors go by twos: more accumulators than that would not leave registers for the rest. */
FUNES_INLINE void vectors_beside(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *const *quantized) {
  if (qmax <= 127) {
    one_plane_beside(sums, streams, quantized);
  } else {
    two_planes(sums, streams, quantized, 2);
    two_planes(sums + 2 * streams.count * FUNES_BLOCK_UNITS, streams, quantized + 2, 2);
  }
}

#include "kernel_isa.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
