// SPDX-License-Identifier: GPL-2.0
/* The clocks that the daemon reads. */
#include <time.h>

#include "util/clock.h"

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts = { 0 };

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_SECOND + (uint64_t)ts.tv_nsec;
}

uint64_t clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t clock_awake(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_real(void)
{
	return read_clock(CLOCK_REALTIME);
}
