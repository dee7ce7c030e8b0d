/* SPDX-License-Identifier: Apache-2.0
 * From reset to main on a bare Cortex-M4: vectors, the FPU, variables, and words to the debugger (Arm semihosting). */
#include "firmware.h"

#include <stddef.h>

extern uint32_t data_begin[], data_end[], data_source[], bss_begin[], bss_end[], stack_end[];

int main(void);

static uint32_t semihost(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void print(const char *text) { semihost(0x04, text); }

void print_hex(uint32_t value) {
  char digits[9];
  for (int k = 0; k < 8; k++) digits[k] = "0123456789abcdef"[value >> (28 - 4 * k) & 15];
  digits[8] = 0;
  print(digits);
}

void print_decimal(uint32_t value) {
  char digits[11];
  int begin = 10;
  digits[begin] = 0;
  do digits[--begin] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  print(digits + begin);
}

static _Noreturn void stop(int status) {
  /* ADP_Stopped_ApplicationExit with a status, or an internal error. */
  const uint32_t arguments[2] = {status == 0 ? 0x20026u : 0x20023u, (uint32_t)status};
  semihost(0x20, arguments);
  for (;;) {
  }
}

void reset(void) {
  *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: the FPU */
  __asm__ volatile("dsb\n isb");
  for (size_t k = 0; &data_begin[k] < data_end; k++) data_begin[k] = data_source[k];
  for (uint32_t *word = bss_begin; word < bss_end; word++) *word = 0;
  for (volatile uint32_t *word = bss_end; (uint32_t)word < (uint32_t)__builtin_frame_address(0) - 64; word++) {
    *word = STACK_PAINT;
  }
  stop(main());
}

uint32_t stack_byte_count(void) {
  const uint32_t *word = bss_end;
  while (*word == STACK_PAINT) word++;
  return (uint32_t)stack_end - (uint32_t)word;
}

volatile uint32_t fault_notes[2];

void fault(void) {
  print("fault at 0x");
  print_hex(fault_notes[0]);
  print(", 0x");
  print_hex(fault_notes[1]);
  print("\n");
  stop(1);
}

typedef void (*vector)(void);
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    (vector)stack_end, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};
