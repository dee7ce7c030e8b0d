/* SPDX-License-Identifier: Apache-2.0
 * Counts what a whole process asks of the allocator: every library in it, every thread. Only the allocation proof links
 * it. */
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

/* Calls of malloc, calloc, realloc, free, posix_memalign, aligned_alloc and memalign since the process began. */
long allocation_call_count(void);
/* 0 where a sanitizer owns the allocator and nothing is counted. */
int allocation_counter_is_active(void);

#endif
