/* SPDX-License-Identifier: Apache-2.0
 * Drives a cell over the rows of a call, its lanes and an inner axis: at most one parallel region a call. All streams
 * take a step together, so that weights are read once for them. Within a step the threads quantise what all read, then
 * each takes a slice of the blocks; the state is updated in place, since nobody reads another's part of it but through
 * the quantised copy. */
#include "internal.h"

/* What one call works on, the same for every thread. */
typedef struct cell_call {
  const funes_streams *streams;
  const funes_isa *isa;
  int32_t first, count; /* of the streams */
  int32_t op;
  int32_t row, rows;
  uint32_t turn;
} cell_call;

static const funes_matrix *second_matrix(const funes_cell *cell) {
  if (cell->kind == FUNES_CELL_LSTM && cell->projection.rows > 0) return &cell->projection;
  if (cell->kind == FUNES_CELL_GRU && cell->is_reset_before) return &cell->candidate;
  return 0;
}

/* Takes `bytes` from the front of what is left. */
static uint8_t *take(uint8_t *base, size_t *used, size_t bytes) {
  uint8_t *at = base ? base + *used : 0;
  *used += (bytes + 63) / 64 * 64;
  return at;
}

static float *take_floats(uint8_t *base, size_t *used, int32_t count) {
  return (float *)(void *)take(base, used, (size_t)FUNES_PADDED(count) * sizeof(float));
}

static uint8_t *take_quantized(uint8_t *base, size_t *used, const funes_matrix *matrix) {
  return take(base, used, FUNES_QUANTIZED_BYTES(matrix->cols));
}

/* Lays the step's scratch out from `base`; returns the bytes used. A cell over an inner axis keeps its state there. */
static size_t lay_out(funes_step *step, const funes_cell *cell, uint8_t *base) {
  size_t used = 0;
  step->cell = cell;
  step->second = second_matrix(cell);
  step->scales = take_floats(base, &used, FUNES_STEP_VECTORS);
  step->quantized[FUNES_OF_X] = take_quantized(base, &used, &cell->x);
  step->quantized[FUNES_OF_H] = take_quantized(base, &used, &cell->h);
  if (step->second) {
    step->quantized[FUNES_OF_OWN] = take_quantized(base, &used, step->second);
    step->own = take_floats(base, &used, cell->units);
    step->z = take_floats(base, &used, cell->units);
  }
  if (cell->is_reset_before) step->quantized[FUNES_OF_CANDIDATE] = take_quantized(base, &used, &cell->candidate_x);
  if (cell->is_inner_axis) {
    step->h = take_floats(base, &used, cell->output_count);
    step->c = take_floats(base, &used, cell->units);
  }
  return used;
}

size_t funes_cell_scratch_bytes(const funes_cell *cell) {
  funes_step step = {0};
  return lay_out(&step, cell, 0);
}

static void wait_for_team(int32_t threads) {
  if (threads > 1) funes_parallel_barrier();
}

static void clear(float *values, int32_t count) {
  for (int32_t k = 0; k < count; k++) values[k] = 0.0f;
}

/* One of a step's vectors; who quantises a state that is to be zero makes it so. */
static void quantize(const funes_isa *isa, const funes_step *step, int32_t which) {
  const funes_cell *cell = step->cell;
  const funes_matrix *matrix = which == FUNES_OF_X   ? &cell->x
                               : which == FUNES_OF_H ? &cell->h
                               : which == FUNES_OF_OWN ? step->second
                                                       : &cell->candidate_x;
  const float *x = which == FUNES_OF_H ? step->h : which == FUNES_OF_OWN ? step->own : step->x;
  if (which == FUNES_OF_H && step->is_fresh) {
    clear(step->h, FUNES_PADDED(cell->output_count));
    clear(step->c, FUNES_PADDED(cell->units));
  }
  step->scales[which] = isa->quantize(step->quantized[which], x, matrix);
}

/* One step of one lane of `count` streams by one thread of the team. */
FUNES_INLINE void run_step(const funes_isa *isa, const funes_step *steps, int32_t count, int32_t thread,
                           int32_t threads) {
  const funes_cell *cell = steps->cell;
  const funes_matrix *second = steps->second;
  const int32_t vectors = cell->is_reset_before ? 3 : 2;
  const int32_t first = funes_slice_begin(count * vectors, thread, threads);
  const int32_t end = funes_slice_begin(count * vectors, thread + 1, threads);
  for (int32_t k = 0; k < count; k++) {
    for (int32_t which = 0; which < vectors; which++) {
      const int32_t at = k * vectors + which;
      if (at >= first && at < end) quantize(isa, steps + k, which);
    }
  }
  wait_for_team(threads);
  isa->cell(steps, count, funes_slice_begin(cell->x.blocks, thread, threads),
            funes_slice_begin(cell->x.blocks, thread + 1, threads));
  if (!second) return;
  wait_for_team(threads);
  for (int32_t k = funes_slice_begin(count, thread, threads); k < funes_slice_begin(count, thread + 1, threads); k++) {
    quantize(isa, steps + k, FUNES_OF_OWN);
  }
  wait_for_team(threads);
  isa->cell_second(steps, count, funes_slice_begin(second->blocks, thread, threads),
                   funes_slice_begin(second->blocks, thread + 1, threads));
}

