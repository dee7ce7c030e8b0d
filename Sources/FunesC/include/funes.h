/* SPDX-License-Identifier: Apache-2.0
 * Funes from C: open a converted model, stream rows through it, keep its state between calls.
 *
 *     funes_model model;
 *     funes_session *session;
 *     if (funes_model_open(bytes, byte_count, &model, NULL) != FUNES_OK) ...
 *     if (funes_session_open(&model, 1, 1, NULL, 0, &session, NULL) != FUNES_OK) ...
 *     while (next(x)) if (funes_session_step(session, x, y) == FUNES_OK) use(y);
 *     funes_session_close(session);
 *
 * Memory. A model is read in place from the bytes of a .funes file, at an address that is a multiple of 64; it copies
 * nothing and takes no memory but its own struct. A session is one block, its exact size known beforehand
 * (funes_model_session_byte_count), given by the caller or allocated by the library. After funes_session_open nothing
 * allocates, locks or calls the system, except the team of threads where more than one was asked for.
 *
 * Lifetime. The bytes stay where they are, unchanged, as long as a model or session of them is in use. Names are read
 * from them and live as long. A session does not need the funes_model struct that it was opened with. Pointers to
 * inputs and outputs hold until the session is closed; what an output points to changes with the next call.
 *
 * Threads. Any number of threads may use one model, and any number of sessions may run over it at once. One session is
 * used by one thread at a time. Results do not depend on threads, machine or instruction set: they are the same bits.
 *
 * Errors. Functions return a status, or a count or pointer that is zero, -1 or null where the arguments make no sense.
 * Null pointers, indices out of range and counts that do not fit are found and answered with FUNES_BAD_ARGUMENT;
 * pointers to memory that is not the caller's are not. `error` may be null.
 */
#ifndef FUNES_H
#define FUNES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a call ended. */
typedef enum funes_status {
  FUNES_OK = 0,
  /* Rows that were refused; the state is as it was before them. */
  FUNES_NOT_FINITE = 1,      /* an input was not finite or exceeded 2^50 in magnitude */
  FUNES_ID_OUT_OF_RANGE = 2, /* an id was outside its input's classes */
  FUNES_CACHE_FULL = 3,      /* the rows before have filled a table of positions or a memory */
  /* Files that were refused. */
  FUNES_TOO_SHORT = 10,           /* fewer bytes than a header: found, expected */
  FUNES_MISALIGNED = 11,          /* the bytes do not begin at a multiple of 64: found is the remainder */
  FUNES_NOT_A_FUNES_FILE = 12,    /* other first bytes */
  FUNES_UNSUPPORTED_VERSION = 13, /* found, expected */
  FUNES_BAD_HEADER = 14,          /* rule, found, expected */
  FUNES_BAD_SECTION = 15,         /* section, rule, found, expected */
  FUNES_BAD_RECORD = 16,          /* section, record, rule, found, expected */
  FUNES_OVER_BUDGET = 17,         /* a session would take 2 GiB or more: found, expected at most */
  /* Sessions that could not be opened. */
  FUNES_MEMORY_TOO_SMALL = 20,  /* the caller's memory: found, expected, in bytes */
  FUNES_MEMORY_MISALIGNED = 21, /* the caller's memory does not begin at a multiple of 64 */
  FUNES_ISA_UNAVAILABLE = 22,   /* the build has no kernels that this machine can run */
  FUNES_TOO_LARGE = 23,         /* more rows (2^24), threads (1024) or bytes than a session can have */
  FUNES_OUT_OF_MEMORY = 24,     /* the library could not allocate: expected, in bytes */
  /* Snapshots and states that were refused; the session is as it was. */
  FUNES_SNAPSHOT_BYTE_COUNT = 30,     /* found, expected */
  FUNES_NOT_A_SNAPSHOT = 31,          /* other first bytes or another version */
  FUNES_SNAPSHOT_DAMAGED = 32,        /* a checksum does not agree */
  FUNES_SNAPSHOT_OF_OTHER_MODEL = 33, /* another model's */
  FUNES_STATE_VALUE = 34,             /* a value that no step writes: record is the state */
  /* Steps that were not taken back; the session is as it was. */
  FUNES_NOT_RECORDED = 35, /* more steps than are kept: found, expected at most */
  FUNES_OVERWRITTEN = 36,  /* rows run since, of which caches keep fewer beyond their window: found, expected at most */
  FUNES_BEGUN_AFRESH = 37, /* caches began afresh since: a reset, a restored state, a program that resets states */
  /* The caller's mistake. */
  FUNES_BAD_ARGUMENT = 40,
} funes_status;

