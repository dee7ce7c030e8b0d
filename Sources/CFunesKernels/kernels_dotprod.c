/* SPDX-License-Identifier: Apache-2.0
 * NEON with sdot (Armv8.2 and later): four products of bytes added to each of four sums. */
#if defined(__aarch64__)
#pragma STDC FP_CONTRACT OFF
#include "internal.h"

#define ISA_NAME(name) name##_dotprod
#define ISA_STRING "dotprod"
#define FUNES_WIDTH 4
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("+dotprod")
#endif
#include "lanes.h"
#include "neon_dot.h"

/* Stream after stream, 8-bit vectors all at once, those of two planes by twos. */
FUNES_INLINE void vectors_beside(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *const *quantized) {
  for (int stream = 0; stream < streams.count; stream++) {
    const tile_streams one = streams_from(streams, stream, 1);
    int32_t *to = sums + stream * FUNES_BLOCK_UNITS;
    if (qmax <= 127) {
      one_plane(to, streams.count, one, quantized, FUNES_BESIDE);
    } else {
      two_planes(to, streams.count, one, quantized, 2);
      two_planes(to + 2 * streams.count * FUNES_BLOCK_UNITS, streams.count, one, quantized + 2, 2);
    }
  }
}

#include "kernel_isa.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
