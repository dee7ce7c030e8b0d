/* SPDX-License-Identifier: Apache-2.0
 * Products of a plain matrix with one vector or several. Included by every ISA file after its
 *     ISA_NAME(quantize)
 *     ISA_NAME(product)(sums, matrix, groups, block, count, quantized)
 *     ISA_NAME(products)(sums, matrix, groups, block, count, quantized)
 * which are inlined, `groups` being known where they are called. sums[stream * 16 + lane] gets the exact products,
 * offsets taken off, of the block's groups (count is 1) or, for a matrix of one group, of `count` <= 4 blocks in a row.
 * `products` does so for FUNES_BESIDE vectors, reading each tile once: sums[(vector * streams + stream) * 16 + lane].
 * Weights of 16 bits are two matrices to them, high and low, whose sums are added as floats.
 */
#include "internal.h"
#include "strict_math.h"

enum { SUMS = FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS };

/* The low plane of weights of 16 bits, as a matrix of its own. */
FUNES_INLINE funes_matrix low_plane(const funes_matrix *matrix) {
  funes_matrix low = *matrix;
  low.tiles = matrix->low_tiles;
  low.row_sums = matrix->low_row_sums;
  return low;
}

/* y = float(sum) (activation scale * row scale), or (float(sum) 255 + float(low)) (...) with the sums of a low plane. */
FUNES_INLINE vfloat dequantize(const int32_t *sums, const int32_t *low, float scale, const float *row_scales) {
  vfloat sum = float_of_int(load_int(sums));
  if (low) sum = sum * 255.0f + float_of_int(load_int(low));
  return sum * (splat(scale) * load(row_scales));
}

FUNES_INLINE int32_t fewer(int32_t a, int32_t b) { return a < b ? a : b; }

/* The vectors from `first` on, the last of them repeated where there are fewer than go beside each other. */
FUNES_INLINE void choose_vectors(const uint8_t **beside, const funes_linear_pass *pass, int32_t first) {
  for (int32_t k = 0; k < FUNES_BESIDE; k++) {
    beside[k] = pass->quantized + (size_t)fewer(first + k, pass->count - 1) * pass->quantized_bytes;
  }
}

FUNES_INLINE void finish_rows(const funes_linear_pass *pass, const int32_t *sums, const int32_t *low, int32_t vector,
                              int32_t block, int32_t streams) {
  const funes_matrix *matrix = pass->matrix;
  for (int32_t at = 0; at < streams * FUNES_BLOCK_UNITS; at += FUNES_WIDTH) {
    const int32_t row = block * FUNES_BLOCK_UNITS + at;
    vfloat y = dequantize(sums + at, low ? low + at : 0, pass->scale[vector], matrix->scales + row);
    if (pass->bias) y = y + load(pass->bias + row);
    store_some(pass->y[vector] + row, y, matrix->rows - row);
  }
}

/* One plane by `vectors` vectors. */
FUNES_INLINE void multiply_blocks(int32_t *sums, const funes_matrix *plane, int32_t block, int32_t streams,
                                  const uint8_t *const *beside, int32_t vectors) {
  if (vectors == 1) {
    ISA_NAME(product)(sums, plane, 1, block, streams, beside[0]);
  } else {
    ISA_NAME(products)(sums, plane, 1, block, streams, beside);
  }
}

/* `low` is the low plane, or null, which is known where this is inlined. */
FUNES_INLINE void linear_with(const funes_linear_pass *pass, const funes_matrix *low, int32_t begin, int32_t end) {
  int32_t sums[FUNES_BESIDE * SUMS], low_sums[FUNES_BESIDE * SUMS];
  const uint8_t *beside[FUNES_BESIDE];
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    const int32_t streams = fewer(end - block, FUNES_MAX_STREAMS);
    for (int32_t vector = 0; vector < pass->count; vector += FUNES_BESIDE) {
      const int32_t vectors = fewer(pass->count - vector, FUNES_BESIDE);
      choose_vectors(beside, pass, vector);
      multiply_blocks(sums, pass->matrix, block, streams, beside, vectors);
      if (low) multiply_blocks(low_sums, low, block, streams, beside, vectors);
      for (int32_t k = 0; k < vectors; k++) {
        const int32_t at = k * streams * FUNES_BLOCK_UNITS;
        finish_rows(pass, sums + at, low ? low_sums + at : 0, vector + k, block, streams);
      }
    }
  }
}

static void ISA_NAME(linear)(const funes_linear_pass *pass, int32_t begin, int32_t end) {
  if (pass->matrix->low_tiles) {
    const funes_matrix low = low_plane(pass->matrix);
    linear_with(pass, &low, begin, end);
  } else {
    linear_with(pass, 0, begin, end);
  }
}
