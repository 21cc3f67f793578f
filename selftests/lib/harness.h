/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kselftest harness, with more time for a test: its 30 seconds are those of
 * a machine that has its processors to itself.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600	/* seconds */

#endif /* HARNESS_H */
