/* SPDX-License-Identifier: Apache-2.0
 * One head of attention over a cache, for one query. Included by every ISA file after kernel_decoder.h, with the ISA's
 * own
 *     load_halves(x, count)
 * the first `count` lanes widened, zero in the others. Sums over elements run over 16 lanes side by side, folded in
 * halves; sums over positions run one by one, oldest first.
 */

/* One term of a score: q k, or v tanh(q + k). What pads q and v is zero. */
FUNES_INLINE vfloat score_term(const float *q, const float *additive, vfloat key, int32_t left) {
  if (!additive) return load(q) * key;
  return load_some(additive, left, 0.0f) * strict_tanh(load(q) + key);
}

/* The sum of the terms of one key. */
FUNES_INLINE float score(const funes_attention_pass *pass, const float *additive, const uint16_t *key) {
  const int32_t width = pass->width;
  vfloat sums[PARTS];
  clear_parts(sums);
  int32_t k = 0;
  for (; k + FUNES_BLOCK_UNITS <= width; k += FUNES_BLOCK_UNITS) {
    for (int32_t part = 0; part < PARTS; part++) {
      const int32_t at = k + part * FUNES_WIDTH;
      const vfloat widened = load_halves(key + at, FUNES_WIDTH);
      sums[part] = sums[part] + score_term(pass->query + at, additive ? additive + at : 0, widened, FUNES_WIDTH);
    }
  }
  if (k < width) {
    for (int32_t part = 0; part < PARTS; part++) {
      const int32_t at = k + part * FUNES_WIDTH;
      const vfloat widened = load_halves(key + at, width - at);
      sums[part] = sums[part] + score_term(pass->query + at, additive ? additive + at : 0, widened, width - at);
    }
  }
  return fold_parts(sums);
}

/* s_j = score(q, k_j) scale for every row, in the order of the ring. */
FUNES_INLINE void score_rows(const funes_attention_pass *pass, const float *additive) {
  int32_t row = pass->first;
  for (int32_t j = 0; j < pass->count; j++) {
    pass->scores[j] = score(pass, additive, pass->keys + row * pass->key_stride) * pass->scale;
    row = row + 1 < pass->ring ? row + 1 : 0;
  }
}

/* Row j is count - 1 - j rows before the query. */
FUNES_INLINE void add_bias(float *scores, const funes_bias *bias, int32_t count) {
  if (bias->kind == FUNES_SLOPES) {
    const float slope = bias->values[0];
    for (int32_t j = 0; j < count; j++) scores[j] = scores[j] - slope * (float)(count - 1 - j);
  } else if (bias->kind == FUNES_DISTANCES) {
    for (int32_t j = 0; j < count; j++) scores[j] = scores[j] + bias->values[fewer(count - 1 - j, bias->count - 1)];
  }
}

/* Elements that one pass over the positions sums up. */
enum { COLUMNS = 4 * FUNES_WIDTH };

/* y = sum e_j v_j / sum e_j for `width` <= COLUMNS elements from `values` on. */
FUNES_INLINE void weigh(float *y, const funes_attention_pass *pass, const uint16_t *values, int32_t width) {
  vfloat sums[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
  float sum = 0.0f;
  int32_t row = pass->first;
  for (int32_t j = 0; j < pass->count; j++) {
    const uint16_t *value = values + row * pass->value_stride;
    const float e = pass->scores[j];
    sum = sum + e;
    for (int32_t part = 0; part < 4; part++) {
      const int32_t at = part * FUNES_WIDTH;
      sums[part] = sums[part] + splat(e) * load_halves(value + at, width - at);
    }
    row = row + 1 < pass->ring ? row + 1 : 0;
  }
  for (int32_t part = 0; part < 4; part++) {
    const int32_t at = part * FUNES_WIDTH;
    store_some(y + at, sums[part] / (sum > 0.0f ? sum : 1.0f), width - at);
  }
}

/* s_j = score(q, k_j) scale + b_j,  e_j = exp(s_j - max s),  y = sum e_j v_j / sum e_j */
static void ISA_NAME(attention)(float *y, const float *q, const funes_attention_pass *pass) {
  const int32_t width = pass->width;
  for (int32_t k = 0; k < FUNES_PADDED(width); k += FUNES_WIDTH) store(pass->query + k, load_held(q + k, width - k));
  if (pass->additive) {
    score_rows(pass, pass->additive);
  } else {
    score_rows(pass, 0);
  }
  add_bias(pass->scores, &pass->bias, pass->count);
  const float most = largest(pass->scores, pass->count);
  for (int32_t j = 0; j < pass->count; j += FUNES_WIDTH) {
    store(pass->scores + j, strict_exp(load(pass->scores + j) - most));
  }
  int32_t k = 0;
  for (; k + COLUMNS <= pass->value_width; k += COLUMNS) weigh(y + k, pass, pass->values + k, COLUMNS);
  if (k < pass->value_width) weigh(y + k, pass, pass->values + k, pass->value_width - k);
}
