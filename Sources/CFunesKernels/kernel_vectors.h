/* SPDX-License-Identifier: Apache-2.0
 * Functions of whole vectors, and the table of an ISA. Included by every ISA file after kernel_body.h. Sums run over 16
 * lanes side by side, which are then folded in halves: one fixed tree, whatever the ISA.
 */

static void ISA_NAME(activate)(int32_t activation, float *y, const float *x, int32_t count) {
  switch (activation) {
  case FUNES_RELU: for (int32_t k = 0; k < count; k++) y[k] = strict_relu(x[k]); break;
  case FUNES_TANH: for (int32_t k = 0; k < count; k++) y[k] = strict_tanh(x[k]); break;
  case FUNES_SIGMOID: for (int32_t k = 0; k < count; k++) y[k] = strict_sigmoid(x[k]); break;
  case FUNES_HARD_SIGMOID: for (int32_t k = 0; k < count; k++) y[k] = strict_hard_sigmoid(x[k]); break;
  default: for (int32_t k = 0; k < count; k++) y[k] = x[k]; break;
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
  float lanes[FUNES_BLOCK_UNITS];
  int32_t k = 0;
  FUNES_LANES lanes[lane] = -FLT_MAX;
  for (; k + FUNES_BLOCK_UNITS <= count; k += FUNES_BLOCK_UNITS) {
    FUNES_LANES lanes[lane] = x[k + lane] > lanes[lane] ? x[k + lane] : lanes[lane];
  }
  for (; k < count; k++) lanes[0] = x[k] > lanes[0] ? x[k] : lanes[0];
  for (int32_t lane = 1; lane < FUNES_BLOCK_UNITS; lane++) lanes[0] = lanes[lane] > lanes[0] ? lanes[lane] : lanes[0];
  return lanes[0];
}

/* The sum of exp(x - m), each written to y where y is given. */
FUNES_INLINE float sum_of_exp(float *y, const float *x, float m, int32_t count) {
  float lanes[FUNES_BLOCK_UNITS] = {0};
  int32_t k = 0;
  for (; k + FUNES_BLOCK_UNITS <= count; k += FUNES_BLOCK_UNITS) {
    float e[FUNES_BLOCK_UNITS];
    FUNES_LANES e[lane] = strict_exp(x[k + lane] - m);
    FUNES_LANES lanes[lane] = lanes[lane] + e[lane];
    if (y) FUNES_LANES y[k + lane] = e[lane];
  }
  for (int32_t lane = 0; k < count; k++, lane++) {
    float e = strict_exp(x[k] - m);
    lanes[lane] = lanes[lane] + e;
    if (y) y[k] = e;
  }
  return fold(lanes);
}

/* y = exp(x - max x) / sum; all zero where every x is -infinity. */
static void ISA_NAME(softmax)(float *y, const float *x, int32_t count) {
  float sum = sum_of_exp(y, x, largest(x, count), count);
  float divisor = sum > 0.0f ? sum : 1.0f;
  for (int32_t k = 0; k < count; k++) y[k] = y[k] / divisor;
}

static void ISA_NAME(log_softmax)(float *y, const float *x, int32_t count) {
  float m = largest(x, count);
  float log_sum = strict_log(sum_of_exp(0, x, m, count));
  for (int32_t k = 0; k < count; k++) y[k] = (x[k] - m) - log_sum;
}

static void ISA_NAME(l2_normalize)(float *y, const float *x, int32_t count) {
  float lanes[FUNES_BLOCK_UNITS] = {0};
  int32_t k = 0;
  for (; k + FUNES_BLOCK_UNITS <= count; k += FUNES_BLOCK_UNITS) {
    FUNES_LANES lanes[lane] = lanes[lane] + x[k + lane] * x[k + lane];
  }
  for (int32_t lane = 0; k < count; k++, lane++) lanes[lane] = lanes[lane] + x[k] * x[k];
  float norm = strict_sqrt(fold(lanes));
  float divisor = norm > 1e-12f ? norm : 1e-12f;
  for (k = 0; k < count; k++) y[k] = x[k] / divisor;
}

const funes_isa ISA_NAME(funes_isa) = {
    .name = ISA_STRING,
    .quantize = ISA_NAME(quantize),
    .linear = ISA_NAME(linear),
    .cell = ISA_NAME(cell),
    .cell_second = ISA_NAME(cell_second),
    .activate = ISA_NAME(activate),
    .softmax = ISA_NAME(softmax),
    .log_softmax = ISA_NAME(log_softmax),
    .l2_normalize = ISA_NAME(l2_normalize),
};
