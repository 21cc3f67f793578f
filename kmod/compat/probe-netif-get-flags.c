// SPDX-License-Identifier: GPL-2.0
/* (by 7.3): netif_get_flags(); such a kernel applies address lists deferred */
#include <linux/netdevice.h>

unsigned int probe(struct net_device *dev);
unsigned int probe(struct net_device *dev)
{
	return netif_get_flags(dev);
}
