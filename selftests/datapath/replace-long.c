// SPDX-License-Identifier: GPL-2.0
/*
 * At least 100,000 frames in each direction across 1,000 replaces; see
 * replace.c
 */
#define REPLACES	1000
#define FRAMES		100000
#define TIMEOUT		900
#include "replace.c"
