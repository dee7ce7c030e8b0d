/* SPDX-License-Identifier: Apache-2.0
 * h' = a(W_x x + W_h h + b). Included by every ISA file after kernel_cells.h. */

/* `bytes`: no weights have 16 bits. */
FUNES_INLINE void rnn_with(const cell_places *places, int32_t activation, int32_t bytes) {
  const funes_cell *cell = places->steps->cell;
  int32_t x_sums[2][FUNES_BESIDE * FUNES_BLOCK_UNITS], h_sums[2][FUNES_BESIDE * FUNES_BLOCK_UNITS];
  const plane_sums x = multiply(x_sums[0], bytes ? 0 : x_sums[1], places, &cell->x, 1, FUNES_OF_X);
  const plane_sums h = multiply(h_sums[0], bytes ? 0 : h_sums[1], places, &cell->h, 1, FUNES_OF_H);
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
  const funes_cell *cell = places->steps->cell;
  if (cell->activation == FUNES_TANH && has_bytes(cell)) {
    rnn_with(places, FUNES_TANH, 1);
  } else {
    rnn_with(places, cell->activation, 0);
  }
}
