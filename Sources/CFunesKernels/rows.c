/* SPDX-License-Identifier: Apache-2.0
 * Operators without weights, row by row: elementwise work, reductions over a lane, and those that remember rows. */
#pragma STDC FP_CONTRACT OFF
#include "internal.h"

#define FUNES_WIDTH 1
#include "strict_math.h"

/* What may be written to a state. */
static float held(float x) { return strict_clamp(x, FUNES_STATE_LIMIT); }

/* Counters live in the state block as the bits of a uint32_t. */
static uint32_t *counter(const funes_op *op, int32_t state) { return (uint32_t *)(void *)op->state[state]; }

void funes_one_hot(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t classes = op->number[0];
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    const int32_t *ids = (const int32_t *)(const void *)funes_row(&op->in[0], r);
    float *y = funes_row(&op->out[0], r);
    for (int32_t k = 0; k < op->in[0].width; k++, y += classes) {
      for (int32_t id = 0; id < classes; id++) y[id] = id == ids[k] ? 1.0f : 0.0f;
    }
  }
}

void funes_add(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    const float *a = funes_row(&op->in[0], r), *b = funes_row(&op->in[1], r);
    float *y = funes_row(&op->out[0], r);
    for (int32_t k = 0; k < op->out[0].width; k++) y[k] = a[k] + b[k];
  }
}

void funes_multiply(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    const float *a = funes_row(&op->in[0], r), *b = funes_row(&op->in[1], r);
    float *y = funes_row(&op->out[0], r);
    for (int32_t k = 0; k < op->out[0].width; k++) y[k] = a[k] * b[k];
  }
}

void funes_scale(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const float factor = float_of_bits((uint32_t)op->number[0]);
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    const float *x = funes_row(&op->in[0], r);
    float *y = funes_row(&op->out[0], r);
    for (int32_t k = 0; k < op->out[0].width; k++) y[k] = x[k] * factor;
  }
}

void funes_constant(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    funes_copy_floats(funes_row(&op->out[0], r), op->vector[0], op->out[0].width);
  }
}

void funes_concat(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t lanes = op->number[0];
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    float *y = funes_row(&op->out[0], r);
    for (int32_t lane = 0; lane < lanes; lane++) {
      for (int32_t input = 0; input < op->input_count; input++) {
        const int32_t width = op->in[input].width / lanes;
        funes_copy_floats(y, funes_row(&op->in[input], r) + (ptrdiff_t)lane * width, width);
        y += width;
      }
    }
  }
}

void funes_slice(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t lanes = op->number[0], begin = op->number[1], count = op->number[2];
  const int32_t width = op->in[0].width / lanes;
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    for (int32_t lane = 0; lane < lanes; lane++) {
      funes_copy_floats(funes_row(&op->out[0], r) + (ptrdiff_t)lane * count,
                        funes_row(&op->in[0], r) + (ptrdiff_t)lane * width + begin, count);
    }
  }
}

void funes_activate(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  for (int32_t r = row; r < row + rows; r++) {
    context->isa->activate(op->number[0], funes_row(&op->out[0], r), funes_row(&op->in[0], r), op->out[0].width);
  }
}

typedef void (*lane_function)(float *y, const float *x, int32_t count);

static void each_lane(lane_function function, const funes_op *op, int32_t row, int32_t rows) {
  const int32_t lanes = op->number[0], width = op->in[0].width / lanes;
  for (int32_t r = row; r < row + rows; r++) {
    for (int32_t lane = 0; lane < lanes; lane++) {
      const ptrdiff_t at = (ptrdiff_t)lane * width;
      function(funes_row(&op->out[0], r) + at, funes_row(&op->in[0], r) + at, width);
    }
  }
}

void funes_softmax(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  each_lane(context->isa->softmax, op, row, rows);
}

void funes_log_softmax(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  each_lane(context->isa->log_softmax, op, row, rows);
}

void funes_l2_normalize(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  each_lane(context->isa->l2_normalize, op, row, rows);
}

