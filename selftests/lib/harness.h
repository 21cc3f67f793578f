/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kselftest harness, with more time for a test: its 30 seconds are those of
 * a machine that has its processors to itself.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <unistd.h>

#include "slow.h"

static inline unsigned int harness_alarm(unsigned int seconds)
{
	return alarm(seconds * slowness());
}

#define alarm(seconds) harness_alarm(seconds)
#include "kselftest_harness.h"
#undef alarm

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600	/* seconds */

#endif /* HARNESS_H */
