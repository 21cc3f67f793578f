// SPDX-License-Identifier: GPL-2.0
/*
 * The rtnetlink interface: link kind "stabletap".  The attributes of a port can
 * do all that the ioctls can; a lower has attributes too (slave_*).  Attach and
 * detach by "ip link set LOWER master PORT" do not come here: the kernel calls
 * the port's ndo_add_slave and ndo_del_slave.
 */
#include "link.h"
#include "lower.h"
#include "port.h"
#include "report.h"

static const struct nla_policy stabletap_policy[IFLA_STABLETAP_MAX + 1] = {
	[IFLA_STABLETAP_UNSPEC]		= {
		.strict_start_type = IFLA_STABLETAP_UNSPEC + 1
	},
	[IFLA_STABLETAP_QUEUES]		= { .type = NLA_U32 },
	[IFLA_STABLETAP_OWNER]		= { .type = NLA_U32 },
	[IFLA_STABLETAP_GROUP]		= { .type = NLA_U32 },
	[IFLA_STABLETAP_PERM]		= { .type = NLA_U32 },
	[IFLA_STABLETAP_ON_DETACH]	= { .type = NLA_U32 },
	[IFLA_STABLETAP_OPEN_QUEUES]	= { .type = NLA_REJECT },
	[IFLA_STABLETAP_STATE]		= { .type = NLA_REJECT },
	[IFLA_STABLETAP_LOWER]		= { .type = NLA_U32 },
	[IFLA_STABLETAP_LOWER_KIND]	= { .type = NLA_REJECT },
	[IFLA_STABLETAP_ATTACH_FLAGS]	= { .type = NLA_U32 },
	[IFLA_STABLETAP_DETACH_REASON]	= { .type = NLA_REJECT },
	[IFLA_STABLETAP_LAST_LOWER]	= { .type = NLA_REJECT },
	[IFLA_STABLETAP_ATTACH_TIME]	= { .type = NLA_REJECT },
	[IFLA_STABLETAP_DETACH_TIME]	= { .type = NLA_REJECT },
	[IFLA_STABLETAP_ATTACHES]	= { .type = NLA_REJECT },
	[IFLA_STABLETAP_REPLACES]	= { .type = NLA_REJECT },
	[IFLA_STABLETAP_LOSSES]		= { .type = NLA_REJECT },
	[IFLA_STABLETAP_PAD]		= { .type = NLA_REJECT },
	[IFLA_STABLETAP_HOLD_FRAMES]	= { .type = NLA_U32 },
	[IFLA_STABLETAP_HOLD_TIME]	= { .type = NLA_U32 },
	[IFLA_STABLETAP_HOLD_BYTES]	= { .type = NLA_U64 },
	[IFLA_STABLETAP_HELD_FRAMES]	= { .type = NLA_REJECT },
	[IFLA_STABLETAP_HELD_BYTES]	= { .type = NLA_REJECT },
};

static const struct nla_policy
stabletap_slave_policy[IFLA_STABLETAP_SLAVE_MAX + 1] = {
	[IFLA_STABLETAP_SLAVE_UNSPEC]		= {
		.strict_start_type = IFLA_STABLETAP_SLAVE_UNSPEC + 1
	},
	[IFLA_STABLETAP_SLAVE_ATTACH_FLAGS]	= { .type = NLA_U32 },
	[IFLA_STABLETAP_SLAVE_LOWER_KIND]	= { .type = NLA_REJECT },
};

/*
 * Refuse unknown attributes in @nest.  The kernel silently ignores attributes
 * of IFLA_INFO_DATA that are not in the policy, but the ioctls refuse unknown
 * flags, and both interfaces should behave alike.
 */
static int stabletap_check_unknown(struct nlattr *tb[], int nest, int maxtype,
				   struct netlink_ext_ack *extack)
{
	const struct nlattr *data, *attr;
	int data_rem, attr_rem;

