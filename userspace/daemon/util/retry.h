/* SPDX-License-Identifier: GPL-2.0 */
/* The back-off: how long to wait after a failure. */
#ifndef UTIL_RETRY_H
#define UTIL_RETRY_H

#include <stdint.h>

/* The pause doubles with each failure in a row, from @first to @most (ns). */
struct retry_pace {
	uint64_t first;
	uint64_t most;
};

/* The kernel or a program refused: 0.5 s up to a minute */
extern const struct retry_pace retry_refused;
/* Another program is at work for a moment: 20 ms up to 2.56 s */
extern const struct retry_pace retry_busy;

/* Zeroed: no failure yet. */
struct retry {
	unsigned int failures;		/* in a row */
};

/* Counts a failure.  Returns the time (ns) to wait before the next attempt. */
uint64_t retry_after(struct retry *r, const struct retry_pace *pace);

static inline void retry_reset(struct retry *r)
{
	r->failures = 0;
}

#endif /* UTIL_RETRY_H */
