/* SPDX-License-Identifier: Apache-2.0
 * Products of a plain matrix with one vector or several. Included by every ISA file after its
 *     ISA_NAME(quantize)
 *     ISA_NAME(product)(sums, matrix, groups, block, count, quantized)
 *     ISA_NAME(products)(sums, matrix, groups, block, count, quantized)
 * which are inlined, `groups` being known where they are called. sums[stream * 16 + lane] gets the exact products,
 * offsets taken off, of the block's groups (count is 1) or, for a matrix of one group, of `count` <= 4 blocks in a row.
 * `products` does so for FUNES_BESIDE vectors, reading each tile once: sums[(vector * streams + stream) * 16 + lane].
 */
#include "internal.h"
#include "strict_math.h"

enum { SUMS = FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS };

/* y = float(sum) (activation scale * row scale) */
FUNES_INLINE vfloat dequantize(const int32_t *sums, float scale, const float *row_scales) {
  return float_of_int(load_int(sums)) * (splat(scale) * load(row_scales));
}

FUNES_INLINE int32_t fewer(int32_t a, int32_t b) { return a < b ? a : b; }

/* The vectors from `first` on, the last of them repeated where there are fewer than go beside each other. */
FUNES_INLINE void choose_vectors(const uint8_t **beside, const funes_linear_pass *pass, int32_t first) {
  for (int32_t k = 0; k < FUNES_BESIDE; k++) {
    beside[k] = pass->quantized + (size_t)fewer(first + k, pass->count - 1) * pass->quantized_bytes;
  }
}

FUNES_INLINE void finish_rows(const funes_linear_pass *pass, const int32_t *sums, int32_t vector, int32_t block,
                              int32_t streams) {
  const funes_matrix *matrix = pass->matrix;
  for (int32_t at = 0; at < streams * FUNES_BLOCK_UNITS; at += FUNES_WIDTH) {
    const int32_t row = block * FUNES_BLOCK_UNITS + at;
    vfloat y = dequantize(sums + at, pass->scale[vector], matrix->scales + row);
    if (pass->bias) y = y + load(pass->bias + row);
    store_some(pass->y[vector] + row, y, matrix->rows - row);
  }
}

static void ISA_NAME(linear)(const funes_linear_pass *pass, int32_t begin, int32_t end) {
  int32_t sums[FUNES_BESIDE * SUMS];
  const uint8_t *beside[FUNES_BESIDE];
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    const int32_t streams = fewer(end - block, FUNES_MAX_STREAMS);
    for (int32_t vector = 0; vector < pass->count; vector += FUNES_BESIDE) {
      const int32_t vectors = fewer(pass->count - vector, FUNES_BESIDE);
      choose_vectors(beside, pass, vector);
      if (vectors == 1) {
        ISA_NAME(product)(sums, pass->matrix, 1, block, streams, beside[0]);
      } else {
        ISA_NAME(products)(sums, pass->matrix, 1, block, streams, beside);
      }
      for (int32_t k = 0; k < vectors; k++) {
        finish_rows(pass, sums + k * streams * FUNES_BLOCK_UNITS, vector + k, block, streams);
      }
    }
  }
}
