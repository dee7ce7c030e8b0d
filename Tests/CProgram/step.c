/* SPDX-License-Identifier: Apache-2.0
 * A C program over funes.h: streams float rows from stdin through a model file and prints the bits of every output.
 * step MODEL < rows.f32 > bits.hex; it ends with status 1 where a check on the way fails. */
#include <funes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(holds) \
  do { \
    if (!(holds)) { \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds); \
      return 1; \
    } \
  } while (0)

static void *read_file(const char *path, size_t *byte_count) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *byte_count = (size_t)ftell(file);
  rewind(file);
  void *bytes = aligned_alloc(64, (*byte_count + 63) / 64 * 64);
  if (bytes && fread(bytes, 1, *byte_count, file) != *byte_count) *byte_count = 0;
  fclose(file);
  return bytes;
}

static void print_bits(const float *values, int32_t count) {
  for (int32_t k = 0; k < count; k++) {
    uint32_t bits;
    memcpy(&bits, &values[k], sizeof bits);
    printf("%s%08x", k ? " " : "", bits);
  }
  printf("\n");
}

/* Functions that the rows below do not call, once. */
static int visit(const funes_model *model, funes_session *session) {
  funes_state state;
  CHECK(funes_model_find_program(model, funes_model_program_name(model, 0)) == 0);
  CHECK(funes_model_input_count(model, 0) == 1 && funes_model_output_count(model, 0) == 1);
  CHECK(funes_model_symbol_count(model, 0) == 0 && funes_model_symbol(model, 0, 0) == NULL);
  CHECK(funes_model_state_count(model) >= 1 && funes_model_state(model, 0, &state) == FUNES_OK);
  CHECK(funes_model_find_state(model, state.name) == 0);
  const size_t count = (size_t)state.lanes * (size_t)state.width;
  float *values = calloc(count, sizeof *values);
  CHECK(funes_session_read_state(session, 0, values, count) == FUNES_OK && values[0] == 0);
  CHECK(funes_session_write_state(session, 0, values, count) == FUNES_OK);
  CHECK(funes_session_step_id(session, 0, values) == FUNES_BAD_ARGUMENT);
  CHECK(funes_session_input_ids(session, 0, 0) == NULL);
  CHECK(funes_session_run(session, 1, 1, NULL) == FUNES_BAD_ARGUMENT);
  CHECK(strlen(funes_status_text(FUNES_BAD_ARGUMENT)) > 0);
  free(values);
  return 0;
}

int main(int argc, char **argv) {
  size_t byte_count = 0;
  funes_model model;
  funes_error error;
  funes_port input, output;
  funes_session *session = NULL, *chunked = NULL;
  CHECK(argc == 2);
  void *bytes = read_file(argv[1], &byte_count);
  CHECK(bytes != NULL && funes_model_open(bytes, byte_count - 64, &model, &error) == FUNES_BAD_HEADER);
  CHECK(error.found == byte_count && error.rule == FUNES_RULE_FILE_BYTE_COUNT);
  CHECK(funes_model_open(bytes, byte_count, &model, &error) == FUNES_OK && funes_model_program_count(&model) == 1);
  CHECK(funes_model_input(&model, 0, 0, &input) == FUNES_OK && funes_model_output(&model, 0, 0, &output) == FUNES_OK);

  const size_t session_byte_count = funes_model_session_byte_count(&model, 1, 1);
  void *memory = aligned_alloc(64, (session_byte_count + 63) / 64 * 64);
  CHECK(funes_session_open(&model, 1, 1, memory, session_byte_count, &session, &error) == FUNES_OK);
  CHECK(funes_session_open(&model, 2, 2, NULL, 0, &chunked, NULL) == FUNES_OK);
  CHECK(visit(&model, chunked) == 0);

  float *x = malloc((size_t)input.width * 2 * sizeof *x);
  float *y = malloc((size_t)output.width * 2 * sizeof *y);
  const size_t snapshot_byte_count = funes_session_snapshot_byte_count(session);
  void *snapshot = malloc(snapshot_byte_count);
  while (fread(x, sizeof *x, (size_t)input.width * 2, stdin) == (size_t)input.width * 2) {
    /* One row, after a detour that the snapshot undoes; then one more; then both at once on two threads. */
    CHECK(funes_session_snapshot(session, snapshot, snapshot_byte_count) == FUNES_OK);
    CHECK(funes_session_step(session, x + input.width, y) == FUNES_OK && funes_session_reset(session) == FUNES_OK);
    CHECK(funes_session_restore(session, snapshot, snapshot_byte_count, &error) == FUNES_OK);
    CHECK(funes_session_step(session, x, y) == FUNES_OK);
    CHECK(funes_session_step(session, x + input.width, y + output.width) == FUNES_OK);
    print_bits(y, output.width);
    print_bits(y + output.width, output.width);
    int32_t rows = 0;
    memcpy(funes_session_input(chunked, 0, 0), x, (size_t)input.width * 2 * sizeof *x);
    CHECK(funes_session_run(chunked, 0, 2, &rows) == FUNES_OK && rows == 2);
    const float *both = funes_session_output(chunked, 0, 0, &rows);
    CHECK(rows == 2 && memcmp(both, y, (size_t)output.width * 2 * sizeof *y) == 0);
    CHECK(funes_session_row_count(session) == funes_session_row_count(chunked));
  }
  funes_session_close(session);
  funes_session_close(chunked);
  free(snapshot);
  free(memory);
  free(x);
  free(y);
  free(bytes);
  return 0;
}
