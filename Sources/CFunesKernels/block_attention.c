/* SPDX-License-Identifier: Apache-2.0
 * Drives attention over blocks: the rows of a call, or each row's own inner rows. Blocks, heads and groups of 16 queries
 * do not meet, so a call is one parallel region in which each thread takes a slice of them, neighbours first. */
#include "internal.h"

/* What one call works on, the same for every thread. Strides are from one row of a block to the next. */
typedef struct block_call {
  const funes_op *op;
  const funes_context *context;
  int32_t row;
  int32_t blocks; /* that each have */
  int32_t keys;   /* rows */
  int32_t width, value_width;
  ptrdiff_t q_stride, k_stride, v_stride, y_stride;
} block_call;

static int32_t inner_rows(const funes_op *op) { return op->number[2] > 0 ? op->number[2] : 1; }

size_t funes_block_attention_thread_scratch_bytes(const funes_op *op) {
  const int32_t heads = op->number[0] * inner_rows(op);
  const size_t columns = (size_t)(op->in[0].width / heads) + FUNES_BLOCK_KEYS + (size_t)(op->out[0].width / heads);
  return columns * FUNES_BLOCK_UNITS * sizeof(float);
}

static int32_t groups_of(const block_call *call) {
  return call->keys / FUNES_BLOCK_UNITS + (call->keys % FUNES_BLOCK_UNITS > 0);
}

/* Where the rows of a block begin: in a block of the call's rows they are rows of the value, else they lie in one. */
static float *block_row(const funes_rows *rows, const block_call *call, int32_t block) {
  return funes_row(rows, call->row + (call->op->number[2] > 0 ? block : 0));
}

static void run_unit(const block_call *call, funes_block_pass *pass, int64_t unit) {
  const funes_op *op = call->op;
  const int32_t heads = op->number[0], groups = groups_of(call);
  const int32_t head = (int32_t)(unit / groups % heads), block = (int32_t)(unit / groups / heads);
  const int32_t key_head = head / (heads / op->number[1]), kind = op->number[4];
  pass->first = (int32_t)(unit % groups) * FUNES_BLOCK_UNITS;
  pass->count = call->keys - pass->first < FUNES_BLOCK_UNITS ? call->keys - pass->first : FUNES_BLOCK_UNITS;
  pass->q = block_row(&op->in[0], call, block) + pass->first * call->q_stride + (ptrdiff_t)head * call->width;
  pass->k = block_row(&op->in[1], call, block) + (ptrdiff_t)key_head * call->width;
  pass->v = block_row(&op->in[2], call, block) + (ptrdiff_t)key_head * call->value_width;
  pass->y = block_row(&op->out[0], call, block) + pass->first * call->y_stride + (ptrdiff_t)head * call->value_width;
  const int64_t pairs = (int64_t)call->keys * call->keys;
  pass->bias = funes_head_bias(op, kind, head, kind == FUNES_MASK && op->vector_count[0] == pairs);
  call->context->isa->block_attention(pass);
}

static void run_call(const void *data, int32_t thread, int32_t threads) {
  const block_call *call = data;
  const int64_t units = (int64_t)call->blocks * call->op->number[0] * groups_of(call);
  uint8_t *scratch = call->context->thread_scratch + (size_t)thread * call->context->thread_scratch_bytes;
  funes_block_pass pass = {.width = call->width, .value_width = call->value_width, .keys = call->keys};
  pass.q_stride = call->q_stride;
  pass.k_stride = call->k_stride;
  pass.v_stride = call->v_stride;
  pass.y_stride = call->y_stride;
  pass.scale = funes_float_number(call->op, 3);
  pass.query = (float *)(void *)scratch;
  pass.scores = pass.query + (ptrdiff_t)call->width * FUNES_BLOCK_UNITS;
  pass.sums = pass.scores + FUNES_BLOCK_KEYS * FUNES_BLOCK_UNITS;
  for (int64_t unit = units * thread / threads; unit < units * (thread + 1) / threads; unit++) {
    run_unit(call, &pass, unit);
  }
}

/* Threads that the bytes of keys and values are worth that all groups of queries read. */
static int32_t team_of(const block_call *call) {
  const int64_t units = (int64_t)call->blocks * call->op->number[0] * groups_of(call);
  const int64_t bytes = (int64_t)call->keys * (call->width + call->value_width) * (int64_t)sizeof(float);
  const int32_t threads = call->context->threads;
  if (threads <= 1 || units <= FUNES_PARALLEL_BYTES / bytes) return 1;
  return units < threads ? (int32_t)units : threads;
}

void funes_block_attention(const funes_op *op, const funes_context *context, int32_t row, int32_t rows) {
  const int32_t inner = inner_rows(op), heads = op->number[0] * inner;
  block_call call = {.op = op, .context = context, .row = row};
  if (rows <= 0) return;
  call.blocks = op->number[2] > 0 ? rows : 1;
  call.keys = op->number[2] > 0 ? inner : rows;
  call.width = op->in[0].width / heads;
  call.value_width = op->out[0].width / heads;
  call.q_stride = op->in[0].width / inner;
  call.k_stride = op->in[1].width / inner;
  call.v_stride = op->in[2].width / inner;
  call.y_stride = op->out[0].width / inner;
  funes_parallel(team_of(&call), run_call, &call);
}
