// SPDX-License-Identifier: GPL-2.0
/* Every kernel: fails only if probes can't be compiled at all */
#include <linux/device.h>
#include <linux/netdevice.h>

int probe(void);
int probe(void)
{
	return 0;
}
