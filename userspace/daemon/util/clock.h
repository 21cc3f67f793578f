/* SPDX-License-Identifier: GPL-2.0 */
/* The clocks that the daemon reads, in nanoseconds. */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>

#define CLOCK_SECOND 1000000000ULL
#define CLOCK_MS 1000000ULL
#define CLOCK_US 1000ULL

/* CLOCK_BOOTTIME: the module's times, and all delays of the operator's */
uint64_t clock_boot(void);
/* CLOCK_MONOTONIC: stands still while the machine sleeps */
uint64_t clock_awake(void);
/* CLOCK_REALTIME: for people */
uint64_t clock_real(void);

#endif /* UTIL_CLOCK_H */
