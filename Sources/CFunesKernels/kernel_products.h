/* SPDX-License-Identifier: Apache-2.0
 * How products walk a matrix: a few tile sequences beside each other, how many being known to the compiler. Included
 * after lanes.h by an ISA file that then defines
 *     one_vector(sums, streams, qmax, quantized)       sums[stream * 16 + lane]
 *     vectors_beside(sums, streams, qmax, quantized)   sums[(vector * count + stream) * 16 + lane], FUNES_BESIDE vectors
 */

/* `count` tile sequences, `between` bytes apart, `stride` bytes from quad to quad. */
typedef struct tile_streams {
  const int8_t *tiles;
  const int32_t *row_sums;
  size_t between, stride;
  int32_t quads;
  int count;
} tile_streams;

FUNES_INLINE void one_vector(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *quantized);
FUNES_INLINE void vectors_beside(int32_t *sums, tile_streams streams, int32_t qmax, const uint8_t *const *quantized);

/* A block's groups, or `count` blocks from `block` on of a matrix of one group. */
FUNES_INLINE tile_streams streams_of(const funes_matrix *matrix, int32_t groups, int32_t block) {
  const size_t bytes = (size_t)matrix->quads * (size_t)groups * FUNES_TILE_BYTES;
  return (tile_streams){.tiles = matrix->tiles + (size_t)block * bytes,
                        .row_sums = matrix->row_sums + block * groups * FUNES_BLOCK_UNITS,
                        .between = groups > 1 ? FUNES_TILE_BYTES : bytes,
                        .stride = (size_t)groups * FUNES_TILE_BYTES,
                        .quads = matrix->quads,
                        .count = groups};
}

FUNES_INLINE tile_streams with_count(tile_streams streams, int count) {
  streams.count = count;
  return streams;
}

/* Those from `first` on. */
FUNES_INLINE tile_streams streams_from(tile_streams streams, int first, int count) {
  streams.tiles += (size_t)first * streams.between;
  streams.row_sums += first * FUNES_BLOCK_UNITS;
  return with_count(streams, count);
}

FUNES_INLINE void ISA_NAME(product)(int32_t *sums, const funes_matrix *matrix, int32_t groups, int32_t block,
                                    int32_t count, const uint8_t *quantized) {
  const tile_streams streams = streams_of(matrix, groups, block);
  switch (groups > 1 ? groups : count) {
  case 1: one_vector(sums, with_count(streams, 1), matrix->qmax, quantized); break;
  case 2: one_vector(sums, with_count(streams, 2), matrix->qmax, quantized); break;
  case 3: one_vector(sums, with_count(streams, 3), matrix->qmax, quantized); break;
  default: one_vector(sums, with_count(streams, 4), matrix->qmax, quantized); break;
  }
}

FUNES_INLINE void ISA_NAME(products)(int32_t *sums, const funes_matrix *matrix, int32_t groups, int32_t block,
                                     int32_t count, const uint8_t *const *quantized) {
  const tile_streams streams = streams_of(matrix, groups, block);
  switch (groups > 1 ? groups : count) {
  case 1: vectors_beside(sums, with_count(streams, 1), matrix->qmax, quantized); break;
  case 2: vectors_beside(sums, with_count(streams, 2), matrix->qmax, quantized); break;
  case 3: vectors_beside(sums, with_count(streams, 3), matrix->qmax, quantized); break;
  default: vectors_beside(sums, with_count(streams, 4), matrix->qmax, quantized); break;
  }
}
