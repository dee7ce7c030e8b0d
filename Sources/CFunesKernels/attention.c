/* SPDX-License-Identifier: Apache-2.0
 * Drives attention over the rows of a call: one parallel region a call, in which each thread takes a slice of the key
 * heads. It writes and reads its own part of the caches, so that no thread waits for another. */
#include "internal.h"

/* What one call works on, the same for every thread. */
typedef struct attention_call {
  const funes_op *op;
  const funes_context *context;
  int32_t row, rows;
  int32_t slot, filled; /* before the first row */
} attention_call;

/* Rows above which queries come one by one, so that scratch does not pass what a cache of so many rows takes. */
enum { MOST_ROWS = 65536 };

static int32_t lesser(int32_t a, int32_t b) { return a < b ? a : b; }

/* Queries that are answered together. */
static int32_t together(int32_t rows) { return rows > MOST_ROWS ? 1 : FUNES_QUERIES; }

/* Scores of one query: blocks of rows, with one more at each end of a ring and where the oldest row begins. */
static int32_t columns(int32_t rows) { return FUNES_PADDED(rows) + 3 * FUNES_BLOCK_UNITS; }

size_t funes_attention_scratch(int32_t width, int32_t value_width, int32_t rows) {
  const size_t sums = (size_t)FUNES_PADDED(value_width) * FUNES_BLOCK_UNITS;
  const size_t floats = (size_t)FUNES_PADDED(width) + (size_t)columns(rows) + sums;
  return floats * (size_t)together(rows) * sizeof(float);
}

void funes_attention_begin(funes_attention_pass *pass, int32_t rows, uint8_t *scratch) {
  const ptrdiff_t most = together(rows);
  pass->columns = columns(rows);
  pass->most = together(rows);
  pass->queries = (float *)(void *)scratch;
  pass->scores = pass->queries + most * FUNES_PADDED(pass->width);
  pass->sums = pass->scores + most * pass->columns;
}

void funes_attention_flush(const funes_isa *isa, funes_attention_pass *pass) {
  if (pass->count == 0) return;
  /* Three go as four, the last twice. */
  if (pass->count == 3) pass->query[pass->count++] = pass->query[2];
  isa->attention(pass);
  pass->count = 0;
}

void funes_attention_add(const funes_isa *isa, funes_attention_pass *pass, funes_query query) {
  pass->query[pass->count++] = query;
  if (pass->count == pass->most) funes_attention_flush(isa, pass);
}

static int32_t head_width(const funes_op *op) { return op->in[0].width / op->number[0]; }

static uint32_t *counter(const funes_op *op, int32_t state) { return (uint32_t *)(void *)op->state[state]; }

size_t funes_attention_thread_scratch_bytes(const funes_op *op) {
  return funes_attention_scratch(head_width(op), head_width(op), op->number[2]);
}

/* Rows after `filled` others that see rows from the same one on, so that they may all be written before they are
 * answered: a head's part of the caches is then read by all of them, one after the other. At least one. */
static int32_t rows_together(const funes_op *op, int32_t filled, int32_t rows) {
  const int32_t count = lesser(rows, op->number[2] - filled);
  return count > 1 ? count : 1;
}

static void run_call(const void *data, int32_t thread, int32_t threads) {
  const attention_call *call = data;
  const funes_op *op = call->op;
  const funes_isa *isa = call->context->isa;
  const int32_t heads = op->number[0], key_heads = op->number[1], window = op->number[2], width = head_width(op);
  const int32_t begin = funes_slice_begin(key_heads, thread, threads), group = heads / key_heads;
  const int32_t end = funes_slice_begin(key_heads, thread + 1, threads);
  const int32_t stride = key_heads * width, ring = op->state_rows[0], last = call->row + call->rows;
  funes_attention_pass pass = {.ring = ring, .width = width, .value_width = width, .scale = funes_float_number(op, 3)};
  int32_t slot = call->slot, filled = call->filled;
  funes_attention_begin(&pass, window, call->context->thread_scratch + (size_t)thread * call->context->thread_scratch_bytes);
  for (int32_t r = call->row; r < last;) {
    const int32_t rows = rows_together(op, filled, last - r), seen = lesser(lesser(filled + 1, ring), window);
    pass.first = slot + 1 - seen < 0 ? slot + 1 - seen + ring : slot + 1 - seen;
    for (int32_t k = 0; k < rows; k++) {
      funes_cache_write(isa, op, 0, slot, funes_row(&op->in[1], r + k), stride, begin, end, key_heads);
      funes_cache_write(isa, op, 1, slot, funes_row(&op->in[2], r + k), stride, begin, end, key_heads);
      slot = slot + 1 < ring ? slot + 1 : 0;
    }
    for (int32_t key_head = begin; key_head < end; key_head++) {
      pass.keys = funes_cache_head(op, 0, stride, key_head, key_heads);
      pass.values = funes_cache_head(op, 1, stride, key_head, key_heads);
      for (int32_t k = 0; k < rows * group; k++) {
        const int32_t head = key_head * group + k % group;
        const ptrdiff_t at = (ptrdiff_t)head * width;
        funes_query query = {.count = seen + k / group, .bias = funes_head_bias(op, op->number[4], head, 0)};
        query.q = funes_row(&op->in[0], r + k / group) + at;
        query.y = funes_row(&op->out[0], r + k / group) + at;
        funes_attention_add(isa, &pass, query);
      }
      funes_attention_flush(isa, &pass);
    }
    filled = lesser(filled + rows, ring);
    r += rows;
  }
}

/* Threads that the last row, which reads most, is worth: bytes that its heads read. */
static int32_t team_of(const attention_call *call) {
  const funes_op *op = call->op;
  const int32_t heads = op->number[0], window = op->number[2], threads = call->context->threads;
  const int32_t before = lesser(call->filled, window);
  const int32_t seen = call->rows < window - before ? before + call->rows : window;
  const size_t bytes = (size_t)seen * (size_t)heads * (size_t)head_width(op) * 2 * sizeof(uint16_t);
  if (threads <= 1 || bytes < FUNES_PARALLEL_BYTES) return 1;
  return lesser(threads, op->number[1]);
}

void funes_attention(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const uint32_t ring = (uint32_t)op->state_rows[0], slot = *counter(op, 2), filled = *counter(op, 3);
  attention_call call = {.op = op, .context = context, .row = row, .rows = rows};
  if (rows <= 0) return;
  call.slot = slot < ring ? (int32_t)slot : 0;
  call.filled = filled < ring ? (int32_t)filled : (int32_t)ring;
  funes_parallel(team_of(&call), run_call, &call);
  *counter(op, 2) = ((uint32_t)call.slot + (uint32_t)rows % ring) % ring;
  *counter(op, 3) = rows < (int32_t)ring - call.filled ? (uint32_t)(call.filled + rows) : ring;
}
