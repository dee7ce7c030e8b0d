/* SPDX-License-Identifier: Apache-2.0
 * Cells of every kind, for as many steps as asked, and matrices over blocks of rows. */
#include "seeded.h"

typedef struct cell_case {
  const char *name;
  int32_t kind, inputs, units, projection;
  int is_wide, is_coupled, is_reset_before, has_peephole;
  int has_low_x, has_low_others; /* 16-bit weights in the matrix of the inputs, in all other matrices */
  int32_t streams; /* that are stepped together; 0 for one alone */
  int32_t steps;   /* of each; 0 for as many as the run asks for */
} cell_case;

static const cell_case cases[] = {
    {.name = "rnn", .kind = FUNES_CELL_RNN, .inputs = 3, .units = 17, .is_wide = 1},
    {.name = "rnn-8", .kind = FUNES_CELL_RNN, .inputs = 3, .units = 17},
    {.name = "lstm", .kind = FUNES_CELL_LSTM, .inputs = 3, .units = 9, .is_wide = 1},
    {.name = "lstm-8", .kind = FUNES_CELL_LSTM, .inputs = 3, .units = 9},
    {.name = "lstm-coupled", .kind = FUNES_CELL_LSTM, .inputs = 3, .units = 5, .is_wide = 1, .is_coupled = 1, .has_peephole = 1},
    {.name = "lstm-projected", .kind = FUNES_CELL_LSTM, .inputs = 2, .units = 6, .projection = 3, .is_wide = 1},
    {.name = "gru", .kind = FUNES_CELL_GRU, .inputs = 3, .units = 9, .is_wide = 1},
    {.name = "gru-8", .kind = FUNES_CELL_GRU, .inputs = 3, .units = 9},
    {.name = "gru-before", .kind = FUNES_CELL_GRU, .inputs = 3, .units = 5, .is_wide = 1, .is_reset_before = 1},
    {.name = "rnn-streams", .kind = FUNES_CELL_RNN, .inputs = 3, .units = 17, .is_wide = 1, .streams = 6, .steps = 200},
    {.name = "lstm-streams", .kind = FUNES_CELL_LSTM, .inputs = 3, .units = 33, .is_wide = 1, .streams = 5, .steps = 200},
    {.name = "lstm-streams-8", .kind = FUNES_CELL_LSTM, .inputs = 3, .units = 33, .streams = 5, .steps = 200},
    {.name = "gru-streams", .kind = FUNES_CELL_GRU, .inputs = 3, .units = 9, .is_wide = 1, .streams = 3, .steps = 200},
    /* Weights of 16 bits, in all matrices and in some. */
    {.name = "rnn-w16", .kind = FUNES_CELL_RNN, .inputs = 3, .units = 17, .is_wide = 1, .has_low_x = 1, .has_low_others = 1, .steps = 2000},
    {.name = "lstm-w16", .kind = FUNES_CELL_LSTM, .inputs = 3, .units = 9, .is_wide = 1, .has_low_x = 1, .has_low_others = 1, .steps = 2000},
    {.name = "lstm-w16-8", .kind = FUNES_CELL_LSTM, .inputs = 3, .units = 9, .has_low_x = 1, .has_low_others = 1, .steps = 2000},
    {.name = "lstm-w16-x", .kind = FUNES_CELL_LSTM, .inputs = 3, .units = 9, .is_wide = 1, .has_low_x = 1, .steps = 2000},
    {.name = "lstm-w16-projected", .kind = FUNES_CELL_LSTM, .inputs = 2, .units = 6, .projection = 3, .is_wide = 1, .has_low_others = 1, .steps = 2000},
    {.name = "gru-w16", .kind = FUNES_CELL_GRU, .inputs = 3, .units = 9, .is_wide = 1, .has_low_x = 1, .has_low_others = 1, .steps = 2000},
    {.name = "gru-before-w16", .kind = FUNES_CELL_GRU, .inputs = 3, .units = 5, .is_wide = 1, .is_reset_before = 1, .has_low_x = 1, .has_low_others = 1, .steps = 2000},
    {.name = "lstm-streams-w16", .kind = FUNES_CELL_LSTM, .inputs = 3, .units = 33, .is_wide = 1, .streams = 5, .has_low_x = 1, .has_low_others = 1, .steps = 200},
    {.name = "gru-streams-w16-8", .kind = FUNES_CELL_GRU, .inputs = 3, .units = 9, .streams = 3, .has_low_others = 1, .steps = 200},
    {.name = "lstm-large-w16", .kind = FUNES_CELL_LSTM, .inputs = 61, .units = 160, .is_wide = 1, .has_low_x = 1, .has_low_others = 1, .steps = 40},
    /* Large enough for a team, with a number of columns that no register divides. */
    {.name = "rnn-large", .kind = FUNES_CELL_RNN, .inputs = 101, .units = 350, .is_wide = 1, .steps = 40},
    {.name = "lstm-large", .kind = FUNES_CELL_LSTM, .inputs = 61, .units = 160, .is_wide = 1, .steps = 40},
    {.name = "lstm-large-8", .kind = FUNES_CELL_LSTM, .inputs = 61, .units = 160, .steps = 40},
    {.name = "gru-large", .kind = FUNES_CELL_GRU, .inputs = 61, .units = 190, .is_wide = 1, .steps = 40},
    {.name = "gru-before-large", .kind = FUNES_CELL_GRU, .inputs = 61, .units = 190, .is_wide = 1, .is_reset_before = 1, .steps = 40},
};

