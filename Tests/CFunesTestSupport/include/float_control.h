/* SPDX-License-Identifier: Apache-2.0
 * The float environment as a rude caller leaves it: for tests that a session neither minds nor keeps it. */
#ifndef FUNES_FLOAT_CONTROL_H
#define FUNES_FLOAT_CONTROL_H

#include <stdint.h>

/* The control register of the calling thread without its sticky flags; 0 where there is none. */
uint32_t float_control_read(void);
void float_control_write(uint32_t control);
/* The register with rounding 0...3 (as the machine numbers them), and subnormals taken and given as zero if asked for. */
uint32_t float_control_value(int32_t rounding, int32_t flushes);

#endif
