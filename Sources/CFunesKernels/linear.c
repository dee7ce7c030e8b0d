/* SPDX-License-Identifier: Apache-2.0
 * Drives a plain matrix over the rows of a call: several vectors share each pass over the weights, each thread
 * quantises them for itself and takes a slice of the blocks, so that no thread waits for another. */
#include "internal.h"

typedef struct linear_call {
  const funes_op *op;
  const funes_context *context;
  int32_t row, rows;
} linear_call;

size_t funes_linear_thread_scratch_bytes(const funes_matrix *matrix) {
  return FUNES_QUANTIZED_BYTES(matrix->cols) * FUNES_LINEAR_VECTORS;
}

static void run_call(const void *data, int32_t thread, int32_t threads) {
  const linear_call *call = data;
  const funes_op *op = call->op;
  const funes_matrix *matrix = &op->cell.x;
  const funes_isa *isa = call->context->isa;
  const int32_t lanes = matrix->cols > 0 ? op->in[0].width / matrix->cols : 1;
  const int32_t begin = funes_slice_begin(matrix->blocks, thread, threads);
  const int32_t end = funes_slice_begin(matrix->blocks, thread + 1, threads);
  uint8_t *scratch = call->context->thread_scratch + (size_t)thread * call->context->thread_scratch_bytes;
  funes_linear_pass pass = {.matrix = matrix, .bias = op->cell.bias};
  if (begin == end) return;
  for (ptrdiff_t row = call->row; row < call->row + call->rows; row++) {
    for (ptrdiff_t lane = 0; lane < lanes; lane++) {
      const float *x = op->in[0].base + row * op->in[0].stride + lane * matrix->cols;
      uint8_t *quantized = scratch + FUNES_QUANTIZED_BYTES(matrix->cols) * (size_t)pass.count;
      pass.quantized[pass.count] = quantized;
      pass.scale[pass.count] = isa->quantize(quantized, x, matrix);
      pass.y[pass.count] = op->out[0].base + row * op->out[0].stride + lane * matrix->rows;
      pass.count++;
      if (pass.count == FUNES_LINEAR_VECTORS) {
        isa->linear(&pass, begin, end);
        pass.count = 0;
      }
    }
  }
  if (pass.count > 0) isa->linear(&pass, begin, end);
}

void funes_linear(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const linear_call call = {op, context, row, rows};
  if (rows <= 0) return;
  funes_parallel(funes_matrix_bytes(&op->cell.x) < FUNES_PARALLEL_BYTES ? 1 : context->threads, run_call, &call);
}

/* y = float(w) scale, times e where columns are equalised: the row of W that the product multiplies with. */
static void gather(float *restrict y, const funes_matrix *matrix, int32_t id) {
  const int32_t block = id / FUNES_BLOCK_UNITS, lane = id % FUNES_BLOCK_UNITS;
  const size_t tile = (size_t)block * (size_t)matrix->quads;
  const int8_t *tiles = matrix->tiles + tile * FUNES_TILE_BYTES + lane * FUNES_TILE_COLS;
  for (int32_t col = 0; col < matrix->cols; col++) {
    const int8_t weight = tiles[(ptrdiff_t)(col / FUNES_TILE_COLS) * FUNES_TILE_BYTES + col % FUNES_TILE_COLS];
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
