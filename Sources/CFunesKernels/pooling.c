/* SPDX-License-Identifier: Apache-2.0
 * Many rows to one, and an image to rows: weighted sums along an axis, and patches. Sums run oldest first. */
#pragma STDC FP_CONTRACT OFF
#include "internal.h"

#define FUNES_WIDTH 1
#include "strict_math.h"

/* T rows of x and of their scores, each row `x_stride` and `score_stride` after the one before. */
typedef struct pooled_rows {
  const float *x, *scores; /* scores null for a plain mean */
  ptrdiff_t x_stride, score_stride;
  int32_t count, width, heads;
} pooled_rows;

/* y (width) += a x */
static void add_weighted(float *restrict y, const float *restrict x, float a, int32_t width) {
  for (int32_t k = 0; k < width; k++) y[k] = y[k] + a * x[k];
}

static void divide(float *y, float divisor, int32_t width) {
  for (int32_t k = 0; k < width; k++) y[k] = y[k] / divisor;
}

static void pool(float *y, const pooled_rows *rows) {
  const int32_t width = rows->width / rows->heads;
  for (int32_t k = 0; k < rows->width; k++) y[k] = 0.0f;
  for (int32_t head = 0; head < rows->heads; head++) {
    const ptrdiff_t at = (ptrdiff_t)head * width;
    float sum = 0.0f, most = -FLT_MAX;
    for (ptrdiff_t t = 0; t < rows->count && rows->scores; t++) {
      const float score = rows->scores[t * rows->score_stride + head];
      most = score > most ? score : most;
    }
    for (ptrdiff_t t = 0; t < rows->count; t++) {
      const float a = rows->scores ? strict_exp(rows->scores[t * rows->score_stride + head] - most) : 1.0f;
      sum = sum + a;
      add_weighted(y + at, rows->x + t * rows->x_stride + at, a, width);
    }
    divide(y + at, sum > 0.0f ? sum : 1.0f, width);
  }
}

void funes_pool(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t lanes = op->number[0], has_scores = op->input_count == 2;
  pooled_rows pooled = {.width = op->out[0].width, .heads = op->number[1]};
  (void)context;
  if (rows <= 0) return;
  if (lanes == 0) {
    pooled.x = funes_row(&op->in[0], row);
    pooled.x_stride = op->in[0].stride;
    pooled.scores = has_scores ? funes_row(&op->in[1], row) : 0;
    pooled.score_stride = op->in[1].stride;
    pooled.count = rows;
    pool(op->out[0].base, &pooled);
    return;
  }
  pooled.x_stride = pooled.width;
  pooled.score_stride = pooled.heads;
  pooled.count = lanes;
  for (int32_t r = row; r < row + rows; r++) {
    pooled.x = funes_row(&op->in[0], r);
    pooled.scores = has_scores ? funes_row(&op->in[1], r) : 0;
    pool(funes_row(&op->out[0], r), &pooled);
  }
}

/* What goes along one axis of an image. */
typedef struct patch_axis {
  int32_t extent, kernel, stride, padding, patches;
  ptrdiff_t apart; /* values from one pixel to the next */
} patch_axis;

static patch_axis axis_of(const funes_op *op, int32_t axis, ptrdiff_t apart) {
  const int32_t shift = 16 * axis;
  patch_axis made = {.extent = op->number[1 + axis], .apart = apart};
  made.kernel = op->number[3] >> shift & 0xFFFF;
  made.stride = op->number[4] >> shift & 0xFFFF;
  made.padding = op->number[5] >> shift & 0xFFFF;
  made.patches = (made.extent + 2 * made.padding - made.kernel) / made.stride + 1;
  return made;
}

/* One channel of one patch, whose corner is the pixel (top, left). */
static void cut(float *y, const float *x, const patch_axis *down, const patch_axis *across, int32_t top, int32_t left) {
  for (int32_t i = 0; i < down->kernel; i++) {
    const int32_t line = top + i;
    const int32_t is_inside = line >= 0 && line < down->extent;
    for (int32_t j = 0; j < across->kernel; j++) {
      const int32_t column = left + j;
      const int32_t is_pixel = is_inside && column >= 0 && column < across->extent;
      *y++ = is_pixel ? x[line * down->apart + column * across->apart] : 0.0f;
    }
  }
}

void funes_patches(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t channels = op->number[0] & 0xFFFF, is_interleaved = op->number[0] >> 16;
  const ptrdiff_t pixel = is_interleaved ? channels : 1;
  const patch_axis down = axis_of(op, 0, pixel * op->number[2]), across = axis_of(op, 1, pixel);
  const ptrdiff_t plane = is_interleaved ? 1 : (ptrdiff_t)down.extent * across.extent;
  const ptrdiff_t area = (ptrdiff_t)down.kernel * across.kernel;
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    const float *x = funes_row(&op->in[0], r);
    float *y = funes_row(&op->out[0], r);
    for (int32_t top = 0; top < down.patches; top++) {
      for (int32_t left = 0; left < across.patches; left++) {
        for (int32_t channel = 0; channel < channels; channel++, y += area) {
          cut(y, x + channel * plane, &down, &across, top * down.stride - down.padding,
              left * across.stride - across.padding);
        }
      }
    }
  }
}
