// SPDX-License-Identifier: GPL-2.0
/* netif_get_flags(), which is newer than the work queue for address lists */
#include <linux/netdevice.h>

unsigned int probe(struct net_device *dev);
unsigned int probe(struct net_device *dev)
{
	return netif_get_flags(dev);
}
