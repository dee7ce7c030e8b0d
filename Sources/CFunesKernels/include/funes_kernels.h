/* SPDX-License-Identifier: Apache-2.0
 * The one public header of the kernels: everything that computes, over memory that the caller owns.
 *
 * The contract, in priority order:
 *   1. Same bits everywhere. int8 products are summed exactly in wrapping int32; every other number is strict
 *      binary32: contraction off, no libm, + - * / sqrt and comparisons only, reductions in one fixed order.
 *      kernels_scalar.c is the definition; every ISA, compiler, optimisation level and team size gives its bits.
 *   2. Nothing here allocates, locks, prints, keeps a mutable global or calls the system, but for the thread team.
 *   3. Speed.
 *
 * Letters: I inputs, H units, G gates of a unit (1 for a plain matrix), T rows. Counts are elements, never bytes.
 * Names: funes_<op> drives an operator over rows; <name>_<isa> is one entry of an ISA's table.
 */
#ifndef FUNES_KERNELS_H
#define FUNES_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define FUNES_NO_LOCKS __attribute__((swift_attr("@_noLocks")))
#else
#define FUNES_NO_LOCKS
#endif

/* Tiles. A packed matrix is a sequence of tiles of 16 rows x 4 columns, 64 bytes each, byte [row * 4 + column].
 * Rows are gathered in blocks of 16 units; a block holds its G gates side by side:
 *     tile(block, quad, gate) = tiles + ((block * quads + quad) * groups + gate) * 64
 * Padded row order, shared by scales, row sums and biases: ((block * groups) + gate) * 16 + lane stands for the
 * logical row gate * units + block * 16 + lane. Pads hold zero weights, zero scale, zero bias. */
enum { FUNES_BLOCK_UNITS = 16, FUNES_TILE_COLS = 4, FUNES_TILE_BYTES = 64 };

typedef struct funes_matrix {
  const int8_t *tiles;     /* 64-byte aligned, weights in -127...127, or the high plane of weights of 16 bits */
  const float *scales;     /* (blocks * groups * 16) one scale a row */
  const int32_t *row_sums; /* (blocks * groups * 16) sum of a row's int8 weights */
  const float *equalizer;  /* (quads * 4) what each column of the input is multiplied by before it is quantised;
                              null stands for ones */
  const int8_t *low_tiles; /* the low plane of weights of 16 bits, w = 255 high + low; null for weights of 8 bits */
  const int32_t *low_row_sums; /* of the low plane, null where it is */
  int32_t rows, cols;      /* logical shape; cols <= 65,536 */
  int32_t groups;          /* G: gates of a unit, 1 for a plain matrix; units = rows / groups */
  int32_t blocks;          /* ceil(units / 16) */
  int32_t quads;           /* ceil(cols / 4) */
  int32_t qmax;            /* largest magnitude of a quantised input: <= 127 one plane (8 bits), else two (16 bits),
                              <= 32,639; the writer keeps qmax * (largest row L1 norm of a plane) below 2^31 */
} funes_matrix;

/* Bytes that a quantised vector of `cols` elements takes in scratch, whatever the ISA makes of it. */
#define FUNES_QUANTIZED_BYTES(cols) ((((size_t)(cols) + 31) / 32) * 64)
/* Floats that a vector of `count` elements takes in a state, so that 16-lane blocks are whole. Pads stay zero. */
#define FUNES_PADDED(count) ((((int32_t)(count)) + 15) / 16 * 16)

/* Elementwise functions. */
typedef enum funes_activation {
  FUNES_IDENTITY = 0,
  FUNES_RELU = 1,
  FUNES_TANH = 2,
  FUNES_SIGMOID = 3,
  FUNES_HARD_SIGMOID = 4, /* min(1, max(0, 0.2 x + 0.5)), Keras 2 and ONNX */
  FUNES_GELU = 5,         /* x (1 + erf(x / sqrt 2)) / 2 */
  FUNES_GELU_TANH = 6,    /* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
  FUNES_SILU = 7,         /* x s(x) */
  FUNES_SQRT = 8,         /* the root; 0 for what is not positive */
} funes_activation;

