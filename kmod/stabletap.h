/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all files of the module know: a port, its lower, the filter of that
 * lower, and the counters.  Each other header declares the functions of the
 * file of the same name.  From the bottom, where no file uses one above it:
 *
 *	report				counters, drops, link messages
 *	hold, overlap			frames that wait for a lower; both
 *					lowers of a replace
 *	datapath, filter		frames; addresses
 *	bounds, release			memory of containers; letting go of a lower
 *	lower, tapnode			attach and detach; the tap core
 *	port				the net device
 *	link				the interface by rtnetlink
 *	control				the interface by ioctl
 *	main
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
#include <linux/user_namespace.h>
#include <linux/workqueue.h>
#include <net/rtnetlink.h>

#include "compat/compat.h"

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
	STABLETAP_TX_PURGED,
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

struct stabletap_lower;
struct stabletap_node;
struct stabletap_overlap;
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

/**
 * struct stabletap_lower - the attachment of a lower to a port
 * @dev: the lower
 * @port: the port
 * @filter: decides which frames @dev accepts
 * @opened: @dev was down and the attach opened it
 * @mac_set: this module changed the MAC address of @dev
 * @alone: @dev is the only macvlan on its parent; written under RTNL, read
 *	without it
 * @old_mac: the MAC address of @dev before the attach
 * @tracker: tracks the reference to @dev
 * @rcu: for kfree_rcu()
 * @overlap: not NULL while the port receives through both lowers of a replace;
 *	written under RTNL, read under RCU
 * @id: not 0 once the port has let go of @dev, but @dev still receives during
 *	an overlap, or still sends what is in its queue; then the following
 *	members are valid (release.c)
 * @node: in the list of such attachments
 * @work: waits for the end of the overlap, and until the queue is empty
 * @deadline: jiffies; @work waits no longer
 * @orphan: @port is gone
 * @ended: @dev has been restored; @work only frees the attachment
 */
struct stabletap_lower {
	struct net_device	*dev;
	struct stabletap_port	*port;
	struct stabletap_filter	filter;
	bool			opened;
	bool			mac_set;
	bool			alone;
	u8			old_mac[ETH_ALEN];
	stabletap_tracker	tracker;
	struct rcu_head		rcu;
	struct stabletap_overlap __rcu *overlap;

	u64			id;
	struct list_head	node;
	struct delayed_work	work;
	unsigned long		deadline;
	bool			orphan;
	bool			ended;
};

/**
 * struct stabletap_config - options that are given when a port is created
 * @queues: how many opens of the node are admitted at a time
 * @uid: owner of the node
 * @gid: group of the node
 * @perm: permission bits of the node
 * @on_detach: enum stabletap_on_detach
 * @hold_frames: how many frames the port may hold
 * @hold_time: how long it may hold a frame, ms
 * @hold_bytes: how much memory these frames may occupy, bytes
 */
struct stabletap_config {
	u32	queues;
	kuid_t	uid;
	kgid_t	gid;
	umode_t	perm;
	u32	on_detach;
	u32	hold_frames;
	u32	hold_time;
	u64	hold_bytes;
};

/**
 * struct stabletap_hold - the frames that a port holds (hold.c)
 * @lock: protects the following members but @expiry; taken to write port->tx
 * @list: the frames, oldest first
 * @bytes: sum of their truesize
 * @resuming: the frames are being sent; writers send some too
 * @sender: the task that sends some of the frames now, NULL if none
 * @expiry: drops frames that are too old; is queued while there are frames
 */
struct stabletap_hold {
	spinlock_t		lock;
	struct sk_buff_head	list;
	u64			bytes;
	bool			resuming;
	struct task_struct	*sender;
	struct delayed_work	expiry;
};

/**
 * struct stabletap_port - private part of a port's net device
 * @dev: the net device
 * @tx: the attachment to which the port transmits: @lower, or NULL if the
 *	port is detached, or holds frames until the lower can send.  Written
 *	under RTNL or by a work item, and always under @hold's lock; read under
 *	RCU.
 * @lower: the attachment that carries the frames now, NULL if the port is
 *	detached.  Written under RTNL; read under RCU.
 * @stats: counters
 * @leaving: the last lower of a port that is being unregistered, kept until the
 *	unregistration has waited for RCU readers; protected by RTNL
 * @releasing: id of the attachment that was let go last and got an id, 0 if
 *	there was none; protected by RTNL
 * @overlapping: the old lower while the port receives through both lowers of a
 *	replace, else NULL; protected by RTNL
 * @config: on_detach and the bounds of hold are written under RTNL and read
 *	without it; the other members are constant once the port is registered
 * @hold: frames that wait for a lower
 * @resume: makes @tx the lower when that can send
 * @resume_ms: the next delay of @resume
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
	struct stabletap_lower __rcu	*tx;
	struct stabletap_lower __rcu	*lower;
	struct stabletap_pcpu __percpu	*stats;

	struct stabletap_lower		*leaving;
	u64				releasing;
	struct stabletap_lower		*overlapping;
	struct stabletap_config		config;
	struct stabletap_hold		hold;
	struct delayed_work		resume;
	unsigned int			resume_ms;
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

/* Returns true if a user namespace other than the initial one owns @net. */
static inline bool stabletap_is_contained(const struct net *net)
{
	return net->user_ns != &init_user_ns;
}

/* Caller holds RTNL. */
static inline unsigned int stabletap_open_queues(struct stabletap_port *port)
{
	return port->tap.numqueues;
}

#endif /* _STABLETAP_H */
