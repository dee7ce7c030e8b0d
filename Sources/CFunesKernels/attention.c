/* SPDX-License-Identifier: Apache-2.0
 * Drives attention over the rows of a call: at most one parallel region a call. Thread 0 writes a row's key and value
 * to their caches, then each thread takes a slice of the heads, with scores and a padded query in its own scratch. */
#include "internal.h"

/* What one call works on, the same for every thread. */
typedef struct attention_call {
  const funes_op *op;
  const funes_context *context;
  int32_t row, rows;
  int32_t slot, filled; /* before the first row */
} attention_call;

static int32_t head_width(const funes_op *op) { return op->in[0].width / op->number[0]; }

static uint32_t *counter(const funes_op *op, int32_t state) { return (uint32_t *)(void *)op->state[state]; }

size_t funes_attention_thread_scratch_bytes(const funes_op *op) {
  const size_t floats = (size_t)FUNES_PADDED(head_width(op)) + (size_t)FUNES_PADDED(op->number[2]);
  return floats * sizeof(float);
}

static void wait_for_team(int32_t threads) {
  if (threads > 1) funes_parallel_barrier();
}

static int32_t lesser(int32_t a, int32_t b) { return a < b ? a : b; }

static void run_call(const void *data, int32_t thread, int32_t threads) {
  const attention_call *call = data;
  const funes_op *op = call->op;
  const funes_isa *isa = call->context->isa;
  const int32_t heads = op->number[0], key_heads = op->number[1], window = op->number[2], width = head_width(op);
  const int32_t begin = funes_slice_begin(heads, thread, threads), end = funes_slice_begin(heads, thread + 1, threads);
  const int32_t stride = key_heads * width, ring = op->state_rows[0];
  uint8_t *scratch = call->context->thread_scratch + (size_t)thread * call->context->thread_scratch_bytes;
  funes_attention_pass pass = {.ring = ring};
  pass.width = pass.value_width = width;
  pass.scale = funes_float_number(op, 3);
  pass.query = (float *)(void *)scratch;
  pass.scores = pass.query + FUNES_PADDED(width);
  int32_t slot = call->slot, filled = call->filled;
  for (int32_t r = call->row; r < call->row + call->rows; r++) {
    if (thread == 0) {
      funes_cache_write(isa, op, 0, slot, stride, funes_row(&op->in[1], r));
      funes_cache_write(isa, op, 1, slot, stride, funes_row(&op->in[2], r));
    }
    filled = lesser(filled + 1, ring);
    pass.count = lesser(filled, window);
    pass.first = slot + 1 - pass.count < 0 ? slot + 1 - pass.count + ring : slot + 1 - pass.count;
    wait_for_team(threads);
    for (int32_t head = begin; head < end; head++) {
      const int32_t key_head = head / (heads / key_heads);
      const ptrdiff_t at = (ptrdiff_t)head * width;
      pass.keys = funes_cache_head(op, 0, stride, key_head, key_heads);
      pass.values = funes_cache_head(op, 1, stride, key_head, key_heads);
      pass.bias = funes_head_bias(op, op->number[4], head, 0);
      isa->attention(funes_row(&op->out[0], r) + at, funes_row(&op->in[0], r) + at, &pass);
    }
    wait_for_team(threads);
    slot = slot + 1 < ring ? slot + 1 : 0;
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
  return lesser(threads, heads);
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
