/* SPDX-License-Identifier: Apache-2.0
 * What turns sums into outputs: dequantisation, gates, state. Included by every ISA file after its
 *     ISA_NAME(quantize)  and  ISA_NAME(product)(sums, matrix, block, count, quantized)
 * where sums[(stream * 16) + lane] gets the exact products, offsets taken off, of the block's groups (count is 1) or,
 * for a matrix of one group, of `count` <= 4 blocks in a row. Loops are over 16 lanes, which the compiler vectorises.
 */
#include "internal.h"
#include "strict_math.h"

#define FUNES_LANES for (int32_t lane = 0; lane < FUNES_BLOCK_UNITS; lane++)

/* y = float(sum) (activation scale * row scale) */
FUNES_INLINE void dequantize(float *restrict y, const int32_t *sums, float scale, const float *row_scales) {
  FUNES_LANES y[lane] = (float)sums[lane] * (scale * row_scales[lane]);
}

FUNES_INLINE void add_lanes(float *restrict y, const float *x) { FUNES_LANES y[lane] = y[lane] + x[lane]; }

FUNES_INLINE void apply(int32_t activation, float *v) {
  switch (activation) {
  case FUNES_RELU: FUNES_LANES v[lane] = strict_relu(v[lane]); break;
  case FUNES_TANH: FUNES_LANES v[lane] = strict_tanh(v[lane]); break;
  case FUNES_SIGMOID: FUNES_LANES v[lane] = strict_sigmoid(v[lane]); break;
  case FUNES_HARD_SIGMOID: FUNES_LANES v[lane] = strict_hard_sigmoid(v[lane]); break;
  default: break;
  }
}

/* Held to what a state may hold, then to [-clip, clip] where there is a clip; pads stay zero. */
FUNES_INLINE void hold(float *v, float clip, int32_t count) {
  float limit = clip > 0.0f && clip < FUNES_STATE_LIMIT ? clip : FUNES_STATE_LIMIT;
  FUNES_LANES v[lane] = strict_clamp(v[lane], limit);
  if (count < FUNES_BLOCK_UNITS) FUNES_LANES v[lane] = lane < count ? v[lane] : 0.0f;
}

FUNES_INLINE void store(float *restrict y, const float *v, int32_t count) {
  if (count == FUNES_BLOCK_UNITS) {
    FUNES_LANES y[lane] = v[lane];
  } else {
    for (int32_t lane = 0; lane < count; lane++) y[lane] = v[lane];
  }
}

FUNES_INLINE int32_t units_in(int32_t units, int32_t block) {
  int32_t left = units - block * FUNES_BLOCK_UNITS;
  return left < FUNES_BLOCK_UNITS ? left : FUNES_BLOCK_UNITS;
}

static void ISA_NAME(linear)(const funes_linear_pass *pass, int32_t begin, int32_t end) {
  const funes_matrix *matrix = pass->matrix;
  int32_t sums[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS];
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    int32_t count = end - block < FUNES_MAX_STREAMS ? end - block : FUNES_MAX_STREAMS;
    for (int32_t vector = 0; vector < pass->count; vector++) {
      ISA_NAME(product)(sums, matrix, block, count, pass->quantized[vector]);
      for (int32_t stream = 0; stream < count; stream++) {
        int32_t row = (block + stream) * FUNES_BLOCK_UNITS;
        float y[FUNES_BLOCK_UNITS];
        dequantize(y, sums + stream * FUNES_BLOCK_UNITS, pass->scale[vector], matrix->scales + row);
        if (pass->bias) add_lanes(y, pass->bias + row);
        store(pass->y[vector] + row, y, units_in(matrix->rows, block + stream));
      }
    }
  }
}

