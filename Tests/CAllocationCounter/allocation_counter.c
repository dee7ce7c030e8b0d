/* SPDX-License-Identifier: Apache-2.0
 * The allocator's functions over those of the C library, with one counter. An executable's definitions come before those
 * of its libraries, so that the thread team and the Swift runtime are counted too. */
#include "allocation_counter.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_long calls;

long allocation_call_count(void) { return atomic_load(&calls); }

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || !defined(__GLIBC__)
int allocation_counter_is_active(void) { return 0; }
#else
int allocation_counter_is_active(void) { return 1; }

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void count(void) { atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed); }

void *malloc(size_t byte_count) {
  count();
  return __libc_malloc(byte_count);
}

void *calloc(size_t element_count, size_t byte_count) {
  count();
  return __libc_calloc(element_count, byte_count);
}

void *realloc(void *memory, size_t byte_count) {
  count();
  return __libc_realloc(memory, byte_count);
}

void free(void *memory) {
  count();
  __libc_free(memory);
}

void *memalign(size_t alignment, size_t byte_count) {
  count();
  return __libc_memalign(alignment, byte_count);
}

void *aligned_alloc(size_t alignment, size_t byte_count) { return memalign(alignment, byte_count); }

int posix_memalign(void **memory, size_t alignment, size_t byte_count) {
  *memory = memalign(alignment, byte_count);
  return *memory ? 0 : ENOMEM;
}
#endif
