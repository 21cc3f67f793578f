// SPDX-License-Identifier: GPL-2.0
/*
 * The tests of ../datapath/replace.c, with fewer frames, in a machine that counts
 * instructions: there no broadcast is missing after a replace.
 */
#define REPLACES	50
#define FRAMES		2000
#define TIMEOUT		600
#define MISSING		0
#include "../datapath/replace.c"
