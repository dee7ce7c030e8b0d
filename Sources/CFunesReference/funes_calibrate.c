/* SPDX-License-Identifier: Apache-2.0
 * Sums of products in double, written with vector types: they stay vectors when nothing is optimised. */
#include "funes_calibrate.h"

#pragma STDC FP_CONTRACT OFF

typedef double double8 __attribute__((vector_size(64), aligned(8)));

void funes_calibrate_gram(double *h, const double *x, size_t count, size_t cols, size_t stride) {
  for (size_t i = 0; i < cols; i += 2) {
    double *upper = h + i * stride;
    double *lower = upper + (i + 1 < cols ? stride : 0);
    const size_t below = i + 1 < cols ? 1 : 0;
    for (size_t j = 0; j <= i + below; j += 8) {
      double8 a = *(double8 *)(upper + j);
      double8 b = *(double8 *)(lower + j);
      const double *row = x;
      for (size_t t = 0; t < count; t++, row += stride) {
        const double8 v = *(const double8 *)(row + j);
        a += row[i] * v;
        b += row[i + below] * v;
      }
      *(double8 *)(lower + j) = b;
      *(double8 *)(upper + j) = a;
    }
  }
}

void funes_calibrate_feedback(double *sum, const double *f, const double *e, size_t count) {
  double8 s[4] = {{0}, {0}, {0}, {0}};
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const double8 *at = (const double8 *)(e + 8 * i);
    s[0] += f[i] * at[0];
    s[1] += f[i + 1] * at[1];
    s[2] += f[i + 2] * at[2];
    s[3] += f[i + 3] * at[3];
  }
  for (; i < count; i++) s[0] += f[i] * *(const double8 *)(e + 8 * i);
  *(double8 *)sum = (s[0] + s[1]) + (s[2] + s[3]);
}

double funes_calibrate_dot(const double *a, const double *b, size_t count) {
  double8 s[2] = {{0}, {0}};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    s[0] += *(const double8 *)(a + i) * *(const double8 *)(b + i);
    s[1] += *(const double8 *)(a + i + 8) * *(const double8 *)(b + i + 8);
  }
  const double8 both = s[0] + s[1];
  double total = 0;
  for (int lane = 0; lane < 8; lane++) total += both[lane];
  for (; i < count; i++) total += a[i] * b[i];
  return total;
}
