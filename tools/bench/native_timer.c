// SPDX-License-Identifier: Apache-2.0
// Times calls of a peer's C interface without Python between them: step k is calls[k % count]. Two calls that read and write
// two sets of state buffers in turn feed the states back without a copy.
#include <stdint.h>
#include <time.h>

struct call {
  // Zero, or a null pointer, means success in every interface that is called this way.
  int (*function)(void *, void *, void *);
  void *arguments[3];
};

static double microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec * 1e-3;
}

// Takes `steps` steps; returns how many succeeded.
long take_steps(const struct call *calls, long count, long steps) {
  for (long k = 0; k < steps; k++) {
    const struct call *c = &calls[k % count];
    if (c->function(c->arguments[0], c->arguments[1], c->arguments[2]) != 0) return k;
  }
  return steps;
}

// Fills `samples` with the microseconds of a step, each the mean of `batch` steps, until the time is over or the room is full.
// Returns the number of samples, -1 after a failed call. `batch` is a multiple of `count`, so that each batch begins alike.
long time_steps(const struct call *calls, long count, long batch, double seconds, double *samples, long room) {
  const double end = microseconds() + seconds * 1e6;
  long n = 0;
  while (n < room && (n < 10 || microseconds() < end)) {
    const double start = microseconds();
    if (take_steps(calls, count, batch) != batch) return -1;
    samples[n++] = (microseconds() - start) / batch;
  }
  return n;
}
