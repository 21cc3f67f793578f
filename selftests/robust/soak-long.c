// SPDX-License-Identifier: GPL-2.0
/* ../soak/frames.c for a minute or two.  vm-timeout: 1500 */
#define SOAK_FRAMES 60000
#include "../soak/frames.c"