enum { ROWS = 100, MOST_STREAMS = 6 };

static void make_cell(funes_cell *cell, const cell_case *from, uint64_t *state) {
  const int32_t gates = from->kind == FUNES_CELL_RNN ? 1 : from->kind == FUNES_CELL_GRU || from->is_coupled ? 3 : 4;
  const int32_t rows = from->is_reset_before ? 2 : gates, units = from->units, wide = from->is_wide;
  const int32_t outputs = from->projection > 0 ? from->projection : units, padded = FUNES_PADDED(units);
  cell->kind = from->kind;
  cell->units = units;
  cell->output_count = outputs;
  cell->activation = FUNES_TANH;
  cell->gate_activation = FUNES_SIGMOID;
  cell->is_coupled = from->is_coupled;
  cell->is_reset_before = from->is_reset_before;
  cell->lanes = cell->inner_steps = 1;
  cell->x = random_matrix(state, rows * units, from->inputs, rows, wide, 1);
  cell->h = random_matrix(state, rows * units, outputs, rows, wide, 0);
  if (from->is_reset_before) {
    cell->candidate_x = random_matrix(state, units, from->inputs, 1, wide, 1);
    cell->candidate = random_matrix(state, units, units, 1, wide, 1);
  }
  if (from->projection > 0) {
    cell->projection = random_matrix(state, outputs, units, 1, wide, 1);
    cell->cell_clip = 0.9f;
    cell->projection_clip = 0.5f;
  }
  if (from->has_low_x) {
    cell->x = with_low_plane(state, cell->x);
    if (from->is_reset_before) cell->candidate_x = with_low_plane(state, cell->candidate_x);
  }
  if (from->has_low_others) {
    cell->h = with_low_plane(state, cell->h);
    if (from->is_reset_before) cell->candidate = with_low_plane(state, cell->candidate);
    if (from->projection > 0) cell->projection = with_low_plane(state, cell->projection);
  }
  cell->bias = random_floats(state, padded * gates, 0.5f);
  if (from->kind == FUNES_CELL_GRU && !from->is_reset_before) cell->bias_hn = random_floats(state, padded, 0.5f);
  if (from->has_peephole) cell->peephole = random_floats(state, 3 * padded, 0.5f);
}

