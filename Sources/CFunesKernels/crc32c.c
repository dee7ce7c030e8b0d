/* SPDX-License-Identifier: Apache-2.0
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78): the instruction of SSE4.2 where there is one, else a table of
 * 16 entries, small enough for any flash. */
#include "internal.h"

static uint32_t update(uint32_t crc, const uint8_t *bytes, size_t count) {
  static const uint32_t table[16] = {
      0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
      0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
  };
  for (size_t k = 0; k < count; k++) {
    crc ^= bytes[k];
    crc = crc >> 4 ^ table[crc & 15];
    crc = crc >> 4 ^ table[crc & 15];
  }
  return crc;
}

uint32_t funes_crc32c_portable(uint32_t crc, const void *bytes, size_t count) { return ~update(~crc, bytes, count); }

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t update_sse42(uint32_t crc, const uint8_t *bytes, size_t count) {
  uint64_t wide = crc;
  for (; count >= 8; count -= 8, bytes += 8) {
    uint64_t eight;
    __builtin_memcpy(&eight, bytes, 8);
    wide = __builtin_ia32_crc32di(wide, eight);
  }
  for (; count > 0; count--, bytes++) wide = __builtin_ia32_crc32qi((uint32_t)wide, *bytes);
  return (uint32_t)wide;
}
#endif

uint32_t funes_crc32c(uint32_t crc, const void *bytes, size_t count) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return ~update_sse42(~crc, bytes, count);
#endif
  return funes_crc32c_portable(crc, bytes, count);
}
