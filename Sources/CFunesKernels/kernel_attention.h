/* SPDX-License-Identifier: Apache-2.0
 * One head of attention over a cache, for one query. Included by every ISA file after kernel_decoder.h, with the ISA's
 * own
 *     load_halves(x, count), load_bytes(x, count)
 * the first `count` lanes widened, zero in the others. Sums over elements run over 16 lanes side by side, folded in
 * halves; sums over positions run one by one, oldest first.
 */

/* Values `at` and on of a row of halves or bytes; of bytes without their scale. */
FUNES_INLINE vfloat load_cached(const void *row, int is_bytes, ptrdiff_t at, int32_t count) {
  return is_bytes ? load_bytes((const int8_t *)row + at, count) : load_halves((const uint16_t *)row + at, count);
}

/* What the bytes of a row are multiplied by; 1 for halves. */
FUNES_INLINE float scale_of_row(const funes_cached *cached, int is_bytes, int32_t row) {
  return is_bytes ? cached->scales[row * cached->heads] : 1.0f;
}

/* One term of a score: q k, or v tanh(q + k). What pads q and v is zero. */
FUNES_INLINE vfloat score_term(const float *q, const float *additive, vfloat key, int32_t left) {
  if (!additive) return load(q) * key;
  return load_some(additive, left, 0.0f) * strict_tanh(load(q) + key);
}

/* The sum of the terms of the key of a row; what multiplies bytes stands before the sum, or within it where it must. */
FUNES_INLINE float score(const funes_attention_pass *pass, const float *additive, int is_bytes, int32_t row) {
  const int32_t width = pass->width;
  const ptrdiff_t key = row * pass->keys.stride;
  const float by = scale_of_row(&pass->keys, is_bytes, row);
  vfloat sums[PARTS];
  clear_parts(sums);
  int32_t k = 0;
  for (; k + FUNES_BLOCK_UNITS <= width; k += FUNES_BLOCK_UNITS) {
    for (int32_t part = 0; part < PARTS; part++) {
      const int32_t at = k + part * FUNES_WIDTH;
      vfloat widened = load_cached(pass->keys.row, is_bytes, key + at, FUNES_WIDTH);
      if (is_bytes && additive) widened = widened * by;
      sums[part] = sums[part] + score_term(pass->query + at, additive ? additive + at : 0, widened, FUNES_WIDTH);
    }
  }
  if (k < width) {
    for (int32_t part = 0; part < PARTS; part++) {
      const int32_t at = k + part * FUNES_WIDTH;
      vfloat widened = load_cached(pass->keys.row, is_bytes, key + at, width - at);
      if (is_bytes && additive) widened = widened * by;
      sums[part] = sums[part] + score_term(pass->query + at, additive ? additive + at : 0, widened, width - at);
    }
  }
  const float sum = fold_parts(sums);
  return is_bytes && !additive ? sum * by : sum;
}

/* s_j = score(q, k_j) scale for every row, in the order of the ring. */
FUNES_INLINE void score_rows(const funes_attention_pass *pass, const float *additive, int is_bytes) {
  int32_t row = pass->first;
  for (int32_t j = 0; j < pass->count; j++) {
    pass->scores[j] = score(pass, additive, is_bytes, row) * pass->scale;
    row = row + 1 < pass->ring ? row + 1 : 0;
  }
}

FUNES_INLINE void score_each(const funes_attention_pass *pass, int is_bytes) {
  if (pass->additive) {
    score_rows(pass, pass->additive, is_bytes);
  } else {
    score_rows(pass, 0, is_bytes);
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

/* y = sum e_j v_j / sum e_j for `width` <= COLUMNS elements from `first` on. */
FUNES_INLINE void weigh(float *y, const funes_attention_pass *pass, int is_bytes, ptrdiff_t first, int32_t width) {
  vfloat sums[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
  float sum = 0.0f;
  int32_t row = pass->first;
  for (int32_t j = 0; j < pass->count; j++) {
    const ptrdiff_t value = row * pass->values.stride + first;
    float e = pass->scores[j];
    sum = sum + e;
    if (is_bytes) e = e * scale_of_row(&pass->values, is_bytes, row);
    for (int32_t part = 0; part < 4; part++) {
      const int32_t at = part * FUNES_WIDTH;
      sums[part] = sums[part] + splat(e) * load_cached(pass->values.row, is_bytes, value + at, width - at);
    }
    row = row + 1 < pass->ring ? row + 1 : 0;
  }
  for (int32_t part = 0; part < 4; part++) {
    const int32_t at = part * FUNES_WIDTH;
    store_some(y + at, sums[part] / (sum > 0.0f ? sum : 1.0f), width - at);
  }
}

FUNES_INLINE void weigh_each(float *y, const funes_attention_pass *pass, int is_bytes) {
  int32_t k = 0;
  for (; k + COLUMNS <= pass->value_width; k += COLUMNS) weigh(y + k, pass, is_bytes, k, COLUMNS);
  if (k < pass->value_width) weigh(y + k, pass, is_bytes, k, pass->value_width - k);
}

/* s_j = score(q, k_j) scale + b_j,  e_j = exp(s_j - max s),  y = sum e_j v_j / sum e_j */
static void ISA_NAME(attention)(float *y, const float *q, const funes_attention_pass *pass) {
  const int32_t width = pass->width;
  for (int32_t k = 0; k < FUNES_PADDED(width); k += FUNES_WIDTH) store(pass->query + k, load_held(q + k, width - k));
  if (pass->keys.scales) {
    score_each(pass, 1);
  } else {
    score_each(pass, 0);
  }
  add_bias(pass->scores, &pass->bias, pass->count);
  const float most = largest(pass->scores, pass->count);
  for (int32_t j = 0; j < pass->count; j += FUNES_WIDTH) {
    store(pass->scores + j, strict_exp(load(pass->scores + j) - most));
  }
  if (pass->values.scales) {
    weigh_each(y, pass, 1);
  } else {
    weigh_each(y, pass, 0);
  }
}
