/* SPDX-License-Identifier: Apache-2.0
 * How rows lie in a cache: halves, or bytes with a scale for each head and row behind them. */
#include "internal.h"

/* Where the scales of a cache of bytes begin. */
static float *scales_of(const funes_op *op, int32_t state, int32_t width) {
  const size_t bytes = ((size_t)op->state_rows[state] * (size_t)width + 63) / 64 * 64;
  return (float *)(void *)((uint8_t *)(void *)op->state[state] + bytes);
}

void funes_cache_write(const funes_isa *isa, const funes_op *op, int32_t state, int32_t row, int32_t width,
                       const float *x) {
  const int32_t heads = op->state_heads[state];
  if (heads == 0) {
    isa->halves((uint16_t *)(void *)op->state[state] + (ptrdiff_t)row * width, x, width);
    return;
  }
  int8_t *bytes = (int8_t *)(void *)op->state[state] + (ptrdiff_t)row * width;
  float *scales = scales_of(op, state, width) + (ptrdiff_t)row * heads;
  for (int32_t head = 0; head < heads; head++) {
    const ptrdiff_t at = (ptrdiff_t)head * (width / heads);
    scales[head] = isa->bytes(bytes + at, x + at, width / heads);
  }
}

funes_cached funes_cache_head(const funes_op *op, int32_t state, int32_t width, int32_t head, int32_t heads) {
  const ptrdiff_t at = (ptrdiff_t)head * (width / heads);
  funes_cached cached = {.stride = width, .heads = op->state_heads[state]};
  if (cached.heads == 0) {
    cached.row = (const uint16_t *)(const void *)op->state[state] + at;
  } else {
    cached.row = (const int8_t *)(const void *)op->state[state] + at;
    cached.scales = scales_of(op, state, width) + head;
  }
  return cached;
}
