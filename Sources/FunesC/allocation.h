/* SPDX-License-Identifier: Apache-2.0
 * Where sessions that the library allocates come from. Null where it cannot; a build without a C library has none. */
#ifndef FUNES_ALLOCATION_H
#define FUNES_ALLOCATION_H

#include <stddef.h>

#if __has_include(<stdlib.h>) && __STDC_HOSTED__
#include <stdlib.h>
/* `byte_count` is a multiple of 64. */
static inline void *funes_allocate(size_t byte_count) { return aligned_alloc(64, byte_count); }
static inline void funes_deallocate(void *memory) { free(memory); }
#else
static inline void *funes_allocate(size_t byte_count) {
  (void)byte_count;
  return NULL;
}
static inline void funes_deallocate(void *memory) { (void)memory; }
#endif

#endif
