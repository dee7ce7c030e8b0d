/* SPDX-License-Identifier: Apache-2.0
 * What both AVX2 files need besides their products: lanes past the end, roots, halves and bytes, sums of lanes, and the
 * numbers that an input is quantised to. Included after lanes.h, below the pragma that sets the target. */
#include <immintrin.h>

FUNES_INLINE __m256i first_lanes(int32_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

FUNES_INLINE vfloat keep(vfloat v, int32_t count) {
  return count >= 8 ? v : (vfloat)_mm256_and_ps((__m256)v, _mm256_castsi256_ps(first_lanes(count)));
}

FUNES_INLINE vfloat load_some(const float *x, int32_t count, float rest) {
  if (count >= 8) return load(x);
  const __m256i mask = first_lanes(count);
  return (vfloat)_mm256_blendv_ps(_mm256_set1_ps(rest), _mm256_maskload_ps(x, mask), _mm256_castsi256_ps(mask));
}

FUNES_INLINE void store_some(float *y, vfloat v, int32_t count) {
  if (count >= 8) {
    store(y, v);
  } else {
    _mm256_maskstore_ps(y, first_lanes(count), (__m256)v);
  }
}

FUNES_INLINE float fold_lanes(vfloat v) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

FUNES_INLINE vfloat load_halves(const uint16_t *x, int32_t count) {
  if (count >= 8) return (vfloat)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)x));
  uint16_t some[8] = {0};
  for (int32_t k = 0; k < count; k++) some[k] = x[k];
  return (vfloat)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)some));
}

FUNES_INLINE vfloat load_bytes(const int8_t *x, int32_t count) {
  int8_t some[16] = {0};
  for (int32_t k = 0; k < count && count < 8; k++) some[k] = x[k];
  const int8_t *from = count >= 8 ? x : some;
  return (vfloat)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from)));
}

#define FUNES_HAS_ROOT
FUNES_INLINE float strict_sqrt(float x) {
  const __m128 root = _mm_sqrt_ss(_mm_set_ss(x));
  return x > 0.0f ? _mm_cvtss_f32(root) : 0.0f;
}

FUNES_INLINE vfloat strict_roots(vfloat x) {
  const __m256 is_positive = _mm256_cmp_ps((__m256)x, _mm256_setzero_ps(), _CMP_GT_OQ);
  return (vfloat)_mm256_and_ps(_mm256_sqrt_ps((__m256)x), is_positive);
}

#define FUNES_HAS_ROUND_TO_HALVES
FUNES_INLINE void round_to_halves(uint16_t *y, vfloat v) {
  const __m256 x = (__m256)v, limit = _mm256_set1_ps(65504.0f);
  const __m256 held = _mm256_max_ps(_mm256_min_ps(x, limit), _mm256_sub_ps(_mm256_setzero_ps(), limit));
  const __m256 number = _mm256_and_ps(held, _mm256_cmp_ps(x, x, _CMP_ORD_Q));
  _mm_storeu_si128((__m128i *)(void *)y, _mm256_cvtps_ph(number, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

#define FUNES_HAS_LARGEST_LANE
FUNES_INLINE float largest_lane(vfloat v) {
  __m128 half = _mm_max_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
  half = _mm_max_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

/* Sums k and k + 4, folded to four lanes each. */
FUNES_INLINE __m256 fold_every_fourth(const float *sums, int32_t k) {
  const float *other = sums + (k + 4) * 16;
  const __m256 a = _mm256_add_ps(_mm256_loadu_ps(sums + k * 16), _mm256_loadu_ps(sums + k * 16 + 8));
  const __m256 b = _mm256_add_ps(_mm256_loadu_ps(other), _mm256_loadu_ps(other + 8));
  return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

FUNES_INLINE __m256 fold_twos(__m256 a, __m256 b) {
  return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xee));
}

#define FUNES_HAS_FOLD_EACH
FUNES_INLINE void fold_each(float *y, const float *sums) {
  for (int32_t k = 0; k < 16; k += 8) {
    const __m256 even = fold_twos(fold_every_fourth(sums + k * 16, 0), fold_every_fourth(sums + k * 16, 1));
    const __m256 odd = fold_twos(fold_every_fourth(sums + k * 16, 2), fold_every_fourth(sums + k * 16, 3));
    _mm256_storeu_ps(y + k, _mm256_add_ps(_mm256_shuffle_ps(even, odd, 0x88), _mm256_shuffle_ps(even, odd, 0xdd)));
  }
}

/* Eight columns from `col` on, times e; lanes past the end are zero. */
FUNES_INLINE __m256 columns(const float *x, const funes_matrix *matrix, int32_t col) {
  const __m256 t = (__m256)load_some(x + col, matrix->cols - col, 0.0f);
  if (!matrix->equalizer) return t;
  return _mm256_mul_ps(t, (__m256)load_some(matrix->equalizer + col, matrix->cols - col, 0.0f));
}

/* How an input is quantised: q = round(clamp(x e inverse)), and what q stands for. */
typedef struct quantizer {
  float limit, inverse, scale;
} quantizer;

/* A NaN never wins the maximum. */
FUNES_INLINE quantizer measure(const float *x, const funes_matrix *matrix) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  const float limit = (float)matrix->qmax;
  __m256 largest = _mm256_setzero_ps();
  for (int32_t col = 0; col < matrix->cols; col += 8) {
    largest = _mm256_max_ps(_mm256_and_ps(columns(x, matrix, col), magnitude), largest);
  }
  const float most = largest_lane((vfloat)largest), m = most < 0x1p100f ? most : 0x1p100f;
  if (m < 0x1p-100f) return (quantizer){limit, 0.0f, 0.0f};
  return (quantizer){limit, limit / m, m / limit};
}

/* Eight columns; a NaN is made zero before it is rounded, an infinity is held by the clamp. */
FUNES_INLINE __m256i quantize_eight(const float *x, const funes_matrix *matrix, int32_t col, const quantizer *by) {
  __m256 t = _mm256_mul_ps(columns(x, matrix, col), _mm256_set1_ps(by->inverse));
  t = _mm256_and_ps(t, _mm256_cmp_ps(t, t, _CMP_ORD_Q));
  return _mm256_cvtps_epi32(_mm256_max_ps(_mm256_min_ps(t, _mm256_set1_ps(by->limit)), _mm256_set1_ps(-by->limit)));
}
