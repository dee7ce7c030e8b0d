/* SPDX-License-Identifier: Apache-2.0
 * Attention over a block: 16 queries of one head lie side by side, so that each key and value that is read serves all of
 * them and nothing is summed across lanes. Included by every ISA file after kernel_attention.h.
 */

/* What stands beside each other for 16 queries. */
typedef struct block_lanes {
  vfloat part[PARTS];
} block_lanes;

/* Keys, or elements of values, that one pass over the inner axis sums up. */
enum { BESIDE = 4 };

/* Queries (count, D) to (D, 16), held to what a state may hold; lanes past `count` are zero. */
FUNES_INLINE void lay_out_queries(const funes_block_pass *pass) {
  for (int32_t d = 0; d < pass->width; d++) {
    float *column = pass->query + (ptrdiff_t)d * FUNES_BLOCK_UNITS;
    for (int32_t lane = 0; lane < FUNES_BLOCK_UNITS; lane++) {
      column[lane] = lane < pass->count ? pass->q[lane * pass->q_stride + d] : 0.0f;
    }
    for (int32_t at = 0; at < FUNES_BLOCK_UNITS; at += FUNES_WIDTH) store(column + at, load_held(column + at, FUNES_WIDTH));
  }
}

/* q k of `count` <= BESIDE keys from `k` on, to (count, 16). */
FUNES_INLINE void score_keys(float *scores, const funes_block_pass *pass, const float *k, int32_t count) {
  block_lanes sums[BESIDE];
  for (int32_t key = 0; key < count; key++) clear_parts(sums[key].part);
  for (int32_t d = 0; d < pass->width; d++) {
    const float *q = pass->query + (ptrdiff_t)d * FUNES_BLOCK_UNITS;
    for (int32_t key = 0; key < count; key++) {
      const vfloat element = splat(k[key * pass->k_stride + d]);
      for (int32_t part = 0; part < PARTS; part++) {
        sums[key].part[part] = sums[key].part[part] + load(q + part * FUNES_WIDTH) * element;
      }
    }
  }
  for (int32_t key = 0; key < count; key++) {
    for (int32_t part = 0; part < PARTS; part++) {
      store(scores + key * FUNES_BLOCK_UNITS + part * FUNES_WIDTH, sums[key].part[part]);
    }
  }
}

/* What is added to the scores of key j. */
FUNES_INLINE void bias_of_key(float *added, const funes_block_pass *pass, int32_t j) {
  const funes_bias *bias = &pass->bias;
  for (int32_t lane = 0; lane < FUNES_BLOCK_UNITS; lane++) {
    const int32_t i = fewer(pass->first + lane, pass->keys - 1), apart = j - i, reach = bias->count / 2;
    switch (bias->kind) {
    case FUNES_SLOPES: added[lane] = bias->values[0] * (float)(apart < 0 ? apart : -apart); break;
    case FUNES_DISTANCES: added[lane] = bias->values[fewer(apart < -reach ? -reach : apart, reach) + reach]; break;
    default: added[lane] = bias->values[(ptrdiff_t)i * pass->keys + j]; break;
    }
  }
}

/* s = q k scale + b of the keys from `begin` on, and their largest with what was the largest before. */
FUNES_INLINE void score_block(const funes_block_pass *pass, int32_t begin, int32_t count, block_lanes *most) {
  int32_t key = 0;
  const float *k = pass->k + begin * pass->k_stride;
  for (; key + BESIDE <= count; key += BESIDE) {
    score_keys(pass->scores + key * FUNES_BLOCK_UNITS, pass, k + key * pass->k_stride, BESIDE);
  }
  for (; key < count; key++) score_keys(pass->scores + key * FUNES_BLOCK_UNITS, pass, k + key * pass->k_stride, 1);
  for (key = 0; key < count; key++) {
    float added[FUNES_BLOCK_UNITS];
    if (pass->bias.kind != FUNES_NO_BIAS) bias_of_key(added, pass, begin + key);
    for (int32_t part = 0; part < PARTS; part++) {
      float *at = pass->scores + key * FUNES_BLOCK_UNITS + part * FUNES_WIDTH;
      vfloat s = load(at) * pass->scale;
      if (pass->bias.kind != FUNES_NO_BIAS) s = s + load(added + part * FUNES_WIDTH);
      store(at, s);
      most->part[part] = where_less(most->part[part], s, s, most->part[part]);
    }
  }
}

