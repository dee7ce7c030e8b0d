/* SPDX-License-Identifier: Apache-2.0
 * GRU: gates r z n, with the reset after the product or before it. Included by every ISA file after kernel_cells.h; ends
 * with the functions over cells of every kind. */

/* h' = (1 - z) n + z h, and where it goes. */
FUNES_INLINE void gru_finish(const funes_step *step, int32_t unit, vfloat z, vfloat n) {
  const int32_t units = step->cell->units, count = units - unit;
  const vfloat h = hold((1.0f - z) * n + z * load(step->h + unit), 0.0f, count);
  give(step, unit, h, count);
  if (step->gates) store_some(step->gates + 2 * units + unit, n, count);
}

FUNES_INLINE void show_reset_and_update(const funes_step *step, int32_t unit, vfloat r, vfloat z) {
  const int32_t units = step->cell->units, count = units - unit;
  if (step->gates) {
    store_some(step->gates + unit, r, count);
    store_some(step->gates + units + unit, z, count);
  }
}

/* The reset after the product: n = a((W_xn x + b_n) + r (W_hn h + b_hn)). `bytes`: no weights have 16 bits. */
FUNES_INLINE void gru_after(const cell_places *places, int32_t gate, int32_t activation, int32_t bytes) {
  const funes_cell *cell = places->steps->cell;
  int32_t x_sums[2][FUNES_BESIDE * 3 * FUNES_BLOCK_UNITS], h_sums[2][FUNES_BESIDE * 3 * FUNES_BLOCK_UNITS];
  const plane_sums x = multiply(x_sums[0], bytes ? 0 : x_sums[1], places, &cell->x, 3, FUNES_OF_X);
  const plane_sums h = multiply(h_sums[0], bytes ? 0 : h_sums[1], places, &cell->h, 3, FUNES_OF_H);
  for (int32_t place = 0; place < places->count; place++) {
    const cell_sums sums = sums_of(places, place, 3, 3, x, h);
    FUNES_EACH_LANE {
      const int32_t unit = block_of(places, place) * FUNES_BLOCK_UNITS + lane;
      const vfloat r = apply(gate, preactivation(&sums, lane));
      const vfloat z = apply(gate, preactivation(&sums, 16 + lane));
      vfloat hn = of_h(&sums, 32 + lane);
      if (cell->bias_hn) hn = hn + load(cell->bias_hn + unit);
      const vfloat n = apply(activation, (of_x(&sums, 32 + lane) + bias_of(&sums, 32 + lane)) + r * hn);
      show_reset_and_update(sums.step, unit, r, z);
      gru_finish(sums.step, unit, z, n);
    }
  }
}

/* The first phase with the reset before the product: r h and z into scratch. */
FUNES_INLINE void gru_before(const cell_places *places, int32_t gate) {
  const funes_cell *cell = places->steps->cell;
  int32_t x_sums[2][FUNES_BESIDE * 2 * FUNES_BLOCK_UNITS], h_sums[2][FUNES_BESIDE * 2 * FUNES_BLOCK_UNITS];
  const plane_sums x = multiply(x_sums[0], x_sums[1], places, &cell->x, 2, FUNES_OF_X);
  const plane_sums h = multiply(h_sums[0], h_sums[1], places, &cell->h, 2, FUNES_OF_H);
  for (int32_t place = 0; place < places->count; place++) {
    const cell_sums sums = sums_of(places, place, 2, 3, x, h);
    FUNES_EACH_LANE {
      const int32_t unit = block_of(places, place) * FUNES_BLOCK_UNITS + lane;
      const vfloat r = apply(gate, preactivation(&sums, lane));
      const vfloat z = apply(gate, preactivation(&sums, 16 + lane));
      store(sums.step->own + unit, r * load(sums.step->h + unit));
      store(sums.step->z + unit, z);
      show_reset_and_update(sums.step, unit, r, z);
    }
  }
}

static void ISA_NAME(gru)(const cell_places *places) {
  const funes_cell *cell = places->steps->cell;
  if (cell->is_reset_before) {
    gru_before(places, cell->gate_activation);
  } else if (cell->gate_activation == FUNES_SIGMOID && cell->activation == FUNES_TANH && has_bytes(cell)) {
    gru_after(places, FUNES_SIGMOID, FUNES_TANH, 1);
  } else {
    gru_after(places, cell->gate_activation, cell->activation, 0);
  }
}

/* n = a((W_xn x + W_hn (r h)) + b_n) */
static void ISA_NAME(gru_second)(const cell_places *places) {
  const funes_cell *cell = places->steps->cell;
  int32_t x_sums[2][FUNES_BESIDE * FUNES_BLOCK_UNITS], h_sums[2][FUNES_BESIDE * FUNES_BLOCK_UNITS];
  const plane_sums x = multiply(x_sums[0], x_sums[1], places, &cell->candidate_x, 1, FUNES_OF_CANDIDATE);
  const plane_sums h = multiply(h_sums[0], h_sums[1], places, &cell->candidate, 1, FUNES_OF_OWN);
  for (int32_t place = 0; place < places->count; place++) {
    const funes_step *step = step_of(places, place);
    const int32_t block = block_of(places, place), at = place * FUNES_BLOCK_UNITS;
    FUNES_EACH_LANE {
      const int32_t unit = block * FUNES_BLOCK_UNITS + lane;
      const vfloat xn =
          dequantize_planes(x, at + lane, step->scales[FUNES_OF_CANDIDATE], cell->candidate_x.scales + unit);
      const vfloat hn = dequantize_planes(h, at + lane, step->scales[FUNES_OF_OWN], cell->candidate.scales + unit);
      const vfloat bias = load(cell->bias + (3 * block + 2) * FUNES_BLOCK_UNITS + lane);
      gru_finish(step, unit, load(step->z + unit), apply(cell->activation, (xn + hn) + bias));
    }
  }
}

static void ISA_NAME(cell)(const funes_step *steps, int32_t count, int32_t begin, int32_t end) {
  switch (steps->cell->kind) {
  case FUNES_CELL_LSTM: each_place(ISA_NAME(lstm), steps, count, begin, end); break;
  case FUNES_CELL_GRU: each_place(ISA_NAME(gru), steps, count, begin, end); break;
  default: each_place(ISA_NAME(rnn), steps, count, begin, end); break;
  }
}

static void ISA_NAME(cell_second)(const funes_step *steps, int32_t count, int32_t begin, int32_t end) {
  if (steps->cell->kind == FUNES_CELL_LSTM) {
    each_place(ISA_NAME(lstm_second), steps, count, begin, end);
  } else {
    each_place(ISA_NAME(gru_second), steps, count, begin, end);
  }
}