static void run_cell(const run *how, const cell_case *from) {
  uint64_t state = 1;
  uint32_t hash = 0;
  const int32_t count = from->streams > 0 ? from->streams : 1, inputs = from->inputs;
  funes_op ops[MOST_STREAMS] = {{.input_count = 1}};
  const funes_op *plans[MOST_STREAMS];
  uint8_t *scratch[MOST_STREAMS];
  make_cell(&ops[0].cell, from, &state);
  const funes_cell *cell = &ops[0].cell;
  const int32_t outputs = cell->output_count;
  for (int32_t k = 0; k < count; k++) {
    ops[k] = ops[0];
    ops[k].state[0] = random_floats(&state, FUNES_PADDED(outputs), 0.0f);
    ops[k].state[1] = from->kind == FUNES_CELL_LSTM ? random_floats(&state, FUNES_PADDED(from->units), 0.0f) : 0;
    ops[k].in[0] = (funes_rows){random_floats(&state, ROWS * inputs, 2.0f), inputs, inputs};
    ops[k].out[0] = (funes_rows){random_floats(&state, ROWS * outputs, 0.0f), outputs, outputs};
    plans[k] = &ops[k];
    scratch[k] = take_bytes(funes_cell_scratch_bytes(cell));
  }
  funes_context context = context_of(how, 64, 64);
  context.scratch = scratch[0];
  const funes_streams streams = {count, plans, scratch};
  for (int32_t left = from->steps > 0 ? from->steps : how->steps; left > 0; left -= ROWS) {
    const int32_t rows = left < ROWS ? left : ROWS;
    if (from->streams > 0) {
      funes_cell_streams(&streams, 0, &context, 0, rows);
    } else {
      funes_cell_rows(&ops[0], &context, 0, rows);
    }
    for (int32_t k = 0; k < count; k++) {
      hash = hash_floats(hash, ops[k].out[0].base, rows * outputs);
      for (int32_t changed = 0; changed < ROWS; changed++) {
        ops[k].in[0].base[next_number(&state) % (uint64_t)(ROWS * inputs)] = next_unit(&state) * 2.0f;
      }
    }
  }
  print_hash(from->name, hash);
  forget_all();
}

/* y = W x + b over blocks of every length to 9, so that rows are taken together in every way. */
static void run_linear(const run *how, const char *name, int32_t rows, int32_t cols, int is_wide, int has_low) {
  uint64_t state = 2;
  uint32_t hash = 0;
  funes_op op = {.input_count = 1};
  op.cell.x = random_matrix(&state, rows, cols, 1, is_wide, 1);
  if (has_low) op.cell.x = with_low_plane(&state, op.cell.x);
  op.cell.bias = random_floats(&state, op.cell.x.blocks * 16, 1.0f);
  float *x = random_floats(&state, 9 * cols, 3.0f), *y = random_floats(&state, 9 * rows, 0.0f);
  op.in[0] = (funes_rows){x, cols, cols};
  op.out[0] = (funes_rows){y, rows, rows};
  const funes_context context = context_of(how, 64, funes_linear_thread_scratch_bytes(&op.cell.x, 9));
  /* What may not be there is quantised too. */
  x[0] = 1e30f;
  x[cols] = 0x1p-120f;
  for (int32_t count = 1; count <= 9; count++) {
    funes_linear(&op, &context, 0, count);
    hash = hash_floats(hash, y, count * rows);
  }
  print_hash(name, hash);
  forget_all();
}

void run_cells(const run *how) {
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) run_cell(how, &cases[k]);
  run_linear(how, "linear", 45, 29, 1, 0);
  run_linear(how, "linear-8", 45, 29, 0, 0);
  run_linear(how, "linear-one", 1, 1, 1, 0);
  run_linear(how, "linear-large", 331, 517, 1, 0);
  run_linear(how, "linear-large-8", 331, 1031, 0, 0);
  run_linear(how, "linear-w16", 45, 29, 1, 1);
  run_linear(how, "linear-w16-8", 45, 29, 0, 1);
  run_linear(how, "linear-large-w16", 331, 517, 1, 1);
}
