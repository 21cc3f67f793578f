/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that depends on kernel versions.  The rest of the module is
 * written for the newest kernel's API; this file supplies what an older kernel
 * lacks.  Kbuild compiles compat/probe-*.c and makes probed.h, which defines the
 * STABLETAP_HAVE_* macros.
 */
#ifndef _STABLETAP_COMPAT_H
#define _STABLETAP_COMPAT_H

#include <linux/device.h>
#include <linux/local_lock.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>
#include <net/rtnetlink.h>

#include "probed.h"

#ifdef STABLETAP_HAVE_NETDEV_LOCK_OPS
#include <net/netdev_lock.h>
#endif

/* Up to 6.1 the device argument of struct class.namespace is not const. */
#if defined(STABLETAP_HAVE_CLASS_NAMESPACE_CONST) || \
	defined(STABLETAP_HAVE_CLASS_NAMESPACE_NS_COMMON)
typedef const struct device stabletap_class_device;
#else
typedef struct device stabletap_class_device;
#endif

/* Up to 6.19 struct class.namespace returns a void pointer. */
#ifdef STABLETAP_HAVE_CLASS_NAMESPACE_NS_COMMON
typedef const struct ns_common stabletap_class_tag;

static inline stabletap_class_tag *stabletap_class_tag_of(struct net *net)
{
	return &net->ns;
}
#else
typedef const void stabletap_class_tag;

static inline stabletap_class_tag *stabletap_class_tag_of(struct net *net)
{
	return net;
}
#endif

/* Up to 6.2 the device argument of struct device_type.devnode is not const. */
#ifdef STABLETAP_HAVE_DEVNODE_CONST
typedef const struct device stabletap_node_device;
#else
typedef struct device stabletap_node_device;
#endif

/*
 * Up to 6.11 (00d066a4d4ed) lockless transmit is a feature bit.  No probe is
 * needed, since the bit is a macro.
 */
static inline void stabletap_set_lltx(struct net_device *dev)
{
#ifdef NETIF_F_LLTX
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
}

static inline bool stabletap_is_lltx(const struct net_device *dev)
{
#ifdef NETIF_F_LLTX
	return dev->features & NETIF_F_LLTX;
#else
	return dev->lltx;
#endif
}

/*
 * Returns true if something may look at the frames that leave by this device,
 * or act on them: a packet socket, tc, a BPF program or nft.  Under RCU.  Up to
 * 5.15 nft has no egress hook; up to 6.5 tc and BPF use miniq_egress.
 */
static __always_inline bool stabletap_is_watched_tx(struct net_device *dev)
{
#ifdef CONFIG_NETFILTER_EGRESS
	if (rcu_access_pointer(dev->nf_hooks_egress))
		return true;
#endif
#if defined(CONFIG_NET_XGRESS)
	if (rcu_access_pointer(dev->tcx_egress))
		return true;
#elif defined(CONFIG_NET_CLS_ACT)
	if (rcu_access_pointer(dev->miniq_egress))
		return true;
#endif
#if IS_ENABLED(CONFIG_CGROUP_NET_PRIO)
	/* dev_queue_xmit() sets the frame's priority from this. */
	if (rcu_access_pointer(dev->priomap))
		return true;
#endif
	return dev_nit_active(dev);
}

/* The same for frames that this device receives; XDP is generic XDP. */
static inline bool stabletap_is_watched_rx(struct net_device *dev)
{
#ifdef CONFIG_NETFILTER_INGRESS
	if (rcu_access_pointer(dev->nf_hooks_ingress))
		return true;
#endif
#if defined(CONFIG_NET_XGRESS)
	if (rcu_access_pointer(dev->tcx_ingress))
		return true;
#elif defined(CONFIG_NET_CLS_ACT)
	if (rcu_access_pointer(dev->miniq_ingress))
		return true;
#endif
	return rcu_access_pointer(dev->xdp_prog) || dev_nit_active(dev);
}

/*
 * Keep IPv6 from configuring a device.  Up to 6.1 only IFF_SLAVE, the flag of a
 * bond's member, does that, and user space sees the flag.  The flag must not be
 * set on a bond itself: bonding would take the device's rx_handler_data for a
 * slave structure of its own.
 */