/* What stands beyond the edges of an axis that is cut into frames. */
typedef enum funes_edges {
  FUNES_ZEROS = 0,
  FUNES_REFLECTED = 1,  /* the axis mirrored at its first and last position, which are not repeated */
  FUNES_REPLICATED = 2, /* the first or last position again */
} funes_edges;

/* What is added to the scaled score of query i and key j. */
typedef enum funes_attention_bias {
  FUNES_NO_BIAS = 0,
  FUNES_SLOPES = 1,    /* -slope_h |i - j|; (H) */
  FUNES_DISTANCES = 2, /* the distance held to B: causal (H, B + 1) by i - j, else (H, 2 B + 1) by j - i + B */
  FUNES_MASK = 3,      /* (1, N, N) or (H, N, N) */
} funes_attention_bias;

/* A recurrent cell: three kinds share one description; what a kind does not use is zero.
 * LSTM, G = 4, gates i f g o (coupled: G = 3, gates f g o, i = 1 - f):
 *     p = W_x x + W_h h + b, peepholes p_i += w_i c, p_f += w_f c, p_o += w_o c'
 *     c' = clip(s(p_f) c + s(p_i) a(p_g)),  m = s(p_o) a(c'),  h' = m, or clip(W_p m) with a projection
 * GRU, G = 3, gates r z n:
 *     reset after the product:   n = a(W_xn x + b_n + r (W_hn h + b_hn))
 *     reset before the product:  n = a(W_xn x + b_n + W_hn (r h)); `candidate_x` and `candidate` hold n, `x` and `h`
 *                                r z, so that each of the four matrices has its own equalizer
 *     h' = (1 - z) n + z h
 * RNN, G = 1:  h' = a(W_x x + W_h h + b)
 * s is the gate function, a the activation. Biases are in the padded row order of their matrix. */
typedef enum funes_cell_kind { FUNES_CELL_RNN = 1, FUNES_CELL_LSTM = 2, FUNES_CELL_GRU = 3 } funes_cell_kind;

typedef struct funes_cell {
  int32_t kind;
  int32_t units;             /* H */
  int32_t output_count;      /* what the cell shows: H, or the projection's rows */
  int32_t activation;        /* a */
  int32_t gate_activation;   /* s */
  int32_t is_coupled;        /* LSTM: input gate is 1 - forget gate */
  int32_t is_reset_before;   /* GRU */
  int32_t is_reversed;       /* the axis is walked from its end */
  int32_t is_inner_axis;     /* the axis is an inner one, state zero at each row */
  int32_t lanes;             /* L: parallel streams through one set of weights */
  int32_t inner_steps;       /* N: extent of the inner axis, 1 when the axis is time */
  float cell_clip;           /* |c'| <= cell_clip; 0 for none */
  float projection_clip;     /* 0 for none */
  funes_matrix x;            /* (G H, I); with reset before G = 2 (r z), as for h */
  funes_matrix h;            /* (G H, output_count) */
  funes_matrix candidate_x;  /* (H, I), GRU with reset before: W_xn */
  funes_matrix candidate;    /* (H, H), GRU with reset before: W_hn */
  funes_matrix projection;   /* (P, H), LSTM; rows 0 for none */
  const float *bias;         /* (blocks * G * 16) in padded row order, G as in the equations; never null */
  const float *bias_hn;      /* padded units, GRU with reset after; may be null */
  const float *peephole;     /* (3, padded units): w_i w_f w_o; may be null (coupled: w_i unused) */
} funes_cell;

/* Rows of one value: row t begins at base + t * stride; stride is 0 for a value of one row, which every row sees. */
typedef struct funes_rows {
  float *base; /* int32_t for ids */
  int32_t width;
  int32_t stride;
} funes_rows;

enum { FUNES_MAX_INPUTS = 8, FUNES_MAX_OUTPUTS = 2, FUNES_MAX_STATES = 4, FUNES_MAX_NUMBERS = 6 };

