/* SPDX-License-Identifier: Apache-2.0
 * The one public header of the kernels. */
#ifndef FUNES_KERNELS_H
#define FUNES_KERNELS_H
#include <stdint.h>
#endif
