// SPDX-License-Identifier: GPL-2.0
/* 9ca6804ab7c3 (6.16): dev_set_mac_address() takes a sockaddr_storage */
#include <linux/netdevice.h>

int probe(struct net_device *dev, struct sockaddr_storage *addr);
int probe(struct net_device *dev, struct sockaddr_storage *addr)
{
	return dev_set_mac_address(dev, addr, NULL);
}