static const funes_op *op_of(const cell_call *call, int32_t stream) {
  return call->streams->plans[call->first + stream] + call->op;
}

/* Points a stream's step at one lane, before its first inner step. */
FUNES_INLINE void begin_lane(funes_step *step, const funes_op *op, int32_t lane) {
  const funes_cell *cell = step->cell;
  if (cell->is_inner_axis) return;
  step->h = op->state[0] + (ptrdiff_t)lane * FUNES_PADDED(cell->output_count);
  step->c = op->state[1] ? op->state[1] + (ptrdiff_t)lane * FUNES_PADDED(cell->units) : 0;
}

/* Points it at step `at` of all lanes of a row. */
FUNES_INLINE void point(funes_step *step, const funes_op *op, int32_t row, ptrdiff_t at) {
  const funes_cell *cell = step->cell;
  const int32_t shown = cell->kind == FUNES_CELL_LSTM ? 4 : cell->kind == FUNES_CELL_GRU ? 3 : 1;
  step->is_fresh = cell->is_inner_axis && at % cell->inner_steps == (cell->is_reversed ? cell->inner_steps - 1 : 0);
  step->x = funes_row(&op->in[0], row) + at * cell->x.cols;
  step->y = funes_row(&op->out[0], row) + at * cell->output_count;
  step->gates = op->out[1].base ? funes_row(&op->out[1], row) + at * shown * cell->units : 0;
}

/* Every lane of one row. The team meets between steps, since each reads what all have written of h. */
FUNES_INLINE void run_row(const cell_call *call, funes_step *steps, int32_t count, int32_t row, int is_first,
                          int32_t thread, int32_t threads) {
  const funes_cell *cell = steps->cell;
  const int32_t inner_steps = cell->is_inner_axis ? cell->inner_steps : 1;
  for (int32_t lane = 0; lane < cell->lanes; lane++) {
    for (int32_t s = 0; s < count; s++) begin_lane(steps + s, op_of(call, s), lane);
    for (int32_t k = 0; k < inner_steps; k++) {
      const int32_t inner = cell->is_inner_axis && cell->is_reversed ? inner_steps - 1 - k : k;
      const ptrdiff_t at = (ptrdiff_t)lane * inner_steps + inner;
      for (int32_t s = 0; s < count; s++) point(steps + s, op_of(call, s), row, at);
      if (!is_first) wait_for_team(threads);
      is_first = 0;
      run_step(call->isa, steps, count, thread, threads);
      steps->is_backward ^= 1;
    }
  }
}

FUNES_INLINE void run_rows(const cell_call *call, funes_step *steps, int32_t count, int32_t thread, int32_t threads) {
  for (int32_t s = 0; s < count; s++) {
    lay_out(steps + s, &op_of(call, s)->cell, call->streams->scratch[call->first + s]);
  }
  steps->is_backward = (int32_t)(call->turn & 1);
  const funes_cell *cell = steps->cell;
  const int is_from_last = cell->is_reversed && !cell->is_inner_axis;
  for (int32_t k = 0; k < call->rows; k++) {
    run_row(call, steps, count, call->row + (is_from_last ? call->rows - 1 - k : k), k == 0, thread, threads);
  }
}

/* A small step of one stream takes as long to get here as to compute, so for it the loops over streams and team fold. */
static void run_call(const void *data, int32_t thread, int32_t threads) {
  const cell_call *call = data;
  funes_step steps[FUNES_TOGETHER];
  if (FUNES_TOGETHER == 1 || (call->count == 1 && threads == 1)) {
    run_rows(call, steps, 1, 0, 1);
  } else {
    run_rows(call, steps, call->count, thread, threads);
  }
}

static size_t weight_bytes(const funes_cell *cell) {
  const funes_matrix *second = second_matrix(cell);
  size_t bytes = funes_matrix_bytes(&cell->x) + funes_matrix_bytes(&cell->h);
  if (second) bytes += funes_matrix_bytes(second);
  if (cell->is_reset_before) bytes += funes_matrix_bytes(&cell->candidate_x);
  return bytes;
}

void funes_cell_streams(const funes_streams *streams, int32_t op, const funes_context *context, int32_t row,
                        int32_t rows) {
  const funes_cell *cell = &streams->plans[0][op].cell;
  const int32_t threads = context->threads > 1 ? funes_team(context, weight_bytes(cell), streams->count) : 1;
  cell_call call = {.streams = streams, .isa = context->isa, .op = op, .row = row, .rows = rows, .turn = context->turn};
  for (; rows > 0 && call.first < streams->count; call.first += FUNES_TOGETHER) {
    const int32_t left = streams->count - call.first;
    call.count = left < FUNES_TOGETHER ? left : FUNES_TOGETHER;
    funes_parallel(threads, run_call, &call);
  }
}

void funes_cell_rows(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const funes_streams one = {1, &op, &context->scratch};
  funes_cell_streams(&one, 0, context, row, rows);
}
