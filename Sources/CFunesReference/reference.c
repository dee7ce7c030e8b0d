/* SPDX-License-Identifier: Apache-2.0
 * A product in double, written with vector types: they stay vectors when nothing is optimised. */
#include "funes_reference.h"

typedef float float8 __attribute__((vector_size(32), aligned(4)));
typedef double double8 __attribute__((vector_size(64), aligned(8)));

void funes_reference_matvec(double *y, const float *w, const double *x, size_t rows, size_t cols) {
  for (size_t r = 0; r < rows; r++) {
    const float *row = w + r * cols;
    double8 sum = {0};
    size_t c = 0;
    for (; c + 8 <= cols; c += 8) {
      sum += __builtin_convertvector(*(const float8 *)(row + c), double8) * *(const double8 *)(x + c);
    }
    double total = 0;
    for (; c < cols; c++) total += (double)row[c] * x[c];
    for (int lane = 0; lane < 8; lane++) total += sum[lane];
    y[r] += total;
  }
}
