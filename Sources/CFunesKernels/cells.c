/* SPDX-License-Identifier: Apache-2.0
 * Drives a cell over the rows of a call, its lanes and an inner axis: at most one parallel region a call. Within a step
 * thread 0 quantises what all read, then each thread takes a slice of the blocks; the state is updated in place, since
 * nobody reads another's part of it but through the quantised copy. */
#include "internal.h"

/* What one call works on, the same for every thread. */
typedef struct cell_call {
  const funes_op *op;
  const funes_context *context;
  int32_t row, rows;
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

/* Lays the step's scratch out from `base`; returns the bytes used. A cell over an inner axis keeps its state there. */
static size_t lay_out(funes_step *step, const funes_cell *cell, uint8_t *base) {
  size_t used = 0;
  step->cell = cell;
  step->second = second_matrix(cell);
  step->scales = take_floats(base, &used, 4);
  step->quantized_x = take(base, &used, FUNES_QUANTIZED_BYTES(cell->x.cols));
  step->quantized_h = take(base, &used, FUNES_QUANTIZED_BYTES(cell->h.cols));
  if (step->second) {
    step->quantized_own = take(base, &used, FUNES_QUANTIZED_BYTES(step->second->cols));
    step->own = take_floats(base, &used, cell->units);
    step->z = take_floats(base, &used, cell->units);
  }
  if (cell->is_reset_before) {
    step->quantized_candidate = take(base, &used, FUNES_QUANTIZED_BYTES(cell->candidate_x.cols));
  }
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

/* One step of one lane by one thread of the team: x (cols). */
static void run_step(const funes_isa *isa, const funes_step *step, const float *x, int32_t thread, int32_t threads) {
  const funes_cell *cell = step->cell;
  if (thread == 0) {
    step->scales[0] = isa->quantize(step->quantized_x, x, &cell->x);
    step->scales[1] = isa->quantize(step->quantized_h, step->h, &cell->h);
    if (cell->is_reset_before) step->scales[3] = isa->quantize(step->quantized_candidate, x, &cell->candidate_x);
  }
  wait_for_team(threads);
  isa->cell(step, funes_slice_begin(cell->x.blocks, thread, threads),
            funes_slice_begin(cell->x.blocks, thread + 1, threads));
  if (step->second) {
    wait_for_team(threads);
    if (thread == 0) step->scales[2] = isa->quantize(step->quantized_own, step->own, step->second);
    wait_for_team(threads);
    isa->cell_second(step, funes_slice_begin(step->second->blocks, thread, threads),
                     funes_slice_begin(step->second->blocks, thread + 1, threads));
  }
  wait_for_team(threads);
}

static void clear(float *values, int32_t count) {
  for (int32_t k = 0; k < count; k++) values[k] = 0.0f;
}

/* Every lane of one row. */
static void run_row(const cell_call *call, funes_step *step, int32_t row, int32_t thread, int32_t threads) {
  const funes_op *op = call->op;
  const funes_cell *cell = &op->cell;
  const int32_t shown = cell->kind == FUNES_CELL_LSTM ? 4 : cell->kind == FUNES_CELL_GRU ? 3 : 1;
  const int32_t inner_steps = cell->is_inner_axis ? cell->inner_steps : 1;
  const float *x = op->in[0].base + (ptrdiff_t)row * op->in[0].stride;
  float *y = op->out[0].base + (ptrdiff_t)row * op->out[0].stride;
  float *gates = op->out[1].base ? op->out[1].base + (ptrdiff_t)row * op->out[1].stride : 0;
  for (int32_t lane = 0; lane < cell->lanes; lane++) {
    if (!cell->is_inner_axis) {
      step->h = op->state[0] + (ptrdiff_t)lane * FUNES_PADDED(cell->output_count);
      step->c = op->state[1] ? op->state[1] + (ptrdiff_t)lane * FUNES_PADDED(cell->units) : 0;
    } else if (thread == 0) {
      clear(step->h, FUNES_PADDED(cell->output_count));
      clear(step->c, FUNES_PADDED(cell->units));
    }
    for (int32_t k = 0; k < inner_steps; k++) {
      const int32_t inner = cell->is_inner_axis && cell->is_reversed ? inner_steps - 1 - k : k;
      const ptrdiff_t at = (ptrdiff_t)lane * inner_steps + inner;
      step->y = y + at * cell->output_count;
      step->gates = gates ? gates + at * shown * cell->units : 0;
      run_step(call->context->isa, step, x + at * cell->x.cols, thread, threads);
    }
  }
}

static void run_call(const void *data, int32_t thread, int32_t threads) {
  const cell_call *call = data;
  const funes_cell *cell = &call->op->cell;
  const int is_backward = cell->is_reversed && !cell->is_inner_axis;
  funes_step step = {0};
  lay_out(&step, cell, call->context->scratch);
  for (int32_t k = 0; k < call->rows; k++) {
    run_row(call, &step, call->row + (is_backward ? call->rows - 1 - k : k), thread, threads);
  }
}

static int is_large(const funes_cell *cell) {
  const funes_matrix *second = second_matrix(cell);
  size_t bytes = funes_matrix_bytes(&cell->x) + funes_matrix_bytes(&cell->h);
  if (second) bytes += funes_matrix_bytes(second);
  if (cell->is_reset_before) bytes += funes_matrix_bytes(&cell->candidate_x);
  return bytes >= FUNES_PARALLEL_BYTES;
}

void funes_cell_rows(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const cell_call call = {op, context, row, rows};
  if (rows <= 0) return;
  funes_parallel(context->threads > 1 && is_large(&op->cell) ? context->threads : 1, run_call, &call);
}
