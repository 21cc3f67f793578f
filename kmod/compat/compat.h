/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows that kernels differ.  The driver is written to
 * the newest kernel's API; what an older one lacks is bridged here.  Probes
 * of Kbuild set the STABLETAP_* macros.
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

#ifdef STABLETAP_HAVE_NETDEV_LOCK_OPS
#include <net/netdev_lock.h>
#endif

/* Until 6.1 a class got at the namespace of a device that was not const. */
#if defined(STABLETAP_CLASS_NAMESPACE_CONST) || \
	defined(STABLETAP_CLASS_NAMESPACE_NS_COMMON)
typedef const struct device stabletap_class_device;
#else
typedef struct device stabletap_class_device;
#endif

/* Until 6.19 it told that namespace as a pointer of any type. */
#ifdef STABLETAP_CLASS_NAMESPACE_NS_COMMON
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

/* Until 6.2 so did a device type at the name and owner of a node. */
#ifdef STABLETAP_DEVNODE_CONST
typedef const struct device stabletap_node_device;
#else
typedef struct device stabletap_node_device;
#endif

/*
 * Until 6.11 (00d066a4d4ed) lockless transmit was a feature bit; a probe is not
 * needed, since it was a macro.
 */
static inline void stabletap_set_lltx(struct net_device *dev)
{
#ifdef NETIF_F_LLTX
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
}

/*
 * Keep IPv6 from configuring a device.  Until 6.1 the flag of a bond's slave
 * meant that, and user space sees it.  On a bond itself it would have bonding
 * take what the device's receive handler has for a slave of its own.
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

/* Until 5.16 a freed frame had no reason; 5.17 and 5.18 lack some of these. */
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
 * What rtnl_link_ops.newlink of this name calls is given the device, its
 * attributes, those of the kind, and extack.  Until 6.14 they came one by one.
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

/* Until 6.15 the address was a struct sockaddr. */
static inline int stabletap_set_mac_address(struct net_device *dev,
					    struct sockaddr_storage *addr,
					    struct netlink_ext_ack *extack)
{
#ifdef STABLETAP_MAC_ADDRESS_STORAGE
	return dev_set_mac_address(dev, addr, extack);
#else
	return dev_set_mac_address(dev, (struct sockaddr *)addr, extack);
#endif
}

/*
 * Of the initial network namespace, so only the host sees it.  Until 6.5 the
 * end of the table was an empty entry.
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
 * Until 5.19 there was no netdev_hold(), though from 5.17 on there is a
 * netdevice_tracker; references are not tracked there.
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
 * Until 5.14 the function that counts the XDP programs of a device was static.
 * Under RTNL.
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
 * Since 6.15 a driver's operations may be called under the lock of its device,
 * and RTNL alone does not keep others out.  The caller holds RTNL and not that
 * lock: the kernel drops it before ndo_add_slave and ndo_del_slave, and does
 * not hold it at NETDEV_UNREGISTER, be the device going or moving.
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
 * 7.3 leaves it to a work queue to make a device take in what its address lists
 * have, unless its flags are changed, also to what they are.  Nobody is told of
 * such a change.  Under RTNL.
 */
static inline void stabletap_sync_rx_mode(struct net_device *dev)
{
#ifdef STABLETAP_HAVE_NETIF_GET_FLAGS
	dev_change_flags(dev, netif_get_flags(dev), NULL);
#endif
}

/*
 * A lock against other tasks of this CPU, for callers with BH off.  Without
 * PREEMPT_RT that is enough by itself, and with it until 6.17; since 6.18
 * (3253cb49cbad) PREEMPT_RT_NEEDS_BH_LOCK decides.  So kernels before 6.11,
 * which lack local_lock_nested_bh(), need no lock.
 */
#ifdef STABLETAP_HAVE_LOCAL_LOCK_NESTED_BH
#define stabletap_lock_nested_bh(lock)		local_lock_nested_bh(lock)
#define stabletap_unlock_nested_bh(lock)	local_unlock_nested_bh(lock)
#else
#define stabletap_lock_nested_bh(lock)		do { } while (0)
#define stabletap_unlock_nested_bh(lock)	do { } while (0)
#endif

/* What the build has said about this kernel, for those who did not see it */
static inline void stabletap_compat_notice(void)
{
	if (!IS_ENABLED(CONFIG_MACVLAN))
		pr_notice("stabletap: this kernel has no macvlan: a port can only be attached to a device itself\n");
#ifdef STABLETAP_NEWEST_TESTED
	pr_notice("stabletap: this kernel is newer than " STABLETAP_NEWEST_TESTED ", the newest that was tested\n");
#endif
}

#endif /* _STABLETAP_COMPAT_H */
