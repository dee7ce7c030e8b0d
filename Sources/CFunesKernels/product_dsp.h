/* SPDX-License-Identifier: Apache-2.0
 * Rows times a vector by the DSP extension of Cortex-M4, M7 and M33: smlad multiplies and adds two pairs of int16. Of each
 * four columns of a quantised vector the even ones come first, as sxtb16 widens them out of a word of weights. */
#include <arm_acle.h>

enum { ROWS_BESIDE = 4 };

FUNES_INLINE void put_quantized(uint8_t *quantized, int32_t qmax, int32_t col, int32_t q) {
  (void)qmax;
  ((int16_t *)(void *)quantized)[(col & ~3) | (col & 1) << 1 | (col >> 1 & 1)] = (int16_t)q;
}

FUNES_INLINE uint32_t load_word(const void *from) {
  uint32_t word;
  __builtin_memcpy(&word, __builtin_assume_aligned(from, 4), sizeof word);
  return word;
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
