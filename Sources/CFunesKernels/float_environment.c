/* SPDX-License-Identifier: Apache-2.0
 * The float environment that the contract needs, on the calling thread: round to nearest even, subnormals kept,
 * exceptions masked. Nothing is written where it is so already, which is the usual case. */
#include "funes_kernels.h"

#if defined(__x86_64__) || defined(__i386__)
/* MXCSR: six masks (bits 7-12), rounding (13-14), flush to zero (15), denormals are zero (6); 0-5 are sticky flags. */
#include <xmmintrin.h>
#define CONTROL_BITS 0xffc0u
#define CONTROL_WANTED 0x1f80u
static uint32_t read_control(void) { return _mm_getcsr(); }
static void write_control(uint32_t value) { _mm_setcsr(value); }
#elif defined(__aarch64__)
/* FPCR: rounding (22-23), flush to zero (24), default NaN (25), other halves (26), trap enables (8-12, 15), FZ16 (19), and
 * the other behaviours of Armv8.7 (0-2). */
#define CONTROL_BITS 0x07c89f07u
#define CONTROL_WANTED 0u
static uint32_t read_control(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return (uint32_t)value;
}
static void write_control(uint32_t value) { __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)value)); }
#elif defined(__arm__) && defined(__ARM_FP)
/* FPSCR: rounding (22-23), flush to zero (24), default NaN (25), trap enables (8-12, 15). */
#define CONTROL_BITS 0x03c09f00u
#define CONTROL_WANTED 0u
static uint32_t read_control(void) {
  uint32_t value;
  __asm__ volatile("vmrs %0, fpscr" : "=r"(value));
  return value;
}
static void write_control(uint32_t value) { __asm__ volatile("vmsr fpscr, %0" : : "r"(value)); }
#else
/* Software floats, and RISC-V, whose functions round to nearest unless told otherwise and keep subnormals. */
#define CONTROL_BITS 0u
#define CONTROL_WANTED 0u
static uint32_t read_control(void) { return 0; }
static void write_control(uint32_t value) { (void)value; }
#endif

uint32_t funes_float_environment_enter(void) {
  uint32_t saved = read_control();
  if ((saved & CONTROL_BITS) != CONTROL_WANTED) write_control((saved & ~CONTROL_BITS) | CONTROL_WANTED);
  return saved;
}

void funes_float_environment_leave(uint32_t saved) {
  if ((saved & CONTROL_BITS) != CONTROL_WANTED) write_control(saved);
}
