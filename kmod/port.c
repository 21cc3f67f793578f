// SPDX-License-Identifier: GPL-2.0
/*
 * The port's net device: its operations, counters and ethtool.
 *
 * A port's properties (features, MTU, MAC address, queue length) do not follow
 * its lowers, because the tap core reads some of them only when the node is
 * opened, and QEMU opens it once.
 */
#include <linux/ethtool.h>
#include <linux/if_tun.h>

#include "bounds.h"
#include "datapath.h"
#include "filter.h"
#include "hold.h"
#include "lower.h"
#include "port.h"
#include "release.h"
#include "report.h"
#include "tapnode.h"

/* The stack does in software what a lower can't do in hardware. */
#define STABLETAP_FEATURES						\
	(NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA | NETIF_F_HW_CSUM | \
	 NETIF_F_SCTP_CRC | NETIF_F_GSO_SOFTWARE | NETIF_F_GSO_ENCAP_ALL)

/*
 * A VLAN tag goes to the lower beside the frame's data.  There is room for one
 * tag only, so these are not features of a VLAN on the port.
 */
#define STABLETAP_VLAN_FEATURES						\
	(NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_STAG_TX)

/* The offloads that a guest accepts until TUNSETOFFLOAD; as macvtap's */
#define STABLETAP_TAP_FEATURES						\
	(NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN)

/* The names of the counters in "ethtool -S" are those of the UAPI struct. */
static const char stabletap_counter_names[][ETH_GSTRING_LEN] = {
	[STABLETAP_TX_PACKETS]		= "tx_packets",
	[STABLETAP_TX_BYTES]		= "tx_bytes",
	[STABLETAP_TX_DETACHED]		= "tx_detached",
	[STABLETAP_TX_LOWER]		= "tx_lower",
	[STABLETAP_TX_REFUSED]		= "tx_refused",
	[STABLETAP_TX_HELD]		= "tx_held",
	[STABLETAP_TX_EXPIRED]		= "tx_expired",
	[STABLETAP_RX_PACKETS]		= "rx_packets",
	[STABLETAP_RX_BYTES]		= "rx_bytes",
	[STABLETAP_RX_MULTICAST]	= "rx_multicast",
	[STABLETAP_RX_NO_READER]	= "rx_no_reader",
	[STABLETAP_RX_RING]		= "rx_ring",
	[STABLETAP_RX_DOWN]		= "rx_down",
	[STABLETAP_RX_INACTIVE]		= "rx_inactive",
	[STABLETAP_RX_LRO]		= "rx_lro",
	[STABLETAP_RX_NOMEM]		= "rx_nomem",
	[STABLETAP_TX_PURGED]		= "tx_purged",
};

/* "ethtool -S" shows these after the packet counters. */
static const char stabletap_event_names[][ETH_GSTRING_LEN] = {
	"attaches", "replaces", "losses",
};

static int stabletap_port_init(struct net_device *dev)
{
	struct stabletap_port *port = netdev_priv(dev);
	int cpu;

	port->stats = netdev_alloc_pcpu_stats(struct stabletap_pcpu);
	if (!port->stats)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		local_lock_init(&per_cpu_ptr(port->stats, cpu)->rx_lock);

	netdev_lockdep_set_classes(dev);
	return 0;
}

/*
 * The port is closed and on no list any more, and unregister_netdevice_many()
 * has waited for RCU readers, once for all ports that are unregistered
 * together.  So no frame can be received into the queues any more.
 */
static void stabletap_port_uninit(struct net_device *dev)
{
	struct stabletap_port *port = netdev_priv(dev);

	stabletap_release_left(port);
	stabletap_lower_exit_port(port);
	stabletap_hold_exit_port(port);
	stabletap_bounds_empty(port);
	tap_del_queues(&port->tap);
}

/* Called after the last reference is gone: an open fd counts until then. */
static void stabletap_port_free(struct net_device *dev)
{
	struct stabletap_port *port = netdev_priv(dev);

	mutex_destroy(&port->open_lock);
	free_percpu(port->stats);
}

/*
 * The tap core lets any process that has the node open set the MAC address
 * (SIOCSIFHWADDR).  Therefore CAP_NET_ADMIN is checked here, for all
 * interfaces.
 */
