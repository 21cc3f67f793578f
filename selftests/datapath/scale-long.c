// SPDX-License-Identifier: GPL-2.0
/* 1,000 ports: see scale.c.  vm-timeout: 2500 */
#define PORTS	1000
#define TIMEOUT	1200
#include "scale.c"
