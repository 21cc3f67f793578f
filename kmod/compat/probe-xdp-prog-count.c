// SPDX-License-Identifier: GPL-2.0
/* 879af96ffd72 (5.15): dev_xdp_prog_count() */
#include <linux/netdevice.h>

int probe(struct net_device *dev);
int probe(struct net_device *dev)
{
	return dev_xdp_prog_count(dev);
}
