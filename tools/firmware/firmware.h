/* SPDX-License-Identifier: Apache-2.0
 * What the start-up code offers to main. */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include <stddef.h>
#include <stdint.h>

enum { STACK_PAINT = 0x5AA55AA5 };

void print(const char *text);
void print_hex(uint32_t value);
void print_decimal(uint32_t value);
/* Printed where the program faults: what it was at. */
extern volatile uint32_t fault_notes[2];
void *memcpy(void *restrict to, const void *restrict from, size_t count);
/* The deepest that the stack has been. */
uint32_t stack_byte_count(void);

#endif
