/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_FILTER_H
#define _STABLETAP_FILTER_H

#include <linux/netdevice.h>

struct stabletap_port;

/**
 * struct stabletap_filter - which frames a lower accepts for its port
 * @dev: the lower
 * @port: its port
 * @flags: STABLETAP_ATTACH_PROMISC or _FILTER as asked for, 0 for allmulti
 * @promisc: this filter holds a count of the lower's promiscuity
 * @allmulti: this filter holds a count of the lower's allmulti
 * @incomplete: the lower, or the device below it, lacks an address of the
 *	port's lists; written under the port's address list lock
 * @tell: @incomplete has changed since the last link message; written under the
 *	same lock
 * @mac: the MAC address that the filter added to the lower's unicast list, zero
 *	if none
 * @reserved: addresses that were added to the lower's lists until the port's
 *	lists are synced: first the unicast, then the multicast ones
 * @reserved_uc: number of unicast addresses in @reserved
 * @reserved_mc: number of multicast addresses in @reserved
 *
 * RTNL protects all members whose description names no other lock.
 */
struct stabletap_filter {
	struct net_device	*dev;
	struct stabletap_port	*port;
	u32			flags;
	bool			promisc;
	bool			allmulti;
	bool			incomplete;
	bool			tell;
	u8			mac[ETH_ALEN];
	u8			(*reserved)[ETH_ALEN];
	unsigned int		reserved_uc;
	unsigned int		reserved_mc;
};

int stabletap_filter_check(const struct net_device *dev, u32 *flags,
			   struct netlink_ext_ack *extack);
int stabletap_filter_on(struct stabletap_filter *filter);
void stabletap_filter_off(struct stabletap_filter *filter);
void stabletap_filter_follow(struct stabletap_port *port,
			     struct stabletap_filter *filter);
void stabletap_filter_sync_lists(struct stabletap_port *port);
int stabletap_filter_sync_flags(struct stabletap_filter *filter);
int stabletap_filter_set_mac(struct stabletap_filter *filter, const u8 *mac);
u32 stabletap_filter_flags(const struct stabletap_filter *filter);
void stabletap_filter_init_port(struct stabletap_port *port);
int stabletap_filter_init(void);
void stabletap_filter_exit(void);

#endif /* _STABLETAP_FILTER_H */