/* One operator, every pointer resolved: made once with the session, read by each step. */
typedef struct funes_op {
  int32_t code; /* the runtime's opcode; the kernels do not read it */
  int32_t input_count;
  funes_rows in[FUNES_MAX_INPUTS];
  funes_rows out[FUNES_MAX_OUTPUTS];  /* out[1].base is null where there is none */
  float *state[FUNES_MAX_STATES];
  int32_t state_width[FUNES_MAX_STATES]; /* logical floats of one lane; 0 stands for one lane */
  int32_t number[FUNES_MAX_NUMBERS];     /* the operator's own integers */
  int32_t state_rows[FUNES_MAX_STATES];  /* lanes of a state: rows of a cache */
  int32_t state_heads[FUNES_MAX_STATES]; /* of a cache of bytes: scales of a row; 0 for halves */
  const float *vector[2];                /* norms: gain, bias; rotary: turns; constants: values;
                                            attention: bias, or v of its score */
  int32_t vector_count[2];               /* floats of each */
  funes_cell cell;                       /* cells; a plain matrix is cell.x, its bias cell.bias (may be null) */
} funes_op;

typedef struct funes_isa funes_isa; /* opaque: a table of functions */

/* What a call may use: one ISA, a fixed team, scratch that the session owns. */
typedef struct funes_context {
  const funes_isa *isa;
  int32_t threads;
  uint32_t turn; /* of the call: see kernel_cells.h */
  int32_t is_near; /* all weights of the model are fewer than FUNES_NEAR_BYTES */
  uint8_t *scratch;            /* shared by the team, 64-byte aligned */
  uint8_t *thread_scratch;     /* threads * thread_scratch_bytes */
  size_t thread_scratch_bytes; /* multiple of 64 */
} funes_context;

/* Streams that take a call together: sessions over one model, whose weights are then read once for all of them. */
typedef struct funes_streams {
  int32_t count;
  const funes_op *const *plans; /* the operators of each stream's session, in the same order */
  uint8_t *const *scratch;      /* what `scratch` of its context is to each */
} funes_streams;

/* ---- ISA ---- */
/* The best table this machine can run, or the one named as funes_isa_known names it; null where the machine or the
 * build has no such ISA. Pass null for the best. Cheap, no state. */
FUNES_NO_LOCKS const funes_isa *funes_isa_find(const char *name);
FUNES_NO_LOCKS const char *funes_isa_name(const funes_isa *isa);
/* The name of every ISA that there are kernels for, in this build or another, by index from 0; null beyond the last. */
FUNES_NO_LOCKS const char *funes_isa_known(int32_t index);

/* ---- Float environment: round to nearest, no flush to zero, exceptions masked; per thread ---- */
FUNES_NO_LOCKS uint32_t funes_float_environment_enter(void);
FUNES_NO_LOCKS void funes_float_environment_leave(uint32_t saved);

/* ---- Threads ---- */
/* Enters one region with the team once, so that later regions allocate nothing; returns the team granted. */
int32_t funes_team_warm_up(int32_t threads);
/* Weights of one operator, in bytes, below which it stays on the calling thread; of a model whose weights are all near,
 * that is in one core's own cache, so many that pass through the products of all vectors that share them. */
enum { FUNES_PARALLEL_BYTES = 131072, FUNES_PARALLEL_NEAR_BYTES = 786432, FUNES_NEAR_BYTES = 1048576 };

/* ---- Scratch that an operator needs, in bytes, multiples of 64 ---- */
FUNES_NO_LOCKS size_t funes_cell_scratch_bytes(const funes_cell *cell);
/* Holds `vectors` quantised vectors, or as many as are of use where more are asked for; 1 is the least. */
FUNES_NO_LOCKS size_t funes_linear_thread_scratch_bytes(const funes_matrix *matrix, int32_t vectors);

