/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SLOW_H
#define SLOW_H

#include <stdlib.h>

/*
 * How many times as long as on Debian's kernels things may take: the environment's
 * STABLETAP_SLOW, which vm/lib.sh has for kernels with debugging options, or 1.
 */
static inline unsigned int slowness(void)
{
	const char *slow = getenv("STABLETAP_SLOW");

	return slow && atoi(slow) > 1 ? atoi(slow) : 1;
}

#endif /* SLOW_H */
