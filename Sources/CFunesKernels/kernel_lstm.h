/* SPDX-License-Identifier: Apache-2.0
 * LSTM: gates i f g o, or f g o where the input gate is coupled. The new cell states of all places come first, so that
 * one place's long chain of operations overlaps another's. Included by every ISA file after kernel_cells.h. */

typedef struct lstm_form {
  int32_t is_coupled, gate, activation;
  int32_t has_bytes; /* no weights of 16 bits in the first phase */
} lstm_form;

/* c' of one place; the preactivation of the gate of its output goes to o. */
FUNES_INLINE void lstm_states(const cell_sums *sums, int32_t block, lstm_form form, float *o_of) {
  const funes_step *step = sums->step;
  const funes_cell *cell = step->cell;
  const int32_t padded = FUNES_PADDED(cell->units), first = form.is_coupled ? 0 : FUNES_BLOCK_UNITS;
  FUNES_EACH_LANE {
    const int32_t unit = block * FUNES_BLOCK_UNITS + lane, count = cell->units - unit;
    const float *peephole = cell->peephole ? cell->peephole + unit : 0;
    const vfloat c = load(step->c + unit);
    vfloat f = preactivation(sums, first + lane);
    if (peephole) f = f + load(peephole + padded) * c;
    f = apply(form.gate, f);
    const vfloat g = preactivation(sums, first + 16 + lane);
    vfloat i = 1.0f - f, let_in;
    if (form.is_coupled) {
      let_in = i * apply(form.activation, g);
    } else {
      i = preactivation(sums, lane);
      if (peephole) i = i + load(peephole) * c;
      let_in = gated(form.gate, form.activation, i, g);
    }
    const vfloat new_c = hold(f * c + let_in, cell->cell_clip, count);
    vfloat o = preactivation(sums, first + 32 + lane);
    if (peephole) o = o + load(peephole + 2 * padded) * new_c;
    store(step->c + unit, new_c);
    store(o_of + lane, o);
    if (step->gates) {
      store_some(step->gates + unit, form.is_coupled ? i : apply(form.gate, i), count);
      store_some(step->gates + cell->units + unit, f, count);
      store_some(step->gates + 2 * cell->units + unit, apply(form.activation, g), count);
      store_some(step->gates + 3 * cell->units + unit, apply(form.gate, o), count);
    }
  }
}

/* m = o a(c') of one place, which a projection then multiplies, or which is h'. */
FUNES_INLINE void lstm_outputs(const funes_step *step, int32_t block, lstm_form form, const float *o_of) {
  FUNES_EACH_LANE {
    const int32_t unit = block * FUNES_BLOCK_UNITS + lane, count = step->cell->units - unit;
    const vfloat m = hold(gated(form.gate, form.activation, load(o_of + lane), load(step->c + unit)), 0.0f, count);
    if (step->second) {
      store(step->own + unit, m);
    } else {
      give(step, unit, m, count);
    }
  }
}

FUNES_INLINE void lstm_with(const cell_places *places, lstm_form form) {
  const int32_t groups = form.is_coupled ? 3 : 4;
  const funes_cell *cell = places->steps->cell;
  int32_t x_sums[2][FUNES_BESIDE * SUMS], h_sums[2][FUNES_BESIDE * SUMS];
  float o[FUNES_BESIDE * FUNES_BLOCK_UNITS];
  const plane_sums x = multiply(x_sums[0], form.has_bytes ? 0 : x_sums[1], places, &cell->x, groups, FUNES_OF_X);
  const plane_sums h = multiply(h_sums[0], form.has_bytes ? 0 : h_sums[1], places, &cell->h, groups, FUNES_OF_H);
  for (int32_t place = 0; place < places->count; place++) {
    const cell_sums sums = sums_of(places, place, groups, groups, x, h);
    lstm_states(&sums, block_of(places, place), form, o + place * FUNES_BLOCK_UNITS);
  }
  for (int32_t place = 0; place < places->count; place++) {
    lstm_outputs(step_of(places, place), block_of(places, place), form, o + place * FUNES_BLOCK_UNITS);
  }
}

static void ISA_NAME(lstm)(const cell_places *places) {
  const funes_cell *cell = places->steps->cell;
  if (cell->is_coupled) {
    lstm_with(places, (lstm_form){1, cell->gate_activation, cell->activation, 0});
  } else if (cell->gate_activation == FUNES_SIGMOID && cell->activation == FUNES_TANH && has_bytes(cell)) {
    lstm_with(places, (lstm_form){0, FUNES_SIGMOID, FUNES_TANH, 1});
  } else {
    lstm_with(places, (lstm_form){0, cell->gate_activation, cell->activation, 0});
  }
}

/* h' = clip(W_p m) */
static void ISA_NAME(lstm_second)(const cell_places *places) {
  const funes_matrix *matrix = &places->steps->cell->projection;
  int32_t m_sums[2][FUNES_BESIDE * FUNES_BLOCK_UNITS];
  const plane_sums sums = multiply(m_sums[0], m_sums[1], places, matrix, 1, FUNES_OF_OWN);
  for (int32_t place = 0; place < places->count; place++) {
    const funes_step *step = step_of(places, place);
    FUNES_EACH_LANE {
      const int32_t row = block_of(places, place) * FUNES_BLOCK_UNITS + lane, count = matrix->rows - row;
      const vfloat p = dequantize_planes(sums, place * FUNES_BLOCK_UNITS + lane, step->scales[FUNES_OF_OWN],
                                         matrix->scales + row);
      give(step, row, hold(p, step->cell->projection_clip, count), count);
    }
  }
}