/* ---- Operators: each handles rows `row` ... `row + rows - 1` of its inputs and outputs ---- */
/* y = W x + b on each group of cols inputs of a row (lanes = in.width / cols); bias may be null. */
FUNES_NO_LOCKS void funes_linear(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = row `id` of W, dequantised, (float(w) scale) e; ids are in range (checked by the caller), and out-of-range ids read as 0. */
FUNES_NO_LOCKS void funes_embedding(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = x + row p of W, dequantised; p = state[0], one uint32_t, which each row raises by one until it is W's rows. */
FUNES_NO_LOCKS void funes_position(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = 1 at id, 0 elsewhere; number[0] classes. */
FUNES_NO_LOCKS void funes_one_hot(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* A cell over time (state[0] = h, state[1] = c, (lanes, padded) each) or over an inner axis (states null, from zero).
 * out[0] = h' of each step (lanes, [inner_steps,] output_count). out[1], where given, gets the gates after their
 * functions, (lanes, [inner_steps,] G' H) in the order i f g o (coupled: i too) / r z n / h. */
FUNES_NO_LOCKS void funes_cell_rows(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* Operator `op` of several streams, with the bits that each gives alone. Thread scratch is the context's. */
FUNES_NO_LOCKS void funes_linear_streams(const funes_streams *streams, int32_t op, const funes_context *context,
                                         int32_t row, int32_t rows);
FUNES_NO_LOCKS void funes_cell_streams(const funes_streams *streams, int32_t op, const funes_context *context,
                                       int32_t row, int32_t rows);
/* y = a + b, a * b. */
FUNES_NO_LOCKS void funes_add(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
FUNES_NO_LOCKS void funes_multiply(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = x f, number[0] the bits of f as a float. */
FUNES_NO_LOCKS void funes_scale(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = vector[0]. */
FUNES_NO_LOCKS void funes_constant(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = inputs side by side in each of number[0] lanes (lane width of input i = in[i].width / number[0]). */
FUNES_NO_LOCKS void funes_concat(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = x[begin ..< begin + count] of each of number[0] lanes; number[1] begin, number[2] count. */
FUNES_NO_LOCKS void funes_slice(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = f(x), number[0] a funes_activation. */
FUNES_NO_LOCKS void funes_activate(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* Over each of number[0] lanes: softmax; log-softmax; x / max(|x|_2, 1e-12). */
FUNES_NO_LOCKS void funes_softmax(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
FUNES_NO_LOCKS void funes_log_softmax(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
FUNES_NO_LOCKS void funes_l2_normalize(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = x, whatever the inner shape. */
FUNES_NO_LOCKS void funes_copy(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y (one row) = the last of the rows. */
FUNES_NO_LOCKS void funes_last(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y (one row) = the first of the rows. */
FUNES_NO_LOCKS void funes_first(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y_c = sum_t a_t,h x_t,c over T rows, a_t,h = exp(s_t,h - max_t s_t,h) / sum_t exp(s_t,h - max_t s_t,h), head
 * h = floor(c H / w), or 1 / T without scores: in x (T, w), s (T, H), sums oldest first. number[0] lanes, [1] H: 0 lanes
 * take the rows of the call as T and make one row, N lanes are the T of each row. */
FUNES_NO_LOCKS void funes_pool(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* Patches of an image, (out_h out_w, C kh kw), zeros beyond its edges: PyTorch's unfold, transposed. number[0] channels
 * + 65536 (0 for (C, H, W), 1 for (H, W, C)), [1] H, [2] W, [3] kernel, [4] stride, [5] padding: h + 65536 w each. */
FUNES_NO_LOCKS void funes_patches(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* Frames of an inner axis, x (N, w) to y (M, k w):  y_m,j = x_p at p = m stride - before + j dilation,  j = 0 ... k - 1.
 * number[0] N, [1] k, [2] stride, [3] dilation, [4] padding: before + 65536 after, [5] a funes_edges. */
FUNES_NO_LOCKS void funes_frames(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y_t = mean of all rows since reset: m += (x - m) / n. state[0] = m; state[1] = n, one uint32_t that stops at 2^24. */
FUNES_NO_LOCKS void funes_mean(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = the last number[0] rows up to this one, oldest first, number[1] rows apart; rows before the first are zero.
 * state[0] = ring of (number[0] - 1) * number[1] adjacent rows; state[1] = position, one uint32_t below their count. */
FUNES_NO_LOCKS void funes_window(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* Keeps the rows whose number since reset is a multiple of number[0]; state[0] = phase, one uint32_t below number[0].
 * Returns the rows written from out row 0 on. */
FUNES_NO_LOCKS int32_t funes_subsample(const funes_op *op, const funes_context *context, int32_t rows);
/* y = the state; the state = x (of the last row), clamped to +-2^50, a NaN becoming 0. */
FUNES_NO_LOCKS void funes_state_read(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
FUNES_NO_LOCKS void funes_state_write(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);

/* ---- Norms and attention: lanes and numbers as FORMAT.md gives them ---- */
/* y = (x - mean) / sqrt(var + eps) * gain + bias; number[0] lanes, number[1] bits of eps. bias may be null. */
FUNES_NO_LOCKS void funes_layer_norm(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* y = x / sqrt(mean(x^2) + eps) * gain. */
FUNES_NO_LOCKS void funes_rms_norm(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* Turns pairs of each lane by the position, state[0], one uint32_t that wraps; number[0] lanes, [1] dimensions, [2] style. */
FUNES_NO_LOCKS void funes_rotary(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* Causal attention over a cache: in q k v; state[0] keys, [1] values (uint16_t halves, or bytes), [2] slot, [3] filled (uint32_t);
 * number[0] heads, [1] key heads, [2] window, [3] bits of the scale, [4] a funes_attention_bias, whose values are
 * vector[0]. Sums over a head's elements run one by one; sums over rows over the 16 lanes of a cache's blocks, oldest
 * block first, which are then folded in halves. */
FUNES_NO_LOCKS void funes_attention(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
FUNES_NO_LOCKS size_t funes_attention_thread_scratch_bytes(const funes_op *op);
/* Appends rows to a memory: in k v, number[0] rows of each in one row; state[0] keys, [1] values (uint16_t
 * halves, or bytes), [2] filled. What does not fit is left out; the runtime admits no such row. */
FUNES_NO_LOCKS void funes_remember(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
/* Attention over a memory: in q; states as above, only read; number[0] heads, [1] key heads, [2] bits of the scale, [3]
 * score: 0 q k, 1 v tanh(q + k) with v vector[0]. Zero where nothing is remembered. Sums as in funes_attention. */
FUNES_NO_LOCKS void funes_memory_attention(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
FUNES_NO_LOCKS size_t funes_memory_attention_thread_scratch_bytes(const funes_op *op);
/* Attention of rows that all see each other: in q k v; number[0] heads, [1] key heads, [2] N inner rows or 0 for the
 * rows of the call, [3] bits of the scale, [4] a funes_attention_bias, whose values are vector[0]. Sums over a head's
 * elements run one by one, as do sums over keys, of which 64 are weighed at one time by what exceeds the largest score
 * so far. What comes out is held to +-2^50. */
FUNES_NO_LOCKS void funes_block_attention(const funes_op *op, const funes_context *context, int32_t row, int32_t rows);
FUNES_NO_LOCKS size_t funes_block_attention_thread_scratch_bytes(const funes_op *op);
/* IEEE binary16, round half even; what overflows becomes the largest finite half, a NaN 0. */
FUNES_NO_LOCKS uint16_t funes_half_of_float(float value);
FUNES_NO_LOCKS float funes_float_of_half(uint16_t half);
/* A head's values as bytes, `between` apart, x ~ scale y with y in -127 ... 127, and the scale: the largest magnitude /
 * 127; a NaN is 0, and so is everything below 2^-100. A cache of bytes has its rows first, then, from the next multiple of
 * 64 on, a scale (rows, heads) for each head of each row. Elements and scales lie as FORMAT.md says of caches. */
FUNES_NO_LOCKS float funes_bytes_of_floats(int8_t *y, ptrdiff_t between, const float *x, int32_t count);

/* ---- Checks of what comes from outside ---- */
/* First index of x[0 ..< count] that is not finite or exceeds 2^50 in magnitude, or count. */
FUNES_NO_LOCKS int32_t funes_first_absurd(const float *x, int32_t count);
/* Replaces what is not finite by 0 and clamps the rest to [low, high]. */
FUNES_NO_LOCKS void funes_replace_absurd(float *x, int32_t count, float low, float high);
/* First index of ids outside 0 ..< classes, or count. */
FUNES_NO_LOCKS int32_t funes_first_bad_id(const int32_t *ids, int32_t count, int32_t classes);
/* CRC-32C (Castagnoli) of bytes, continuing from `crc` (0 at the start). */
FUNES_NO_LOCKS uint32_t funes_crc32c(uint32_t crc, const void *bytes, size_t count);

/* ---- For tests and measurements: the functions of strict float by themselves, and one product ---- */
FUNES_NO_LOCKS void funes_evaluate(const funes_isa *isa, int32_t activation, float *y, const float *x, int32_t count);
FUNES_NO_LOCKS float funes_exp(float x);
FUNES_NO_LOCKS float funes_log(float x);
/* funes_crc32c without the machine's own instruction. */
FUNES_NO_LOCKS uint32_t funes_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

#endif
