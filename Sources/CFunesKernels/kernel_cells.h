/* SPDX-License-Identifier: Apache-2.0
 * Cells: products, gates and new states of a few places in one pass. A place is one block of units of one step: of one
 * step several blocks are worked on beside each other, of several steps (streams that go through one set of weights)
 * one block, whose tiles are then read once. Included by every ISA file after kernel_linear.h.
 */

#define FUNES_EACH_LANE for (int32_t lane = 0; lane < FUNES_BLOCK_UNITS; lane += FUNES_WIDTH)

/* Up to FUNES_BESIDE places: blocks `block` ... of `steps[0]`, or block `block` of each of `steps`. */
typedef struct cell_places {
  const funes_step *steps;
  int32_t is_one_step;
  int32_t block;
  int32_t count;
} cell_places;

/* Steps take turns at which end they begin with: what the last one read last is what the caches still hold of weights that
 * they do not hold whole. */

/* A function over places, inlined with what it is to be compiled for. */
typedef void (*place_function)(const cell_places *places);

FUNES_INLINE void each_place(place_function function, const funes_step *steps, int32_t count, int32_t begin,
                             int32_t end) {
  const int32_t is_backward = steps->is_backward;
  if (count == 1) {
    for (int32_t done = 0; done < end - begin; done += FUNES_BESIDE) {
      const int32_t beside = fewer(end - begin - done, FUNES_BESIDE);
      const cell_places places = {steps, 1, is_backward ? end - done - beside : begin + done, beside};
      function(&places);
    }
    return;
  }
  for (int32_t done = 0; done < end - begin; done++) {
    const int32_t block = is_backward ? end - 1 - done : begin + done;
    for (int32_t first = 0; first < count; first += FUNES_BESIDE) {
      const cell_places places = {steps + first, 0, block, fewer(count - first, FUNES_BESIDE)};
      function(&places);
    }
  }
}

FUNES_INLINE const funes_step *step_of(const cell_places *places, int32_t place) {
  return places->steps + (places->is_one_step ? 0 : place);
}

FUNES_INLINE int32_t block_of(const cell_places *places, int32_t place) {
  return places->block + (places->is_one_step ? place : 0);
}

/* One plane of `multiply`. */
FUNES_INLINE void multiply_plane(int32_t *sums, const cell_places *places, const funes_matrix *matrix, int32_t groups,
                                 int32_t which) {
  if (!places->is_one_step) {
    const uint8_t *beside[FUNES_BESIDE];
    for (int32_t k = 0; k < FUNES_BESIDE; k++) {
      beside[k] = places->steps[fewer(k, places->count - 1)].quantized[which];
    }
    ISA_NAME(products)(sums, matrix, groups, places->block, 1, beside);
  } else if (groups == 1) {
    ISA_NAME(product)(sums, matrix, 1, places->block, places->count, places->steps->quantized[which]);
  } else {
    for (int32_t k = 0; k < places->count; k++) {
      ISA_NAME(product)(sums + k * groups * FUNES_BLOCK_UNITS, matrix, groups, places->block + k, 1,
                        places->steps->quantized[which]);
    }
  }
}

/* The sums of one matrix, and of its low plane where it has one; null stands for none. */
typedef struct plane_sums {
  const int32_t *high, *low;
} plane_sums;

/* high[(place * groups + group) * 16 + lane] of one matrix, and so low where its weights have 16 bits; `which` is the
 * quantised vector of a step. Where `low` is null, which is known where this is inlined, weights have 8 bits. */
FUNES_INLINE plane_sums multiply(int32_t *high, int32_t *low, const cell_places *places, const funes_matrix *matrix,
                                 int32_t groups, int32_t which) {
  multiply_plane(high, places, matrix, groups, which);
  if (!low || !matrix->low_tiles) return (plane_sums){high, 0};
  const funes_matrix plane = low_plane(matrix);
  multiply_plane(low, places, &plane, groups, which);
  return (plane_sums){high, low};
}

/* Whether both matrices that a cell's first phase multiplies with have weights of 8 bits. */
FUNES_INLINE int has_bytes(const funes_cell *cell) { return !cell->x.low_tiles && !cell->h.low_tiles; }

FUNES_INLINE plane_sums sums_from(plane_sums sums, int32_t at) {
  return (plane_sums){sums.high + at, sums.low ? sums.low + at : 0};
}

FUNES_INLINE vfloat dequantize_planes(plane_sums sums, int32_t at, float scale, const float *row_scales) {
  return dequantize(sums.high + at, sums.low ? sums.low + at : 0, scale, row_scales);
}

/* The sums of one place, and where its rows begin in the padded order. */
typedef struct cell_sums {
  const funes_step *step;
  int32_t row, row_bias;
  plane_sums x, h;
} cell_sums;

/* `gates` is how many a bias has: with the reset before the product, one more than the matrices. */
FUNES_INLINE cell_sums sums_of(const cell_places *places, int32_t place, int32_t groups, int32_t gates, plane_sums x,
                               plane_sums h) {
  const int32_t block = block_of(places, place), at = place * groups * FUNES_BLOCK_UNITS;
  return (cell_sums){step_of(places, place), block * groups * FUNES_BLOCK_UNITS, block * gates * FUNES_BLOCK_UNITS,
                     sums_from(x, at), sums_from(h, at)};
}

/* What a cell may use. */
FUNES_INLINE vfloat apply(int32_t activation, vfloat v) {
  switch (activation) {
  case FUNES_RELU: return strict_relu(v);
  case FUNES_TANH: return strict_tanh(v);
  case FUNES_SIGMOID: return strict_sigmoid(v);
  case FUNES_HARD_SIGMOID: return strict_hard_sigmoid(v);
  default: return v;
  }
}

/* s(a) f(b) of a gate and what it lets through. */
FUNES_INLINE vfloat gated(int32_t gate, int32_t activation, vfloat a, vfloat b) {
  if (gate == FUNES_SIGMOID && activation == FUNES_TANH) return strict_sigmoid_tanh(a, b);
  return apply(gate, a) * apply(activation, b);
}

/* Held to what a state may hold, then to [-clip, clip] where there is a clip; lanes from `count` on are pads, zero. */
FUNES_INLINE vfloat hold(vfloat v, float clip, int32_t count) {
  const float limit = clip > 0.0f && clip < FUNES_STATE_LIMIT ? clip : FUNES_STATE_LIMIT;
  return keep(strict_clamp(v, limit), count);
}

/* `at` is group * 16 + lane. */
FUNES_INLINE vfloat of_x(const cell_sums *sums, int32_t at) {
  return dequantize_planes(sums->x, at, sums->step->scales[FUNES_OF_X], sums->step->cell->x.scales + sums->row + at);
}

FUNES_INLINE vfloat of_h(const cell_sums *sums, int32_t at) {
  return dequantize_planes(sums->h, at, sums->step->scales[FUNES_OF_H], sums->step->cell->h.scales + sums->row + at);
}

FUNES_INLINE vfloat bias_of(const cell_sums *sums, int32_t at) {
  return load(sums->step->cell->bias + sums->row_bias + at);
}

/* p = (W_x x + W_h h) + b */
FUNES_INLINE vfloat preactivation(const cell_sums *sums, int32_t at) {
  return (of_x(sums, at) + of_h(sums, at)) + bias_of(sums, at);
}

/* h' of 16 units is the state, an output and, for those who look, a gate. */
FUNES_INLINE void give(const funes_step *step, int32_t unit, vfloat h, int32_t count) {
  store(step->h + unit, h);
  store_some(step->y + unit, h, count);
}
