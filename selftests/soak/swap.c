// SPDX-License-Identifier: GPL-2.0
/*
 * 10,000 replaces under full traffic, for each variant of
 * ../icount/swap.c.  It needs processors of its own: see there.
 * vm-timeout: 14400
 */
#define ROUNDS	40
#define REPLACES 250
#define TIMEOUT	3600
#include "../icount/swap.c"
