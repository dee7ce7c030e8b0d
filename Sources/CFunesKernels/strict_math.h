/* SPDX-License-Identifier: Apache-2.0
 * Elementary functions in strict binary32, on as many lanes as the including file works with (lanes.h).
 *
 * Goals, in order: the same bits everywhere (+ - * / and selects only, no contraction, no libm); an error of at most
 * 3 units in the last place (but for gelu's small end), measured; speed. A NaN leaves no function of this file.
 *
 * Largest error, in units in the last place of the exact result (tools/measure_strict_math; the second line from every
 * 13th float):
 *     over every float   exp on (-87.33, 88.37) 1.02    sigmoid on (-87.3, inf) 2.49    tanh 2.71    s(a) tanh b 4.6
 *     log 0.93    silu on (-88.3, inf) 2.32    gelu from 0 on 1.67, below 6.72    gelu by tanh from -1 on 2.77
 * Below zero both gelus are small: they are off by at most 7.3e-8 and 4.7e-8. Sine and cosine are off by at most
 * 1.24e-7.
 * Polynomials: own weighted least-squares fits, iterated towards the minimax error.
 */
#ifndef FUNES_STRICT_MATH_H
#define FUNES_STRICT_MATH_H

#include "lanes.h"

/* What a state may hold, in magnitude. */
static const float FUNES_STATE_LIMIT = 0x1p50f;

/* Just above ln 2^-126. */
static const float LOWEST_EXPONENT = -87.33654f;

FUNES_INLINE vfloat strict_magnitude(vfloat x) { return float_of_bits(bits_of(x) & 0x7fffffffu); }

/* x held to [-limit, limit]; a NaN becomes 0. */
FUNES_INLINE vfloat strict_clamp(vfloat x, float limit) {
  vfloat below = where_less(x, splat(limit), x, splat(limit));
  vfloat held = where_less(splat(-limit), below, below, splat(-limit));
  return where_number(x, held, splat(0.0f));
}

/* The parts of e^(x - rest) = scale (1 + part) for x in [-87.33, 88.37] and rest in [0, 0.1], what x lost to rounding.
 *     e^x = 2^n e^r,  n = round(x / ln 2),  r = x - n ln 2 in [-0.347, 0.347],  e^r = 1 + r + r^2 q(r)
 * n comes out of the low bits of x / ln 2 + 1.5 * 2^23; n times the 15 bits of ln2_high is exact. */
typedef struct strict_power {
  vfloat scale, part;
} strict_power;

FUNES_INLINE strict_power strict_exp_parts(vfloat x, vfloat rest) {
  const float shift = 12582912.0f;
  const float per_ln2 = 1.44269504f, ln2_high = 0.693145752f, ln2_low = 1.42860677e-6f;
  vfloat shifted = (x - rest) * per_ln2 + shift;
  vfloat n = shifted - shift;
  vfloat r = ((x - n * ln2_high) - n * ln2_low) - rest;
  vfloat square = r * r;
  vfloat even = 0.49999994f + square * (0.04166839f + square * 0.0013814569f);
  vfloat odd = 0.16666521f + square * 0.008368731f;
  return (strict_power){float_of_bits((bits_of(shifted) << 23) + 0x3f800000u), r + square * (even + r * odd)};
}

/* The same as one number, x held to that range, a NaN to its lower end. */
FUNES_INLINE vfloat strict_exp_less(vfloat x, vfloat rest) {
  const float lowest = LOWEST_EXPONENT, highest = 88.37f;
  vfloat raised = where_less(splat(lowest), x, x, splat(lowest));
  strict_power power = strict_exp_parts(where_less(raised, splat(highest), raised, splat(highest)), rest);
  return (1.0f + power.part) * power.scale;
}

FUNES_INLINE vfloat strict_exp_held(vfloat x) { return strict_exp_less(x, splat(0.0f)); }

/* Zero where 2^-126 ends, and for a NaN. */
FUNES_INLINE vfloat strict_exp(vfloat x) {
  return where_less(splat(LOWEST_EXPONENT), x, strict_exp_held(x), splat(0.0f));
}

/* ln x = k ln 2 + ln(1 + f),  x = 2^k (1 + f),  1 + f in [0.707, 1.414);  s = f / (2 + f),
 * ln(1 + f) = f - s (f - s^2 p(s^2)).  x below 2^-126, or a NaN, counts as 2^-126; above FLT_MAX as FLT_MAX. */
