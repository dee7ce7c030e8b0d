/* SPDX-License-Identifier: Apache-2.0
 * Finds, and where asked replaces, what a caller may not send: absurd numbers and ids out of range. */
#include "internal.h"

#define FUNES_WIDTH 1
#include "strict_math.h"

int32_t funes_first_absurd(const float *x, int32_t count) {
  for (int32_t k = 0; k < count; k++) {
    if (!(strict_magnitude(x[k]) <= FUNES_STATE_LIMIT)) return k;
  }
  return count;
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
