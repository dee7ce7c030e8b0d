/* SPDX-License-Identifier: Apache-2.0
 * Drives norms and rotary positions over the rows of a call and the lanes of a row. */
#include "internal.h"

static float *row_of(const funes_rows *rows, int32_t row) { return rows->base + (ptrdiff_t)row * rows->stride; }

/* An operator's number holds the bits of a float. */
static float float_number(const funes_op *op, int32_t number) {
  union {
    int32_t bits;
    float value;
  } both = {.bits = op->number[number]};
  return both.value;
}

void funes_layer_norm(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t lanes = op->number[0], width = op->in[0].width / lanes;
  const float epsilon = float_number(op, 1);
  for (int32_t r = row; r < row + rows; r++) {
    for (int32_t lane = 0; lane < lanes; lane++) {
      const ptrdiff_t at = (ptrdiff_t)lane * width;
      context->isa->layer_norm(row_of(&op->out[0], r) + at, row_of(&op->in[0], r) + at, op->vector[0], op->vector[1],
                               epsilon, width);
    }
  }
}

void funes_rms_norm(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t lanes = op->number[0], width = op->in[0].width / lanes;
  const float epsilon = float_number(op, 1);
  for (int32_t r = row; r < row + rows; r++) {
    for (int32_t lane = 0; lane < lanes; lane++) {
      const ptrdiff_t at = (ptrdiff_t)lane * width;
      context->isa->rms_norm(row_of(&op->out[0], r) + at, row_of(&op->in[0], r) + at, op->vector[0], epsilon, width);
    }
  }
}

void funes_rotary(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  uint32_t *position = (uint32_t *)(void *)op->state[0];
  for (int32_t r = row; r < row + rows; r++) {
    context->isa->rotary(row_of(&op->out[0], r), row_of(&op->in[0], r), op, *position);
    *position += 1;
  }
}
