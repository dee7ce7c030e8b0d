/* SPDX-License-Identifier: Apache-2.0
 * What the files of this target share and nobody outside sees: an ISA's table, one step of a cell, the thread driver.
 */
#ifndef FUNES_INTERNAL_H
#define FUNES_INTERNAL_H

#include "funes_kernels.h"

/* Contraction stays off whatever the target has. clang reads its own pragma, gcc only this option. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#endif

/* For what is compiled anew for each use, with what is known there. */
#define FUNES_INLINE static inline __attribute__((always_inline, unused))

/* Tile sequences that one product sums beside each other: a block's gates, or adjacent blocks of a plain matrix. */
enum { FUNES_MAX_STREAMS = 4 };
#if __STDC_HOSTED__
/* Vectors that share each reading of a tile, or blocks of one vector whose gates are worked on beside each other. */
enum { FUNES_BESIDE = 4 };
/* Vectors that a linear operator takes through a few blocks before it goes to the next: from wherever a matrix lies,
 * its weights then come once for so many. */
enum { FUNES_LINEAR_VECTORS = 32 };
/* Streams whose steps stand on the stack together. */
enum { FUNES_TOGETHER = 32 };
#else
/* Without an operating system there are no batches, no chains to overlap, and little stack. */
enum { FUNES_BESIDE = 1, FUNES_LINEAR_VECTORS = 4, FUNES_TOGETHER = 1 };
#endif

/* The quantised vectors of a cell's step. */
enum {
  FUNES_OF_X,         /* the input */
  FUNES_OF_H,         /* the output before this step */
  FUNES_OF_CANDIDATE, /* the input as W_xn's equalizer wants it (GRU, reset before) */
  FUNES_OF_OWN,       /* between the phases: r h (GRU, reset before) or m (LSTM with a projection) */
  FUNES_STEP_VECTORS
};

/* One step of one lane of a cell, every pointer resolved; all threads of a team hold the same. */
typedef struct funes_step {
  const funes_cell *cell;
  const funes_matrix *second; /* what the second phase multiplies with, null where there is one phase only */
  float *scales;              /* of the quantised vectors */
  uint8_t *quantized[FUNES_STEP_VECTORS];
  int32_t is_fresh;    /* h and c are to be zero before this step */
  int32_t is_backward; /* the blocks are gone through from the last to the first */
  const float *x; /* (cols) */
  float *own;     /* (padded units): r h or m before it is quantised */
  float *z;       /* (padded units), GRU with reset before */
  float *h, *c;   /* the state of this lane, padded */
  float *y;       /* (output_count), not padded */
  float *gates;   /* (G', H) or null */
} funes_step;

/* y_j = W x_j + b for `count` <= FUNES_LINEAR_VECTORS quantised vectors. */
typedef struct funes_linear_pass {
  const funes_matrix *matrix;
  const float *bias; /* padded rows, or null */
  int32_t count;
  const uint8_t *quantized; /* vector j at j * quantized_bytes */
  size_t quantized_bytes;
  float scale[FUNES_LINEAR_VECTORS];
  float *y[FUNES_LINEAR_VECTORS]; /* (rows), not padded */
} funes_linear_pass;

/* What is added to a head's scores. */
typedef struct funes_bias {
  int32_t kind;        /* a funes_attention_bias */
  const float *values; /* this head's part */
  int32_t count;       /* of them */
} funes_bias;

/* One head's part of a cache: see caches.c for how rows lie. */
typedef struct funes_cached {
  const void *elements; /* of the whole cache: halves, or bytes where there are scales */
  const float *scales;  /* of the whole cache, or null */
  ptrdiff_t width;      /* elements of a row, all heads */
  ptrdiff_t first;      /* element of a row with which the head begins */
  ptrdiff_t heads;      /* scales of a row */
  ptrdiff_t head;       /* scale of a row that is the head's */
} funes_cached;

