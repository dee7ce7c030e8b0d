/* SPDX-License-Identifier: Apache-2.0
 * h' = a(W_x x + W_h h + b). Included by every ISA file after kernel_cells.h. */

FUNES_INLINE void rnn_with(const cell_places *places, int32_t activation) {
  int32_t x[FUNES_BESIDE * FUNES_BLOCK_UNITS], h[FUNES_BESIDE * FUNES_BLOCK_UNITS];
  multiply(x, places, &places->steps->cell->x, 1, FUNES_OF_X);
  multiply(h, places, &places->steps->cell->h, 1, FUNES_OF_H);
  for (int32_t place = 0; place < places->count; place++) {
    const cell_sums sums = sums_of(places, place, 1, 1, x, h);
    FUNES_EACH_LANE {
      const int32_t unit = sums.row + lane, count = sums.step->cell->units - unit;
      const vfloat new_h = hold(apply(activation, preactivation(&sums, lane)), 0.0f, count);
      give(sums.step, unit, new_h, count);
      if (sums.step->gates) store_some(sums.step->gates + unit, new_h, count);
    }
  }
}

static void ISA_NAME(rnn)(const cell_places *places) {
  if (places->steps->cell->activation == FUNES_TANH) {
    rnn_with(places, FUNES_TANH);
  } else {
    rnn_with(places, places->steps->cell->activation);
  }
}
