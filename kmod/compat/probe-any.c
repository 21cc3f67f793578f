// SPDX-License-Identifier: GPL-2.0
/* Any kernel: do probes compile at all? */
#include <linux/device.h>
#include <linux/netdevice.h>

int probe(void);
int probe(void)
{
	return 0;
}
