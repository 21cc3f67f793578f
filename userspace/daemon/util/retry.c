// SPDX-License-Identifier: GPL-2.0
/* The back-off. */
#include "util/clock.h"
#include "util/retry.h"

const struct retry_pace retry_refused = {
	.first = 500 * CLOCK_MS, .most = 64 * CLOCK_SECOND,
};

const struct retry_pace retry_busy = {
	.first = 20 * CLOCK_MS, .most = 2560 * CLOCK_MS,
};

uint64_t retry_after(struct retry *r, const struct retry_pace *pace)
{
	uint64_t wait = pace->first;
	unsigned int i;

	for (i = 0; i < r->failures && wait < pace->most; i++)
		wait *= 2;
	r->failures++;
	return wait < pace->most ? wait : pace->most;
}
