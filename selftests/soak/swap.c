// SPDX-License-Identifier: GPL-2.0
/*
 * 10,000 replaces under full traffic, for each variant of
 * ../datapath/swap-long.c.  vm-timeout: 14400
 */
#define ROUNDS	40
#define TIMEOUT	3600
#include "../datapath/swap-long.c"