	if (!tb[IFLA_LINKINFO])
		return 0;
	nla_for_each_nested(data, tb[IFLA_LINKINFO], data_rem) {
		if (nla_type(data) != nest)
			continue;
		nla_for_each_nested(attr, data, attr_rem) {
			if (nla_type(attr) && nla_type(attr) <= maxtype)
				continue;
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "stabletap: This module does not know one of the attributes");
			return -EINVAL;
		}
	}
	return 0;
}

static int stabletap_validate(struct nlattr *tb[], struct nlattr *data[],
			      struct netlink_ext_ack *extack)
{
	int err;

	err = stabletap_check_unknown(tb, IFLA_INFO_DATA, IFLA_STABLETAP_MAX,
				      extack);
	if (err)
		return err;
	if (tb[IFLA_LINK]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_LINK],
				    "stabletap: A port can't be created with a link; attach a lower to it with master PORT");
		return -EINVAL;
	}
	if (!tb[IFLA_ADDRESS])
		return 0;
	if (nla_len(tb[IFLA_ADDRESS]) != ETH_ALEN) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_ADDRESS],
				    "stabletap: A MAC address has 6 bytes");
		return -EINVAL;
	}
	if (!is_valid_ether_addr(nla_data(tb[IFLA_ADDRESS]))) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_ADDRESS],
				    "stabletap: A port's MAC address can't be multicast or zero");
		return -EADDRNOTAVAIL;
	}
	return 0;
}

/*
 * Copy the attributes that are present to @config.  User and group ids are
 * those of the sender's user namespace, as with CREATE.
 */
static void stabletap_config_parse(struct stabletap_config *config,
				   struct nlattr *data[])
{
	struct user_namespace *user_ns = current_user_ns();

	if (!data)
		return;
	if (data[IFLA_STABLETAP_QUEUES])
		config->queues = nla_get_u32(data[IFLA_STABLETAP_QUEUES]);
	if (data[IFLA_STABLETAP_OWNER])
		config->uid = make_kuid(user_ns,
					nla_get_u32(data[IFLA_STABLETAP_OWNER]));
	if (data[IFLA_STABLETAP_GROUP])
		config->gid = make_kgid(user_ns,
					nla_get_u32(data[IFLA_STABLETAP_GROUP]));
	if (data[IFLA_STABLETAP_PERM])
		config->perm = min_t(u32, U16_MAX,
				     nla_get_u32(data[IFLA_STABLETAP_PERM]));
	if (data[IFLA_STABLETAP_ON_DETACH])
		config->on_detach =
			nla_get_u32(data[IFLA_STABLETAP_ON_DETACH]);
	if (data[IFLA_STABLETAP_HOLD_FRAMES])
		config->hold_frames =
			nla_get_u32(data[IFLA_STABLETAP_HOLD_FRAMES]);
	if (data[IFLA_STABLETAP_HOLD_TIME])
		config->hold_time = nla_get_u32(data[IFLA_STABLETAP_HOLD_TIME]);
	if (data[IFLA_STABLETAP_HOLD_BYTES])
		config->hold_bytes =
			nla_get_u64(data[IFLA_STABLETAP_HOLD_BYTES]);
}

static int link_flags(const struct nlattr *attr, u32 *flags,
		      struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	/* INCOMPLETE is reported to user space, which may give it back. */
	*flags = nla_get_u32(attr) & ~STABLETAP_ATTACH_INCOMPLETE;
	if (!(*flags & ~STABLETAP_ATTACH_MASK))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "stabletap: This module does not know one of the flags");
	return -EOPNOTSUPP;
}

/*
 * Attach, detach or change the filter as LOWER and ATTACH_FLAGS ask for.
 * Setting the attributes to the values that the port reports changes nothing.
 */
