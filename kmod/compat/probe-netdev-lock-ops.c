// SPDX-License-Identifier: GPL-2.0
/* 8ef890df4031 (6.15): netdev_lock_ops() in <net/netdev_lock.h> */
#include <net/netdev_lock.h>

void probe(struct net_device *dev);
void probe(struct net_device *dev)
{
	netdev_lock_ops(dev);
	netdev_unlock_ops(dev);
}
