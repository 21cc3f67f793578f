/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kselftest harness with longer timeouts.  The harness's own 30 seconds are
 * too short for an emulated machine on a shared host.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <unistd.h>

#include "slow.h"

/* A kernel with debugging options is slower, by the factor STABLETAP_SLOW. */
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
