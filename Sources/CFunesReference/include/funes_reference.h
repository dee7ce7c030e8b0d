/* SPDX-License-Identifier: Apache-2.0
 * The one inner loop of the float reference, in C so that it is quick in debug builds too. */
#ifndef FUNES_REFERENCE_H
#define FUNES_REFERENCE_H

#include <stddef.h>

#include "funes_calibrate.h"

/* y[r] += sum over c of w[r * cols + c] * x[c], for r < rows: float weights, all arithmetic in double. */
void funes_reference_matvec(double *y, const float *w, const double *x, size_t rows, size_t cols);

#endif