/* Rules that a file can break; FORMAT.md has them in full. */
typedef enum funes_rule {
  FUNES_RULE_NONE = -1,
  FUNES_RULE_FILE_BYTE_COUNT = 0,
  FUNES_RULE_SECTION_COUNT,
  FUNES_RULE_RESERVED,
  FUNES_RULE_ARENA_BYTE_COUNT,
  FUNES_RULE_CHECKSUM,
  FUNES_RULE_SECTION_KIND,
  FUNES_RULE_SECTION_OFFSET,
  FUNES_RULE_SECTION_BYTE_COUNT,
  FUNES_RULE_STRIDE,
  FUNES_RULE_RECORD_COUNT,
  FUNES_RULE_STRING_ENDS,
  FUNES_RULE_STRING_BYTE_COUNT,
  FUNES_RULE_NAME,
  FUNES_RULE_KIND,
  FUNES_RULE_EXTENT,
  FUNES_RULE_PLANES,
  FUNES_RULE_QMAX,
  FUNES_RULE_TILING,
  FUNES_RULE_NUMBER,
  FUNES_RULE_DOMAIN,
  FUNES_RULE_PRODUCER,
  FUNES_RULE_ARENA_OFFSET,
  FUNES_RULE_INDEX,
  FUNES_RULE_ARITY,
  FUNES_RULE_ORDER,
  FUNES_RULE_ELEMENT,
  FUNES_RULE_SHAPE,
  FUNES_RULE_STATE,
  FUNES_RULE_PLACEMENT,
  FUNES_RULE_PORT,
  FUNES_RULE_CLASSES,
  FUNES_RULE_GOLDEN,
} funes_rule;

/* Why something was refused. The status says which fields have a meaning; the others are 0. */
typedef struct funes_error {
  funes_status status;
  funes_rule rule;
  char section[8]; /* four letters of FORMAT.md and a NUL, or empty */
  uint64_t record; /* of the section, or the state */
  uint64_t found;
  uint64_t expected;
} funes_error;

/* A checked model. Opaque; put it where you like, copy it freely. */
typedef struct funes_model {
  uint64_t opaque[48];
} funes_model;

/* One stream over a model: its state, and everything that a call writes to. */
typedef struct funes_session funes_session;

/* The last steps of a session, to take back. */
typedef struct funes_rewind funes_rewind;

/* An input or output of a program. */
typedef struct funes_port {
  const char *name;
  int32_t width;    /* values of one row */
  int32_t rank;     /* extents of a row that have a meaning, 1 to 3 */
  int32_t shape[3]; /* 1 beyond the rank */
  int32_t classes;  /* above 0: ids in 0 ... classes - 1, int32_t; 0: floats */
  int32_t domain;   /* 0: one row a call; 1: a row for each row of the call; above: rows of a subsample, fewer */
  int32_t text;     /* its table of labels or symbols, or -1 */
} funes_port;

/* A state. */
typedef struct funes_state {
  const char *name;
  int32_t kind;  /* 1 hidden, 2 cell, 3 ring, 4 counter, 5 value, 6 mean, 7 cache */
  int32_t lanes; /* streams through one set of weights */
  int32_t width; /* values of a lane */
} funes_state;

/* ---- Model ---- */

/* Checks a whole file, once, and keeps a reference to it. */
funes_status funes_model_open(const void *bytes, size_t byte_count, funes_model *model, funes_error *error);

int32_t funes_model_program_count(const funes_model *model);
const char *funes_model_program_name(const funes_model *model, int32_t program);
/* The program of that name, or -1. */
int32_t funes_model_find_program(const funes_model *model, const char *name);

int32_t funes_model_input_count(const funes_model *model, int32_t program);
int32_t funes_model_output_count(const funes_model *model, int32_t program);
funes_status funes_model_input(const funes_model *model, int32_t program, int32_t index, funes_port *port);
funes_status funes_model_output(const funes_model *model, int32_t program, int32_t index, funes_port *port);

int32_t funes_model_state_count(const funes_model *model);
funes_status funes_model_state(const funes_model *model, int32_t index, funes_state *state);
/* The state of that name, or -1. */
int32_t funes_model_find_state(const funes_model *model, const char *name);

/* Labels of an output, or words of a vocabulary: port.text says which table, the id which symbol. UTF-8. */
int32_t funes_model_symbol_count(const funes_model *model, int32_t text);
const char *funes_model_symbol(const funes_model *model, int32_t text, int32_t id);

