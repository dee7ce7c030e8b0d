/* SPDX-License-Identifier: Apache-2.0
 * Attention of some queries over one head's part of a cache. Included by every ISA file after kernel_decoder.h, with the
 * ISA's own
 *     load_halves(x, count), load_bytes(x, count)
 * the first `count` lanes widened, zero in the others. Sixteen rows are side by side, so that a score sums its elements
 * one by one, first to last; sums over rows run over 16 lanes, oldest block first, which are then folded in halves.
 */

/* Blocks of one size, one after the other in the cache and in the scores. */
typedef struct block_run {
  int32_t block; /* of the cache */
  int32_t count;
  int32_t rows; /* of each */
  int32_t age;  /* what the first row is younger than the oldest that is seen; below 0 where it is not seen */
} block_run;

FUNES_INLINE int32_t blocks_of_rows(int32_t rows) {
  return (int32_t)(((uint32_t)rows + FUNES_BLOCK_UNITS - 1) / FUNES_BLOCK_UNITS);
}

/* The block of the oldest row. */
FUNES_INLINE int32_t first_block(const funes_attention_pass *pass) {
  return (int32_t)((uint32_t)pass->first / FUNES_BLOCK_UNITS);
}

/* Blocks from the oldest row's to the newest of `count`: that which holds both, and rows between, counts twice. */
FUNES_INLINE int32_t seen_blocks(const funes_attention_pass *pass, int32_t count) {
  const int32_t end = pass->first + count;
  if (end <= pass->ring) return blocks_of_rows(end) - first_block(pass);
  return blocks_of_rows(pass->ring) - first_block(pass) + blocks_of_rows(end - pass->ring);
}

/* What begins with the block `at` of those seen, up to `end`. */
FUNES_INLINE block_run run_at(const funes_attention_pass *pass, int32_t at, int32_t end) {
  const int32_t whole = (int32_t)((uint32_t)pass->ring / FUNES_BLOCK_UNITS), all = blocks_of_rows(pass->ring);
  const int32_t block = first_block(pass) + at, is_again = block >= all;
  block_run run = {.block = is_again ? block - all : block, .count = 1, .rows = FUNES_BLOCK_UNITS};
  run.age = run.block * FUNES_BLOCK_UNITS - pass->first + (is_again ? pass->ring : 0);
  if (run.block < whole) {
    run.count = fewer(end - at, whole - run.block);
  } else {
    run.rows = pass->ring - whole * FUNES_BLOCK_UNITS;
  }
  return run;
}

/* Lanes from `at` on of an element of a block's rows; of bytes without their scale. */
FUNES_INLINE vfloat load_cached(const funes_cached *cached, int is_bytes, int32_t block, int32_t rows, ptrdiff_t element,
                                int32_t at) {
  const ptrdiff_t from = block * FUNES_BLOCK_UNITS * cached->width + (cached->first + element) * rows + at;
  if (is_bytes) return load_bytes((const int8_t *)cached->elements + from, rows - at);
  return load_halves((const uint16_t *)cached->elements + from, rows - at);
}

/* What the bytes of a block's rows are multiplied by; 1 for halves. */
FUNES_INLINE vfloat load_scales(const funes_cached *cached, int is_bytes, int32_t block, int32_t rows, int32_t at) {
  if (!is_bytes) return splat(1.0f);
  const ptrdiff_t from = block * FUNES_BLOCK_UNITS * cached->heads + cached->head * rows + at;
  return load_some(cached->scales + from, rows - at, 0.0f);
}

/* Vectors of 16 that are summed up at one time: queries times blocks, or times elements. */
enum { TOGETHER = 4 };

/* Where the block `at` of those seen has its scores. */
FUNES_INLINE float *scores_of(const funes_attention_pass *pass, int query, int32_t at) {
  return pass->scores + (ptrdiff_t)query * pass->columns + (ptrdiff_t)at * FUNES_BLOCK_UNITS;
}

