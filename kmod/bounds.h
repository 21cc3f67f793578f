/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_BOUNDS_H
#define _STABLETAP_BOUNDS_H

#include <linux/if_vlan.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

struct netlink_ext_ack;
struct stabletap_port;

/*
 * What is reckoned for a frame.  BIG TCP and tun devices make larger ones, which
 * no container's port takes in.
 */
#define STABLETAP_BOUNDS_FRAME	(SZ_64K + VLAN_ETH_HLEN)

/* Do the bounds hold for the ports of this network namespace? */
static inline bool stabletap_bounds_apply(const struct net *net)
{
	return net->user_ns != &init_user_ns;
}

int stabletap_bounds_charge(struct stabletap_port *port,
			    struct netlink_ext_ack *extack);
void stabletap_bounds_move(struct stabletap_port *port);
void stabletap_bounds_set(struct stabletap_port *port, u64 frames);
void stabletap_bounds_empty(struct stabletap_port *port);
int stabletap_bounds_init(void);
void stabletap_bounds_exit(void);

#endif /* _STABLETAP_BOUNDS_H */