/* p = (dx + dh) + b for every stream, padded row order. */
FUNES_INLINE void preactivate(float *restrict p, const funes_step *step, int32_t block, int32_t count, int32_t streams) {
  const funes_cell *cell = step->cell;
  int32_t sums_x[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS], sums_h[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS];
  int32_t row = block * cell->x.groups * FUNES_BLOCK_UNITS;
  ISA_NAME(product)(sums_x, &cell->x, block, count, step->quantized_x);
  ISA_NAME(product)(sums_h, &cell->h, block, count, step->quantized_h);
  for (int32_t stream = 0; stream < streams; stream++) {
    int32_t at = stream * FUNES_BLOCK_UNITS;
    float dh[FUNES_BLOCK_UNITS];
    dequantize(p + at, sums_x + at, step->scales[0], cell->x.scales + row + at);
    dequantize(dh, sums_h + at, step->scales[1], cell->h.scales + row + at);
    add_lanes(p + at, dh);
    add_lanes(p + at, cell->bias + row + at);
  }
}

/* h' = a(p), four blocks at a time so that their sums are independent of each other. */
static void ISA_NAME(rnn)(const funes_step *step, int32_t begin, int32_t end) {
  const funes_cell *cell = step->cell;
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    int32_t streams = end - block < FUNES_MAX_STREAMS ? end - block : FUNES_MAX_STREAMS;
    float p[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS];
    preactivate(p, step, block, streams, streams);
    for (int32_t stream = 0; stream < streams; stream++) {
      int32_t unit = (block + stream) * FUNES_BLOCK_UNITS, count = units_in(cell->units, block + stream);
      float *h = p + stream * FUNES_BLOCK_UNITS;
      apply(cell->activation, h);
      hold(h, 0.0f, count);
      store(step->h + unit, h, FUNES_BLOCK_UNITS);
      store(step->y + unit, h, count);
      if (step->gates) store(step->gates + unit, h, count);
    }
  }
}

FUNES_INLINE void add_peephole(float *p, const float *weights, const float *c) {
  FUNES_LANES p[lane] = p[lane] + weights[lane] * c[lane];
}

/* The gates of one block: p holds i f g o (coupled: f g o) in this order. */
FUNES_INLINE void lstm_block(const funes_step *step, int32_t block, float *p, int32_t gate, int32_t activation) {
  const funes_cell *cell = step->cell;
  const int32_t unit = block * FUNES_BLOCK_UNITS, count = units_in(cell->units, block), padded = FUNES_PADDED(cell->units);
  const float *peephole = cell->peephole ? cell->peephole + unit : 0;
  float coupled_i[FUNES_BLOCK_UNITS], c[FUNES_BLOCK_UNITS], m[FUNES_BLOCK_UNITS];
  float *i = cell->is_coupled ? coupled_i : p, *f = cell->is_coupled ? p : p + 16, *g = f + 16, *o = f + 32;
  store(c, step->c + unit, FUNES_BLOCK_UNITS);
  if (peephole) add_peephole(f, peephole + padded, c);
  apply(gate, f);
  if (cell->is_coupled) {
    FUNES_LANES i[lane] = 1.0f - f[lane];
  } else {
    if (peephole) add_peephole(i, peephole, c);
    apply(gate, i);
  }
  apply(activation, g);
  FUNES_LANES c[lane] = f[lane] * c[lane] + i[lane] * g[lane];
  hold(c, cell->cell_clip, count);
  store(step->c + unit, c, FUNES_BLOCK_UNITS);
  if (peephole) add_peephole(o, peephole + 2 * padded, c);
  apply(gate, o);
  FUNES_LANES m[lane] = c[lane];
  apply(activation, m);
  FUNES_LANES m[lane] = o[lane] * m[lane];
  hold(m, 0.0f, count);
  if (cell->projection.rows > 0) {
    store(step->own + unit, m, FUNES_BLOCK_UNITS);
  } else {
    store(step->h + unit, m, FUNES_BLOCK_UNITS);
    store(step->y + unit, m, count);
  }
  if (step->gates) {
    store(step->gates + unit, i, count);
    store(step->gates + cell->units + unit, f, count);
    store(step->gates + 2 * cell->units + unit, g, count);
    store(step->gates + 3 * cell->units + unit, o, count);
  }
}

static void ISA_NAME(lstm)(const funes_step *step, int32_t begin, int32_t end) {
  const funes_cell *cell = step->cell;
  const int is_usual = cell->gate_activation == FUNES_SIGMOID && cell->activation == FUNES_TANH;
  for (int32_t block = begin; block < end; block++) {
    float p[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS];
    if (cell->is_coupled) {
      preactivate(p, step, block, 1, 3);
    } else {
      preactivate(p, step, block, 1, 4);
    }
    if (is_usual) {
      lstm_block(step, block, p, FUNES_SIGMOID, FUNES_TANH);
    } else {
      lstm_block(step, block, p, cell->gate_activation, cell->activation);
    }
  }
}

