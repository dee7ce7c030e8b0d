/* SPDX-License-Identifier: Apache-2.0
 * Elementary functions in strict binary32. Included by every ISA file, below the pragma that sets its target, so that
 * a loop over lanes is vectorised for that ISA and still gives the scalar bits.
 *
 * Goals, in order: the same bits everywhere (+ - * / and selects only, no contraction, no libm); an error of at most
 * 3 units in the last place, measured over every float; speed. A NaN never leaves exp, log, sigmoid, tanh or relu.
 *
 * Largest error, in units in the last place of the correctly rounded result:
 *     exp on (-87.33, 88.37) 1.0;  log 1.0;  sigmoid on (-87.3, inf) 2.5;  tanh 2.0
 * Polynomials: own weighted least-squares fits to the minimax error.
 */
#ifndef FUNES_STRICT_MATH_H
#define FUNES_STRICT_MATH_H

#include <float.h>
#include <stdint.h>

_Static_assert(FLT_EVAL_METHOD == 0, "float expressions must be evaluated in binary32");

#define FUNES_INLINE static inline __attribute__((always_inline, unused))

static const float FUNES_STATE_LIMIT = 0x1p50f;

FUNES_INLINE uint32_t strict_bits(float x) {
  union {
    float value;
    uint32_t bits;
  } both = {.value = x};
  return both.bits;
}

FUNES_INLINE float strict_float(uint32_t bits) {
  union {
    uint32_t bits;
    float value;
  } both = {.bits = bits};
  return both.value;
}

FUNES_INLINE float strict_magnitude(float x) { return strict_float(strict_bits(x) & 0x7fffffffu); }

/* x held to [-limit, limit]; a NaN becomes 0. */
FUNES_INLINE float strict_clamp(float x, float limit) {
  float number = x == x ? x : 0.0f;
  float below = number < limit ? number : limit;
  return below > -limit ? below : -limit;
}

/* What may be written to a state. */
FUNES_INLINE float strict_state(float x) { return strict_clamp(x, FUNES_STATE_LIMIT); }

/* e^x = 2^n e^r,  n = round(x / ln 2),  r = x - n ln 2 in [-0.347, 0.347],  e^r = 1 + r + r^2 q(r).
 * n comes out of the low bits of x / ln 2 + 1.5 * 2^23; n times the 15 bits of LN2_HIGH is exact.
 * 0 below -87.33 (where 2^-126 ends) and for a NaN; held at e^88.37 above. */
FUNES_INLINE float strict_exp(float x) {
  const float lowest = -87.33654f, highest = 88.37f;
  const float shift = 12582912.0f, per_ln2 = 1.44269504f, ln2_high = 0.693145752f, ln2_low = 1.42860677e-6f;
  float raised = x > lowest ? x : lowest;
  float held = raised < highest ? raised : highest;
  float shifted = held * per_ln2 + shift;
  float n = shifted - shift;
  float r = (held - n * ln2_high) - n * ln2_low;
  float square = r * r;
  float even = 0.49999994f + square * (0.04166839f + square * 0.0013814569f);
  float odd = 0.16666521f + square * 0.008368731f;
  float e = 1.0f + (r + square * (even + r * odd));
  float scale = strict_float((strict_bits(shifted) << 23) + 0x3f800000u);
  return x > lowest ? e * scale : 0.0f;
}

/* ln x = k ln 2 + ln(1 + f),  x = 2^k (1 + f),  1 + f in [0.707, 1.414);  s = f / (2 + f),
 * ln(1 + f) = f - s (f - s^2 p(s^2)).  x below 2^-126, or a NaN, counts as 2^-126; above FLT_MAX as FLT_MAX. */
FUNES_INLINE float strict_log(float x) {
  const float ln2_high = 0.693145752f, ln2_low = 1.42860677e-6f;
  float raised = x > FLT_MIN ? x : FLT_MIN;
  float held = raised < FLT_MAX ? raised : FLT_MAX;
  uint32_t offset = strict_bits(held) - 0x3f3504f3u; /* the bits of sqrt(1/2) */
  int32_t exponent = (int32_t)offset >> 23;
  float k = (float)exponent;
  float f = strict_float((offset & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  float s = f / (2.0f + f);
  float z = s * s;
  float p = z * (0.6666666f + z * (0.40000337f + z * (0.28537238f + z * 0.23583572f)));
  return k * ln2_high + (f - (s * (f - p) - k * ln2_low));
}

FUNES_INLINE float strict_sigmoid(float x) { return 1.0f / (1.0f + strict_exp(-x)); }

/* x + x^3 p(x^2) below 0.6, 1 - 2 / (e^2|x| + 1) above, where the subtraction no longer cancels. */
FUNES_INLINE float strict_tanh(float x) {
  float magnitude = strict_magnitude(x);
  float z = x * x;
  float p = -0.333333f + z * (0.13331924f + z * (-0.053783827f + z * (0.020795964f + z * -0.0058951504f)));
  float small = x + x * (z * p);
  float large = 1.0f - 2.0f / (strict_exp(magnitude + magnitude) + 1.0f);
  float signed_large = strict_float(strict_bits(large) | (strict_bits(x) & 0x80000000u));
  return magnitude < 0.6f ? small : signed_large;
}

/* Correctly rounded, in integers, so that no target needs a libm; 0 for what is not positive.
 * With x = m 2^(e - 23), e even, the root of m 2^25 has 24 bits and one to round by; it is never halfway. */
FUNES_INLINE float strict_sqrt(float x) {
  if (!(x > 0.0f)) return 0.0f;
  if (x > FLT_MAX) return x;
  int is_small = x < FLT_MIN;
  uint32_t bits = strict_bits(is_small ? x * 0x1p24f : x);
  int32_t exponent = (int32_t)(bits >> 23) - 127;
  uint64_t left = (uint64_t)((bits & 0x007fffffu) | 0x00800000u) << (25 + (exponent & 1));
  exponent -= exponent & 1;
  uint64_t root = 0;
  for (uint64_t bit = (uint64_t)1 << 48; bit > 0; bit >>= 2) {
    uint64_t trial = root + bit;
    root >>= 1;
    if (left >= trial) {
      left -= trial;
      root += bit;
    }
  }
  uint32_t rounded = (uint32_t)((root + 1) >> 1);
  float y = strict_float((uint32_t)(exponent / 2 + 126) * 0x00800000u + rounded);
  return is_small ? y * 0x1p-12f : y;
}

FUNES_INLINE float strict_relu(float x) { return x > 0.0f ? x : 0.0f; }

FUNES_INLINE float strict_hard_sigmoid(float x) {
  float line = 0.2f * x + 0.5f;
  float raised = line > 0.0f ? line : 0.0f;
  return raised < 1.0f ? raised : 1.0f;
}

#endif