static inline void stabletap_set_no_addrconf(struct net_device *dev)
{
#ifdef STABLETAP_HAVE_NO_ADDRCONF
	dev->priv_flags |= IFF_NO_ADDRCONF;
#else
	/* The core and drivers read dev->flags without RTNL, for IFF_UP. */
	if (!netif_is_bond_master(dev))
		WRITE_ONCE(dev->flags, dev->flags | IFF_SLAVE);
#endif
}

static inline void stabletap_clear_no_addrconf(struct net_device *dev)
{
#ifdef STABLETAP_HAVE_NO_ADDRCONF
	dev->priv_flags &= ~IFF_NO_ADDRCONF;
#else
	WRITE_ONCE(dev->flags, dev->flags & ~IFF_SLAVE);
#endif
}

/* Up to 5.16 there are no drop reasons; 5.17 and 5.18 lack some of these. */
#ifdef STABLETAP_HAVE_DROP_REASON
#define STABLETAP_DROP(reason) SKB_DROP_REASON_##reason
#else
#define STABLETAP_DROP(reason) 0
#endif

enum {
	STABLETAP_DROP_DEV_READY	= STABLETAP_DROP(DEV_READY),
	STABLETAP_DROP_NO_SOCKET	= STABLETAP_DROP(NO_SOCKET),
	STABLETAP_DROP_NOMEM		= STABLETAP_DROP(NOMEM),
	STABLETAP_DROP_OTHERHOST	= STABLETAP_DROP(OTHERHOST),
	STABLETAP_DROP_PKT_TOO_BIG	= STABLETAP_DROP(PKT_TOO_BIG),
};

static inline void stabletap_kfree_skb(struct sk_buff *skb, int reason)
{
#ifdef STABLETAP_HAVE_DROP_REASON
	kfree_skb_reason(skb, reason);
#else
	kfree_skb(skb);
#endif
}

/*
 * Defines rtnl_link_ops.newlink under this name.  It calls body(device,
 * attributes, attributes of the link kind, extack).  Up to 6.14 these are
 * separate parameters, since 6.15 a struct has them.
 */
#ifdef STABLETAP_HAVE_NEWLINK_PARAMS
#define STABLETAP_NEWLINK(name, body)					\
static int name(struct net_device *dev,					\
		struct rtnl_newlink_params *params,			\
		struct netlink_ext_ack *extack)				\
{									\
	return body(dev, params->tb, params->data, extack);		\
}
#else
#define STABLETAP_NEWLINK(name, body)					\
static int name(struct net *src_net, struct net_device *dev,		\
		struct nlattr *tb[], struct nlattr *data[],		\
		struct netlink_ext_ack *extack)				\
{									\
	return body(dev, tb, data, extack);				\
}
#endif

/* Up to 6.15 the address is a struct sockaddr. */
static inline int stabletap_set_mac_address(struct net_device *dev,
					    struct sockaddr_storage *addr,
					    struct netlink_ext_ack *extack)
{
#ifdef STABLETAP_HAVE_MAC_ADDRESS_STORAGE
	return dev_set_mac_address(dev, addr, extack);
#else
	return dev_set_mac_address(dev, (struct sockaddr *)addr, extack);
#endif
}

/*
 * Register sysctls in the initial network namespace, so that only the host sees
 * them.  Up to 6.5 an empty entry ends the table.
 */
static inline struct ctl_table_header *
stabletap_register_sysctl(const char *path, struct ctl_table *table,
			  size_t entries)
{
#ifdef register_net_sysctl
	return register_net_sysctl_sz(&init_net, path, table, entries);
#else
	return register_net_sysctl(&init_net, path, table);
#endif
}

/*
 * Up to 5.19 there is no netdev_hold(), so references are not tracked (5.17 to
 * 5.19 have only the type netdevice_tracker).
 */
#ifdef STABLETAP_HAVE_NETDEV_HOLD
typedef netdevice_tracker stabletap_tracker;
#else
typedef struct {} stabletap_tracker;
#endif