/* s = (sum) scale of one query and block. */
FUNES_INLINE void put_scores(const funes_attention_pass *pass, int query, int32_t at, const vfloat *sums) {
  float *scores = scores_of(pass, query, at);
  for (int32_t part = 0; part < PARTS; part++) store(scores + part * FUNES_WIDTH, sums[part] * pass->scale);
}

/* q k of all queries and `blocks` blocks of `rows` rows. */
FUNES_INLINE void score_tile(const funes_attention_pass *pass, int32_t at, int32_t block, int32_t rows, int is_bytes,
                             int queries, int blocks) {
  const ptrdiff_t between = FUNES_PADDED(pass->width);
  vfloat sums[TOGETHER][PARTS];
  for (int sum = 0; sum < queries * blocks; sum++) clear_parts(sums[sum]);
  for (int32_t d = 0; d < pass->width; d++) {
    for (int of = 0; of < blocks; of++) {
      for (int32_t part = 0; part < PARTS; part++) {
        const vfloat key = load_cached(&pass->keys, is_bytes, block + of, rows, d, part * FUNES_WIDTH);
        for (int query = 0; query < queries; query++) {
          vfloat *sum = &sums[query * blocks + of][part];
          *sum = *sum + splat(pass->queries[query * between + d]) * key;
        }
      }
    }
  }
  for (int query = 0; query < queries; query++) {
    for (int of = 0; of < blocks; of++) {
      vfloat *sum = sums[query * blocks + of];
      for (int32_t part = 0; part < PARTS && is_bytes; part++) {
        sum[part] = sum[part] * load_scales(&pass->keys, is_bytes, block + of, rows, part * FUNES_WIDTH);
      }
      put_scores(pass, query, at + of, sum);
    }
  }
}

/* v tanh(q + k) of one query and one block; what multiplies bytes must stand within. */
FUNES_INLINE void score_additive(const funes_attention_pass *pass, int query, int32_t at, int32_t block,
                                 int32_t rows, int is_bytes) {
  const float *q = pass->queries + (ptrdiff_t)query * FUNES_PADDED(pass->width);
  vfloat sums[PARTS];
  clear_parts(sums);
  for (int32_t d = 0; d < pass->width; d++) {
    for (int32_t part = 0; part < PARTS; part++) {
      vfloat key = load_cached(&pass->keys, is_bytes, block, rows, d, part * FUNES_WIDTH);
      if (is_bytes) key = key * load_scales(&pass->keys, is_bytes, block, rows, part * FUNES_WIDTH);
      sums[part] = sums[part] + splat(pass->additive[d]) * strict_tanh(splat(q[d]) + key);
    }
  }
  put_scores(pass, query, at, sums);
}

FUNES_INLINE void score_blocks(const funes_attention_pass *pass, int32_t blocks, int is_bytes, int queries) {
  const int beside = TOGETHER / queries;
  for (int32_t at = 0; at < blocks;) {
    const block_run run = run_at(pass, at, blocks);
    if (pass->additive) {
      for (int query = 0; query < queries; query++) score_additive(pass, query, at, run.block, run.rows, is_bytes);
      at++;
    } else if (run.count >= beside && run.rows == FUNES_BLOCK_UNITS) {
      score_tile(pass, at, run.block, FUNES_BLOCK_UNITS, is_bytes, queries, beside);
      at += beside;
    } else if (queries == 1 && run.count >= 2 && run.rows == FUNES_BLOCK_UNITS) {
      score_tile(pass, at, run.block, FUNES_BLOCK_UNITS, is_bytes, queries, 2);
      at += 2;
    } else {
      score_tile(pass, at, run.block, run.rows, is_bytes, queries, 1);
      at++;
    }
  }
}

/* What is added to the score of each row, by how long before the query it was. */
FUNES_INLINE void add_bias(float *scores, const funes_bias *bias, int32_t past) {
  for (int32_t lane = 0; lane < FUNES_BLOCK_UNITS; lane++) {
    const int32_t apart = past - lane < 0 ? 0 : past - lane;
    if (bias->kind == FUNES_SLOPES) {
      scores[lane] = scores[lane] - bias->values[0] * (float)apart;
    } else {
      scores[lane] = scores[lane] + bias->values[fewer(apart, bias->count - 1)];
    }
  }
}