static int stabletap_port_set_mac_address(struct net_device *dev, void *p)
{
	struct stabletap_port *port = netdev_priv(dev);
	const struct sockaddr *addr = p;
	int err;

	if (!ns_capable(dev_net(dev)->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	if (!is_valid_ether_addr(addr->sa_data))
		return -EADDRNOTAVAIL;

	err = stabletap_lower_set_mac(port, addr);
	if (err)
		return err;

	eth_hw_addr_set(dev, addr->sa_data);
	return 0;
}

/* A port that is set down holds nothing. */
static int stabletap_port_stop(struct net_device *dev)
{
	stabletap_hold_purge(netdev_priv(dev));
	return 0;
}

static int stabletap_port_change_mtu(struct net_device *dev, int mtu)
{
	int err;

	err = stabletap_lower_check_mtu(netdev_priv(dev), mtu);
	if (err)
		return err;

	WRITE_ONCE(dev->mtu, mtu);
	return 0;
}

static void stabletap_port_set_rx_mode(struct net_device *dev)
{
	stabletap_filter_sync_lists(netdev_priv(dev));
}

static void stabletap_port_change_rx_flags(struct net_device *dev, int change)
{
	if (change & (IFF_PROMISC | IFF_ALLMULTI))
		stabletap_lower_sync_flags(netdev_priv(dev));
}

static int stabletap_port_add_slave(struct net_device *dev,
				    struct net_device *lower,
				    struct netlink_ext_ack *extack)
{
	return stabletap_lower_attach(netdev_priv(dev), lower, 0, extack);
}

static int stabletap_port_del_slave(struct net_device *dev,
				    struct net_device *lower)
{
	struct stabletap_port *port = netdev_priv(dev);

	/* The old lower of a replace, which has not been let go yet */
	if (port->overlapping && port->overlapping->dev == lower) {
		stabletap_release_settle(port, NULL);
		return 0;
	}
	return stabletap_lower_detach(port, lower, NULL);
}

static void stabletap_port_get_stats64(struct net_device *dev,
				       struct rtnl_link_stats64 *stats)
{
	u64 sum[STABLETAP_COUNTERS];

	stabletap_report_stats(netdev_priv(dev), sum);
	stats->tx_packets = sum[STABLETAP_TX_PACKETS];
	stats->tx_bytes = sum[STABLETAP_TX_BYTES];
	stats->tx_dropped = sum[STABLETAP_TX_DETACHED] +
			    sum[STABLETAP_TX_LOWER] +
			    sum[STABLETAP_TX_REFUSED] +
			    sum[STABLETAP_TX_EXPIRED] +
			    sum[STABLETAP_TX_PURGED];
	stats->rx_packets = sum[STABLETAP_RX_PACKETS];
	stats->rx_bytes = sum[STABLETAP_RX_BYTES];
	stats->multicast = sum[STABLETAP_RX_MULTICAST];
	stats->rx_dropped = sum[STABLETAP_RX_NO_READER] +
			    sum[STABLETAP_RX_RING] +
			    sum[STABLETAP_RX_DOWN] +
			    sum[STABLETAP_RX_INACTIVE] +
			    sum[STABLETAP_RX_LRO] +
			    sum[STABLETAP_RX_NOMEM];
}

static const struct net_device_ops stabletap_port_ops = {
	.ndo_init		= stabletap_port_init,
	.ndo_uninit		= stabletap_port_uninit,
	.ndo_stop		= stabletap_port_stop,
	.ndo_start_xmit		= stabletap_datapath_xmit,
	.ndo_features_check	= passthru_features_check,
	.ndo_set_mac_address	= stabletap_port_set_mac_address,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_change_mtu		= stabletap_port_change_mtu,
	.ndo_set_rx_mode	= stabletap_port_set_rx_mode,
	.ndo_change_rx_flags	= stabletap_port_change_rx_flags,
	.ndo_get_stats64	= stabletap_port_get_stats64,
	.ndo_add_slave		= stabletap_port_add_slave,
	.ndo_del_slave		= stabletap_port_del_slave,
};

static void stabletap_port_get_drvinfo(struct net_device *dev,
				       struct ethtool_drvinfo *info)
{
	strscpy(info->driver, STABLETAP_KIND, sizeof(info->driver));
	strscpy(info->version, STABLETAP_VERSION, sizeof(info->version));
}

static int stabletap_port_get_sset_count(struct net_device *dev, int sset)
{
	if (sset != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return ARRAY_SIZE(stabletap_counter_names) +
	       ARRAY_SIZE(stabletap_event_names);
}

static void stabletap_port_get_strings(struct net_device *dev, u32 sset,
				       u8 *buf)
{
	if (sset != ETH_SS_STATS)
		return;
	memcpy(buf, stabletap_counter_names, sizeof(stabletap_counter_names));
	memcpy(buf + sizeof(stabletap_counter_names), stabletap_event_names,
	       sizeof(stabletap_event_names));
}

static void stabletap_port_get_ethtool_stats(struct net_device *dev,
					     struct ethtool_stats *unused,
					     u64 *buf)
{
	struct stabletap_port *port = netdev_priv(dev);

	stabletap_report_stats(port, buf);
	buf += STABLETAP_COUNTERS;
	*buf++ = port->attaches;
	*buf++ = port->replaces;
	*buf++ = port->losses;
}

static const struct ethtool_ops stabletap_port_ethtool_ops = {
	.get_drvinfo		= stabletap_port_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_sset_count		= stabletap_port_get_sset_count,
	.get_strings		= stabletap_port_get_strings,
	.get_ethtool_stats	= stabletap_port_get_ethtool_stats,
};

/* rtnl_link_ops.setup, and alloc_netdev()'s for CREATE */
void stabletap_port_setup(struct net_device *dev)
{
	struct stabletap_port *port = netdev_priv(dev);

	ether_setup(dev);
	dev->netdev_ops = &stabletap_port_ops;
	dev->ethtool_ops = &stabletap_port_ethtool_ops;
	dev->needs_free_netdev = true;
	dev->priv_destructor = stabletap_port_free;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->priv_flags |= IFF_NO_QUEUE | IFF_UNICAST_FLT;
	/* netpoll calls with interrupts off; dev_queue_xmit() forbids that. */
	dev->priv_flags |= IFF_DISABLE_NETPOLL;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_MAX_MTU;
	dev->tx_queue_len = TUN_READQ_SIZE;
	dev->features = STABLETAP_FEATURES | STABLETAP_VLAN_FEATURES |
			NETIF_F_GSO_ROBUST;
	dev->hw_features = STABLETAP_FEATURES | STABLETAP_VLAN_FEATURES;
	dev->vlan_features = STABLETAP_FEATURES | NETIF_F_GSO_ROBUST;
	dev->hw_enc_features = STABLETAP_FEATURES;
	stabletap_set_lltx(dev);
	stabletap_set_no_addrconf(dev);

	port->dev = dev;
	mutex_init(&port->open_lock);
	stabletap_filter_init_port(port);
	stabletap_hold_init_port(port);
	stabletap_lower_init_port(port);
	port->tap.dev = dev;
	port->tap.tap_features = STABLETAP_TAP_FEATURES;
	port->tap.count_tx_dropped = stabletap_datapath_tx_refused;
	port->tap.count_rx_dropped = stabletap_datapath_rx_refused;
	/*
	 * update_features stays NULL: the offloads that the guest accepts only
	 * decide which frames the tap core segments.  They do not change the
	 * features of the net device.
	 */
	INIT_LIST_HEAD(&port->tap.queue_list);
}

/*
 * The node belongs to the root user of the user namespace that owns the network
 * namespace, as the port's files in sysfs do, or to the host's root if that
 * user namespace has none.
 */
void stabletap_config_init(struct stabletap_config *config, struct net *net)
{
	config->queues = 1;
	config->uid = make_kuid(net->user_ns, 0);
	if (!uid_valid(config->uid))
		config->uid = GLOBAL_ROOT_UID;
	config->gid = make_kgid(net->user_ns, 0);
	if (!gid_valid(config->gid))
		config->gid = GLOBAL_ROOT_GID;
	config->perm = STABLETAP_PERM_DEFAULT;
	config->on_detach = STABLETAP_ON_DETACH_DROP;
	config->hold_frames = STABLETAP_HOLD_FRAMES;
	config->hold_time = STABLETAP_HOLD_TIME;
	config->hold_bytes = STABLETAP_HOLD_BYTES;
}

int stabletap_config_check(const struct stabletap_config *config,
			   struct netlink_ext_ack *extack)
{
	if (config->queues < 1 || config->queues > STABLETAP_MAX_QUEUES) {
		NL_SET_ERR_MSG_MOD(extack, "A port has 1 to 256 queues");
		return -EINVAL;
	}
	if (!uid_valid(config->uid) || !gid_valid(config->gid)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The node's owner or group does not exist in this user namespace");
		return -EINVAL;
	}
	if (config->perm & ~0777) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The node's permissions must be 0001 to 0777");
		return -EINVAL;
	}
	if (!config->perm) {
		/* devtmpfs takes 0 for "not given". */
		NL_SET_ERR_MSG_MOD(extack,
				   "The node's permissions can't be 0");
		return -EINVAL;
	}
	if (config->on_detach > STABLETAP_ON_DETACH_HOLD) {
		NL_SET_ERR_MSG_MOD(extack, "Unknown on-detach policy");
		return -EOPNOTSUPP;
	}
	if (!config->hold_frames ||
	    config->hold_frames > STABLETAP_HOLD_MAX_FRAMES) {
		NL_SET_ERR_MSG_MOD(extack,
				   "A port holds 1 to 1,000,000 frames");
		return -EINVAL;
	}
	if (!config->hold_time ||
	    config->hold_time > STABLETAP_HOLD_MAX_TIME) {
		NL_SET_ERR_MSG_MOD(extack,
				   "A port holds a frame for 1 to 3,600,000 ms");
		return -EINVAL;
	}
	if (!config->hold_bytes ||
	    config->hold_bytes > STABLETAP_HOLD_MAX_BYTES) {
		NL_SET_ERR_MSG_MOD(extack,
				   "A port holds 1 byte to 4 GiB of frames");
		return -EINVAL;
	}
	return 0;
}

/*
 * Change the options that can be changed at run time.  The caller has checked
 * @config, and holds RTNL.  Returns true if something has changed.
 */
bool stabletap_config_change(struct stabletap_port *port,
			     const struct stabletap_config *config)
{
	struct stabletap_config *now = &port->config;
	bool policy = config->on_detach != now->on_detach;

	if (!policy && config->hold_frames == now->hold_frames &&
	    config->hold_time == now->hold_time &&
	    config->hold_bytes == now->hold_bytes)
		return false;
	WRITE_ONCE(now->on_detach, config->on_detach);
	stabletap_hold_set_bounds(port, config);
	if (policy)
		stabletap_lower_set_on_detach(port);
	return true;
}

/* Caller holds RTNL and, on failure, frees the device. */
int stabletap_port_register(struct net_device *dev,
			    const struct stabletap_config *config,
			    struct netlink_ext_ack *extack)
{
	struct stabletap_port *port = netdev_priv(dev);
	int err;

	port->config = *config;
	/*
	 * A detached port is dormant, but keeps its carrier: if it lost that,
	 * linkwatch would deactivate its transmit queue.  netif_dormant_on()
	 * can't be used before registration.
	 */
	set_bit(__LINK_STATE_DORMANT, &dev->state);

	err = netdev_rx_handler_register(dev, stabletap_datapath_rx_port,
					 &port->tap);
	if (err)
		return err;
	err = stabletap_bounds_charge(port, extack);
	if (err)
		return err;

	/* Nothing that can fail may follow: the port becomes visible here. */
	err = register_netdevice(dev);
	if (err)
		stabletap_bounds_set(port, 0);
	return err;
}

/*
 * Called for rtnl_link_ops.dellink, which can't be refused, and for DELETE.
 * The port's own receive handler stays registered:
 * netdev_rx_handler_unregister() would wait for a grace period for each port,
 * and unregister_netdevice_many() waits anyway.
 */
void stabletap_port_dellink(struct net_device *dev, struct list_head *head)
{
	struct stabletap_port *port = netdev_priv(dev);

	if (stabletap_open_queues(port) && net_ratelimit())
		netdev_warn(dev, "deleted while its node is open %u times: its fd no longer works\n",
			    stabletap_open_queues(port));

	stabletap_lower_leave(port);
	unregister_netdevice_queue(dev, head);
}

/* Fill in GET; owner and group are ids of @user_ns.  Caller holds RTNL. */
void stabletap_port_get(struct stabletap_port *port,
			struct user_namespace *user_ns,
			struct stabletap_get *get)
{
	get->port = port->dev->ifindex;
	strscpy(get->name, port->dev->name, sizeof(get->name));
	get->owner = from_kuid_munged(user_ns, port->config.uid);
	get->group = from_kgid_munged(user_ns, port->config.gid);
	get->perm = port->config.perm;
	get->queues = port->config.queues;
	get->open_queues = stabletap_open_queues(port);
	get->on_detach = port->config.on_detach;
	get->state = port->state;
	get->detach_reason = port->detach_reason;
	get->attach_time = port->attach_time;
	get->detach_time = port->detach_time;
	get->attaches = port->attaches;
	get->replaces = port->replaces;
	get->losses = port->losses;
	strscpy(get->last_lower, port->last_lower, sizeof(get->last_lower));
	stabletap_tapnode_get(port, get);
	stabletap_lower_get(port, get);
	stabletap_hold_get(port, get);
}
