/* SPDX-License-Identifier: Apache-2.0
 * Functions of whole vectors. Included by every ISA file after kernel_body.h. Sums run over 16 lanes side by side,
 * which are then folded in halves: one fixed tree, whatever the ISA.
 */

/* What stands by itself. */
FUNES_INLINE vfloat apply_alone(int32_t activation, vfloat v) {
  switch (activation) {
  case FUNES_GELU: return strict_gelu(v);
  case FUNES_GELU_TANH: return strict_gelu_tanh(v);
  case FUNES_SILU: return strict_silu(v);
  case FUNES_SQRT: return strict_roots(v);
  default: return apply(activation, v);
  }
}

FUNES_INLINE void activate_all(int32_t activation, float *y, const float *x, int32_t count) {
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    store_some(y + k, apply_alone(activation, load_some(x + k, count - k, 0.0f)), count - k);
  }
}

static void ISA_NAME(activate)(int32_t activation, float *y, const float *x, int32_t count) {
  switch (activation) {
  case FUNES_RELU: activate_all(FUNES_RELU, y, x, count); break;
  case FUNES_TANH: activate_all(FUNES_TANH, y, x, count); break;
  case FUNES_SIGMOID: activate_all(FUNES_SIGMOID, y, x, count); break;
  case FUNES_HARD_SIGMOID: activate_all(FUNES_HARD_SIGMOID, y, x, count); break;
  case FUNES_GELU: activate_all(FUNES_GELU, y, x, count); break;
  case FUNES_GELU_TANH: activate_all(FUNES_GELU_TANH, y, x, count); break;
  case FUNES_SILU: activate_all(FUNES_SILU, y, x, count); break;
  case FUNES_SQRT: activate_all(FUNES_SQRT, y, x, count); break;
  default: activate_all(FUNES_IDENTITY, y, x, count); break;
  }
}

FUNES_INLINE float fold(float *lanes) {
  for (int32_t half = FUNES_BLOCK_UNITS / 2; half > 0; half /= 2) {
    for (int32_t lane = 0; lane < half; lane++) lanes[lane] = lanes[lane] + lanes[lane + half];
  }
  return lanes[0];
}

/* The largest of x and -FLT_MAX; a NaN is passed over. */
FUNES_INLINE float largest(const float *x, int32_t count) {
  vfloat most = splat(-FLT_MAX);
  float lanes[FUNES_WIDTH];
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    const vfloat v = load_some(x + k, count - k, -FLT_MAX);
    most = where_less(most, v, v, most);
  }
  store(lanes, most);
  for (int32_t lane = 1; lane < FUNES_WIDTH; lane++) lanes[0] = lanes[lane] > lanes[0] ? lanes[lane] : lanes[0];
  return lanes[0];
}

/* The sum of exp(x - m), each written to y where y is given. What lies past the end adds zero. */
FUNES_INLINE float sum_of_exp(float *y, const float *x, float m, int32_t count) {
  float lanes[FUNES_BLOCK_UNITS] = {0};
  for (int32_t k = 0; k < count; k += FUNES_BLOCK_UNITS) {
    FUNES_EACH_LANE {
      const int32_t left = count - k - lane;
      if (left <= 0) break;
      const vfloat e = keep(strict_exp(load_some(x + k + lane, left, 0.0f) - m), left);
      store(lanes + lane, load(lanes + lane) + e);
      if (y) store_some(y + k + lane, e, left);
    }
  }
  return fold(lanes);
}

FUNES_INLINE void divide_all(float *y, const float *x, float divisor, int32_t count) {
  for (int32_t k = 0; k < count; k += FUNES_WIDTH) {
    store_some(y + k, load_some(x + k, count - k, 0.0f) / divisor, count - k);
  }
}

/* y = exp(x - max x) / sum; all zero where every x is -infinity. */
static void ISA_NAME(softmax)(float *y, const float *x, int32_t count) {
  const float sum = sum_of_exp(y, x, largest(x, count), count);
  divide_all(y, y, sum > 0.0f ? sum : 1.0f, count);
}

static void ISA_NAME(log_softmax)(float *y, const float *x, int32_t count) {
  const float m = largest(x, count);
  const float sum = sum_of_exp(0, x, m, count);
  float lanes[FUNES_WIDTH];
  store(lanes, strict_log(splat(sum)));
  for (int32_t k = 0; k < count; k++) y[k] = (x[k] - m) - lanes[0];
}

static void ISA_NAME(l2_normalize)(float *y, const float *x, int32_t count) {
  float lanes[FUNES_BLOCK_UNITS] = {0};
  for (int32_t k = 0; k < count; k += FUNES_BLOCK_UNITS) {
    FUNES_EACH_LANE {
      const int32_t left = count - k - lane;
      if (left <= 0) break;
      const vfloat v = load_some(x + k + lane, left, 0.0f);
      store(lanes + lane, load(lanes + lane) + v * v);
    }
  }
  const float norm = strict_sqrt(fold(lanes));
  divide_all(y, x, norm > 1e-12f ? norm : 1e-12f, count);
}
