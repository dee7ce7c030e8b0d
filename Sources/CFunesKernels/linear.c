/* SPDX-License-Identifier: Apache-2.0
 * Drives a plain matrix over the rows, lanes and streams of a call: many vectors share each pass over the weights, each
 * thread quantises them for itself and takes a slice of the blocks, so that no thread waits for another. */
#include "internal.h"

typedef struct linear_call {
  const funes_streams *streams;
  const funes_context *context;
  int32_t op;
  int32_t row, rows;
} linear_call;

size_t funes_linear_thread_scratch_bytes(const funes_matrix *matrix, int32_t vectors) {
  return FUNES_QUANTIZED_BYTES(matrix->cols) * (size_t)(vectors < FUNES_LINEAR_VECTORS ? vectors : FUNES_LINEAR_VECTORS);
}

/* What one thread of a team does: the blocks from `begin` on, over vectors as they come. */
typedef struct linear_work {
  funes_linear_pass pass;
  const funes_isa *isa;
  uint8_t *scratch;
  int32_t begin, end;
  int32_t room; /* vectors that scratch holds */
} linear_work;

static void finish(linear_work *work) {
  if (work->pass.count > 0) work->isa->linear(&work->pass, work->begin, work->end);
  work->pass.count = 0;
}

static void add(linear_work *work, const float *x, float *y) {
  funes_linear_pass *pass = &work->pass;
  if (pass->count == work->room) finish(work);
  pass->scale[pass->count] =
      work->isa->quantize(work->scratch + pass->quantized_bytes * (size_t)pass->count, x, pass->matrix);
  pass->y[pass->count] = y;
  pass->count++;
}

static void run_call(const void *data, int32_t thread, int32_t threads) {
  const linear_call *call = data;
  const funes_context *context = call->context;
  const funes_matrix *matrix = &call->streams->plans[0][call->op].cell.x;
  const size_t bytes = FUNES_QUANTIZED_BYTES(matrix->cols);
  const size_t room = bytes > 0 ? context->thread_scratch_bytes / bytes : FUNES_LINEAR_VECTORS;
  linear_work work;
  work.isa = context->isa;
  work.begin = funes_slice_begin(matrix->blocks, thread, threads);
  work.end = funes_slice_begin(matrix->blocks, thread + 1, threads);
  work.scratch = context->thread_scratch + (size_t)thread * context->thread_scratch_bytes;
  work.room = room < FUNES_LINEAR_VECTORS ? (int32_t)room : FUNES_LINEAR_VECTORS;
  work.pass.matrix = matrix;
  work.pass.bias = call->streams->plans[0][call->op].cell.bias;
  work.pass.count = 0;
  work.pass.quantized = work.scratch;
  work.pass.quantized_bytes = bytes;
  if (work.begin == work.end) return;
  for (int32_t stream = 0; stream < call->streams->count; stream++) {
    const funes_op *op = call->streams->plans[stream] + call->op;
    const int32_t lanes = matrix->cols > 0 ? op->in[0].width / matrix->cols : 1;
    for (int32_t row = call->row; row < call->row + call->rows; row++) {
      for (ptrdiff_t lane = 0; lane < lanes; lane++) {
        add(&work, funes_row(&op->in[0], row) + lane * matrix->cols, funes_row(&op->out[0], row) + lane * matrix->rows);
      }
    }
  }
  finish(&work);
}

void funes_linear_streams(const funes_streams *streams, int32_t op, const funes_context *context, int32_t row,
                          int32_t rows) {
  const linear_call call = {streams, context, op, row, rows};
  const funes_op *first = streams->plans[0] + op;
  const funes_matrix *matrix = &first->cell.x;
  const int64_t lanes = matrix->cols > 0 ? first->in[0].width / matrix->cols : 1;
  const int64_t vectors = (int64_t)streams->count * rows * lanes;
  if (rows > 0) funes_parallel(funes_team(context, funes_matrix_bytes(matrix), vectors), run_call, &call);
}

void funes_linear(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const funes_streams one = {1, &op, &context->scratch};
  funes_linear_streams(&one, 0, context, row, rows);
}

/* y = float(w) scale, times e where columns are equalised: the row of W that the product multiplies with. A weight of 16
 * bits, 255 high + low, is below 2^15 and so exact as a float. */
static void gather(float *restrict y, const funes_matrix *matrix, int32_t id) {
  const int32_t block = id / FUNES_BLOCK_UNITS, lane = id % FUNES_BLOCK_UNITS;
  const size_t tile = (size_t)block * (size_t)matrix->quads;
  const size_t first = tile * FUNES_TILE_BYTES + (size_t)lane * FUNES_TILE_COLS;
  const int8_t *tiles = matrix->tiles + first, *low = matrix->low_tiles ? matrix->low_tiles + first : 0;
  for (int32_t col = 0; col < matrix->cols; col++) {
    const ptrdiff_t at = (ptrdiff_t)(col / FUNES_TILE_COLS) * FUNES_TILE_BYTES + col % FUNES_TILE_COLS;
    const int32_t weight = low ? 255 * tiles[at] + low[at] : tiles[at];
    const float value = (float)weight * matrix->scales[id];
    y[col] = matrix->equalizer ? value * matrix->equalizer[col] : value;
  }
}

void funes_position(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const funes_matrix *matrix = &op->cell.x;
  uint32_t *position = (uint32_t *)(void *)op->state[0];
  (void)context;
  for (ptrdiff_t r = row; r < row + rows; r++) {
    const int32_t id = *position < (uint32_t)matrix->rows ? (int32_t)*position : matrix->rows - 1;
    const float *x = op->in[0].base + r * op->in[0].stride;
    float *y = op->out[0].base + r * op->out[0].stride;
    gather(y, matrix, id);
    for (int32_t col = 0; col < matrix->cols; col++) y[col] = x[col] + y[col];
    if (*position < (uint32_t)matrix->rows) *position += 1;
  }
}

void funes_embedding(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const funes_matrix *matrix = &op->cell.x;
  (void)context;
  for (int32_t r = row; r < row + rows; r++) {
    const int32_t *ids = (const int32_t *)(const void *)op->in[0].base + (ptrdiff_t)r * op->in[0].stride;
    float *y = op->out[0].base + (ptrdiff_t)r * op->out[0].stride;
    for (int32_t k = 0; k < op->in[0].width; k++) {
      const int32_t id = ids[k] < 0 || ids[k] >= matrix->rows ? 0 : ids[k];
      gather(y + (ptrdiff_t)k * matrix->cols, matrix, id);
    }
  }
}
