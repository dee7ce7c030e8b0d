/* SPDX-License-Identifier: Apache-2.0
 * Rows times a vector by the DSP extension of Cortex-M4, M7 and M33: smlad multiplies and adds two pairs of int16. Of each
 * four columns of a quantised vector the even ones come first, as sxtb16 widens them out of a word of weights. */
#include <arm_acle.h>

enum { ROWS_BESIDE = 4 };

FUNES_INLINE uint32_t load_word(const void *from) {
  uint32_t word;
  __builtin_memcpy(&word, __builtin_assume_aligned(from, 4), sizeof word);
  return word;
}

/* From int16, in their order, to what rows_product reads. */
FUNES_INLINE void arrange(uint8_t *quantized, const funes_matrix *matrix) {
  for (int32_t quad = 0; quad < matrix->quads; quad++) {
    const uint32_t first = load_word(quantized), last = load_word(quantized + 4);
    const uint32_t even = (first & 0xffffu) | last << 16, odd = first >> 16 | (last & 0xffff0000u);
    __builtin_memcpy(__builtin_assume_aligned(quantized, 4), &even, sizeof even);
    __builtin_memcpy(__builtin_assume_aligned(quantized + 4, 4), &odd, sizeof odd);
    quantized += 2 * FUNES_TILE_COLS;
  }
}

/* One row of a tile times its four columns, added to a sum. */
FUNES_INLINE int32_t add_quad(int32_t sum, const int8_t *weights, int16x2_t even, int16x2_t odd) {
  const uint32_t four = load_word(weights);
  sum = __smlad(__sxtb16((int8x4_t)four), even, sum);
  return __smlad(__sxtb16((int8x4_t)__ror(four, 8)), odd, sum);
}

/* ROWS_BESIDE rows of one tile sequence; sums wrap. */
static void rows_product(int32_t *sums, const int8_t *tiles, size_t stride, int32_t quads, int32_t qmax,
                         const uint8_t *quantized) {
  int32_t a = 0, b = 0, c = 0, d = 0;
  (void)qmax;
  for (; quads > 0; quads--) {
    const int16x2_t even = (int16x2_t)load_word(quantized), odd = (int16x2_t)load_word(quantized + 4);
    a = add_quad(a, tiles, even, odd);
    b = add_quad(b, tiles + 4, even, odd);
    c = add_quad(c, tiles + 8, even, odd);
    d = add_quad(d, tiles + 12, even, odd);
    tiles += stride;
    quantized += 2 * FUNES_TILE_COLS;
  }
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}
