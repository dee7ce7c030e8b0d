/* SPDX-License-Identifier: Apache-2.0
 * The functions of the Arm run-time ABI that compilers call and a C library would supply. Small, not fast. There is no
 * allocator among them: a firmware that needed one would not link. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  uint8_t *target = to;
  const uint8_t *source = from;
  for (size_t k = 0; k < count; k++) target[k] = source[k];
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  uint8_t *target = to;
  const uint8_t *source = from;
  if (target < source) return memcpy(to, from, count);
  while (count-- > 0) target[count] = source[count];
  return to;
}

void *memset(void *to, int value, size_t count) {
  uint8_t *target = to;
  for (size_t k = 0; k < count; k++) target[k] = (uint8_t)value;
  return to;
}

void __aeabi_memcpy(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void __aeabi_memcpy4(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void __aeabi_memcpy8(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void __aeabi_memmove(void *to, const void *from, size_t count) { memmove(to, from, count); }
void __aeabi_memmove4(void *to, const void *from, size_t count) { memmove(to, from, count); }
void __aeabi_memset(void *to, size_t count, int value) { memset(to, value, count); }
void __aeabi_memclr(void *to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr4(void *to, size_t count) { memset(to, 0, count); }
void __aeabi_memclr8(void *to, size_t count) { memset(to, 0, count); }

uint64_t __aeabi_llsl(uint64_t value, int count) {
  const uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
  if (count == 0) return value;
  if (count >= 32) return (uint64_t)(low << (count - 32)) << 32;
  return (uint64_t)(high << count | low >> (32 - count)) << 32 | low << count;
}

uint64_t __aeabi_llsr(uint64_t value, int count) {
  const uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
  if (count == 0) return value;
  if (count >= 32) return high >> (count - 32);
  return (uint64_t)(high >> count) << 32 | (low >> count | high << (32 - count));
}

/* Quotient and remainder, bit by bit. */
__attribute__((used)) uint64_t divide_64(uint64_t dividend, uint64_t divisor, uint64_t *remainder) {
  uint64_t quotient = 0, rest = 0;
  for (int bit = 63; bit >= 0; bit--) {
    rest = rest << 1 | (__aeabi_llsr(dividend, bit) & 1);
    quotient <<= 1;
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  *remainder = rest;
  return quotient;
}

/* Rounded towards zero; the remainder has the dividend's sign. */
__attribute__((used)) int64_t divide_64_signed(int64_t dividend, int64_t divisor, int64_t *remainder) {
  const uint64_t over = dividend < 0 ? 0 - (uint64_t)dividend : (uint64_t)dividend;
  const uint64_t under = divisor < 0 ? 0 - (uint64_t)divisor : (uint64_t)divisor;
  uint64_t rest;
  const uint64_t quotient = divide_64(over, under, &rest);
  *remainder = (int64_t)(dividend < 0 ? 0 - rest : rest);
  return (int64_t)((dividend < 0) != (divisor < 0) ? 0 - quotient : quotient);
}

/* The quotient in r0 and r1, the remainder in r2 and r3. */
#define DIVIDE(name, function)                 \
  __attribute__((naked)) void name(void) {     \
    __asm__ volatile("push {r4, lr}\n"         \
                     "sub sp, #16\n"           \
                     "add r4, sp, #8\n"        \
                     "str r4, [sp]\n"          \
                     "bl " function "\n"       \
                     "ldrd r2, r3, [sp, #8]\n" \
                     "add sp, #16\n"           \
                     "pop {r4, pc}\n");        \
  }
DIVIDE(__aeabi_uldivmod, "divide_64")
DIVIDE(__aeabi_ldivmod, "divide_64_signed")