/* Queries of one key head that are answered together. */
enum { FUNES_QUERIES = 4 };

/* One query, and how many rows it sees. */
typedef struct funes_query {
  const float *q; /* (D) */
  float *y;       /* (E) */
  int32_t count;
  funes_bias bias;
} funes_query;

/* What some queries of one key head read: rows of a ring from the slot `first` on, each as many as it sees. */
typedef struct funes_attention_pass {
  funes_cached keys, values;
  int32_t width, value_width; /* D and E */
  int32_t ring, first;
  int32_t count, most; /* queries: 1, 2 or 4 where they are answered, and never more than */
  int32_t columns;     /* from one query's scores to the next one's */
  funes_query query[FUNES_QUERIES];
  float scale;
  const float *additive; /* v (D) of the score v tanh(q + k); null for q k */
  float *queries;        /* scratch, (FUNES_QUERIES, padded D) */
  float *scores;         /* scratch, (FUNES_QUERIES, columns) */
  float *sums;           /* scratch, (FUNES_QUERIES, padded E, 16) */
} funes_attention_pass;

/* Queries of one head that are at one time in a block, and keys whose scores are. */
enum { FUNES_BLOCK_KEYS = 64 };

/* `count` <= 16 queries of one head and the keys of its block. */
typedef struct funes_block_pass {
  const float *q, *k, *v; /* this head's part of query `first`, of key 0 and of value 0 */
  float *y;
  ptrdiff_t q_stride, k_stride, v_stride, y_stride; /* from row to row */
  int32_t width, value_width;                       /* D and E */
  int32_t first, count;
  int32_t keys; /* N */
  float scale;
  funes_bias bias;
  float *query;  /* scratch, (D, 16) */
  float *scores; /* scratch, (FUNES_BLOCK_KEYS, 16) */
  float *sums;   /* scratch, (E, 16) */
} funes_block_pass;

/* Everything that is built once per ISA. Ranges are of blocks of 16 units. */
struct funes_isa {
  const char *name;
  /* Quantises (cols) floats; returns the scale. */
  float (*quantize)(uint8_t *quantized, const float *x, const funes_matrix *matrix);
  void (*linear)(const funes_linear_pass *pass, int32_t begin, int32_t end);
  /* The first phase of `count` steps of one cell, each of another stream, and the second of those that have one. */
  void (*cell)(const funes_step *steps, int32_t count, int32_t begin, int32_t end);
  void (*cell_second)(const funes_step *steps, int32_t count, int32_t begin, int32_t end);
  void (*activate)(int32_t activation, float *y, const float *x, int32_t count);
  void (*softmax)(float *y, const float *x, int32_t count);
  void (*log_softmax)(float *y, const float *x, int32_t count);
  void (*l2_normalize)(float *y, const float *x, int32_t count);
  /* Norms of one lane; bias may be null. */
  void (*layer_norm)(float *y, const float *x, const float *gain, const float *bias, float epsilon, int32_t count);
  void (*rms_norm)(float *y, const float *x, const float *gain, float epsilon, int32_t count);
  /* Every lane of one row. */
  void (*rotary)(float *y, const float *x, const funes_op *op, uint32_t position);
  /* What is written lies `between` elements apart; bytes returns their scale. */
  void (*halves)(uint16_t *y, ptrdiff_t between, const float *x, int32_t count);
  float (*bytes)(int8_t *y, ptrdiff_t between, const float *x, int32_t count);
  void (*attention)(const funes_attention_pass *pass);
  void (*block_attention)(const funes_block_pass *pass);
};

extern const funes_isa funes_isa_scalar;
#if defined(__x86_64__)
extern const funes_isa funes_isa_avx2;
extern const funes_isa funes_isa_avxvnni;
extern const funes_isa funes_isa_avx512vnni;
#elif defined(__aarch64__)
extern const funes_isa funes_isa_neon;
extern const funes_isa funes_isa_dotprod;
extern const funes_isa funes_isa_i8mm;
#endif

