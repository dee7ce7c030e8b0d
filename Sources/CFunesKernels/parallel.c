/* SPDX-License-Identifier: Apache-2.0
 * The one thread driver: a plain parallel region whose body slices its work by the team granted. No worksharing loops,
 * which allocate. Three builds: OpenMP's pragma, the same runtime called by hand where only its library is given
 * (FUNES_OPENMP), and a plain call. */
#include "internal.h"

#if defined(_OPENMP) || defined(FUNES_OPENMP)
#define IS_THREADED 1
extern int omp_get_num_threads(void);
extern int omp_get_thread_num(void);
#endif

typedef struct region {
  funes_body body;
  const void *data;
} region;

#if defined(IS_THREADED)
static void enter(const region *work) {
  uint32_t saved = funes_float_environment_enter();
  work->body(work->data, omp_get_thread_num(), omp_get_num_threads());
  funes_float_environment_leave(saved);
}
#endif

#if defined(_OPENMP)
static void fork_and_join(const region *work, int32_t threads) {
#pragma omp parallel num_threads(threads)
  enter(work);
}

void funes_parallel_barrier(void) {
#pragma omp barrier
}
#elif defined(FUNES_OPENMP)
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern void GOMP_barrier(void);

static void enter_by_hand(void *work) { enter(work); }

static void fork_and_join(const region *work, int32_t threads) {
  GOMP_parallel(enter_by_hand, (void *)(uintptr_t)work, (unsigned)threads, 0);
}

void funes_parallel_barrier(void) { GOMP_barrier(); }
#else
static void fork_and_join(const region *work, int32_t threads) {
  (void)threads;
  work->body(work->data, 0, 1);
}

void funes_parallel_barrier(void) {}
#endif

void funes_parallel(int32_t threads, funes_body body, const void *data) {
  const region work = {body, data};
  if (threads > 1) {
    fork_and_join(&work, threads);
  } else {
    body(data, 0, 1);
  }
}

static void report_team(const void *data, int32_t thread, int32_t threads) {
  int32_t *const *granted = data;
  if (thread == 0) **granted = threads;
}

int32_t funes_team_warm_up(int32_t threads) {
  int32_t granted = 1;
  int32_t *where = &granted;
  funes_parallel(threads, report_team, &where);
  return granted;
}