void funes_copy(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    funes_copy_floats(funes_row(&op->out[0], r), funes_row(&op->in[0], r), op->out[0].width);
  }
}

void funes_last(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  (void)context;
  if (rows > 0) funes_copy_floats(op->out[0].base, funes_row(&op->in[0], row + rows - 1), op->out[0].width);
}

void funes_first(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  (void)context;
  if (rows > 0) funes_copy_floats(op->out[0].base, funes_row(&op->in[0], row), op->out[0].width);
}

void funes_mean(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const uint32_t most = (uint32_t)1 << 24;
  float *mean = op->state[0];
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    const float *x = funes_row(&op->in[0], r);
    float *y = funes_row(&op->out[0], r);
    uint32_t seen = *counter(op, 1) < most ? *counter(op, 1) + 1 : most;
    const float count = (float)seen;
    *counter(op, 1) = seen;
    for (int32_t k = 0; k < op->in[0].width; k++) {
      mean[k] = held(mean[k] + (x[k] - mean[k]) / count);
      y[k] = mean[k];
    }
  }
}

void funes_window(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t taps = op->number[0], apart = op->number[1], width = op->in[0].width, ring_rows = (taps - 1) * apart;
  float *ring = op->state[0];
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    const float *x = funes_row(&op->in[0], r);
    float *y = funes_row(&op->out[0], r);
    funes_copy_floats(y + (ptrdiff_t)(taps - 1) * width, x, width);
    if (ring_rows == 0) continue;
    /* The slot at `position` holds the oldest row and is the next to be written. */
    const int32_t position = *counter(op, 1) < (uint32_t)ring_rows ? (int32_t)*counter(op, 1) : 0;
    for (int32_t tap = 0; tap < taps - 1; tap++) {
      const int32_t slot = (position + tap * apart) % ring_rows;
      funes_copy_floats(y + (ptrdiff_t)tap * width, ring + (ptrdiff_t)slot * width, width);
    }
    for (int32_t k = 0; k < width; k++) ring[(ptrdiff_t)position * width + k] = held(x[k]);
    *counter(op, 1) = (uint32_t)((position + 1) % ring_rows);
  }
}

int32_t funes_subsample(const funes_op *op, const funes_context *context, int32_t rows) {
  const uint32_t every = (uint32_t)op->number[0];
  uint32_t phase = *counter(op, 0) < every ? *counter(op, 0) : 0;
  int32_t written = 0;
  (void)context;
  for (int32_t r = 0; r < rows; r++) {
    if (phase == 0) funes_copy_floats(funes_row(&op->out[0], written++), funes_row(&op->in[0], r), op->out[0].width);
    phase = phase + 1 < every ? phase + 1 : 0;
  }
  *counter(op, 0) = phase;
  return written;
}

/* Values of one lane of a state, which begin at a multiple of 16; the value beside it has the lanes side by side. */
static int32_t lane_width(const funes_op *op, int32_t width) {
  return op->state_width[0] > 0 && op->state_width[0] < width ? op->state_width[0] : width;
}

void funes_state_read(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t width = lane_width(op, op->out[0].width), lanes = op->out[0].width / width;
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    float *y = funes_row(&op->out[0], r);
    for (int32_t lane = 0; lane < lanes; lane++) {
      funes_copy_floats(y + (ptrdiff_t)lane * width, op->state[0] + (ptrdiff_t)lane * FUNES_PADDED(width), width);
    }
  }
}

void funes_state_write(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  (void)context;
  if (rows <= 0) return;
  const int32_t width = lane_width(op, op->in[0].width), lanes = op->in[0].width / width;
  const float *x = funes_row(&op->in[0], row + rows - 1);
  for (int32_t lane = 0; lane < lanes; lane++) {
    float *state = op->state[0] + (ptrdiff_t)lane * FUNES_PADDED(width);
    for (int32_t k = 0; k < width; k++) state[k] = held(x[(ptrdiff_t)lane * width + k]);
  }
}
