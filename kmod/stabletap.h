/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations that several files of the module use.
 *
 * control.c (ioctls) and link.c (rtnetlink) are the two interfaces to user
 * space.  Both call port.c, the port's net device, and lower.c, the only file
 * that knows both a port and the device below it.  The operations of the port's
 * net device that also act on the lower are in lower.c, and in filter.c if they
 * concern addresses.  tapnode.c connects a port to the kernel's tap core.
 */
#ifndef _STABLETAP_H
#define _STABLETAP_H

#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/if_tap.h>
#include <linux/local_lock.h>
#include <linux/netdevice.h>
#include <linux/stabletap.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/rtnetlink.h>

#include "compat/compat.h"

#define STABLETAP_VERSION "0.1.0"

/* The counters, in the order of struct stabletap_stats. */
enum stabletap_counter {
	STABLETAP_TX_PACKETS,
	STABLETAP_TX_BYTES,
	STABLETAP_TX_DETACHED,
	STABLETAP_TX_LOWER,
	STABLETAP_TX_REFUSED,
	STABLETAP_TX_HELD,
	STABLETAP_TX_EXPIRED,
	STABLETAP_RX_PACKETS,
	STABLETAP_RX_BYTES,
	STABLETAP_RX_MULTICAST,
	STABLETAP_RX_NO_READER,
	STABLETAP_RX_RING,
	STABLETAP_RX_DOWN,
	STABLETAP_RX_INACTIVE,
	STABLETAP_RX_LRO,
	STABLETAP_RX_NOMEM,
	STABLETAP_COUNTERS
};

/**
 * struct stabletap_pcpu - one CPU's part of the counters
 * @counter: written by that CPU alone, with BH off.  On PREEMPT_RT, since 6.18,
 *	BH off does not keep out other tasks of the CPU, but no addition is
 *	lost.
 * @syncp: lets 32-bit kernels read the counters consistently
 * @rx_lock: held while the tap core handles a received frame, so that a drop
 *	that it reports in that time belongs to that frame.  The lock does
 *	nothing without PREEMPT_RT.
 */
struct stabletap_pcpu {
	u64_stats_t		counter[STABLETAP_COUNTERS];
	struct u64_stats_sync	syncp;
	local_lock_t		rx_lock;
};

/*
 * For callers that hold RTNL and can no longer refuse the operation: sleeps
 * and returns true if the operation should be tried again.  Only -ENOMEM is
 * retried, nine times, which takes less than 200 ms.  @tries must be 0 before
 * the first call.
 */
static inline bool stabletap_try_again(int err, int *tries)
{
	if (err != -ENOMEM || ++*tries == 10)
		return false;
	msleep(20);
	return true;
}

/* The flags of an attach that both interfaces accept */
#define STABLETAP_ATTACH_MASK						\
	(STABLETAP_ATTACH_REPLACE | STABLETAP_ATTACH_PROMISC |		\
	 STABLETAP_ATTACH_FILTER)

/* Permission bits of a node if the creator of the port gives none */
#define STABLETAP_PERM_DEFAULT 0600

struct stabletap_filter;
struct stabletap_lower;
struct stabletap_node;

/**
 * struct stabletap_config - options that are given when a port is created
 * @queues: how many opens of the node are admitted at a time
 * @uid: owner of the node
 * @gid: group of the node
 * @perm: permission bits of the node
 * @on_detach: enum stabletap_on_detach
 */
struct stabletap_config {
	u32	queues;
	kuid_t	uid;
	kgid_t	gid;
	umode_t	perm;
	u32	on_detach;
};