/* y_c = y_c factor + sum e_j v_jc for `columns` <= BESIDE elements from c on. */
FUNES_INLINE void weigh_block(const funes_block_pass *pass, const float *v, int32_t c, int32_t columns, int32_t count,
                              const block_lanes *factor) {
  block_lanes sums[BESIDE];
  for (int32_t column = 0; column < columns; column++) {
    for (int32_t part = 0; part < PARTS; part++) {
      const float *at = pass->sums + (ptrdiff_t)(c + column) * FUNES_BLOCK_UNITS + part * FUNES_WIDTH;
      sums[column].part[part] = load(at) * factor->part[part];
    }
  }
  for (int32_t key = 0; key < count; key++) {
    const float *e = pass->scores + key * FUNES_BLOCK_UNITS;
    for (int32_t column = 0; column < columns; column++) {
      const vfloat element = splat(v[key * pass->v_stride + c + column]);
      for (int32_t part = 0; part < PARTS; part++) {
        sums[column].part[part] = sums[column].part[part] + load(e + part * FUNES_WIDTH) * element;
      }
    }
  }
  for (int32_t column = 0; column < columns; column++) {
    for (int32_t part = 0; part < PARTS; part++) {
      float *at = pass->sums + (ptrdiff_t)(c + column) * FUNES_BLOCK_UNITS + part * FUNES_WIDTH;
      store(at, sums[column].part[part]);
    }
  }
}

/* y = sums / total, back to (count, E). */
FUNES_INLINE void put_out(const funes_block_pass *pass, const block_lanes *total) {
  for (int32_t c = 0; c < pass->value_width; c++) {
    float *column = pass->sums + (ptrdiff_t)c * FUNES_BLOCK_UNITS;
    for (int32_t part = 0; part < PARTS; part++) {
      const vfloat by = where_less(splat(0.0f), total->part[part], total->part[part], splat(1.0f));
      float *at = column + part * FUNES_WIDTH;
      store(at, strict_clamp(load(at) / by, FUNES_STATE_LIMIT));
    }
    for (int32_t lane = 0; lane < pass->count; lane++) pass->y[lane * pass->y_stride + c] = column[lane];
  }
}

/* For the keys of one block after the other, m the largest score so far:
 *     f = exp(m_before - m),  e_j = exp(s_j - m),  total = total f + sum e_j,  sums = sums f + sum e_j v_j */
static void ISA_NAME(block_attention)(const funes_block_pass *pass) {
  block_lanes most, total;
  for (int32_t part = 0; part < PARTS; part++) {
    most.part[part] = splat(-FLT_MAX);
    total.part[part] = splat(0.0f);
  }
  lay_out_queries(pass);
  for (ptrdiff_t at = 0; at < (ptrdiff_t)pass->value_width * FUNES_BLOCK_UNITS; at++) pass->sums[at] = 0.0f;
  for (int32_t begin = 0; begin < pass->keys; begin += FUNES_BLOCK_KEYS) {
    const int32_t count = fewer(pass->keys - begin, FUNES_BLOCK_KEYS);
    const float *v = pass->v + begin * pass->v_stride;
    block_lanes factor = most;
    score_block(pass, begin, count, &most);
    for (int32_t part = 0; part < PARTS; part++) {
      factor.part[part] = strict_exp(factor.part[part] - most.part[part]);
      total.part[part] = total.part[part] * factor.part[part];
    }
    for (int32_t key = 0; key < count; key++) {
      for (int32_t part = 0; part < PARTS; part++) {
        float *at = pass->scores + key * FUNES_BLOCK_UNITS + part * FUNES_WIDTH;
        const vfloat e = strict_exp(load(at) - most.part[part]);
        store(at, e);
        total.part[part] = total.part[part] + e;
      }
    }
    int32_t c = 0;
    for (; c + BESIDE <= pass->value_width; c += BESIDE) weigh_block(pass, v, c, BESIDE, count, &factor);
    for (; c < pass->value_width; c++) weigh_block(pass, v, c, 1, count, &factor);
  }
  put_out(pass, &total);
}
