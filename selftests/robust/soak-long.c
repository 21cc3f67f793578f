// SPDX-License-Identifier: GPL-2.0
/* What ../soak/frames.c does, for a minute or two.  vm-timeout: 1500 */
#define SOAK_FRAMES 60000
#include "../soak/frames.c"