/* The one thread driver: runs body(data, thread, granted) on a team of at most `threads`, or directly where 1. */
typedef void (*funes_body)(const void *data, int32_t thread, int32_t threads);
void funes_parallel(int32_t threads, funes_body body, const void *data);
/* Waits for the whole team; for bodies only. */
void funes_parallel_barrier(void);

/* Of weights, in all planes. */
static inline size_t funes_matrix_bytes(const funes_matrix *matrix) {
  const size_t plane = (size_t)matrix->blocks * (size_t)matrix->quads * (size_t)matrix->groups * FUNES_TILE_BYTES;
  return matrix->low_tiles ? 2 * plane : plane;
}

/* The team for an operator with `bytes` of weights that `vectors` share. From a cache of its own one core reads weights
 * five times as fast as from what cores share, so that meeting others costs more than they save until much later. */
static inline int32_t funes_team(const funes_context *context, size_t bytes, int64_t vectors) {
  /* So many vectors are enough for a single tile, and the product stays below 2^64. */
  const uint64_t most = FUNES_PARALLEL_NEAR_BYTES / FUNES_TILE_BYTES;
  const uint64_t shared = vectors < (int64_t)most ? (uint64_t)vectors : most;
  const int is_large = context->is_near ? bytes * shared >= FUNES_PARALLEL_NEAR_BYTES : bytes >= FUNES_PARALLEL_BYTES;
  return is_large ? context->threads : 1;
}

/* An operator's number that holds the bits of a float. */
static inline float funes_float_number(const funes_op *op, int32_t number) {
  union {
    int32_t bits;
    float value;
  } both = {.bits = op->number[number]};
  return both.value;
}

static inline void funes_copy_floats(float *y, const float *x, ptrdiff_t count) {
  for (ptrdiff_t k = 0; k < count; k++) y[k] = x[k];
}

static inline float *funes_row(const funes_rows *rows, int32_t row) {
  return rows->base + (ptrdiff_t)row * rows->stride;
}

/* Writes the heads `begin` ... `end - 1` of `heads` of row `row` of a cache, x the whole row. */
void funes_cache_write(const funes_isa *isa, const funes_op *op, int32_t state, int32_t row, const float *x,
                       int32_t width, int32_t begin, int32_t end, int32_t heads);
/* Head `head` of `heads` of a cache of `width` values a row. */
funes_cached funes_cache_head(const funes_op *op, int32_t state, int32_t width, int32_t head, int32_t heads);

/* Scratch of attention over at most `rows` rows, in floats, and where it goes. */
size_t funes_attention_scratch(int32_t width, int32_t value_width, int32_t rows);
void funes_attention_begin(funes_attention_pass *pass, int32_t rows, uint8_t *scratch);
/* Answers the queries that were added, if any. */
void funes_attention_flush(const funes_isa *isa, funes_attention_pass *pass);
void funes_attention_add(const funes_isa *isa, funes_attention_pass *pass, funes_query query);

/* The bias of one head: its part of the first vector, or all of one that every head shares. */
static inline funes_bias funes_head_bias(const funes_op *op, int32_t kind, int32_t head, int32_t shared) {
  if (kind == FUNES_NO_BIAS) return (funes_bias){0};
  const int32_t count = op->vector_count[0] / (shared ? 1 : op->number[0]);
  return (funes_bias){kind, op->vector[0] + (shared ? 0 : (ptrdiff_t)head * count), count};
}

/* Where the blocks of one thread of a team begin: all but for one as many as another's. Alone it divides nothing: to a
 * small step the divisions are worth as much as a gate. */
static inline int32_t funes_slice_begin(int32_t blocks, int32_t thread, int32_t threads) {
  if (threads == 1) return thread == 0 ? 0 : blocks;
  const int32_t more = blocks % threads;
  return blocks / threads * thread + (thread < more ? thread : more);
}

#endif