static int link_attach(struct stabletap_port *port, struct nlattr *data[],
		       struct netlink_ext_ack *extack)
{
	struct stabletap_get now = {};
	struct net_device *dev;
	u32 lower, flags = 0;
	int err;

	if (!data || (!data[IFLA_STABLETAP_LOWER] &&
		      !data[IFLA_STABLETAP_ATTACH_FLAGS]))
		return 0;
	err = link_flags(data[IFLA_STABLETAP_ATTACH_FLAGS], &flags, extack);
	if (err)
		return err;

	stabletap_lower_get(port, &now);
	lower = data[IFLA_STABLETAP_LOWER] ?
		nla_get_u32(data[IFLA_STABLETAP_LOWER]) : now.lower;
	if (!lower) {
		if (flags) {
			NL_SET_ERR_MSG_ATTR(extack,
					    data[IFLA_STABLETAP_ATTACH_FLAGS],
					    "stabletap: Attach flags need a lower");
			return -ENOTCONN;
		}
		return now.lower ? stabletap_lower_detach(port, NULL, extack) :
		       0;
	}
	if (lower == now.lower) {
		if (!data[IFLA_STABLETAP_ATTACH_FLAGS])
			return 0;
		flags |= STABLETAP_ATTACH_REPLACE;
	}

	dev = __dev_get_by_index(dev_net(port->dev), lower);
	if (!dev) {
		NL_SET_ERR_MSG_ATTR(extack, data[IFLA_STABLETAP_LOWER],
				    "stabletap: There is no such lower in this network namespace");
		return -ENODEV;
	}
	return stabletap_lower_attach(port, dev, flags, extack);
}

static int stabletap_make(struct net_device *dev, struct nlattr *tb[],
			  struct nlattr *data[],
			  struct netlink_ext_ack *extack)
{
	struct stabletap_config config;
	int err;

	stabletap_config_init(&config, dev_net(dev));
	stabletap_config_parse(&config, data);
	err = stabletap_config_check(&config, extack);
	if (err)
		return err;

	if (!tb[IFLA_ADDRESS])
		eth_hw_addr_random(dev);
	err = stabletap_port_register(dev, &config, extack);
	if (err)
		return err;

	/*
	 * A device must be registered to have a lower, so this comes last, and
	 * can fail.  The kernel has sent no RTM_NEWLINK for the port yet.  If
	 * newlink fails and the device is already being unregistered, the
	 * kernel leaves freeing it to netdev_run_todo().
	 */
	err = link_attach(netdev_priv(dev), data, extack);
	if (err)
		stabletap_port_dellink(dev, NULL);
	return err;
}

STABLETAP_NEWLINK(stabletap_newlink, stabletap_make)

static int stabletap_changelink(struct net_device *dev, struct nlattr *tb[],
				struct nlattr *data[],
				struct netlink_ext_ack *extack)
{
	struct stabletap_port *port = netdev_priv(dev);
	struct stabletap_config config = port->config;
	int err;

	stabletap_config_parse(&config, data);
	err = stabletap_config_check(&config, extack);
	if (err)
		return err;

	if (config.queues != port->config.queues ||
	    config.perm != port->config.perm ||
	    !uid_eq(config.uid, port->config.uid) ||
	    !gid_eq(config.gid, port->config.gid)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "Queues, owner, group and perm can only be set when a port is created");
		return -EOPNOTSUPP;
	}

	err = link_attach(port, data, extack);
	if (err)
		return err;

	/* The kernel reports the change. */
	stabletap_config_change(port, &config);
	return 0;
}

/* Change a lower's filter mode; nothing else of a lower can be changed. */
static int stabletap_slave_changelink(struct net_device *dev,
				      struct net_device *lower,
				      struct nlattr *tb[],
				      struct nlattr *data[],
				      struct netlink_ext_ack *extack)
{
	struct stabletap_port *port = netdev_priv(dev);
	u32 flags = 0;
	int err;

