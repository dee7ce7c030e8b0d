/* SPDX-License-Identifier: Apache-2.0
 * Rows times a vector by Helium's integers (Cortex-M52, M55, M85): sixteen columns of a row are gathered out of four tiles
 * and multiplied and added at once. A quantised vector is signed bytes: of each sixteen columns the high bytes and then the
 * low, q = 256 high + low with low in -128 ... 127, or q itself where it has 8 bits. */
#include <arm_mve.h>

#if __ARM_FEATURE_MVE & 2
#error "Helium's floats lose what is below 2^-126, the contract keeps it; compile with -mcpu=...+nomve.fp"
#endif

enum { ROWS_BESIDE = 2 };

FUNES_INLINE void put_quantized(uint8_t *quantized, int32_t qmax, int32_t col, int32_t q) {
  int8_t *bytes = (int8_t *)quantized;
  if (qmax <= 127) {
    bytes[col] = (int8_t)q;
  } else {
    bytes += (col & ~15) * 2 + (col & 15);
    bytes[0] = (int8_t)((q + 128) >> 8);
    bytes[16] = (int8_t)(q & 0xff);
  }
}

/* Sixteen columns of a row of four tiles, `tile` bytes from the first; none of a tile that is not there. */
FUNES_INLINE int8x16_t gather(const int8_t *row, uint32x4_t tile, mve_pred16_t some) {
  return vreinterpretq_s8_s32(vldrwq_gather_offset_z_s32((const int32_t *)(const void *)row, tile, some));
}

FUNES_INLINE void bytes_product(int32_t *sums, const int8_t *tiles, size_t stride, uint32x4_t tile, int32_t quads,
                                const int8_t *q) {
  int32_t a = 0, b = 0;
  for (; quads > 0; quads -= 4) {
    const mve_pred16_t some = vctp32q((uint32_t)quads);
    const int8x16_t sixteen = vldrbq_s8(q);
    a = vmladavaq_s8(a, gather(tiles, tile, some), sixteen);
    b = vmladavaq_s8(b, gather(tiles + FUNES_TILE_COLS, tile, some), sixteen);
    tiles += 4 * stride;
    q += 16;
  }
  sums[0] = a;
  sums[1] = b;
}

FUNES_INLINE void planes_product(int32_t *sums, const int8_t *tiles, size_t stride, uint32x4_t tile, int32_t quads,
                                 const int8_t *q) {
  int32_t high_a = 0, low_a = 0, high_b = 0, low_b = 0;
  for (; quads > 0; quads -= 4) {
    const mve_pred16_t some = vctp32q((uint32_t)quads);
    const int8x16_t high = vldrbq_s8(q), low = vldrbq_s8(q + 16);
    const int8x16_t a = gather(tiles, tile, some), b = gather(tiles + FUNES_TILE_COLS, tile, some);
    high_a = vmladavaq_s8(high_a, a, high);
    low_a = vmladavaq_s8(low_a, a, low);
    high_b = vmladavaq_s8(high_b, b, high);
    low_b = vmladavaq_s8(low_b, b, low);
    tiles += 4 * stride;
    q += 32;
  }
  sums[0] = (int32_t)(((uint32_t)high_a << 8) + (uint32_t)low_a);
  sums[1] = (int32_t)(((uint32_t)high_b << 8) + (uint32_t)low_b);
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
