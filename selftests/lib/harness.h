/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kselftest harness, with more time for a test: its 30 seconds are those of
 * a machine that has its processors to itself.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdlib.h>
#include <unistd.h>

/* A kernel that looks after itself is slow (STABLETAP_SLOW: how many times). */
static inline unsigned int harness_alarm(unsigned int seconds)
{
	const char *slow = getenv("STABLETAP_SLOW");

	return alarm(seconds * (slow && atoi(slow) > 1 ? atoi(slow) : 1));
}

#define alarm(seconds) harness_alarm(seconds)
#include "kselftest_harness.h"
#undef alarm

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600	/* seconds */

#endif /* HARNESS_H */
