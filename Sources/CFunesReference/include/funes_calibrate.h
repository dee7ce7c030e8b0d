/* SPDX-License-Identifier: Apache-2.0
 * The inner loops of calibration, in C so that they are quick in debug builds too. All arithmetic is in double, contraction
 * off and every sum in one order: bytes of files depend on them. */
#ifndef FUNES_CALIBRATE_H
#define FUNES_CALIBRATE_H

#include <stddef.h>

/* Lanes that go side by side; strides below are multiples of it. */
enum { FUNES_CALIBRATE_LANES = 8 };

/* h[i * stride + j] += sum over t < count of x[t * stride + i] * x[t * stride + j], for i < cols and j <= i, t ascending;
 * what stands right of the diagonal is left in no particular state. */
void funes_calibrate_gram(double *h, const double *x, size_t count, size_t cols, size_t stride);

/* sum[lane] = sum over i < count of f[i] * e[8 i + lane]. */
void funes_calibrate_feedback(double *sum, const double *f, const double *e, size_t count);

/* Sum over i < count of a[i] * b[i]. */
double funes_calibrate_dot(const double *a, const double *b, size_t count);

#endif
