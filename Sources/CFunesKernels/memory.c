/* SPDX-License-Identifier: Apache-2.0
 * A memory: rows of keys and values that one program appends and others read by attention. A call over many rows is one
 * parallel region, for its rows and heads do not meet. */
#include "internal.h"

static uint32_t *counter(const funes_op *op, int32_t state) { return (uint32_t *)(void *)op->state[state]; }

/* Rows that are remembered. */
static int32_t filled(const funes_op *op) {
  const uint32_t count = *counter(op, 2), most = (uint32_t)op->state_rows[0];
  return (int32_t)(count < most ? count : most);
}

void funes_remember(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t appended = op->number[0], most = op->state_rows[0];
  int32_t count = filled(op);
  for (int32_t r = row; r < row + rows; r++) {
    for (int32_t n = 0; n < appended && count < most; n++) {
      for (int32_t side = 0; side < 2; side++) {
        const int32_t width = op->in[side].width / appended;
        const float *x = funes_row(&op->in[side], r) + (ptrdiff_t)n * width;
        const int32_t heads = op->state_heads[side] > 0 ? op->state_heads[side] : 1;
        funes_cache_write(context->isa, op, side, count, x, width, 0, heads, heads);
      }
      count++;
    }
  }
  *counter(op, 2) = (uint32_t)count;
}

/* What one call works on, the same for every thread. */
typedef struct memory_call {
  const funes_op *op;
  const funes_context *context;
  int32_t row, rows, count;
} memory_call;

static int32_t query_width(const funes_op *op) { return op->in[0].width / op->number[0]; }

size_t funes_memory_attention_thread_scratch_bytes(const funes_op *op) {
  return funes_attention_scratch(query_width(op), op->out[0].width / op->number[0], op->state_rows[0]);
}

/* Units are queries of one key head, rows of one head after the other. */
static void run_call(const void *data, int32_t thread, int32_t threads) {
  const memory_call *call = data;
  const funes_op *op = call->op;
  const funes_isa *isa = call->context->isa;
  const int32_t heads = op->number[0], key_heads = op->number[1], width = query_width(op);
  const int32_t value_width = op->out[0].width / heads, group = heads / key_heads;
  const int64_t units = (int64_t)heads * call->rows;
  uint8_t *scratch = call->context->thread_scratch + (size_t)thread * call->context->thread_scratch_bytes;
  funes_attention_pass pass = {.ring = op->state_rows[0], .width = width, .value_width = value_width};
  int32_t of = -1;
  pass.scale = funes_float_number(op, 2);
  pass.additive = op->number[3] == 1 ? op->vector[0] : 0;
  funes_attention_begin(&pass, op->state_rows[0], scratch);
  for (int64_t unit = units * thread / threads; unit < units * (thread + 1) / threads; unit++) {
    const int32_t r = call->row + (int32_t)(unit % call->rows), head = (int32_t)(unit / call->rows);
    if (head / group != of) {
      funes_attention_flush(isa, &pass);
      of = head / group;
      pass.keys = funes_cache_head(op, 0, key_heads * width, of, key_heads);
      pass.values = funes_cache_head(op, 1, key_heads * value_width, of, key_heads);
    }
    funes_query query = {.count = call->count};
    query.q = funes_row(&op->in[0], r) + (ptrdiff_t)head * width;
    query.y = funes_row(&op->out[0], r) + (ptrdiff_t)head * value_width;
    funes_attention_add(isa, &pass, query);
  }
  funes_attention_flush(isa, &pass);
}

/* Threads that the bytes are worth that all rows and heads read. */
static int32_t team_of(const memory_call *call) {
  const int64_t heads = call->op->number[0], units = heads * call->rows;
  const int64_t widths = call->op->in[0].width / heads + call->op->out[0].width / heads;
  const int64_t bytes = call->count * widths * (int64_t)sizeof(uint16_t);
  const int32_t threads = call->context->threads;
  if (threads <= 1 || units <= FUNES_PARALLEL_BYTES / (bytes + 1)) return 1;
  return units < threads ? (int32_t)units : threads;
}

void funes_memory_attention(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const memory_call call = {.op = op, .context = context, .row = row, .rows = rows, .count = filled(op)};
  if (rows <= 0) return;
  funes_parallel(team_of(&call), run_call, &call);
}
