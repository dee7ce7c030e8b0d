/* SPDX-License-Identifier: Apache-2.0
 * Finds, and where asked replaces, what a caller may not send: absurd numbers and ids out of range. */
#include "internal.h"

#define FUNES_WIDTH 1
#include "strict_math.h"

/* The bits of magnitudes compare as integers do; infinities and NaNs come last. */
static int is_absurd(float x) { return (int32_t)bits_of(strict_magnitude(x)) > (int32_t)bits_of(FUNES_STATE_LIMIT); }

int32_t funes_first_absurd(const float *x, int32_t count) {
  int32_t first = 0;
  /* Sixteen at a time, without a branch, until one of them is absurd. */
  for (; first + 16 <= count; first += 16) {
    int any = 0;
    for (int32_t k = first; k < first + 16; k++) any |= is_absurd(x[k]);
    if (any) break;
  }
  while (first < count && !is_absurd(x[first])) first++;
  return first;
}

void funes_replace_absurd(float *x, int32_t count, float low, float high) {
  for (int32_t k = 0; k < count; k++) {
    float finite = strict_magnitude(x[k]) <= FLT_MAX ? x[k] : 0.0f;
    float raised = finite > low ? finite : low;
    x[k] = raised < high ? raised : high;
  }
}

int32_t funes_first_bad_id(const int32_t *ids, int32_t count, int32_t classes) {
  for (int32_t k = 0; k < count; k++) {
    if (ids[k] < 0 || ids[k] >= classes) return k;
  }
  return count;
}
