/* SPDX-License-Identifier: Apache-2.0
 * AVX2: weights widened to int16, pairs multiplied and added by vpmaddwd. A quantised vector is int16, pads zero.
 * Exact: a pair is at most 2 * 128 * 32,639 < 2^31. */
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include "internal.h"

#define ISA_NAME(name) name##_avx2
#define ISA_STRING "avx2"
#define FUNES_WIDTH 8
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,f16c")
#endif
#include "lanes.h"
#include "avx2_lanes.h"

static float quantize_avx2(uint8_t *quantized, const float *x, const funes_matrix *matrix) {
  const quantizer by = measure(x, matrix);
  for (int32_t col = 0; col < matrix->cols; col += 8) {
    const __m256i q = quantize_eight(x, matrix, col, &by);
    const __m128i packed = _mm_packs_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
    _mm_storeu_si128((__m128i *)(void *)(quantized + (size_t)col * 2), packed);
  }
  return by.scale;
}

/* Four rows of a tile: (row, two column pairs) int32. */
FUNES_INLINE __m256i four_rows(__m256i sum, const int8_t *tile, __m256i q) {
  const __m256i weights = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)tile));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(weights, q));
}

/* Sums of up to four tile sequences in the making. */
typedef struct partial_sums {
  __m256i part[FUNES_MAX_STREAMS][4];
} partial_sums;

/* Adds quads of one to three tile sequences, `between` bytes apart, to sums from `first` on, or begins them. What lies
 * `ahead` bytes further, where that is not 0, is asked for meanwhile. */
FUNES_INLINE void add_quads(partial_sums *sums, int first, int is_begin, const int8_t *tiles, size_t between,
                            size_t stride, int32_t quads, const uint8_t *quantized, int streams, size_t ahead) {
  __m256i sum[3][4];
  for (int stream = 0; stream < streams; stream++) {
    for (int part = 0; part < 4; part++) {
      sum[stream][part] = is_begin ? _mm256_setzero_si256() : sums->part[first + stream][part];
    }
  }
  for (int32_t quad = 0; quad < quads; quad++) {
    int64_t columns_of_quad;
    __builtin_memcpy(&columns_of_quad, quantized + (size_t)quad * 8, 8);
    const __m256i q = _mm256_set1_epi64x(columns_of_quad);
    for (int stream = 0; stream < streams; stream++) {
      const int8_t *tile = tiles + (size_t)stream * between;
      for (int part = 0; part < 4; part++) sum[stream][part] = four_rows(sum[stream][part], tile + part * 16, q);
    }
    if (ahead > 0) {
      for (size_t at = 0; at < stride; at += 64) _mm_prefetch((const char *)tiles + ahead + at, _MM_HINT_T0);
    }
    tiles += stride;
  }
  for (int stream = 0; stream < streams; stream++) {
    for (int part = 0; part < 4; part++) sums->part[first + stream][part] = sum[stream][part];
  }
}

FUNES_INLINE void finish_sums(int32_t *sums, const partial_sums *of, int streams) {
  for (int stream = 0; stream < streams; stream++) {
    for (int part = 0; part < 4; part += 2) {
      __m256i rows = _mm256_hadd_epi32(of->part[stream][part], of->part[stream][part + 1]);
      rows = _mm256_permute4x64_epi64(rows, 0xd8);
      _mm256_storeu_si256((__m256i *)(void *)(sums + stream * FUNES_BLOCK_UNITS + part * 4), rows);
    }
  }
}

FUNES_INLINE void streams_product(int32_t *sums, const int8_t *tiles, size_t between, size_t stride, int32_t quads,
                                  const uint8_t *quantized, int streams) {
  partial_sums partial;
  add_quads(&partial, 0, 1, tiles, between, stride, quads, quantized, streams, 0);
  finish_sums(sums, &partial, streams);
}

/* Four gates go by twos, since sixteen accumulators would not leave a register for the weights, and through 4 KB at a
 * time: the second two find them in the first-level cache, and meanwhile ask for the next, which else would wait for a
 * larger cache until the first two come there. */
enum { QUADS_AT_A_TIME = 16, NEXT_QUADS = QUADS_AT_A_TIME * 256 - 128 };

FUNES_INLINE void four_gates(int32_t *sums, const int8_t *tiles, int32_t quads, const uint8_t *quantized) {
  partial_sums partial;
  for (int32_t quad = 0; quad < quads; quad += QUADS_AT_A_TIME) {
    const int32_t count = quads - quad < QUADS_AT_A_TIME ? quads - quad : QUADS_AT_A_TIME;
    add_quads(&partial, 0, quad == 0, tiles, 64, 256, count, quantized, 2, 0);
    add_quads(&partial, 2, quad == 0, tiles + 128, 64, 256, count, quantized, 2, NEXT_QUADS);
    tiles += count * 256;
    quantized += count * 8;
  }
  finish_sums(sums, &partial, 4);
}

/* Either the distance between streams is known to the compiler or their stride; that is what the cases are for. */
FUNES_INLINE void product_avx2(int32_t *sums, const funes_matrix *matrix, int32_t groups, int32_t block, int32_t count,
                               const uint8_t *quantized) {
  const int32_t quads = matrix->quads;
  const size_t bytes = (size_t)quads * (size_t)groups * FUNES_TILE_BYTES;
  const int8_t *tiles = matrix->tiles + (size_t)block * bytes;
  switch (groups > 1 ? 4 + groups : count) {
  case 1: streams_product(sums, tiles, bytes, 64, quads, quantized, 1); break;
  case 2: streams_product(sums, tiles, bytes, 64, quads, quantized, 2); break;
  case 3: streams_product(sums, tiles, bytes, 64, quads, quantized, 3); break;
  case 4:
    streams_product(sums, tiles, bytes, 64, quads, quantized, 2);
    streams_product(sums + 2 * FUNES_BLOCK_UNITS, tiles + 2 * bytes, bytes, 64, quads, quantized, 2);
    break;
  case 6: streams_product(sums, tiles, 64, 128, quads, quantized, 2); break;
  case 7: streams_product(sums, tiles, 64, 192, quads, quantized, 3); break;
  default: four_gates(sums, tiles, quads, quantized); break;
  }
}

FUNES_INLINE void products_avx2(int32_t *sums, const funes_matrix *matrix, int32_t groups, int32_t block, int32_t count,
                                const uint8_t *const *quantized) {
  const int32_t streams = groups > 1 ? groups : count;
  for (int32_t vector = 0; vector < FUNES_BESIDE; vector++) {
    product_avx2(sums + vector * streams * FUNES_BLOCK_UNITS, matrix, groups, block, count, quantized[vector]);
  }
}

#include "kernel_isa.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
