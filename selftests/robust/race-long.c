// SPDX-License-Identifier: GPL-2.0
/* What race.c does, for a minute each.  vm-timeout: 1500 */
#define RACE_LONG
#define RACE_SECONDS 60
#include "race.c"