/* h' = clip(W_p m) */
static void ISA_NAME(lstm_second)(const funes_step *step, int32_t begin, int32_t end) {
  const funes_cell *cell = step->cell;
  const funes_matrix *matrix = &cell->projection;
  int32_t sums[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS];
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    int32_t streams = end - block < FUNES_MAX_STREAMS ? end - block : FUNES_MAX_STREAMS;
    ISA_NAME(product)(sums, matrix, block, streams, step->quantized_own);
    for (int32_t stream = 0; stream < streams; stream++) {
      int32_t row = (block + stream) * FUNES_BLOCK_UNITS, count = units_in(matrix->rows, block + stream);
      float h[FUNES_BLOCK_UNITS];
      dequantize(h, sums + stream * FUNES_BLOCK_UNITS, step->scales[2], matrix->scales + row);
      hold(h, cell->projection_clip, count);
      store(step->h + row, h, FUNES_BLOCK_UNITS);
      store(step->y + row, h, count);
    }
  }
}

/* h' = (1 - z) n + z h, and where it goes. */
FUNES_INLINE void gru_finish(const funes_step *step, int32_t block, const float *z, const float *n) {
  const int32_t unit = block * FUNES_BLOCK_UNITS, count = units_in(step->cell->units, block);
  float h[FUNES_BLOCK_UNITS];
  store(h, step->h + unit, FUNES_BLOCK_UNITS);
  FUNES_LANES h[lane] = (1.0f - z[lane]) * n[lane] + z[lane] * h[lane];
  hold(h, 0.0f, count);
  store(step->h + unit, h, FUNES_BLOCK_UNITS);
  store(step->y + unit, h, count);
  if (step->gates) store(step->gates + 2 * step->cell->units + unit, n, count);
}

FUNES_INLINE void store_reset_and_update(const funes_step *step, int32_t block, const float *r, const float *z) {
  const int32_t unit = block * FUNES_BLOCK_UNITS, count = units_in(step->cell->units, block);
  if (step->gates) {
    store(step->gates + unit, r, count);
    store(step->gates + step->cell->units + unit, z, count);
  }
}

/* One block with the reset after the product: n = a((W_xn x + b_n) + r (W_hn h + b_hn)). */
FUNES_INLINE void gru_block(const funes_step *step, int32_t block, int32_t gate, int32_t activation) {
  const funes_cell *cell = step->cell;
  const int32_t row = block * 3 * FUNES_BLOCK_UNITS;
  int32_t sums_x[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS], sums_h[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS];
  float p[3][FUNES_BLOCK_UNITS], dh[3][FUNES_BLOCK_UNITS];
  ISA_NAME(product)(sums_x, &cell->x, block, 1, step->quantized_x);
  ISA_NAME(product)(sums_h, &cell->h, block, 1, step->quantized_h);
  for (int32_t g = 0; g < 3; g++) {
    dequantize(p[g], sums_x + g * FUNES_BLOCK_UNITS, step->scales[0], cell->x.scales + row + g * FUNES_BLOCK_UNITS);
    dequantize(dh[g], sums_h + g * FUNES_BLOCK_UNITS, step->scales[1], cell->h.scales + row + g * FUNES_BLOCK_UNITS);
    if (g < 2) add_lanes(p[g], dh[g]);
    add_lanes(p[g], cell->bias + row + g * FUNES_BLOCK_UNITS);
  }
  apply(gate, p[0]);
  apply(gate, p[1]);
  if (cell->bias_hn) add_lanes(dh[2], cell->bias_hn + block * FUNES_BLOCK_UNITS);
  FUNES_LANES p[2][lane] = p[2][lane] + p[0][lane] * dh[2][lane];
  apply(activation, p[2]);
  store_reset_and_update(step, block, p[0], p[1]);
  gru_finish(step, block, p[1], p[2]);
}