/**
 * struct stabletap_port - private part of a port's net device
 * @dev: the net device
 * @lower: the attachment that carries the frames now, NULL if the port is
 *	detached.  Written under RTNL; read under RCU by transmit and receive.
 * @stats: counters
 * @leaving: the last lower of a port that is being unregistered, kept until the
 *	unregistration has waited for RCU readers; protected by RTNL
 * @config: on_detach is written under RTNL; the other members are constant once
 *	the port is registered, so that open reads them without a lock
 * @state: the enum stabletap_state that was last reported; protected by RTNL
 * @followed: the filter that the address lists of @dev are synced to, NULL if
 *	none; written under RTNL and @dev's address list lock, read under either
 * @filter_work: runs filter_work() of filter.c; holds a reference to @dev while
 *	it is queued
 * @setting_mac: true while this module changes the lower's MAC address;
 *	protected by RTNL
 * @detach_reason: enum stabletap_reason; protected by RTNL, like the members
 *	down to @charged
 * @attach_time: CLOCK_BOOTTIME, ns
 * @detach_time: CLOCK_BOOTTIME, ns
 * @attaches: number of attaches
 * @replaces: number of replaces
 * @losses: number of lowers lost
 * @last_lower: name of the lower that was detached last
 * @charged: number of frames that can wait, as bounds.c counts them
 * @open_lock: makes counting the queues and adding one an atomic step for
 *	concurrent opens; taken before RTNL
 * @node: the character device node; protected by RTNL
 * @tap: the tap core's part.  It comes last because it is large; the fast path
 *	uses only its beginning.
 */
struct stabletap_port {
	struct net_device		*dev;
	struct stabletap_lower __rcu	*lower;
	struct stabletap_pcpu __percpu	*stats;

	struct stabletap_lower		*leaving;
	struct stabletap_config		config;
	u32				state;
	struct stabletap_filter		*followed;
	struct work_struct		filter_work;
	bool				setting_mac;
	u32				detach_reason;
	u64				attach_time;
	u64				detach_time;
	u64				attaches;
	u64				replaces;
	u64				losses;
	char				last_lower[IFNAMSIZ];
	u64				charged;

	struct mutex			open_lock;
	struct stabletap_node		*node;
	struct tap_dev			tap;
};

/* Caller has BH off. */
static inline void stabletap_count(struct stabletap_port *port,
				   enum stabletap_counter counter)
{
	struct stabletap_pcpu *stats = this_cpu_ptr(port->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->counter[counter]);
	u64_stats_update_end(&stats->syncp);
}

/* Caller holds RTNL. */
static inline unsigned int stabletap_open_queues(struct stabletap_port *port)
{
	return port->tap.numqueues;
}

/* link.c */
extern struct rtnl_link_ops stabletap_link_ops;

/* port.c */
void stabletap_port_setup(struct net_device *dev);
bool stabletap_port_is(const struct net_device *dev);
void stabletap_config_init(struct stabletap_config *config, struct net *net);
int stabletap_config_check(const struct stabletap_config *config,
			   struct netlink_ext_ack *extack);
int stabletap_port_register(struct net_device *dev,
			    const struct stabletap_config *config,
			    struct netlink_ext_ack *extack);
void stabletap_port_dellink(struct net_device *dev, struct list_head *head);
void stabletap_port_drop(struct stabletap_port *port, struct sk_buff *skb,
			 enum stabletap_counter why);
void stabletap_port_get_stats(struct stabletap_port *port,
			      u64 sum[STABLETAP_COUNTERS]);
void stabletap_port_get(struct stabletap_port *port,
			struct user_namespace *user_ns,
			struct stabletap_get *get);
void stabletap_port_notify(struct stabletap_port *port);

/* lower.c */
int stabletap_lower_init(void);
void stabletap_lower_exit(void);
int stabletap_lower_attach(struct stabletap_port *port, struct net_device *dev,
			   u32 flags, struct netlink_ext_ack *extack);
int stabletap_lower_detach(struct stabletap_port *port,
			   const struct net_device *dev,
			   struct netlink_ext_ack *extack);
netdev_tx_t stabletap_lower_xmit(struct sk_buff *skb, struct net_device *dev);
void stabletap_lower_leave(struct stabletap_port *port);
void stabletap_lower_left(struct stabletap_port *port);
int stabletap_lower_set_mac(struct stabletap_port *port,
			    const struct sockaddr *addr);
int stabletap_lower_check_mtu(struct stabletap_port *port, int mtu);
void stabletap_lower_sync_flags(struct stabletap_port *port);
void stabletap_lower_get(struct stabletap_port *port,
			 struct stabletap_get *get);

/* tapnode.c */
int stabletap_tapnode_init(void);
void stabletap_tapnode_exit(void);
void stabletap_tapnode_get(struct stabletap_port *port,
			   struct stabletap_get *get);

/* control.c */
int stabletap_control_init(void);
void stabletap_control_exit(void);

#endif /* _STABLETAP_H */
