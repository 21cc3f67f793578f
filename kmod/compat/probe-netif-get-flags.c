// SPDX-License-Identifier: GPL-2.0
/* (by 7.3): netif_get_flags(); a sign of deferred address lists */
#include <linux/netdevice.h>

unsigned int probe(struct net_device *dev);
unsigned int probe(struct net_device *dev)
{
	return netif_get_flags(dev);
}
