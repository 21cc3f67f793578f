// SPDX-License-Identifier: GPL-2.0
/* All 120 orders: see order.c.  vm-timeout: 600 */
#define EACH_ORDER
#include "order.c"
