/* SPDX-License-Identifier: Apache-2.0
 * Rows times a vector by Helium's integers (Cortex-M52, M55, M85): sixteen columns of a row are gathered out of four tiles
 * and multiplied and added at once. A quantised vector is signed bytes: of each sixteen columns the high bytes and then the
 * low, q = 256 high + low with low in -128 ... 127, or q itself where it has 8 bits. */
#include <arm_mve.h>

#if __ARM_FEATURE_MVE & 2
#error "Helium's floats lose what is below 2^-126, the contract keeps it; compile with -mcpu=...+nomve.fp"
#endif

enum { ROWS_BESIDE = 2 };

/* From int16, in their order, to what rows_product reads; what is past the last quad stays as it was. */
FUNES_INLINE void arrange(uint8_t *quantized, const funes_matrix *matrix) {
  int8_t *to = (int8_t *)quantized;
  for (int32_t quad = 0; quad < matrix->quads; quad += 4) {
    const int8x16x2_t bytes = vld2q_s8((const int8_t *)quantized + (ptrdiff_t)quad * 8);
    if (matrix->qmax <= 127) {
      vstrbq_s8(to, bytes.val[0]);
      to += 16;
    } else {
      /* The low byte, read as a signed one, is 256 less where its highest bit is set. */
      const uint8x16_t carry = vshrq_n_u8(vreinterpretq_u8_s8(bytes.val[0]), 7);
      vstrbq_s8(to, vaddq_s8(bytes.val[1], vreinterpretq_s8_u8(carry)));
      vstrbq_s8(to + 16, bytes.val[0]);
      to += 32;
    }
  }
}

/* Sixteen columns of a row of four tiles, each `tile` bytes from the first. */
FUNES_INLINE int8x16_t gather(const int8_t *row, uint32x4_t tile) {
  return vreinterpretq_s8_s32(vldrwq_gather_offset_s32((const int32_t *)(const void *)row, tile));
}

/* The same of `count` tiles, zeros for the rest. */
FUNES_INLINE int8x16_t gather_some(const int8_t *row, uint32x4_t tile, int32_t count) {
  const mve_pred16_t some = vctp32q((uint32_t)count);
  return vreinterpretq_s8_s32(vldrwq_gather_offset_z_s32((const int32_t *)(const void *)row, tile, some));
}

FUNES_INLINE void bytes_product(int32_t *sums, const int8_t *tiles, size_t stride, uint32x4_t tile, int32_t quads,
                                const int8_t *q) {
  int32_t a = 0, b = 0;
  for (; quads >= 4; quads -= 4) {
    const int8x16_t sixteen = vldrbq_s8(q);
    a = vmladavaq_s8(a, gather(tiles, tile), sixteen);
    b = vmladavaq_s8(b, gather(tiles + FUNES_TILE_COLS, tile), sixteen);
    tiles += 4 * stride;
    q += 16;
  }
  if (quads > 0) {
    const int8x16_t last = vldrbq_s8(q);
    a = vmladavaq_s8(a, gather_some(tiles, tile, quads), last);
    b = vmladavaq_s8(b, gather_some(tiles + FUNES_TILE_COLS, tile, quads), last);
  }
  sums[0] = a;
  sums[1] = b;
}

/* High and low sums of two rows. */
FUNES_INLINE void add_planes(int32_t *sums, int8x16_t a, int8x16_t b, const int8_t *q) {
  const int8x16_t high = vldrbq_s8(q), low = vldrbq_s8(q + 16);
  sums[0] = vmladavaq_s8(sums[0], a, high);
  sums[1] = vmladavaq_s8(sums[1], a, low);
  sums[2] = vmladavaq_s8(sums[2], b, high);
  sums[3] = vmladavaq_s8(sums[3], b, low);
}

FUNES_INLINE void planes_product(int32_t *sums, const int8_t *tiles, size_t stride, uint32x4_t tile, int32_t quads,
                                 const int8_t *q) {
  int32_t of_planes[4] = {0};
  for (; quads >= 4; quads -= 4) {
    add_planes(of_planes, gather(tiles, tile), gather(tiles + FUNES_TILE_COLS, tile), q);
    tiles += 4 * stride;
    q += 32;
  }
  if (quads > 0) {
    add_planes(of_planes, gather_some(tiles, tile, quads), gather_some(tiles + FUNES_TILE_COLS, tile, quads), q);
  }
  sums[0] = (int32_t)(((uint32_t)of_planes[0] << 8) + (uint32_t)of_planes[1]);
  sums[1] = (int32_t)(((uint32_t)of_planes[2] << 8) + (uint32_t)of_planes[3]);
}

/* ROWS_BESIDE rows of one tile sequence; sums wrap. */
static void rows_product(int32_t *sums, const int8_t *tiles, size_t stride, int32_t quads, int32_t qmax,
                         const uint8_t *quantized) {
  const uint32x4_t tile = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)stride);
  const int8_t *q = (const int8_t *)quantized;
  if (qmax <= 127) {
    bytes_product(sums, tiles, stride, tile, quads, q);
  } else {
    planes_product(sums, tiles, stride, tile, quads, q);
  }
}
