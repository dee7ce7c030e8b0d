/* SPDX-License-Identifier: Apache-2.0
 * How fast this machine reads: what `funes bench` holds the reading of weights against. */
#ifndef FUNES_BANDWIDTH_H
#define FUNES_BANDWIDTH_H

#include <stddef.h>
#include <stdint.h>

/* Bytes a second with which `threads` threads, each over its part, read a buffer of byte_count bytes again and again with
 * the widest loads that the machine has and nothing else to do: the best of rounds of some milliseconds, for about
 * `seconds`. The buffer lies on huge pages where the system gives them. 0 where memory or threads are not to be had. */
double funes_read_bandwidth(size_t byte_count, int32_t threads, double seconds);

#endif
