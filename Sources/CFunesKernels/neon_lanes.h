/* SPDX-License-Identifier: Apache-2.0
 * What every aarch64 file needs besides its product: lanes past the end, halves and bytes, and the numbers that an input
 * is quantised to. Included after lanes.h, below the pragma that sets the target. */
#include <arm_neon.h>

FUNES_INLINE vfloat keep(vfloat v, int32_t count) {
  static const int32_t lanes[4] = {0, 1, 2, 3};
  const uint32x4_t mask = vcltq_s32(vld1q_s32(lanes), vdupq_n_s32(count));
  return (vfloat)vandq_u32((uint32x4_t)v, mask);
}

FUNES_INLINE vfloat load_some(const float *x, int32_t count, float rest) {
  if (count >= 4) return load(x);
  float some[4] = {rest, rest, rest, rest};
  for (int32_t k = 0; k < count; k++) some[k] = x[k];
  return load(some);
}

FUNES_INLINE void store_some(float *y, vfloat v, int32_t count) {
  if (count >= 4) {
    store(y, v);
    return;
  }
  float some[4];
  store(some, v);
  for (int32_t k = 0; k < count; k++) y[k] = some[k];
}

FUNES_INLINE float fold_lanes(vfloat v) {
  const float32x2_t half = vadd_f32(vget_low_f32((float32x4_t)v), vget_high_f32((float32x4_t)v));
  return vget_lane_f32(half, 0) + vget_lane_f32(half, 1);
}

FUNES_INLINE vfloat strict_roots(vfloat x) {
  const uint32x4_t is_positive = vcgtq_f32((float32x4_t)x, vdupq_n_f32(0.0f));
  return (vfloat)vandq_u32(vreinterpretq_u32_f32(vsqrtq_f32((float32x4_t)x)), is_positive);
}

FUNES_INLINE vfloat load_halves(const uint16_t *x, int32_t count) {
  uint16_t some[4] = {0};
  for (int32_t k = 0; k < count && count < 4; k++) some[k] = x[k];
  return (vfloat)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(count >= 4 ? x : some)));
}

FUNES_INLINE vfloat load_bytes(const int8_t *x, int32_t count) {
  int8_t some[8] = {0};
  __builtin_memcpy(some, x, count >= 4 ? 4 : count > 0 ? (size_t)count : 0);
  return (vfloat)vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vld1_s8(some)))));
}

/* Four columns from `col` on, times e; lanes past the end are zero. */
FUNES_INLINE float32x4_t columns(const float *x, const funes_matrix *matrix, int32_t col) {
  const float32x4_t t = (float32x4_t)load_some(x + col, matrix->cols - col, 0.0f);
  if (!matrix->equalizer) return t;
  return vmulq_f32(t, (float32x4_t)load_some(matrix->equalizer + col, matrix->cols - col, 0.0f));
}

/* How an input is quantised: q = round(clamp(x e inverse)), and what q stands for. */
typedef struct quantizer {
  float limit, inverse, scale;
} quantizer;

/* A NaN never wins the maximum. */
FUNES_INLINE quantizer measure(const float *x, const funes_matrix *matrix) {
  float32x4_t largest = vdupq_n_f32(0.0f);
  for (int32_t col = 0; col < matrix->cols; col += 4) {
    const float32x4_t t = vabsq_f32(columns(x, matrix, col));
    largest = vbslq_f32(vcgtq_f32(t, largest), t, largest);
  }
  const float limit = (float)matrix->qmax, most = vmaxvq_f32(largest), m = most < 0x1p100f ? most : 0x1p100f;
  if (m < 0x1p-100f) return (quantizer){limit, 0.0f, 0.0f};
  return (quantizer){limit, limit / m, m / limit};
}

/* Four columns; a NaN passes minimum and maximum and is converted to zero, an infinity is held. */
FUNES_INLINE int32x4_t quantize_four(const float *x, const funes_matrix *matrix, int32_t col, const quantizer *by) {
  const float32x4_t t = vmulq_n_f32(columns(x, matrix, col), by->inverse);
  return vcvtnq_s32_f32(vmaxq_f32(vminq_f32(t, vdupq_n_f32(by->limit)), vdupq_n_f32(-by->limit)));
}

FUNES_INLINE int16x8_t quantize_eight(const float *x, const funes_matrix *matrix, int32_t col, const quantizer *by) {
  const int32x4_t low = quantize_four(x, matrix, col, by), high = quantize_four(x, matrix, col + 4, by);
  return vcombine_s16(vmovn_s32(low), vmovn_s32(high));
}