/* First phase with the reset before the product: r h, z and W_xn x of one block into scratch. */
FUNES_INLINE void gru_first_block(const funes_step *step, int32_t block, int32_t gate) {
  const funes_cell *cell = step->cell;
  const int32_t unit = block * FUNES_BLOCK_UNITS, row_x = 3 * unit, row_h = 2 * unit;
  int32_t sums_x[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS], sums_h[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS];
  float p[2][FUNES_BLOCK_UNITS], dh[FUNES_BLOCK_UNITS], own[FUNES_BLOCK_UNITS];
  ISA_NAME(product)(sums_x, &cell->x, block, 1, step->quantized_x);
  ISA_NAME(product)(sums_h, &cell->h, block, 1, step->quantized_h);
  for (int32_t g = 0; g < 2; g++) {
    int32_t at = g * FUNES_BLOCK_UNITS;
    dequantize(p[g], sums_x + at, step->scales[0], cell->x.scales + row_x + at);
    dequantize(dh, sums_h + at, step->scales[1], cell->h.scales + row_h + at);
    add_lanes(p[g], dh);
    add_lanes(p[g], cell->bias + row_x + at);
    apply(gate, p[g]);
  }
  dequantize(step->candidate_x + unit, sums_x + 2 * FUNES_BLOCK_UNITS, step->scales[0],
             cell->x.scales + row_x + 2 * FUNES_BLOCK_UNITS);
  FUNES_LANES own[lane] = p[0][lane] * step->h[unit + lane];
  store(step->own + unit, own, FUNES_BLOCK_UNITS);
  store(step->z + unit, p[1], FUNES_BLOCK_UNITS);
  store_reset_and_update(step, block, p[0], p[1]);
}

static void ISA_NAME(gru)(const funes_step *step, int32_t begin, int32_t end) {
  const funes_cell *cell = step->cell;
  const int is_usual = cell->gate_activation == FUNES_SIGMOID && cell->activation == FUNES_TANH;
  for (int32_t block = begin; block < end; block++) {
    if (cell->is_reset_before) {
      gru_first_block(step, block, cell->gate_activation);
    } else if (is_usual) {
      gru_block(step, block, FUNES_SIGMOID, FUNES_TANH);
    } else {
      gru_block(step, block, cell->gate_activation, cell->activation);
    }
  }
}

/* n = a((W_xn x + W_hn (r h)) + b_n) */
static void ISA_NAME(gru_second)(const funes_step *step, int32_t begin, int32_t end) {
  const funes_cell *cell = step->cell;
  int32_t sums[FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS];
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    int32_t streams = end - block < FUNES_MAX_STREAMS ? end - block : FUNES_MAX_STREAMS;
    ISA_NAME(product)(sums, &cell->candidate, block, streams, step->quantized_own);
    for (int32_t stream = 0; stream < streams; stream++) {
      int32_t unit = (block + stream) * FUNES_BLOCK_UNITS;
      float n[FUNES_BLOCK_UNITS], dh[FUNES_BLOCK_UNITS];
      store(n, step->candidate_x + unit, FUNES_BLOCK_UNITS);
      dequantize(dh, sums + stream * FUNES_BLOCK_UNITS, step->scales[2], cell->candidate.scales + unit);
      add_lanes(n, dh);
      add_lanes(n, cell->bias + 3 * unit + 2 * FUNES_BLOCK_UNITS);
      apply(cell->activation, n);
      gru_finish(step, block + stream, step->z + unit, n);
    }
  }
}

static void ISA_NAME(cell)(const funes_step *step, int32_t begin, int32_t end) {
  switch (step->cell->kind) {
  case FUNES_CELL_LSTM: ISA_NAME(lstm)(step, begin, end); break;
  case FUNES_CELL_GRU: ISA_NAME(gru)(step, begin, end); break;
  default: ISA_NAME(rnn)(step, begin, end); break;
  }
}

static void ISA_NAME(cell_second)(const funes_step *step, int32_t begin, int32_t end) {
  if (step->cell->kind == FUNES_CELL_LSTM) {
    ISA_NAME(lstm_second)(step, begin, end);
  } else {
    ISA_NAME(gru_second)(step, begin, end);
  }
}
