/* SPDX-License-Identifier: Apache-2.0
 * Memory and matrices of the cases. */
#include "seeded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(64) unsigned char memory[1 << 23];
static size_t used;

void *take_bytes(size_t count) {
  unsigned char *at = memory + used;
  count = (count + 63) / 64 * 64;
  if (count > sizeof memory - used) {
    fprintf(stderr, "kernel_hashes: a case wants more than the %zu bytes set aside; make `memory` larger\n", sizeof memory);
    exit(70);
  }
  used += count;
  return memset(at, 0, count);
}

void forget_all(void) { used = 0; }

void print_hash(const char *name, uint32_t hash) {
  printf("%s 0x%08x\n", name, hash);
  fflush(stdout);
}

float *random_floats(uint64_t *state, int32_t count, float scale) {
  float *x = take_bytes((size_t)FUNES_PADDED(count) * sizeof(float));
  for (int32_t k = 0; k < count; k++) x[k] = next_unit(state) * scale;
  return x;
}

funes_matrix random_matrix(uint64_t *state, int32_t rows, int32_t cols, int32_t groups, int is_wide, int is_equalized) {
  const int32_t units = rows / groups, blocks = (units + 15) / 16, quads = (cols + 3) / 4;
  int8_t *tiles = take_bytes((size_t)blocks * (size_t)quads * (size_t)groups * FUNES_TILE_BYTES);
  float *scales = take_bytes((size_t)blocks * (size_t)groups * 64);
  int32_t *row_sums = take_bytes((size_t)blocks * (size_t)groups * 64);
  float *equalizer = take_bytes((size_t)quads * 16);
  for (int32_t row = 0; row < rows; row++) {
    const int32_t gate = row / units, unit = row % units, block = unit / 16, lane = unit % 16;
    const int32_t padded = (block * groups + gate) * 16 + lane;
    /* Rows of any number of columns get about the same length. */
    scales[padded] = (1.0f + next_unit(state) * 0.5f) / (float)(32 * (cols < 16 ? 4 : cols < 64 ? 8 : 16));
    for (int32_t col = 0; col < cols; col++) {
      const int8_t weight = (int8_t)((int32_t)(next_number(state) % 255) - 127);
      tiles[((ptrdiff_t)(block * quads + col / 4) * groups + gate) * FUNES_TILE_BYTES + lane * 4 + col % 4] = weight;
      row_sums[padded] += weight;
    }
  }
  for (int32_t col = 0; col < cols; col++) equalizer[col] = 1.0f + next_unit(state) * 0.5f;
  return (funes_matrix){.tiles = tiles,
                        .scales = scales,
                        .row_sums = row_sums,
                        .equalizer = is_equalized ? equalizer : 0,
                        .rows = rows,
                        .cols = cols,
                        .groups = groups,
                        .blocks = blocks,
                        .quads = quads,
                        .qmax = is_wide ? 32639 : 127};
}

funes_matrix with_low_plane(uint64_t *state, funes_matrix matrix) {
  const int32_t units = matrix.rows / matrix.groups, padded_rows = matrix.blocks * matrix.groups * FUNES_BLOCK_UNITS;
  int8_t *tiles = take_bytes((size_t)padded_rows * (size_t)matrix.quads * FUNES_TILE_COLS);
  float *scales = take_bytes((size_t)padded_rows * sizeof(float));
  int32_t *row_sums = take_bytes((size_t)padded_rows * sizeof(int32_t));
  for (int32_t row = 0; row < matrix.rows; row++) {
    const int32_t gate = row / units, unit = row % units, block = unit / 16, lane = unit % 16;
    const int32_t padded = (block * matrix.groups + gate) * 16 + lane;
    /* As large as they were with the high plane alone. */
    scales[padded] = matrix.scales[padded] / 255.0f;
    for (int32_t col = 0; col < matrix.cols; col++) {
      const int8_t weight = (int8_t)((int32_t)(next_number(state) % 255) - 127);
      tiles[((ptrdiff_t)(block * matrix.quads + col / 4) * matrix.groups + gate) * FUNES_TILE_BYTES + lane * 4 + col % 4] =
          weight;
      row_sums[padded] += weight;
    }
  }
  matrix.scales = scales;
  matrix.low_tiles = tiles;
  matrix.low_row_sums = row_sums;
  return matrix;
}

funes_context context_of(const run *how, size_t scratch_bytes, size_t thread_scratch_bytes) {
  thread_scratch_bytes = (thread_scratch_bytes + 63) / 64 * 64;
  return (funes_context){.isa = how->isa,
                         .threads = how->threads,
                         .scratch = take_bytes(scratch_bytes),
                         .thread_scratch = take_bytes(thread_scratch_bytes * (size_t)how->threads),
                         .thread_scratch_bytes = thread_scratch_bytes};
}
