// SPDX-License-Identifier: GPL-2.0
/* 7.3 has netif_get_flags() and a work queue for address lists, 6.12 neither. */
#include <linux/netdevice.h>

unsigned int probe(struct net_device *dev);
unsigned int probe(struct net_device *dev)
{
	return netif_get_flags(dev);
}