/* s + b, with -FLT_MAX before the oldest row, and the largest that each query sees. */
FUNES_INLINE void largest_scores(float *largest_of, const funes_attention_pass *pass, int32_t blocks, int queries) {
  vfloat most[FUNES_QUERIES];
  for (int query = 0; query < queries; query++) most[query] = splat(-FLT_MAX);
  for (int32_t at = 0; at < blocks; at++) {
    const block_run run = run_at(pass, at, blocks);
    for (int query = 0; query < queries; query++) {
      const funes_query *of = &pass->query[query];
      float *scores = scores_of(pass, query, at);
      if (of->bias.kind != FUNES_NO_BIAS) add_bias(scores, &of->bias, of->count - 1 - run.age);
      for (int32_t lane = 0; lane < -run.age; lane++) scores[lane] = -FLT_MAX;
      for (int32_t lane = 0; lane < FUNES_BLOCK_UNITS; lane += FUNES_WIDTH) {
        const vfloat s = load_some(scores + lane, fewer(run.rows, of->count - run.age) - lane, -FLT_MAX);
        most[query] = where_less(most[query], s, s, most[query]);
      }
    }
  }
  for (int query = 0; query < queries; query++) largest_of[query] = largest_lane(most[query]);
}

/* e = exp(s - max s), 0 for what a query does not see, times the scales of bytes; the totals are without these. */
FUNES_INLINE void exponentiate(float *totals, const funes_attention_pass *pass, int32_t blocks, int is_bytes,
                               int queries) {
  float most[FUNES_QUERIES];
  vfloat sums[FUNES_QUERIES][PARTS];
  for (int query = 0; query < queries; query++) clear_parts(sums[query]);
  largest_scores(most, pass, blocks, queries);
  for (int32_t at = 0; at < blocks; at++) {
    const block_run run = run_at(pass, at, blocks);
    for (int query = 0; query < queries; query++) {
      float *scores = scores_of(pass, query, at);
      const int32_t end = fewer(run.rows, pass->query[query].count - run.age);
      for (int32_t part = 0; part < PARTS; part++) {
        const int32_t lane = part * FUNES_WIDTH;
        vfloat e = keep(strict_exp(load(scores + lane) - most[query]), end - lane);
        if (run.age < 0) e = e - keep(e, -run.age - lane);
        sums[query][part] = sums[query][part] + e;
        if (is_bytes) e = e * load_scales(&pass->values, is_bytes, run.block, run.rows, lane);
        store(scores + lane, e);
      }
    }
  }
  for (int query = 0; query < queries; query++) totals[query] = fold_parts(sums[query]);
}

/* sums = sums + e v of all queries and `elements` elements over `count` blocks of `rows` rows. */
FUNES_INLINE void weigh_tile(const funes_attention_pass *pass, int32_t at, block_run run, int32_t rows,
                             ptrdiff_t element, int is_bytes, int queries, int elements) {
  const ptrdiff_t between = (ptrdiff_t)FUNES_PADDED(pass->value_width) * FUNES_BLOCK_UNITS;
  vfloat sums[TOGETHER][PARTS];
  for (int sum = 0; sum < queries * elements; sum++) {
    const float *from = pass->sums + sum / elements * between + (element + sum % elements) * FUNES_BLOCK_UNITS;
    for (int32_t part = 0; part < PARTS; part++) {
      sums[sum][part] = at > 0 ? load(from + part * FUNES_WIDTH) : splat(0.0f);
    }
  }
  for (int32_t of = 0; of < run.count; of++) {
    const float *weights = pass->scores + (ptrdiff_t)(at + of) * FUNES_BLOCK_UNITS;
    for (int32_t part = 0; part < PARTS; part++) {
      for (int sum = 0; sum < elements; sum++) {
        const vfloat v = load_cached(&pass->values, is_bytes, run.block + of, rows, element + sum, part * FUNES_WIDTH);
        for (int query = 0; query < queries; query++) {
          const vfloat e = load(weights + (ptrdiff_t)query * pass->columns + part * FUNES_WIDTH);
          sums[query * elements + sum][part] = sums[query * elements + sum][part] + e * v;
        }
      }
    }
  }
  for (int sum = 0; sum < queries * elements; sum++) {
    float *to = pass->sums + sum / elements * between + (element + sum % elements) * FUNES_BLOCK_UNITS;
    for (int32_t part = 0; part < PARTS; part++) store(to + part * FUNES_WIDTH, sums[sum][part]);
  }
}

