// SPDX-License-Identifier: GPL-2.0
/* d62607c3fe45 (6.0): netdev_hold() and netdev_put() */
#include <linux/netdevice.h>

void probe(struct net_device *dev, netdevice_tracker *tracker);
void probe(struct net_device *dev, netdevice_tracker *tracker)
{
	netdev_hold(dev, tracker, GFP_KERNEL);
	netdev_put(dev, tracker);
}