static inline void stabletap_dev_hold(struct net_device *dev,
				      stabletap_tracker *tracker)
{
#ifdef STABLETAP_HAVE_NETDEV_HOLD
	netdev_hold(dev, tracker, GFP_KERNEL);
#else
	dev_hold(dev);
#endif
}

static inline void stabletap_dev_put(struct net_device *dev,
				     stabletap_tracker *tracker)
{
#ifdef STABLETAP_HAVE_NETDEV_HOLD
	netdev_put(dev, tracker);
#else
	dev_put(dev);
#endif
}

/*
 * Returns true if the device has an XDP program.  Under RTNL.  Up to 5.14
 * dev_xdp_prog_count() is static.
 */
static inline bool stabletap_has_xdp(struct net_device *dev)
{
#ifdef STABLETAP_HAVE_XDP_PROG_COUNT
	return dev_xdp_prog_count(dev);
#else
	int i;

	for (i = 0; i < __MAX_XDP_MODE; i++)
		if (dev->xdp_state[i].prog || dev->xdp_state[i].link)
			return true;
	return false;
#endif
}

/*
 * Since 6.15 a device can have an instance lock, under which its driver's
 * operations are called; RTNL alone does not serialise them any more.  The
 * caller holds RTNL but not the instance lock: the kernel drops that lock
 * before it calls ndo_add_slave and ndo_del_slave, and does not hold it at
 * NETDEV_UNREGISTER, whether the device is unregistered or moved.
 */
static inline void stabletap_update_features(struct net_device *dev)
{
#ifdef STABLETAP_HAVE_NETDEV_LOCK_OPS
	netdev_lock_ops(dev);
#endif
	netdev_update_features(dev);
#ifdef STABLETAP_HAVE_NETDEV_LOCK_OPS
	netdev_unlock_ops(dev);
#endif
}

/*
 * Make a device apply its address lists now.  7.3 defers that to a work queue,
 * but does it at once when the device's flags are set.  Setting them to their
 * present value causes no notification.  Under RTNL.
 */
static inline void stabletap_sync_rx_mode(struct net_device *dev)
{
#ifdef STABLETAP_HAVE_NETIF_GET_FLAGS
	dev_change_flags(dev, netif_get_flags(dev), NULL);
#endif
}

/*
 * Add to a counter of struct vlan_pcpu_stats, which a macvlan has too.  In
 * 5.10 these counters are plain numbers.
 */
#ifdef STABLETAP_HAVE_VLAN_STATS_T
#define stabletap_vlan_stats_add(counter, n)	u64_stats_add(counter, n)
#else
#define stabletap_vlan_stats_add(counter, n)	(*(counter) += (n))
#endif

/*
 * A lock that keeps out other tasks of this CPU, for callers with BH off.  BH
 * off alone does that without PREEMPT_RT, and up to 6.17 also with PREEMPT_RT.
 * Since 6.18 (3253cb49cbad) it depends on PREEMPT_RT_NEEDS_BH_LOCK.  So kernels
 * before 6.11, which lack local_lock_nested_bh(), need no lock.
 */
#ifdef STABLETAP_HAVE_LOCAL_LOCK_NESTED_BH
#define stabletap_lock_nested_bh(lock)		local_lock_nested_bh(lock)
#define stabletap_unlock_nested_bh(lock)	local_unlock_nested_bh(lock)
#else
#define stabletap_lock_nested_bh(lock)		do { } while (0)
#define stabletap_unlock_nested_bh(lock)	do { } while (0)
#endif

/* Repeat the build's notices about this kernel when the module is loaded. */
static inline void stabletap_compat_notice(void)
{
	if (!IS_ENABLED(CONFIG_MACVLAN))
		pr_notice("stabletap: this kernel has no macvlan: a port can only be attached to a device itself\n");
#ifdef STABLETAP_NEWEST_TESTED
	pr_notice("stabletap: this kernel is newer than " STABLETAP_NEWEST_TESTED ", the newest that was tested\n");
#endif
}

#endif /* _STABLETAP_COMPAT_H */