/* Blocks whose values are read before those of the next: they stay in the nearest cache. */
enum { BLOCKS_AT_A_TIME = 8 };

FUNES_INLINE void weigh_blocks(const funes_attention_pass *pass, int32_t blocks, int is_bytes, int queries) {
  const int beside = TOGETHER / queries;
  for (int32_t at = 0; at < blocks;) {
    const block_run run = run_at(pass, at, fewer(blocks, at + BLOCKS_AT_A_TIME));
    int32_t element = 0;
    if (run.rows == FUNES_BLOCK_UNITS) {
      for (; element + beside <= pass->value_width; element += beside) {
        weigh_tile(pass, at, run, FUNES_BLOCK_UNITS, element, is_bytes, queries, beside);
      }
    }
    for (; element < pass->value_width; element++) {
      weigh_tile(pass, at, run, run.rows, element, is_bytes, queries, 1);
    }
    at += run.count;
  }
}

/* y = sums / total */
FUNES_INLINE void put_values(const funes_attention_pass *pass, int32_t query, float total) {
  const int32_t width = pass->value_width;
  const float *sums = pass->sums + (ptrdiff_t)query * FUNES_PADDED(width) * FUNES_BLOCK_UNITS;
  const float by = total > 0.0f ? total : 1.0f;
  for (int32_t k = 0; k < width; k += FUNES_BLOCK_UNITS) {
    float folded[FUNES_BLOCK_UNITS];
    fold_each(folded, sums + (ptrdiff_t)k * FUNES_BLOCK_UNITS);
    for (int32_t at = k; at < fewer(width, k + FUNES_BLOCK_UNITS); at += FUNES_WIDTH) {
      store_some(pass->query[query].y + at, load(folded + (at - k)) / by, width - at);
    }
  }
}

/* What is made of no rows. */
FUNES_INLINE void put_zeros(const funes_attention_pass *pass, int queries) {
  for (int query = 0; query < queries; query++) {
    for (int32_t k = 0; k < pass->value_width; k++) pass->query[query].y[k] = 0.0f;
  }
}

FUNES_INLINE void attend(const funes_attention_pass *pass, int queries) {
  int32_t blocks = 0;
  float totals[FUNES_QUERIES];
  for (int query = 0; query < queries; query++) {
    const int32_t seen = seen_blocks(pass, pass->query[query].count);
    if (seen > blocks) blocks = seen;
    float *to = pass->queries + (ptrdiff_t)query * FUNES_PADDED(pass->width);
    for (int32_t k = 0; k < pass->width; k += FUNES_WIDTH) {
      store(to + k, load_held(pass->query[query].q + k, pass->width - k));
    }
  }
  if (blocks == 0) {
    put_zeros(pass, queries);
    return;
  }
  if (pass->keys.scales) {
    score_blocks(pass, blocks, 1, queries);
  } else {
    score_blocks(pass, blocks, 0, queries);
  }
  if (pass->values.scales) {
    exponentiate(totals, pass, blocks, 1, queries);
    weigh_blocks(pass, blocks, 1, queries);
  } else {
    exponentiate(totals, pass, blocks, 0, queries);
    weigh_blocks(pass, blocks, 0, queries);
  }
  for (int query = 0; query < queries; query++) put_values(pass, query, totals[query]);
}

/* s_j = score(q, k_j) scale + b_j,  e_j = exp(s_j - max s),  y = sum e_j v_j / sum e_j */
static void ISA_NAME(attention)(const funes_attention_pass *pass) {
  switch (pass->count) {
  case 1: attend(pass, 1); break;
  case 2: attend(pass, 2); break;
  default: attend(pass, FUNES_QUERIES); break;
  }
}