	err = stabletap_check_unknown(tb, IFLA_INFO_SLAVE_DATA,
				      IFLA_STABLETAP_SLAVE_MAX, extack);
	if (err || !data || !data[IFLA_STABLETAP_SLAVE_ATTACH_FLAGS])
		return err;
	err = link_flags(data[IFLA_STABLETAP_SLAVE_ATTACH_FLAGS], &flags,
			 extack);
	if (err)
		return err;
	if (port->overlapping && port->overlapping->dev == lower) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The port's lower is another device by now");
		return -ESTALE;
	}
	return stabletap_lower_attach(port, lower,
				      flags | STABLETAP_ATTACH_REPLACE, extack);
}

static size_t stabletap_get_size(const struct net_device *dev)
{
	return 14 * nla_total_size(sizeof(u32)) +
	       7 * nla_total_size_64bit(sizeof(u64)) +
	       nla_total_size(IFNAMSIZ);
}

static int stabletap_fill_info(struct sk_buff *skb,
			       const struct net_device *dev)
{
	struct stabletap_port *port = netdev_priv(dev);
	struct stabletap_get get = {};

	/*
	 * A message can have many readers, and any process may have caused it.
	 * So ids are reported in the user namespace that owns the network
	 * namespace.
	 */
	stabletap_port_get(port, dev_net(dev)->user_ns, &get);

	if (nla_put_u32(skb, IFLA_STABLETAP_QUEUES, get.queues) ||
	    nla_put_u32(skb, IFLA_STABLETAP_OWNER, get.owner) ||
	    nla_put_u32(skb, IFLA_STABLETAP_GROUP, get.group) ||
	    nla_put_u32(skb, IFLA_STABLETAP_PERM, get.perm) ||
	    nla_put_u32(skb, IFLA_STABLETAP_ON_DETACH, get.on_detach) ||
	    nla_put_u32(skb, IFLA_STABLETAP_OPEN_QUEUES, get.open_queues) ||
	    nla_put_u32(skb, IFLA_STABLETAP_STATE, get.state) ||
	    nla_put_u32(skb, IFLA_STABLETAP_LOWER, get.lower) ||
	    nla_put_u32(skb, IFLA_STABLETAP_LOWER_KIND, get.lower_kind) ||
	    nla_put_u32(skb, IFLA_STABLETAP_ATTACH_FLAGS, get.attach_flags) ||
	    nla_put_u32(skb, IFLA_STABLETAP_DETACH_REASON,
			get.detach_reason) ||
	    nla_put_string(skb, IFLA_STABLETAP_LAST_LOWER, get.last_lower) ||
	    nla_put_u64_64bit(skb, IFLA_STABLETAP_ATTACH_TIME,
			      get.attach_time, IFLA_STABLETAP_PAD) ||
	    nla_put_u64_64bit(skb, IFLA_STABLETAP_DETACH_TIME,
			      get.detach_time, IFLA_STABLETAP_PAD) ||
	    nla_put_u64_64bit(skb, IFLA_STABLETAP_ATTACHES, get.attaches,
			      IFLA_STABLETAP_PAD) ||
	    nla_put_u64_64bit(skb, IFLA_STABLETAP_REPLACES, get.replaces,
			      IFLA_STABLETAP_PAD) ||
	    nla_put_u64_64bit(skb, IFLA_STABLETAP_LOSSES, get.losses,
			      IFLA_STABLETAP_PAD) ||
	    nla_put_u32(skb, IFLA_STABLETAP_HOLD_FRAMES, get.hold_frames) ||
	    nla_put_u32(skb, IFLA_STABLETAP_HOLD_TIME, get.hold_time) ||
	    nla_put_u64_64bit(skb, IFLA_STABLETAP_HOLD_BYTES, get.hold_bytes,
			      IFLA_STABLETAP_PAD) ||
	    nla_put_u32(skb, IFLA_STABLETAP_HELD_FRAMES, get.held_frames) ||
	    nla_put_u64_64bit(skb, IFLA_STABLETAP_HELD_BYTES, get.held_bytes,
			      IFLA_STABLETAP_PAD))
		return -EMSGSIZE;

	return 0;
}

