/* SPDX-License-Identifier: Apache-2.0
 * Norms, rotary positions, halves and bytes. Included by every ISA file after kernel_vectors.h. */

enum { PARTS = FUNES_BLOCK_UNITS / FUNES_WIDTH };

/* Adds 16 lanes up: halves are added until one is left. */
FUNES_INLINE float fold_parts(vfloat *parts) {
  for (int32_t half = PARTS / 2; half > 0; half /= 2) {
    for (int32_t part = 0; part < half; part++) parts[part] = parts[part] + parts[part + half];
  }
  return fold_lanes(parts[0]);
}

FUNES_INLINE void clear_parts(vfloat *parts) {
  for (int32_t part = 0; part < PARTS; part++) parts[part] = splat(0.0f);
}

#ifndef FUNES_HAS_LARGEST_LANE
/* The largest lane; none is a NaN. */
FUNES_INLINE float largest_lane(vfloat v) {
  float lanes[FUNES_WIDTH];
  store(lanes, v);
  for (int32_t half = FUNES_WIDTH / 2; half > 0; half /= 2) {
    for (int32_t lane = 0; lane < half; lane++) {
      lanes[lane] = lanes[lane] < lanes[lane + half] ? lanes[lane + half] : lanes[lane];
    }
  }
  return lanes[0];
}
#endif

#ifndef FUNES_HAS_FOLD_EACH
/* Adds 16 lanes up for each of 16 sums. */
FUNES_INLINE void fold_each(float *y, const float *sums) {
  for (int32_t k = 0; k < FUNES_BLOCK_UNITS; k++) {
    vfloat parts[PARTS];
    for (int32_t part = 0; part < PARTS; part++) parts[part] = load(sums + k * FUNES_BLOCK_UNITS + part * FUNES_WIDTH);
    y[k] = fold_parts(parts);
  }
}
#endif

/* What a norm sees of x: held to what a state may hold, so that no square overflows; a NaN is 0. */
FUNES_INLINE vfloat load_held(const float *x, int32_t count) {
  return strict_clamp(load_some(x, count, 0.0f), FUNES_STATE_LIMIT);
}

/* The sum of (x - center)^2, or of x where `is_squared` is 0. */
FUNES_INLINE float sum_of_powers(const float *x, float center, int is_squared, int32_t count) {
  vfloat sums[PARTS];
  clear_parts(sums);
  for (int32_t k = 0; k < count; k += FUNES_BLOCK_UNITS) {
    for (int32_t part = 0; part < PARTS; part++) {
      const int32_t at = k + part * FUNES_WIDTH;
      const vfloat v = load_held(x + at, count - at);
      const vfloat d = keep(v - center, count - at);
      sums[part] = sums[part] + (is_squared ? d * d : v);
    }
  }
  return fold_parts(sums);
}

/* 1 / sqrt(x), 0 for what is not positive. */
FUNES_INLINE float inverse_root(float x) {
  const float root = strict_sqrt(x);
  return root > 0.0f ? 1.0f / root : 0.0f;
}

/* mean = sum x / n,  var = sum (x - mean)^2 / n,  y = ((x - mean) (1 / sqrt(var + eps))) gain + bias */
static void ISA_NAME(layer_norm)(float *y, const float *x, const float *gain, const float *bias, float epsilon,
                                 int32_t count) {
  const float mean = sum_of_powers(x, 0.0f, 0, count) / (float)count;
  const float inverse = inverse_root(sum_of_powers(x, mean, 1, count) / (float)count + epsilon);
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    const int32_t left = count - k;
    vfloat v = ((load_held(x + k, left) - mean) * inverse) * load_some(gain + k, left, 0.0f);
    if (bias) v = v + load_some(bias + k, left, 0.0f);
    store_some(y + k, v, left);
  }
}

/* y = (x (1 / sqrt(sum x^2 / n + eps))) gain */
static void ISA_NAME(rms_norm)(float *y, const float *x, const float *gain, float epsilon, int32_t count) {
  const float inverse = inverse_root(sum_of_powers(x, 0.0f, 1, count) / (float)count + epsilon);
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    const int32_t left = count - k;
    store_some(y + k, (load_held(x + k, left) * inverse) * load_some(gain + k, left, 0.0f), left);
  }
}

/* Turns of 2^-32: first and rest together, half to even. first 2^32 is exact, and so is what its whole part leaves;
 * rest 2^32 is added to that and the sum, below 2^22, rounded to binary32 and then to whole. What is out of range
 * (first not in [0, 1), |rest| not below 2^-11) counts as 0. The angle at a position is their product modulo 2^32: 2^32
 * positions are whole turns, so that nothing happens where the position wraps. */
FUNES_INLINE vbits turns_of(vfloat first, vfloat rest) {
  const vfloat zero = splat(0.0f), lowest = splat(-0x1p-11f), highest = splat(0x1p-11f);
  const vfloat below = where_less(first, splat(1.0f), first, zero);
  const vfloat scaled = where_less(zero, below, below, zero) * 0x1p32f;
  const vfloat small = where_less(lowest, rest, where_less(rest, highest, rest, zero), zero) * 0x1p32f;
  const vbits whole = whole_of_float(scaled);
  const vfloat left = (scaled - float_of_whole(whole)) + small;
  return whole + (bits_of(left + 12582912.0f) - 0x4b400000u);
}

/* `count` <= 16 pairs of one lane, from pair `pair` on. */
FUNES_INLINE void rotate_halves(float *y, const float *x, const float *sine, const float *cosine, int32_t half,
                                int32_t count) {
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    const vfloat a = load_some(x + k, count - k, 0.0f), b = load_some(x + half + k, count - k, 0.0f);
    const vfloat c = load(cosine + k), s = load(sine + k);
    store_some(y + k, a * c - b * s, count - k);
    store_some(y + half + k, b * c + a * s, count - k);
  }
}