FUNES_INLINE vfloat strict_log(vfloat x) {
  const float ln2_high = 0.693145752f, ln2_low = 1.42860677e-6f;
  const uint32_t bits_of_root_half = 0x3f3504f3u;
  vfloat raised = where_less(splat(FLT_MIN), x, x, splat(FLT_MIN));
  vfloat held = where_less(raised, splat(FLT_MAX), raised, splat(FLT_MAX));
  vbits offset = bits_of(held) - bits_of_root_half;
  vfloat k = float_of_int(int_of_bits(offset) >> 23);
  vfloat f = float_of_bits((offset & 0x007fffffu) + bits_of_root_half) - 1.0f;
  vfloat s = f / (2.0f + f);
  vfloat z = s * s;
  vfloat p = z * (0.6666666f + z * (0.40000337f + z * (0.28537238f + z * 0.23583572f)));
  return k * ln2_high + (f - (s * (f - p) - k * ln2_low));
}

FUNES_INLINE vfloat strict_sigmoid(vfloat x) { return 1.0f / (1.0f + strict_exp_held(-x)); }

/* e^(2x) - 1 = 2^n (e^r - 1) + (2^n - 1), in which nothing cancels: where n is 0 the second part is nothing. x is held
 * to [-9.5, 9.5], where tanh has become 1; a NaN to the lower end. */
FUNES_INLINE vfloat strict_expm1_twice(vfloat x) {
  vfloat raised = where_less(splat(-9.5f), x, x, splat(-9.5f));
  vfloat held = where_less(raised, splat(9.5f), raised, splat(9.5f));
  strict_power power = strict_exp_parts(held + held, splat(0.0f));
  return power.scale * power.part + (power.scale - 1.0f);
}

/* tanh x = t / (t + 2),  t = e^(2x) - 1 */
FUNES_INLINE vfloat strict_tanh(vfloat x) {
  vfloat t = strict_expm1_twice(x);
  return t / (t + 2.0f);
}

/* s(a) tanh b = t / ((t + 2) (1 + e^-a)),  t = e^(2b) - 1: one division instead of two. */
FUNES_INLINE vfloat strict_sigmoid_tanh(vfloat a, vfloat b) {
  vfloat t = strict_expm1_twice(b);
  return t / ((t + 2.0f) * (1.0f + strict_exp_held(-a)));
}

FUNES_INLINE vfloat strict_relu(vfloat x) { return where_less(splat(0.0f), x, x, splat(0.0f)); }

FUNES_INLINE vfloat strict_hard_sigmoid(vfloat x) {
  vfloat line = 0.2f * x + 0.5f;
  vfloat raised = where_less(splat(0.0f), line, line, splat(0.0f));
  return where_less(raised, splat(1.0f), raised, splat(1.0f));
}

/* x s(x) = x / (1 + e^-x), zero below -88.37, where e^-x is held, and for a NaN. */
FUNES_INLINE vfloat strict_silu(vfloat x) {
  return where_less(splat(-88.37f), x, x / (1.0f + strict_exp_held(-x)), splat(0.0f));
}

/* x (1 + tanh(u)) / 2 = x s(2u),  2u = x (a + b x^2),  a = 2 sqrt(2 / pi),  b = 0.044715 a. */
FUNES_INLINE vfloat strict_gelu_tanh(vfloat x) {
  vfloat twice = x * (1.5957691f + (x * x) * 0.07135482f);
  return where_less(splat(-88.37f), twice, x / (1.0f + strict_exp_held(-twice)), splat(0.0f));
}

/* x P(x),  P the normal distribution's integral, 1/2 + erf(x / sqrt 2) / 2.
 *     |x| < 1:  P = 1/2 + x p(x^2)
 *     else  P(-|x|) = e^(-x^2 / 2) t q(t),  t = 3 / (3 + |x|),  and P(|x|) = 1 - P(-|x|)
 * x^2 is taken apart so that its rounding does not reach the exponential: h, the first 12 bits of |x|, has an exact
 * square, and x^2 = h^2 + (|x| - h) (|x| + h). Zero below -13.21, where e^(-x^2 / 2) passes 2^-126, and for a NaN. */
FUNES_INLINE vfloat strict_gelu(vfloat x) {
  vfloat magnitude = strict_magnitude(x);
  vfloat z = x * x;
  vfloat p = 0.009973323f + z * (-0.0011863295f + z * (0.00011348593f + z * -7.654034e-6f));
  p = 0.3989423f + z * (-0.06649036f + z * p);
  vfloat small = x * (0.5f + x * p);
  vfloat t = 3.0f / (3.0f + magnitude);
  vfloat q = 0.012855133f + t * (0.09576598f + t * (-0.1328833f + t * 0.043506283f));
  q = 0.13297687f + t * (0.13309614f + t * (0.11679637f + t * (0.09795302f + t * q)));
  vfloat high = float_of_bits(bits_of(magnitude) & 0xfffff000u);
  vfloat e = strict_exp_less(high * high * -0.5f, (magnitude - high) * (magnitude + high) * 0.5f);
  vfloat tail = (magnitude * (t * q)) * e;
  tail = where_less(magnitude, splat(13.21f), tail, splat(0.0f));
  vfloat large = where_less(splat(0.0f), x, x - tail, 0.0f - tail);
  return where_number(x, where_less(magnitude, splat(1.0f), small, large), splat(0.0f));
}

