/* SPDX-License-Identifier: Apache-2.0
 * How rows lie in a cache: in blocks of 16, the last of what is left. A block is the transpose of its rows, so that an
 * element of all its rows is one vector: element e of row r, n the rows of its block, stands at
 *     16 width floor(r / 16) + n e + r mod 16
 * Elements are halves, or bytes with a scale for each head and row behind them, which lie like elements. */
#include "internal.h"

/* Where the scales of a cache of bytes begin. */
static float *scales_of(const funes_op *op, int32_t state, int32_t width) {
  const size_t bytes = ((size_t)op->state_rows[state] * (size_t)width + 63) / 64 * 64;
  return (float *)(void *)((uint8_t *)(void *)op->state[state] + bytes);
}

/* Rows of the block that holds a row. */
static int32_t block_rows(const funes_op *op, int32_t state, int32_t row) {
  const int32_t left = op->state_rows[state] - row / FUNES_BLOCK_UNITS * FUNES_BLOCK_UNITS;
  return left < FUNES_BLOCK_UNITS ? left : FUNES_BLOCK_UNITS;
}

static ptrdiff_t element_of_row(int32_t row, int32_t width, int32_t between, ptrdiff_t element) {
  const int32_t lane = row % FUNES_BLOCK_UNITS;
  return (ptrdiff_t)(row - lane) * width + between * element + lane;
}

void funes_cache_write(const funes_isa *isa, const funes_op *op, int32_t state, int32_t row, const float *x,
                       int32_t width, int32_t begin, int32_t end, int32_t heads) {
  const int32_t between = block_rows(op, state, row), part = width / heads;
  const ptrdiff_t first = element_of_row(row, width, between, (ptrdiff_t)begin * part);
  x += (ptrdiff_t)begin * part;
  if (op->state_heads[state] == 0) {
    isa->halves((uint16_t *)(void *)op->state[state] + first, between, x, (end - begin) * part);
    return;
  }
  int8_t *bytes = (int8_t *)(void *)op->state[state] + first;
  float *scales = scales_of(op, state, width) + element_of_row(row, heads, between, begin);
  for (int32_t head = 0; head < end - begin; head++) {
    const ptrdiff_t at = (ptrdiff_t)head * part;
    scales[(ptrdiff_t)head * between] = isa->bytes(bytes + at * between, between, x + at, part);
  }
}

funes_cached funes_cache_head(const funes_op *op, int32_t state, int32_t width, int32_t head, int32_t heads) {
  funes_cached cached = {.elements = op->state[state], .width = width, .heads = heads, .head = head};
  cached.first = (ptrdiff_t)head * (width / heads);
  if (op->state_heads[state] > 0) cached.scales = scales_of(op, state, width);
  return cached;
}
