// SPDX-License-Identifier: GPL-2.0
/* race.c with a minute for each test.  vm-timeout: 1500 */
#define RACE_LONG
#define RACE_SECONDS 60
#include "race.c"