/* Sine and cosine of an angle in turns of 2^-32, by the nearest quarter of a turn and what is left of it:
 *     x in [-pi/4, pi/4),  sin x = x + x^3 p(x^2),  cos x = 1 - x^2 / 2 + x^4 q(x^2)
 * An odd quarter exchanges the two; its second bit is the sine's sign, that of the next quarter the cosine's. */
FUNES_INLINE void strict_sine_cosine(vbits angle, vfloat *sine, vfloat *cosine) {
  vbits offset = angle + 0x20000000u;
  vbits quarter = offset >> 30;
  vfloat x = float_of_int(int_of_bits((offset & 0x3fffffffu) - 0x20000000u)) * 0x1.921fb6p-30f;
  vfloat z = x * x;
  vfloat s = x + x * (z * (-0.16666655f + z * (0.008332173f + z * -0.00019516685f)));
  vfloat c = (1.0f - z * 0.5f) + z * z * (0.041666646f + z * (-0.0013887362f + z * 2.4437726e-5f));
  vbits at_sine = bits_where((quarter & 1u) == 1u, bits_of(c), bits_of(s));
  vbits at_cosine = bits_where((quarter & 1u) == 1u, bits_of(s), bits_of(c));
  *sine = float_of_bits(at_sine ^ ((quarter & 2u) << 30));
  *cosine = float_of_bits(at_cosine ^ (((quarter + 1u) & 2u) << 30));
}

/* The half nearest to x, ties to even, in the low 16 bits; what overflows is the largest finite half, a NaN 0.
 * Below 2^-14 halves are 2^-24 apart, as are floats from 1/2 on, so that adding 1/2 rounds. */
FUNES_INLINE vbits strict_half(vfloat x) {
  vfloat held = strict_clamp(x, 65504.0f);
  vfloat magnitude = strict_magnitude(held);
  vbits whole = bits_of(magnitude);
  vbits normal = (whole - 0x38000000u + 0x0fffu + ((whole >> 13) & 1u)) >> 13;
  vbits subnormal = bits_of(magnitude + 0.5f) - 0x3f000000u;
  return bits_where(magnitude < splat(0x1p-14f), subnormal, normal) | ((bits_of(held) >> 16) & 0x8000u);
}

/* The float of a half, exact; infinities and NaNs remain what they are. */
FUNES_INLINE vfloat strict_float_of_half(vbits half) {
  vfloat finite = float_of_bits((half & 0x7fffu) << 13) * 0x1p112f;
  vbits whole = bits_where((half & 0x7c00u) == 0x7c00u, bits_of(finite) | 0x7f800000u, bits_of(finite));
  return float_of_bits(whole | ((half & 0x8000u) << 16));
}

#ifndef FUNES_HAS_ROOT
/* Correctly rounded, in integers, so that no target needs a libm; 0 for what is not positive. An ISA file may have its
 * machine's own.
 * With x = m 2^(e - 23), e even, the root of m 2^25 has 24 bits and one to round by; it is never halfway. */
FUNES_INLINE float strict_sqrt(float x) {
  union {
    float value;
    uint32_t bits;
  } both;
  if (!(x > 0.0f)) return 0.0f;
  if (x > FLT_MAX) return x;
  const int is_small = x < FLT_MIN;
  both.value = is_small ? x * 0x1p24f : x;
  int32_t exponent = (int32_t)(both.bits >> 23) - 127;
  uint64_t left = (uint64_t)((both.bits & 0x007fffffu) | 0x00800000u) << (25 + (exponent & 1));
  exponent -= exponent & 1;
  uint64_t root = 0;
  for (uint64_t bit = (uint64_t)1 << 48; bit > 0; bit >>= 2) {
    const uint64_t trial = root + bit;
    root >>= 1;
    if (left >= trial) {
      left -= trial;
      root += bit;
    }
  }
  both.bits = (uint32_t)(exponent / 2 + 126) * 0x00800000u + (uint32_t)((root + 1) >> 1);
  return is_small ? both.value * 0x1p-12f : both.value;
}
#endif

#if FUNES_WIDTH == 1
/* strict_sqrt of each lane; an ISA file of several lanes has its machine's own. */
FUNES_INLINE vfloat strict_roots(vfloat x) { return strict_sqrt(x); }
#endif

#endif
