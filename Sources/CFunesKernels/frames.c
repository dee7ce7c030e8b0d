/* SPDX-License-Identifier: Apache-2.0
 * An inner axis cut into frames: what a convolution inside each row multiplies by its weights. */
#include "internal.h"

/* N positions of `width` values each, and how frames lie on them. */
typedef struct frame_axis {
  int32_t positions, width, kernel, stride, dilation, before, mode;
} frame_axis;

/* The position that stands for one beyond the edges; -1 for zeros. Padding is below N where it is reflected. */
static int32_t place(const frame_axis *axis, int32_t at) {
  const int32_t last = axis->positions - 1;
  if (at >= 0 && at <= last) return at;
  switch (axis->mode) {
  case FUNES_REFLECTED: return at < 0 ? -at : 2 * last - at;
  case FUNES_REPLICATED: return at < 0 ? 0 : last;
  default: return -1;
  }
}

static void cut(float *y, const float *x, const frame_axis *axis, int32_t first) {
  if (axis->dilation == 1 && first >= 0 && first <= axis->positions - axis->kernel) {
    funes_copy_floats(y, x + (ptrdiff_t)first * axis->width, (ptrdiff_t)axis->kernel * axis->width);
    return;
  }
  for (int32_t tap = 0; tap < axis->kernel; tap++, y += axis->width) {
    const int32_t at = place(axis, first + tap * axis->dilation);
    if (at >= 0) funes_copy_floats(y, x + (ptrdiff_t)at * axis->width, axis->width);
    for (int32_t k = 0; at < 0 && k < axis->width; k++) y[k] = 0.0f;
  }
}

void funes_frames(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const frame_axis axis = {.positions = op->number[0],
                           .width = op->in[0].width / op->number[0],
                           .kernel = op->number[1],
                           .stride = op->number[2],
                           .dilation = op->number[3],
                           .before = op->number[4] & 0xFFFF,
                           .mode = op->number[5]};
  const int32_t width = axis.kernel * axis.width, frames = op->out[0].width / width;
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    const float *x = funes_row(&op->in[0], r);
    float *y = funes_row(&op->out[0], r);
    for (int32_t frame = 0; frame < frames; frame++, y += width) cut(y, x, &axis, frame * axis.stride - axis.before);
  }
}
