/* SPDX-License-Identifier: Apache-2.0
 * What turns sums into outputs: dequantisation, gates, state. Included by every ISA file after its
 *     ISA_NAME(quantize)  and  ISA_NAME(product)(sums, matrix, block, count, quantized)
 * where sums[stream * 16 + lane] gets the exact products, offsets taken off, of the block's groups (count is 1) or, for
 * a matrix of one group, of `count` <= 4 blocks in a row. A block's 16 units are worked on FUNES_WIDTH at a time.
 */
#include "internal.h"
#include "strict_math.h"

#define FUNES_EACH_LANE for (int32_t lane = 0; lane < FUNES_BLOCK_UNITS; lane += FUNES_WIDTH)

enum { SUMS = FUNES_MAX_STREAMS * FUNES_BLOCK_UNITS };

/* y = float(sum) (activation scale * row scale) */
FUNES_INLINE vfloat dequantize(const int32_t *sums, float scale, const float *row_scales) {
  return float_of_int(load_int(sums)) * (splat(scale) * load(row_scales));
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

/* Held to what a state may hold, then to [-clip, clip] where there is a clip; lanes from `count` on are pads, zero. */
FUNES_INLINE vfloat hold(vfloat v, float clip, int32_t count) {
  const float limit = clip > 0.0f && clip < FUNES_STATE_LIMIT ? clip : FUNES_STATE_LIMIT;
  return keep(strict_clamp(v, limit), count);
}

FUNES_INLINE int32_t fewer(int32_t a, int32_t b) { return a < b ? a : b; }

static void ISA_NAME(linear)(const funes_linear_pass *pass, int32_t begin, int32_t end) {
  const funes_matrix *matrix = pass->matrix;
  int32_t sums[SUMS];
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    const int32_t streams = fewer(end - block, FUNES_MAX_STREAMS);
    for (int32_t vector = 0; vector < pass->count; vector++) {
      ISA_NAME(product)(sums, matrix, block, streams, pass->quantized[vector]);
      for (int32_t at = 0; at < streams * FUNES_BLOCK_UNITS; at += FUNES_WIDTH) {
        const int32_t row = block * FUNES_BLOCK_UNITS + at;
        vfloat y = dequantize(sums + at, pass->scale[vector], matrix->scales + row);
        if (pass->bias) y = y + load(pass->bias + row);
        store_some(pass->y[vector] + row, y, matrix->rows - row);
      }
    }
  }
}

/* The sums of one step, and where their rows begin in the padded order. */
typedef struct cell_sums {
  const funes_step *step;
  int32_t row_x, row_h, row_bias;
  int32_t x[SUMS], h[SUMS];
} cell_sums;

FUNES_INLINE void multiply(cell_sums *sums, const funes_step *step, int32_t block, int32_t count) {
  const funes_cell *cell = step->cell;
  sums->step = step;
  sums->row_x = block * cell->x.groups * FUNES_BLOCK_UNITS;
  sums->row_h = block * cell->h.groups * FUNES_BLOCK_UNITS;
  sums->row_bias = block * (cell->is_reset_before ? 3 : cell->x.groups) * FUNES_BLOCK_UNITS;
  ISA_NAME(product)(sums->x, &cell->x, block, count, step->quantized_x);
  ISA_NAME(product)(sums->h, &cell->h, block, count, step->quantized_h);
}

/* `at` is stream * 16 + lane. */
FUNES_INLINE vfloat of_x(const cell_sums *sums, int32_t at) {
  return dequantize(sums->x + at, sums->step->scales[0], sums->step->cell->x.scales + sums->row_x + at);
}

FUNES_INLINE vfloat of_h(const cell_sums *sums, int32_t at) {
  return dequantize(sums->h + at, sums->step->scales[1], sums->step->cell->h.scales + sums->row_h + at);
}

FUNES_INLINE vfloat bias_of(const cell_sums *sums, int32_t at) {
  return load(sums->step->cell->bias + sums->row_bias + at);
}

/* p = (W_x x + W_h h) + b */
FUNES_INLINE vfloat preactivation(const cell_sums *sums, int32_t at) {
  return (of_x(sums, at) + of_h(sums, at)) + bias_of(sums, at);
}

