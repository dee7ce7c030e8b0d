/* SPDX-License-Identifier: Apache-2.0
 * Attention over caches of halves and of bytes, over a memory, and over blocks, at head widths that no register divides. */
#include "seeded.h"

enum { HEADS = 4, KEY_HEADS = 2, ROWS = 90, WINDOW = 40, WIDEST = 37 };

static int32_t bits_of_scale(int32_t width) {
  const union {
    float value;
    int32_t bits;
  } scale = {.value = 2.0f / (float)width};
  return scale.bits;
}

/* q, k, v and y of ROWS rows. */
static funes_op operands(uint64_t *state, int32_t width) {
  funes_op op = {.input_count = 3};
  op.in[0] = (funes_rows){random_floats(state, ROWS * HEADS * width, 2.0f), HEADS * width, HEADS * width};
  for (int32_t k = 1; k <= 2; k++) {
    op.in[k] = (funes_rows){random_floats(state, ROWS * KEY_HEADS * width, 2.0f), KEY_HEADS * width, KEY_HEADS * width};
  }
  op.out[0] = (funes_rows){random_floats(state, ROWS * HEADS * width, 0.0f), HEADS * width, HEADS * width};
  return op;
}

/* A cache of `rows` rows that two states share the shape of; room for halves, or for bytes and their scales. */
static void add_caches(funes_op *op, int32_t rows, int32_t width, int is_bytes) {
  for (int32_t k = 0; k < 2; k++) {
    op->state[k] = take_bytes((size_t)rows * KEY_HEADS * (size_t)(2 * width + 8) + 64);
    op->state_rows[k] = rows;
    op->state_heads[k] = is_bytes ? KEY_HEADS : 0;
  }
  for (int32_t k = 2; k < 4; k++) op->state[k] = take_bytes(sizeof(uint32_t));
}

static uint32_t run_cached(const run *how, int32_t width, int is_bytes, int32_t bias) {
  uint64_t state = 6;
  funes_op op = operands(&state, width);
  add_caches(&op, WINDOW + 3, width, is_bytes);
  op.number[0] = HEADS;
  op.number[1] = KEY_HEADS;
  op.number[2] = WINDOW;
  op.number[3] = bits_of_scale(width);
  op.number[4] = bias;
  op.vector_count[0] = HEADS * (bias == FUNES_DISTANCES ? 5 : 1);
  op.vector[0] = random_floats(&state, HEADS * 5, 1.0f);
  const funes_context context = context_of(how, 64, funes_attention_thread_scratch_bytes(&op));
  funes_attention(&op, &context, 0, 1);
  funes_attention(&op, &context, 1, ROWS - 1);
  const uint32_t hash = hash_floats(0, op.out[0].base, ROWS * HEADS * width);
  forget_all();
  return hash;
}

static uint32_t run_memory(const run *how, int32_t width, int is_bytes, int32_t score) {
  uint64_t state = 7;
  funes_op op = operands(&state, width), ask = op;
  add_caches(&op, ROWS, width, is_bytes);
  op.in[0] = op.in[1];
  op.in[1] = op.in[2];
  op.input_count = 2;
  op.number[0] = 1;
  const funes_context context = context_of(how, 64, 64);
  funes_remember(&op, &context, 0, ROWS - 7);
  ask.input_count = 1;
  for (int32_t k = 0; k < 4; k++) {
    ask.state[k] = op.state[k];
    ask.state_rows[k] = op.state_rows[k];
    ask.state_heads[k] = op.state_heads[k];
  }
  ask.number[0] = HEADS;
  ask.number[1] = KEY_HEADS;
  ask.number[2] = bits_of_scale(width);
  ask.number[3] = score;
  ask.vector[0] = random_floats(&state, HEADS * width, 1.0f);
  ask.vector_count[0] = HEADS * width;
  const funes_context asking = context_of(how, 64, funes_memory_attention_thread_scratch_bytes(&ask));
  funes_memory_attention(&ask, &asking, 0, ROWS);
  const uint32_t hash = hash_floats(0, ask.out[0].base, ROWS * HEADS * width);
  forget_all();
  return hash;
}

static uint32_t run_block(const run *how, int32_t width) {
  uint64_t state = 8;
  funes_op op = operands(&state, width);
  op.number[0] = HEADS;
  op.number[1] = KEY_HEADS;
  op.number[3] = bits_of_scale(width);
  op.number[4] = FUNES_SLOPES;
  op.vector_count[0] = HEADS;
  op.vector[0] = random_floats(&state, HEADS, 0.1f);
  const funes_context context = context_of(how, 64, funes_block_attention_thread_scratch_bytes(&op));
  funes_block_attention(&op, &context, 0, ROWS);
  const uint32_t hash = hash_floats(0, op.out[0].base, ROWS * HEADS * width);
  forget_all();
  return hash;
}

void run_attention(const run *how) {
  uint32_t halves = 0, bytes = 0, memory = 0, additive = 0, block = 0;
  for (int32_t width = 1; width <= WIDEST; width += 4) {
    halves = halves * 31 + run_cached(how, width, 0, FUNES_NO_BIAS);
    halves = halves * 31 + run_cached(how, width, 0, FUNES_DISTANCES);
    bytes = bytes * 31 + run_cached(how, width, 1, FUNES_SLOPES);
    memory = memory * 31 + run_memory(how, width, width % 8 == 1, 0);
    additive = additive * 31 + run_memory(how, width, width % 8 == 1, 1);
    block = block * 31 + run_block(how, width);
  }
  print_hash("attention", halves);
  print_hash("attention-bytes", bytes);
  print_hash("memory-attention", memory);
  print_hash("additive-attention", additive);
  print_hash("block-attention", block);
}