static size_t stabletap_get_slave_size(const struct net_device *dev,
				       const struct net_device *lower)
{
	return 2 * nla_total_size(sizeof(u32));
}

static int stabletap_fill_slave_info(struct sk_buff *skb,
				     const struct net_device *dev,
				     const struct net_device *lower)
{
	struct stabletap_get get = {};

	/* While a lower is being linked or unlinked it is not port->lower. */
	stabletap_lower_get(netdev_priv(dev), &get);
	if (get.lower != lower->ifindex)
		return 0;
	if (nla_put_u32(skb, IFLA_STABLETAP_SLAVE_ATTACH_FLAGS,
			get.attach_flags) ||
	    nla_put_u32(skb, IFLA_STABLETAP_SLAVE_LOWER_KIND, get.lower_kind))
		return -EMSGSIZE;
	return 0;
}

/* The kernel also calls this for IFLA_STATS_LINK_XSTATS_SLAVE of a lower. */
static size_t stabletap_get_linkxstats_size(const struct net_device *dev,
					    int attr)
{
	if (attr != IFLA_STATS_LINK_XSTATS)
		return 0;
	return nla_total_size(0) +
	       STABLETAP_COUNTERS * nla_total_size_64bit(sizeof(u64));
}

static int stabletap_fill_linkxstats(struct sk_buff *skb,
				     const struct net_device *dev,
				     int *prividx, int attr)
{
	u64 sum[STABLETAP_COUNTERS];
	struct nlattr *nest;
	int i;

	static_assert(STABLETAP_XSTATS_TX_PURGED -
		      STABLETAP_XSTATS_TX_PACKETS ==
		      STABLETAP_TX_PURGED - STABLETAP_TX_PACKETS);
	static_assert(STABLETAP_XSTATS_MAX - STABLETAP_XSTATS_TX_PACKETS + 1 ==
		      STABLETAP_COUNTERS);

	if (attr != IFLA_STATS_LINK_XSTATS)
		return 0;
	nest = nla_nest_start(skb, LINK_XSTATS_TYPE_STABLETAP);
	if (!nest)
		return -EMSGSIZE;
	stabletap_report_stats(netdev_priv(dev), sum);
	for (i = 0; i < STABLETAP_COUNTERS; i++) {
		if (nla_put_u64_64bit(skb, STABLETAP_XSTATS_TX_PACKETS + i,
				      sum[i], STABLETAP_XSTATS_PAD)) {
			nla_nest_cancel(skb, nest);
			return -EMSGSIZE;
		}
	}
	nla_nest_end(skb, nest);
	return 0;
}

struct rtnl_link_ops stabletap_link_ops __read_mostly = {
	.kind		= STABLETAP_KIND,
	.priv_size	= sizeof(struct stabletap_port),
	.setup		= stabletap_port_setup,
	.maxtype	= IFLA_STABLETAP_MAX,
	.policy		= stabletap_policy,
	.validate	= stabletap_validate,
	.newlink	= stabletap_newlink,
	.changelink	= stabletap_changelink,
	.dellink	= stabletap_port_dellink,
	.get_size	= stabletap_get_size,
	.fill_info	= stabletap_fill_info,

	.slave_maxtype		= IFLA_STABLETAP_SLAVE_MAX,
	.slave_policy		= stabletap_slave_policy,
	.slave_changelink	= stabletap_slave_changelink,
	.get_slave_size		= stabletap_get_slave_size,
	.fill_slave_info	= stabletap_fill_slave_info,

	.get_linkxstats_size	= stabletap_get_linkxstats_size,
	.fill_linkxstats	= stabletap_fill_linkxstats,
};