/* h' = a(p), four blocks at a time so that their sums do not wait for each other. */
FUNES_INLINE void rnn_blocks(const funes_step *step, int32_t block, int32_t streams, int32_t activation) {
  cell_sums sums;
  multiply(&sums, step, block, streams);
  for (int32_t at = 0; at < streams * FUNES_BLOCK_UNITS; at += FUNES_WIDTH) {
    const int32_t unit = block * FUNES_BLOCK_UNITS + at, count = step->cell->units - unit;
    const vfloat h = hold(apply(activation, preactivation(&sums, at)), 0.0f, count);
    store(step->h + unit, h);
    store_some(step->y + unit, h, count);
    if (step->gates) store_some(step->gates + unit, h, count);
  }
}

static void ISA_NAME(rnn)(const funes_step *step, int32_t begin, int32_t end) {
  const int32_t activation = step->cell->activation;
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    const int32_t streams = fewer(end - block, FUNES_MAX_STREAMS);
    if (activation == FUNES_TANH) {
      rnn_blocks(step, block, streams, FUNES_TANH);
    } else {
      rnn_blocks(step, block, streams, activation);
    }
  }
}

/* One block; without a coupled gate the streams are i f g o, with one f g o. */
FUNES_INLINE void lstm_block(const funes_step *step, int32_t block, int is_coupled, int32_t gate, int32_t activation) {
  const funes_cell *cell = step->cell;
  const int32_t padded = FUNES_PADDED(cell->units), first = is_coupled ? 0 : FUNES_BLOCK_UNITS;
  cell_sums sums;
  multiply(&sums, step, block, 1);
  FUNES_EACH_LANE {
    const int32_t unit = block * FUNES_BLOCK_UNITS + lane, count = cell->units - unit;
    const float *peephole = cell->peephole ? cell->peephole + unit : 0;
    const vfloat c = load(step->c + unit);
    vfloat f = preactivation(&sums, first + lane);
    if (peephole) f = f + load(peephole + padded) * c;
    f = apply(gate, f);
    vfloat i = 1.0f - f;
    if (!is_coupled) {
      i = preactivation(&sums, lane);
      if (peephole) i = i + load(peephole) * c;
      i = apply(gate, i);
    }
    const vfloat g = apply(activation, preactivation(&sums, first + 16 + lane));
    const vfloat new_c = hold(f * c + i * g, cell->cell_clip, count);
    vfloat o = preactivation(&sums, first + 32 + lane);
    if (peephole) o = o + load(peephole + 2 * padded) * new_c;
    o = apply(gate, o);
    const vfloat m = hold(o * apply(activation, new_c), 0.0f, count);
    store(step->c + unit, new_c);
    if (step->second) {
      store(step->own + unit, m);
    } else {
      store(step->h + unit, m);
      store_some(step->y + unit, m, count);
    }
    if (step->gates) {
      store_some(step->gates + unit, i, count);
      store_some(step->gates + cell->units + unit, f, count);
      store_some(step->gates + 2 * cell->units + unit, g, count);
      store_some(step->gates + 3 * cell->units + unit, o, count);
    }
  }
}

static void ISA_NAME(lstm)(const funes_step *step, int32_t begin, int32_t end) {
  const funes_cell *cell = step->cell;
  const int is_usual = cell->gate_activation == FUNES_SIGMOID && cell->activation == FUNES_TANH && !cell->is_coupled;
  for (int32_t block = begin; block < end; block++) {
    if (is_usual) {
      lstm_block(step, block, 0, FUNES_SIGMOID, FUNES_TANH);
    } else {
      lstm_block(step, block, cell->is_coupled, cell->gate_activation, cell->activation);
    }
  }
}

/* h' = clip(W_p m) */
static void ISA_NAME(lstm_second)(const funes_step *step, int32_t begin, int32_t end) {
  const funes_matrix *matrix = step->second;
  int32_t sums[SUMS];
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    const int32_t streams = fewer(end - block, FUNES_MAX_STREAMS);
    ISA_NAME(product)(sums, matrix, block, streams, step->quantized_own);
    for (int32_t at = 0; at < streams * FUNES_BLOCK_UNITS; at += FUNES_WIDTH) {
      const int32_t row = block * FUNES_BLOCK_UNITS + at, count = matrix->rows - row;
      const vfloat p = dequantize(sums + at, step->scales[2], matrix->scales + row);
      const vfloat h = hold(p, step->cell->projection_clip, count);
      store(step->h + row, h);
      store_some(step->y + row, h, count);
    }
  }
}