/* Bytes of a session that takes up to `rows` rows a call on `threads` threads; 0 where that cannot be. */
size_t funes_model_session_byte_count(const funes_model *model, int32_t rows, int32_t threads);

/* ---- Session ---- */

/* Opens a session with every state at its initial value.
 * rows: most rows of one call, 1 for streaming. threads: the team; small layers stay on the calling thread.
 * memory: at a multiple of 64, valid until the session is closed; null to let the library allocate, which a build
 * without an operating system refuses. */
funes_status funes_session_open(const funes_model *model, int32_t rows, int32_t threads, void *memory,
                                size_t memory_byte_count, funes_session **session, funes_error *error);
/* Ends a session and frees what the library allocated; null is left alone. */
void funes_session_close(funes_session *session);

/* One row through program 0, which has one input and one output with a row for each row: `input` has the input's
 * width, `output` the output's. A refused row writes nothing. */
funes_status funes_session_step(funes_session *session, const float *input, float *output);
/* The same for an input of one id. */
funes_status funes_session_step_id(funes_session *session, int32_t id, float *output);

/* Room for the rows of a float or id input, (rows, width); null for another sort of input. To be written before each
 * call, which may put values of its own there. */
float *funes_session_input(funes_session *session, int32_t program, int32_t index);
int32_t *funes_session_input_ids(funes_session *session, int32_t program, int32_t index);
/* Runs a program over `rows` rows of its inputs. A refused row ends the call before it; *rows_run (may be null) tells
 * how many were run. n calls of one row and one call of n rows give the same bits in a program that is a stream. */
funes_status funes_session_run(funes_session *session, int32_t program, int32_t rows, int32_t *rows_run);
/* The same for a prompt: of each output only the last row is made, with the bits that it has among all, and what only
 * outputs wait for is computed for that row alone. */
funes_status funes_session_run_last(funes_session *session, int32_t program, int32_t rows, int32_t *rows_run);
/* Rows that the latest call made of an output, (*rows, width); `rows` may be null. */
const float *funes_session_output(const funes_session *session, int32_t program, int32_t index, int32_t *rows);

/* ---- State ---- */

/* Sets every state to its initial value. */
funes_status funes_session_reset(funes_session *session);
/* Rows run since the session began or was reset, restored with a snapshot. */
uint64_t funes_session_row_count(const funes_session *session);

/* Copies one state out or in, `count` = lanes * width floats; counters are not floats and are refused. */
funes_status funes_session_read_state(const funes_session *session, int32_t index, float *values, size_t count);
funes_status funes_session_write_state(funes_session *session, int32_t index, const float *values, size_t count);

/* All states as one block of bytes, which only sessions of the same model take up, whatever their machine. */
size_t funes_session_snapshot_byte_count(const funes_session *session);
funes_status funes_session_snapshot(const funes_session *session, void *bytes, size_t byte_count);
funes_status funes_session_restore(funes_session *session, const void *bytes, size_t byte_count, funes_error *error);

/* An id that was chosen and is still to be fed, which funes generate saves beside the states: whoever goes on from the
 * snapshot feeds it first. -1 where there is none. */
int32_t funes_snapshot_pending_id(const void *bytes, size_t byte_count);
/* Takes up the states of another session over the same bytes, without a snapshot between. */
funes_status funes_session_take_states(funes_session *session, const funes_session *other);

/* ---- Taking steps back ---- */

/* Bytes that the last `steps` steps take: (steps + 1) times the small states, which are all but the caches of attention,
 * and a little; 0 where that cannot be. */
size_t funes_rewind_byte_count(const funes_model *model, int32_t steps);
/* Begins to keep the last steps of a session, whose present state is as far back as it goes; memory as for sessions. It is
 * to be closed before the session is. */
funes_status funes_rewind_open(funes_session *session, int32_t steps, void *memory, size_t memory_byte_count,
                               funes_rewind **rewind, funes_error *error);
/* Frees what the library allocated; null is left alone. */
void funes_rewind_close(funes_rewind *rewind);
/* Keeps the session's state after a step, be it one row or a block of rows. Neither allocates nor locks. */
funes_status funes_rewind_record(funes_rewind *rewind);
/* Steps that can be taken back, as far as caches keep them. */
int32_t funes_rewind_step_count(const funes_rewind *rewind);
/* Brings the session back to `steps` records before the latest; 0 takes back what was run since that. */
funes_status funes_rewind_back(funes_rewind *rewind, int32_t steps, funes_error *error);

/* ---- Words ---- */

/* What a status means, in English, without a full stop. */
const char *funes_status_text(funes_status status);

#ifdef __cplusplus
}
#endif

#endif
