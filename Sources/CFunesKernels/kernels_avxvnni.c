/* SPDX-License-Identifier: Apache-2.0
 * AVX-VNNI, the 256-bit form of processors without AVX-512: vpdpbusd multiplies half a tile with four unsigned bytes of
 * the input. A quantised vector is as in kernels_avx512vnni.c: q + 128, or q + 32,768 as two planes, of each four columns
 * the four high bytes and then the four low. The offset, times the sum of a row's weights, is taken off at the start. */
#if defined(__x86_64__)
#pragma STDC FP_CONTRACT OFF
#include "internal.h"

#define ISA_NAME(name) name##_avxvnni
#define ISA_STRING "avxvnni"
#define FUNES_WIDTH 8
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,avxvnni,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,avxvnni,f16c")
#endif
#include "lanes.h"
#include "avx2_lanes.h"
#include "kernel_products.h"

static float quantize_avxvnni(uint8_t *quantized, const float *x, const funes_matrix *matrix) {
  const quantizer by = measure(x, matrix);
  const int is_one_plane = matrix->qmax <= 127;
  const __m256i of_bytes = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m256i of_planes = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 5, 9, 13, 0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1));
  for (int32_t col = 0; col < matrix->cols; col += 8) {
    const __m256i q = quantize_eight(x, matrix, col, &by);
    if (is_one_plane) {
      const __m256i bytes = _mm256_shuffle_epi8(_mm256_add_epi32(q, _mm256_set1_epi32(128)), of_bytes);
      const __m128i together = _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
      _mm_storel_epi64((__m128i *)(void *)(quantized + col), together);
    } else {
      const __m256i planes = _mm256_shuffle_epi8(_mm256_add_epi32(q, _mm256_set1_epi32(32768)), of_planes);
      const __m128i together = _mm_unpacklo_epi64(_mm256_castsi256_si128(planes), _mm256_extracti128_si256(planes, 1));
      _mm_storeu_si128((__m128i *)(void *)(quantized + (size_t)col * 2), together);
    }
  }
  return by.scale;
}

FUNES_INLINE __m256i broadcast_quad(const uint8_t *bytes) {
  int32_t four;
  __builtin_memcpy(&four, bytes, 4);
  return _mm256_set1_epi32(four);
}

/* Two registers to a tile, eight rows in each. */
FUNES_INLINE __m256i load_half(const int8_t *tile, int half) {
  return _mm256_loadu_si256((const __m256i *)(const void *)(tile + half * 32));
}

/* Where sums begin: at less the offset, 2^shift, times the row's sum. */
FUNES_INLINE __m256i less_offset(const int32_t *row_sums, int half, int shift) {
  const __m256i sums = _mm256_loadu_si256((const __m256i *)(const void *)(row_sums + half * 8));
  return _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32(sums, shift));
}

FUNES_INLINE void store_half(int32_t *sums, int half, __m256i sum) {
  _mm256_storeu_si256((__m256i *)(void *)(sums + half * 8), sum);
}

/* 16-bit input for `vectors` of them; vectors * streams.count is at most 3. The sums of one vector lie `apart` streams
 * from another's. */
FUNES_INLINE void two_planes(int32_t *sums, int apart, tile_streams streams, const uint8_t *const *quantized,
                             int vectors) {
  __m256i high[3][2], low[3][2];
  for (int at = 0; at < vectors * streams.count; at++) {
    for (int half = 0; half < 2; half++) {
      high[at][half] = _mm256_setzero_si256();
      low[at][half] = less_offset(streams.row_sums + at % streams.count * FUNES_BLOCK_UNITS, half, 15);
    }
  }
  const int8_t *tiles = streams.tiles;
  for (int32_t quad = 0; quad < streams.quads; quad++) {
    for (int vector = 0; vector < vectors; vector++) {
      const uint8_t *q = quantized[vector] + (size_t)quad * 2 * FUNES_TILE_COLS;
      const __m256i q_high = broadcast_quad(q), q_low = broadcast_quad(q + 4);
      for (int stream = 0; stream < streams.count; stream++) {
        const int8_t *tile = tiles + (size_t)stream * streams.between;
        const int at = vector * streams.count + stream;
        for (int half = 0; half < 2; half++) {
          high[at][half] = _mm256_dpbusd_avx_epi32(high[at][half], q_high, load_half(tile, half));
          low[at][half] = _mm256_dpbusd_avx_epi32(low[at][half], q_low, load_half(tile, half));
        }
      }
    }
    tiles += streams.stride;
  }
  for (int at = 0; at < vectors * streams.count; at++) {
    int32_t *to = sums + (at / streams.count * apart + at % streams.count) * FUNES_BLOCK_UNITS;
    for (int half = 0; half < 2; half++) {
      store_half(to, half, _mm256_add_epi32(_mm256_slli_epi32(high[at][half], 8), low[at][half]));
    }
  }
}

/* The same for 8-bit input; vectors * streams.count is at most 4. */
FUNES_INLINE void one_plane(int32_t *sums, int apart, tile_streams streams, const uint8_t *const *quantized,
                            int vectors) {
  __m256i sum[4][2];
  for (int at = 0; at < vectors * streams.count; at++) {
    for (int half = 0; half < 2; half++) {
      sum[at][half] = less_offset(streams.row_sums + at % streams.count * FUNES_BLOCK_UNITS, half, 7);
    }
  }
  const int8_t *tiles = streams.tiles;
  for (int32_t quad = 0; quad < streams.quads; quad++) {
    for (int vector = 0; vector < vectors; vector++) {
      const __m256i q = broadcast_quad(quantized[vector] + (size_t)quad * FUNES_TILE_COLS);
      for (int stream = 0; stream < streams.count; stream++) {
        const int8_t *tile = tiles + (size_t)stream * streams.between;
        const int at = vector * streams.count + stream;
        for (int half = 0; half < 2; half++) {
          sum[at][half] = _mm256_dpbusd_avx_epi32(sum[at][half], q, load_half(tile, half));
        }
      }
    }
    tiles += streams.stride;
  }
  for (int at = 0; at < vectors * streams.count; at++) {
    int32_t *to = sums + (at / streams.count * apart + at % streams.count) * FUNES_BLOCK_UNITS;
    for (int half = 0; half < 2; half++) store_half(to, half, sum[at][half]);
  }
}

/* Four streams of two planes go by twos: sixteen sums would not leave a register for the input. */
FUNES_INLINE void one_vector(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *quantized) {
  if (qmax <= 127) {
    one_plane(sums, 0, streams, &quantized, 1);
  } else if (streams.count < 4) {
    two_planes(sums, 0, streams, &quantized, 1);
  } else {
    two_planes(sums, 0, with_count(streams, 2), &quantized, 1);
    two_planes(sums + 2 * FUNES_BLOCK_UNITS, 0, streams_from(streams, 2, 2), &quantized, 1);
  }
}

/* Stream after stream, 8-bit vectors all at once, those of two planes by twos. */
FUNES_INLINE void vectors_beside(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *const *quantized) {
  for (int stream = 0; stream < streams.count; stream++) {
    const tile_streams one = streams_from(streams, stream, 1);
    int32_t *to = sums + stream * FUNES_BLOCK_UNITS;
    if (qmax <= 127) {
      one_plane(to, streams.count, one, quantized, FUNES_BESIDE);
    } else {
      two_planes(to, streams.count, one, quantized, 2);
      two_planes(to + 2 * streams.count * FUNES_BLOCK_UNITS, streams.count, one, quantized + 2, 2);
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