/* h' = (1 - z) n + z h, and where it goes. */
FUNES_INLINE void gru_finish(const funes_step *step, int32_t unit, vfloat z, vfloat n) {
  const int32_t units = step->cell->units, count = units - unit;
  const vfloat h = hold((1.0f - z) * n + z * load(step->h + unit), 0.0f, count);
  store(step->h + unit, h);
  store_some(step->y + unit, h, count);
  if (step->gates) store_some(step->gates + 2 * units + unit, n, count);
}

FUNES_INLINE void show_reset_and_update(const funes_step *step, int32_t unit, vfloat r, vfloat z) {
  const int32_t units = step->cell->units, count = units - unit;
  if (step->gates) {
    store_some(step->gates + unit, r, count);
    store_some(step->gates + units + unit, z, count);
  }
}

/* One block with the reset after the product: n = a((W_xn x + b_n) + r (W_hn h + b_hn)). */
FUNES_INLINE void gru_block(const funes_step *step, int32_t block, int32_t gate, int32_t activation) {
  const funes_cell *cell = step->cell;
  cell_sums sums;
  multiply(&sums, step, block, 1);
  FUNES_EACH_LANE {
    const int32_t unit = block * FUNES_BLOCK_UNITS + lane;
    const vfloat r = apply(gate, preactivation(&sums, lane));
    const vfloat z = apply(gate, preactivation(&sums, 16 + lane));
    vfloat hn = of_h(&sums, 32 + lane);
    if (cell->bias_hn) hn = hn + load(cell->bias_hn + unit);
    const vfloat n = apply(activation, (of_x(&sums, 32 + lane) + bias_of(&sums, 32 + lane)) + r * hn);
    show_reset_and_update(step, unit, r, z);
    gru_finish(step, unit, z, n);
  }
}

/* First phase with the reset before the product: r h and z of one block into scratch. */
FUNES_INLINE void gru_first_block(const funes_step *step, int32_t block, int32_t gate) {
  cell_sums sums;
  multiply(&sums, step, block, 1);
  FUNES_EACH_LANE {
    const int32_t unit = block * FUNES_BLOCK_UNITS + lane;
    const vfloat r = apply(gate, preactivation(&sums, lane));
    const vfloat z = apply(gate, preactivation(&sums, 16 + lane));
    store(step->own + unit, r * load(step->h + unit));
    store(step->z + unit, z);
    show_reset_and_update(step, unit, r, z);
  }
}

static void ISA_NAME(gru)(const funes_step *step, int32_t begin, int32_t end) {
  const funes_cell *cell = step->cell;
  const int is_usual = cell->gate_activation == FUNES_SIGMOID && cell->activation == FUNES_TANH;
  for (int32_t block = begin; block < end; block++) {
    if (step->second) {
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
  int32_t sums_x[SUMS], sums_h[SUMS];
  for (int32_t block = begin; block < end; block += FUNES_MAX_STREAMS) {
    const int32_t streams = fewer(end - block, FUNES_MAX_STREAMS);
    ISA_NAME(product)(sums_x, &cell->candidate_x, block, streams, step->quantized_candidate);
    ISA_NAME(product)(sums_h, &cell->candidate, block, streams, step->quantized_own);
    for (int32_t at = 0; at < streams * FUNES_BLOCK_UNITS; at += FUNES_WIDTH) {
      const int32_t unit = block * FUNES_BLOCK_UNITS + at;
      const int32_t bias = (3 * (unit / 16) + 2) * 16 + unit % 16;
      const vfloat xn = dequantize(sums_x + at, step->scales[3], cell->candidate_x.scales + unit);
      const vfloat hn = dequantize(sums_h + at, step->scales[2], cell->candidate.scales + unit);
      const vfloat n = apply(cell->activation, (xn + hn) + load(cell->bias + bias));
      gru_finish(step, unit, load(step->z + unit), n);
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
