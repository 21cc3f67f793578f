/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_BOUNDS_H
#define _STABLETAP_BOUNDS_H

#include <linux/if_vlan.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

struct netlink_ext_ack;
struct stabletap_port;

/*
 * The longest frame that a container's port accepts (BIG TCP and tun devices
 * make longer ones), and the most memory that a frame may occupy.  A frame that
 * GRO has built from 45 pages is below the second limit; a frame of hundreds of
 * IP fragments, each with an sk_buff of its own, exceeds it.
 */
#define STABLETAP_BOUNDS_FRAME	(SZ_64K + VLAN_ETH_HLEN)
#define STABLETAP_BOUNDS_MEMORY	SZ_256K

/* Returns true if the bounds apply to the ports of this network namespace. */
static inline bool stabletap_bounds_apply(const struct net *net)
{
	return net->user_ns != &init_user_ns;
}

/* Returns true if a port of this namespace must not accept the frame. */
static inline bool stabletap_bounds_exceeded(const struct net *net,
					     const struct sk_buff *skb)
{
	return unlikely(skb->len + ETH_HLEN > STABLETAP_BOUNDS_FRAME ||
			skb->truesize > STABLETAP_BOUNDS_MEMORY) &&
	       stabletap_bounds_apply(net);
}

int stabletap_bounds_charge(struct stabletap_port *port,
			    struct netlink_ext_ack *extack);
void stabletap_bounds_move(struct stabletap_port *port);
void stabletap_bounds_set(struct stabletap_port *port, u64 frames);
void stabletap_bounds_empty(struct stabletap_port *port);
int stabletap_bounds_init(void);
void stabletap_bounds_exit(void);

#endif /* _STABLETAP_BOUNDS_H */
