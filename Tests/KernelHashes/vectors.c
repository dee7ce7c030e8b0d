/* SPDX-License-Identifier: Apache-2.0
 * Functions of vectors: elementwise ones over floats of every exponent, and those that reduce a row. */
#include "seeded.h"

#include <string.h>

enum { COUNT = 4003 };

/* Any bits but those of a NaN. */
static float *any_floats(uint64_t *state) {
  float *x = take_bytes(COUNT * sizeof(float));
  for (int32_t k = 0; k < COUNT; k++) {
    uint32_t bits = (uint32_t)next_number(state);
    if ((bits & 0x7f800000u) == 0x7f800000u) bits &= 0xff800000u;
    memcpy(x + k, &bits, sizeof bits);
    if (k % 2) x[k] = next_unit(state) * 20.0f;
  }
  return x;
}

static void run_activations(const run *how) {
  uint64_t state = 3;
  uint32_t hash = 0;
  const float *x = any_floats(&state);
  float *y = take_bytes(COUNT * sizeof(float));
  for (int32_t activation = FUNES_IDENTITY; activation <= FUNES_SILU; activation++) {
    funes_evaluate(how->isa, activation, y, x, COUNT);
    hash = hash_floats(hash, y, COUNT);
  }
  print_hash("activations", hash);
  forget_all();
}

typedef void (*operator)(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);

/* Every width to 70 but that of nothing. */
static void run_widths(const run *how, const char *name, operator run_rows, int32_t number_1) {
  uint64_t state = 4;
  uint32_t hash = 0;
  const float *x = random_floats(&state, 3 * 70, 8.0f);
  const float *gain = random_floats(&state, 70, 1.0f), *bias = random_floats(&state, 70, 1.0f);
  float *y = random_floats(&state, 3 * 70, 0.0f);
  const funes_context context = context_of(how, 64, 64);
  for (int32_t width = 1; width <= 70; width++) {
    funes_op op = {.input_count = 1, .number = {1, number_1}, .vector = {gain, bias}};
    op.in[0] = (funes_rows){(float *)(uintptr_t)x, width, width};
    op.out[0] = (funes_rows){y, width, width};
    run_rows(&op, &context, 0, 3);
    hash = hash_floats(hash, y, 3 * width);
  }
  print_hash(name, hash);
  forget_all();
}

static void run_rotary(const run *how) {
  uint64_t state = 5;
  uint32_t hash = 0, position = 0xfffffff0u;
  enum { LANES = 3, WIDTH = 46, ROWS = 20 };
  float *x = random_floats(&state, ROWS * LANES * WIDTH, 2.0f), *y = random_floats(&state, ROWS * LANES * WIDTH, 0.0f);
  float *turns = random_floats(&state, WIDTH, 0.0f);
  for (int32_t k = 0; k < WIDTH / 2; k++) turns[k] = 0.5f + next_unit(&state) * 0.49f;
  const funes_context context = context_of(how, 64, 64);
  for (int32_t style = 0; style < 2; style++) {
    funes_op op = {.input_count = 1, .number = {LANES, 42, style}, .vector = {turns}};
    op.in[0] = (funes_rows){x, LANES * WIDTH, LANES * WIDTH};
    op.out[0] = (funes_rows){y, LANES * WIDTH, LANES * WIDTH};
    op.state[0] = (float *)(void *)&position;
    funes_rotary(&op, &context, 0, ROWS);
    hash = hash_floats(hash, y, ROWS * LANES * WIDTH);
  }
  print_hash("rotary", hash);
  forget_all();
}

void run_vectors(const run *how) {
  const int32_t epsilon = 0x3727c5ac; /* the bits of 1e-5 */
  run_activations(how);
  run_widths(how, "softmax", funes_softmax, 0);
  run_widths(how, "log-softmax", funes_log_softmax, 0);
  run_widths(how, "l2-normalize", funes_l2_normalize, 0);
  run_widths(how, "layer-norm", funes_layer_norm, epsilon);
  run_widths(how, "rms-norm", funes_rms_norm, epsilon);
  run_rotary(how);
}
