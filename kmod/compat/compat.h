/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows that kernels differ.  The driver is written to
 * the newest kernel's API; what an older one lacks is bridged here.  Probes
 * of Kbuild set the STABLETAP_* macros.
 */
#ifndef _STABLETAP_COMPAT_H
#define _STABLETAP_COMPAT_H

#include <linux/device.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>

/* Until 6.3 a class got at the namespace of a device that was not const. */
#ifdef STABLETAP_CLASS_NAMESPACE_CONST
typedef const struct device stabletap_class_device;
#else
typedef struct device stabletap_class_device;
#endif

/* Until 6.1 so did a device type at the name and owner of a node. */
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
	if (!netif_is_bond_master(dev))
		dev->flags |= IFF_SLAVE;
#endif
}

static inline void stabletap_clear_no_addrconf(struct net_device *dev)
{
#ifdef STABLETAP_HAVE_NO_ADDRCONF
	dev->priv_flags &= ~IFF_NO_ADDRCONF;
#else
	dev->flags &= ~IFF_SLAVE;
#endif
}

/* Until 5.16 a freed frame had no reason, and not all of these before 6.1. */
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
 * Of the initial network namespace, so only the host sees it.  Until 6.5 the
 * end of the table was an empty entry (9edbfe92a0a1).
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

#endif /* _STABLETAP_COMPAT_H */
