/* SPDX-License-Identifier: Apache-2.0
 * Drives norms and rotary positions over the rows of a call and the lanes of a row. */
#include "internal.h"

void funes_layer_norm(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t lanes = op->number[0], width = op->in[0].width / lanes;
  const float epsilon = funes_float_number(op, 1);
  for (int32_t r = row; r < row + rows; r++) {
    for (int32_t lane = 0; lane < lanes; lane++) {
      const ptrdiff_t at = (ptrdiff_t)lane * width;
      context->isa->layer_norm(funes_row(&op->out[0], r) + at, funes_row(&op->in[0], r) + at, op->vector[0], op->vector[1],
                               epsilon, width);
    }
  }
}

void funes_rms_norm(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t lanes = op->number[0], width = op->in[0].width / lanes;
  const float epsilon = funes_float_number(op, 1);
  for (int32_t r = row; r < row + rows; r++) {
    for (int32_t lane = 0; lane < lanes; lane++) {
      const ptrdiff_t at = (ptrdiff_t)lane * width;
      context->isa->rms_norm(funes_row(&op->out[0], r) + at, funes_row(&op->in[0], r) + at, op->vector[0], epsilon, width);
    }
  }
}

void funes_rotary(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  uint32_t *position = (uint32_t *)(void *)op->state[0];
  for (int32_t r = row; r < row + rows; r++) {
    context->isa->rotary(funes_row(&op->out[0], r), funes_row(&op->in[0], r), op, *position);
    *position += 1;
  }
}