#if FUNES_WIDTH == 1
FUNES_INLINE void rotate_pairs(float *y, const float *x, const float *sine, const float *cosine, int32_t count) {
  for (int32_t k = 0; k < count; k += 2) {
    const float a = x[k], b = x[k + 1];
    y[k] = a * cosine[k] + b * sine[k];
    y[k + 1] = b * cosine[k + 1] + a * sine[k + 1];
  }
}
#else
FUNES_INLINE void rotate_pairs(float *y, const float *x, const float *sine, const float *cosine, int32_t count) {
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    const vfloat v = load_some(x + k, count - k, 0.0f);
    store_some(y + k, v * load(cosine + k) + exchange_pairs(v) * load(sine + k), count - k);
  }
}
#endif

/* The sines and cosines of `count` <= 16 pairs from `pair` on. */
FUNES_INLINE void sines_and_cosines(float *sine, float *cosine, const float *turns, int32_t half, int32_t pair,
                                    int32_t count, uint32_t position) {
  for (int32_t lane = 0; lane < count; lane += FUNES_WIDTH) {
    vfloat s, c;
    const vfloat first = load_some(turns + pair + lane, count - lane, 0.0f);
    const vfloat rest = load_some(turns + half + pair + lane, count - lane, 0.0f);
    strict_sine_cosine(position * turns_of(first, rest), &s, &c);
    store(sine + lane, s);
    store(cosine + lane, c);
  }
}

/* (a, b) becomes (a cos - b sin, b cos + a sin), sixteen pairs of every lane at a time. */
static void ISA_NAME(rotary)(float *y, const float *x, const funes_op *op, uint32_t position) {
  const int32_t lanes = op->number[0], dimensions = op->number[1], half = dimensions / 2;
  const int32_t width = op->in[0].width / lanes;
  float sine[FUNES_BLOCK_UNITS] = {0}, cosine[FUNES_BLOCK_UNITS] = {0};
  /* Of both elements of each pair: the sine that the other one is multiplied by. */
  float sines[2 * FUNES_BLOCK_UNITS], cosines[2 * FUNES_BLOCK_UNITS];
  for (int32_t pair = 0; pair < half; pair += FUNES_BLOCK_UNITS) {
    const int32_t count = fewer(half - pair, FUNES_BLOCK_UNITS);
    sines_and_cosines(sine, cosine, op->vector[0], half, pair, count, position);
    for (int32_t k = 0; k < FUNES_BLOCK_UNITS; k++) {
      sines[2 * k] = -sine[k];
      sines[2 * k + 1] = sine[k];
      cosines[2 * k] = cosines[2 * k + 1] = cosine[k];
    }
    for (int32_t lane = 0; lane < lanes; lane++) {
      const ptrdiff_t at = (ptrdiff_t)lane * width;
      if (op->number[2] == 1) {
        rotate_halves(y + at + pair, x + at + pair, sine, cosine, half, count);
      } else {
        rotate_pairs(y + at + 2 * pair, x + at + 2 * pair, sines, cosines, 2 * count);
      }
    }
  }
  for (int32_t lane = 0; lane < lanes; lane++) {
    for (int32_t k = dimensions; k < width; k++) y[(ptrdiff_t)lane * width + k] = x[(ptrdiff_t)lane * width + k];
  }
}

#ifndef FUNES_HAS_ROUND_TO_HALVES
/* The nearest halves of what may be written to a cache. */
FUNES_INLINE void round_to_halves(uint16_t *y, vfloat v) {
  uint32_t bits[FUNES_WIDTH];
  store_bits(bits, strict_half(v));
  for (int32_t lane = 0; lane < FUNES_WIDTH; lane++) y[lane] = (uint16_t)bits[lane];
}
#endif

static void ISA_NAME(halves)(uint16_t *y, ptrdiff_t between, const float *x, int32_t count) {
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    const int32_t some = fewer(count - k, FUNES_WIDTH);
    uint16_t rounded[FUNES_WIDTH];
    round_to_halves(rounded, load_some(x + k, count - k, 0.0f));
    for (int32_t lane = 0; lane < some; lane++) y[(k + lane) * between] = rounded[lane];
  }
}

/* m = max |x|,  scale = m / 127,  y = round(x (127 / m)), half to even; all zero where m < 2^-100. */
static float ISA_NAME(bytes)(int8_t *y, ptrdiff_t between, const float *x, int32_t count) {
  float lanes[FUNES_WIDTH];
  vfloat most = splat(0.0f);
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    const vfloat v = strict_magnitude(load_held(x + k, count - k));
    most = where_less(most, v, v, most);
  }
  store(lanes, most);
  for (int32_t lane = 1; lane < FUNES_WIDTH; lane++) lanes[0] = lanes[lane] > lanes[0] ? lanes[lane] : lanes[0];
  const float m = lanes[0], inverse = m < 0x1p-100f ? 0.0f : 127.0f / m;
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    const int32_t some = fewer(count - k, FUNES_WIDTH);
    uint32_t bits[FUNES_WIDTH];
    store_bits(bits, bits_of(strict_clamp(load_held(x + k, count - k) * inverse, 127.0f) + 12582912.0f));
    for (int32_t lane = 0; lane < some; lane++) y[(k + lane) * between] = (int8_t)(int32_t)(bits[lane] - 0x4b400000u);
  }
  return m < 0x1p-100f ? 0.0f : m / 127.0f;
}
