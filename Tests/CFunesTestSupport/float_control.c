/* SPDX-License-Identifier: Apache-2.0
 * Reads and writes MXCSR and FPCR. */
#include "float_control.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
uint32_t float_control_read(void) { return _mm_getcsr() & 0xffc0u; }
void float_control_write(uint32_t control) { _mm_setcsr(control); }
uint32_t float_control_value(int32_t rounding, int32_t flushes) {
  return 0x1f80u | (uint32_t)rounding << 13 | (flushes ? 0x8040u : 0u);
}
#elif defined(__aarch64__)
uint32_t float_control_read(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return (uint32_t)value;
}
void float_control_write(uint32_t control) { __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)control)); }
uint32_t float_control_value(int32_t rounding, int32_t flushes) {
  return (uint32_t)rounding << 22 | (flushes ? 1u << 24 : 0u);
}
#else
uint32_t float_control_read(void) { return 0; }
void float_control_write(uint32_t control) { (void)control; }
uint32_t float_control_value(int32_t rounding, int32_t flushes) {
  (void)rounding;
  (void)flushes;
  return 0;
}
#endif
