/* SPDX-License-Identifier: Apache-2.0
 * Drives a cell over the rows of a call, its lanes and an inner axis: at most one parallel region a call. Within a step
 * thread 0 quantises what all read, then each thread takes a slice of the blocks; the state is updated in place, since
 * nobody reads it but through its quantised copy. */
#include "internal.h"

/* What one call works on, the same for every thread. */
typedef struct cell_call {
  const funes_op *op;
  const funes_isa *isa;
  uint8_t *scratch;
  int32_t row, rows;
} cell_call;

/* Scratch, each part a multiple of 64 bytes: scales, three quantised vectors, then floats. */
typedef struct cell_scratch {
  float *scales;
  uint8_t *quantized_x, *quantized_h, *quantized_own;
  float *own, *z, *candidate_x, *h, *c;
  size_t bytes;
} cell_scratch;

static int has_second_phase(const funes_cell *cell) {
  return (cell->kind == FUNES_CELL_LSTM && cell->projection.rows > 0) ||
         (cell->kind == FUNES_CELL_GRU && cell->is_reset_before);
}

static const funes_matrix *second_matrix(const funes_cell *cell) {
  return cell->kind == FUNES_CELL_LSTM ? &cell->projection : &cell->candidate;
}

/* Takes `bytes` from the front of what is left. */
static uint8_t *take(uint8_t *base, size_t *used, size_t bytes) {
  uint8_t *at = base ? base + *used : 0;
  *used += (bytes + 63) / 64 * 64;
  return at;
}

static float *take_floats(uint8_t *base, size_t *used, int32_t count) {
  return (float *)(void *)take(base, used, funes_bytes_of_floats(count));
}

static cell_scratch lay_out(const funes_cell *cell, uint8_t *base) {
  cell_scratch s = {0};
  s.scales = take_floats(base, &s.bytes, 3);
  s.quantized_x = take(base, &s.bytes, FUNES_QUANTIZED_BYTES(cell->x.cols));
  s.quantized_h = take(base, &s.bytes, FUNES_QUANTIZED_BYTES(cell->h.cols));
  if (has_second_phase(cell)) {
    s.quantized_own = take(base, &s.bytes, FUNES_QUANTIZED_BYTES(second_matrix(cell)->cols));
    s.own = take_floats(base, &s.bytes, cell->units);
    s.z = take_floats(base, &s.bytes, cell->units);
    s.candidate_x = take_floats(base, &s.bytes, cell->units);
  }
  if (cell->is_inner_axis) {
    s.h = take_floats(base, &s.bytes, cell->output_count);
    s.c = take_floats(base, &s.bytes, cell->units);
  }
  return s;
}

size_t funes_cell_scratch_bytes(const funes_cell *cell) { return lay_out(cell, 0).bytes; }

static void wait_for_team(int32_t threads) {
  if (threads > 1) funes_parallel_barrier();
}

/* One step of one lane by one thread of the team: x (cols). */
static void run_step(const cell_call *call, const funes_step *step, const float *x, int32_t thread, int32_t threads) {
  const funes_cell *cell = step->cell;
  const funes_isa *isa = call->isa;
  cell_scratch scratch = lay_out(cell, call->scratch);
  if (thread == 0) {
    scratch.scales[0] = isa->quantize(scratch.quantized_x, x, &cell->x);
    scratch.scales[1] = isa->quantize(scratch.quantized_h, step->h, &cell->h);
  }
  wait_for_team(threads);
  isa->cell(step, funes_slice_begin(cell->x.blocks, thread, threads),
            funes_slice_begin(cell->x.blocks, thread + 1, threads));
  if (has_second_phase(cell)) {
    const funes_matrix *matrix = second_matrix(cell);
    wait_for_team(threads);
    if (thread == 0) scratch.scales[2] = isa->quantize(scratch.quantized_own, step->own, matrix);
    wait_for_team(threads);
    isa->cell_second(step, funes_slice_begin(matrix->blocks, thread, threads),
                     funes_slice_begin(matrix->blocks, thread + 1, threads));
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
  const int32_t outputs = cell->output_count, gates = cell->kind == FUNES_CELL_LSTM ? 4 : cell->kind == FUNES_CELL_GRU ? 3 : 1;
  const int32_t inner_steps = cell->is_inner_axis ? cell->inner_steps : 1;
  const float *x = op->in[0].base + (ptrdiff_t)row * op->in[0].stride;
  float *y = op->out[0].base + (ptrdiff_t)row * op->out[0].stride;
  float *shown = op->out[1].base ? op->out[1].base + (ptrdiff_t)row * op->out[1].stride : 0;
  for (int32_t lane = 0; lane < cell->lanes; lane++) {
    if (cell->is_inner_axis) {
      if (thread == 0) clear(step->h, FUNES_PADDED(outputs));
      if (thread == 0) clear(step->c, FUNES_PADDED(cell->units));
    } else {
      step->h = op->state[0] + (size_t)lane * (size_t)FUNES_PADDED(outputs);
      step->c = op->state[1] ? op->state[1] + (size_t)lane * (size_t)FUNES_PADDED(cell->units) : 0;
    }
    for (int32_t k = 0; k < inner_steps; k++) {
      const int32_t inner = cell->is_inner_axis && cell->is_reversed ? inner_steps - 1 - k : k;
      const ptrdiff_t at = (ptrdiff_t)lane * inner_steps + inner;
      step->y = y + at * outputs;
      step->gates = shown ? shown + at * gates * cell->units : 0;
      run_step(call, step, x + at * cell->x.cols, thread, threads);
    }
  }
}

static void run_call(const void *data, int32_t thread, int32_t threads) {
  const cell_call *call = data;
  const funes_cell *cell = &call->op->cell;
  const cell_scratch scratch = lay_out(cell, call->scratch);
  funes_step step = {.cell = cell,
                     .scales = scratch.scales,
                     .quantized_x = scratch.quantized_x,
                     .quantized_h = scratch.quantized_h,
                     .quantized_own = scratch.quantized_own,
                     .h = scratch.h,
                     .c = scratch.c,
                     .own = scratch.own,
                     .z = scratch.z,
                     .candidate_x = scratch.candidate_x};
  const int is_backward = cell->is_reversed && !cell->is_inner_axis;
  for (int32_t k = 0; k < call->rows; k++) {
    run_row(call, &step, call->row + (is_backward ? call->rows - 1 - k : k), thread, threads);
  }
}

static size_t weight_bytes(const funes_cell *cell) {
  size_t bytes = funes_matrix_bytes(&cell->x) + funes_matrix_bytes(&cell->h);
  return has_second_phase(cell) ? bytes + funes_matrix_bytes(second_matrix(cell)) : bytes;
}

void funes_cell_rows(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const cell_call call = {op, context->isa, context->scratch, row, rows};
  if (rows <= 0) return;
  funes_parallel(weight_bytes(&op->cell) < FUNES_PARALLEL_BYTES ? 1 : context->threads, run_call, &call);
}
