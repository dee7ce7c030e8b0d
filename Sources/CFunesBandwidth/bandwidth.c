/* SPDX-License-Identifier: Apache-2.0
 * Reads a buffer over and over. Rounds begin and end together, as the team of a step does, and the best one counts: the
 * others were disturbed. */
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "funes_bandwidth.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BLOCK = 512, HUGE_PAGE = 2 << 20, MOST_THREADS = 1024 };

/* Sums of a kind over whole blocks, in eight chains, so that loads alone decide. */
typedef uint64_t (*reader)(const uint8_t *bytes, size_t count);

typedef uint64_t word2 __attribute__((vector_size(16)));

static uint64_t read_16(const uint8_t *bytes, size_t count) {
  word2 sums[8] = {{0}};
  for (size_t at = 0; at < count; at += 128) {
    for (int k = 0; k < 8; k++) sums[k] ^= *(const word2 *)(bytes + at + 16 * k);
  }
  for (int k = 1; k < 8; k++) sums[0] ^= sums[k];
  return sums[0][0] ^ sums[0][1];
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint64_t read_32(const uint8_t *bytes, size_t count) {
  __m256i sums[8];
  for (int k = 0; k < 8; k++) sums[k] = _mm256_setzero_si256();
  for (size_t at = 0; at < count; at += 256) {
    for (int k = 0; k < 8; k++) {
      sums[k] = _mm256_xor_si256(sums[k], _mm256_load_si256((const __m256i *)(bytes + at + 32 * k)));
    }
  }
  for (int k = 1; k < 8; k++) sums[0] = _mm256_xor_si256(sums[0], sums[k]);
  return (uint64_t)_mm256_extract_epi64(sums[0], 0) ^ (uint64_t)_mm256_extract_epi64(sums[0], 3);
}

__attribute__((target("avx512f"))) static uint64_t read_64(const uint8_t *bytes, size_t count) {
  __m512i sums[8];
  for (int k = 0; k < 8; k++) sums[k] = _mm512_setzero_si512();
  for (size_t at = 0; at < count; at += 512) {
    for (int k = 0; k < 8; k++) sums[k] = _mm512_xor_si512(sums[k], _mm512_load_si512(bytes + at + 64 * k));
  }
  for (int k = 1; k < 8; k++) sums[0] = _mm512_xor_si512(sums[0], sums[k]);
  return (uint64_t)_mm512_reduce_add_epi64(sums[0]);
}
#endif

static reader widest(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return read_64;
  if (__builtin_cpu_supports("avx2")) return read_32;
#endif
  return read_16;
}

typedef struct team {
  reader read;
  const uint8_t *bytes;
  size_t slice;            /* bytes of one thread */
  int32_t threads;
  atomic_uint_fast64_t passes; /* of the round; 0 ends the team */
  atomic_int_fast32_t round, done;
  atomic_uint_fast64_t sum; /* so that nothing read is dead */
} team;

typedef struct member {
  team *of;
  int32_t thread;
} member;

static void read_slice(team *of, int32_t thread, uint64_t passes) {
  uint64_t sum = 0;
  for (uint64_t pass = 0; pass < passes; pass++) {
    sum += of->read(of->bytes + (size_t)thread * of->slice, of->slice);
    __asm__ volatile("" : "+r"(sum) : : "memory");
  }
  atomic_fetch_add(&of->sum, sum);
}

static void *serve(void *data) {
  const member *me = data;
  team *of = me->of;
  for (int_fast32_t round = 1;; round++) {
    while (atomic_load(&of->round) < round) sched_yield();
    const uint64_t passes = atomic_load(&of->passes);
    if (passes == 0) return 0;
    read_slice(of, me->thread, passes);
    atomic_fetch_add(&of->done, 1);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Seconds of one round. */
static double run_round(team *of, uint64_t passes) {
  atomic_store(&of->done, 0);
  atomic_store(&of->passes, passes);
  const double begin = now();
  atomic_fetch_add(&of->round, 1);
  read_slice(of, 0, passes);
  while (atomic_load(&of->done) < of->threads - 1) sched_yield();
  return now() - begin;
}

static double measure(team *of, double seconds) {
  const double end = now() + seconds;
  uint64_t passes = 1;
  while (run_round(of, passes) < 1e-3 && now() < end) passes *= 2;
  double best = 0;
  do {
    const double taken = run_round(of, passes);
    const double rate = (double)of->slice * of->threads * (double)passes / taken;
    if (rate > best) best = rate;
  } while (now() < end);
  return best;
}

double funes_read_bandwidth(size_t byte_count, int32_t threads, double seconds) {
  if (threads < 1 || threads > MOST_THREADS) return 0;
  size_t slice = (byte_count / (size_t)threads + BLOCK - 1) / BLOCK * BLOCK;
  if (slice == 0) slice = BLOCK;
  const size_t total = slice * (size_t)threads;
  void *memory = 0;
  if (posix_memalign(&memory, total >= HUGE_PAGE ? HUGE_PAGE : 4096, total) != 0) return 0;
#if defined(__linux__)
  if (total >= HUGE_PAGE) madvise(memory, total, MADV_HUGEPAGE);
#endif
  memset(memory, 1, total);
  team of = {.read = widest(), .bytes = memory, .slice = slice, .threads = threads};
  pthread_t *others = calloc((size_t)threads, sizeof *others);
  member *members = calloc((size_t)threads, sizeof *members);
  int32_t begun = 1;
  while (others && members && begun < threads) {
    members[begun] = (member){&of, begun};
    if (pthread_create(&others[begun], 0, serve, &members[begun]) != 0) break;
    begun++;
  }
  double best = 0;
  if (others && members && begun == threads) best = measure(&of, seconds);
  atomic_store(&of.passes, 0);
  atomic_fetch_add(&of.round, 1);
  for (int32_t thread = 1; thread < begun; thread++) pthread_join(others[thread], 0);
  free(members);
  free(others);
  free(memory);
  return best;
}
