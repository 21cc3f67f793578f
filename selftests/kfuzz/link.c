// SPDX-License-Identifier: GPL-2.0
/* rtnetlink: ports by link kind, and changes of any link. */
#include "kfuzz.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/ethtool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* Add attributes that attach, replace, detach or change the filter mode */
static void put_lower(struct kf *kf, struct nlmsghdr *nlh)
{
	if (kf_below(kf, 4))
		mnl_attr_put_u32(nlh, IFLA_STABLETAP_LOWER, kf_once_in(kf, 4) ?
				 0 : kf_link(kf));
	if (kf_below(kf, 4))
		mnl_attr_put_u32(nlh, IFLA_STABLETAP_ATTACH_FLAGS,
				 kf_below(kf, 4) ? STABLETAP_ATTACH_REPLACE :
				 kf_below(kf, 16));
}

/* Add bounds of hold; 0 is refused. */
static void put_hold(struct kf *kf, struct nlmsghdr *nlh)
{
	if (kf_once_in(kf, 2))
		mnl_attr_put_u32(nlh, IFLA_STABLETAP_HOLD_FRAMES,
				 kf_below(kf, 65));
	if (kf_once_in(kf, 2))
		mnl_attr_put_u32(nlh, IFLA_STABLETAP_HOLD_TIME,
				 kf_below(kf, 50));
	if (kf_once_in(kf, 2))
		mnl_attr_put_u64(nlh, IFLA_STABLETAP_HOLD_BYTES,
				 kf_below(kf, 1 << 17));
}

/*
 * IFLA_INFO_DATA of a port: known attributes with values that may be valid,
 * sometimes read-only or unknown ones, or ones of another size.
 */
static void port_data(struct kf *kf, struct nlmsghdr *nlh, bool is_new)
{
	struct nlattr *data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	unsigned int times = kf_below(kf, 4), type;
	uint8_t junk[40];

	while (times--) {
		/* Only the last of these can be changed later. */
		type = is_new ? 1 + kf_below(kf, IFLA_STABLETAP_ON_DETACH) :
				IFLA_STABLETAP_ON_DETACH;
		if (kf_once_in(kf, 8))
			type = kf_below(kf, IFLA_STABLETAP_MAX + 4);
		if (!is_new && kf_once_in(kf, 2)) {
			put_lower(kf, nlh);
		} else if (kf_once_in(kf, 4)) {
			put_hold(kf, nlh);
		} else if (kf_once_in(kf, 24)) {
			memset(junk, kf_next(kf), sizeof(junk));
			mnl_attr_put(nlh, type, kf_below(kf, sizeof(junk)),
				     junk);
		} else if (kf_once_in(kf, 12)) {
			mnl_attr_put_u32(nlh, type, kf_number(kf));
		} else {
			mnl_attr_put_u32(nlh, type,
					 type == IFLA_STABLETAP_ON_DETACH ?
					 kf_once_in(kf, 3) :
					 1 + kf_below(kf, 7));
		}
	}
	mnl_attr_nest_end(nlh, data);
}

static struct nlmsghdr *port_msg(struct kf *kf, uint16_t flags, int port)
{
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_NEWLINK, flags, port);
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, STABLETAP_KIND);
	port_data(kf, nlh, flags & NLM_F_CREATE);
	mnl_attr_nest_end(nlh, info);
	return nlh;
}

static int link_new_port(struct kf *kf)
{
	int port = kf_port(kf);
	struct nlmsghdr *nlh;
	uint8_t mac[6];

	if (port != kf->port && kf_once_in(kf, 2))
		kf_link_del(kf, port);
	nlh = port_msg(kf, NLM_F_CREATE | NLM_F_EXCL, port);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, kf_name(port));
	if (kf_once_in(kf, 2)) {
		kf_mac(kf, mac);
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	}
	if (kf_once_in(kf, 8))
		mnl_attr_put_u32(nlh, IFLA_MTU, 60 + kf_below(kf, 9000));
	if (kf_once_in(kf, 8))
		mnl_attr_put_u32(nlh, IFLA_MASTER, kf_any(kf));
	if (kf_once_in(kf, 8))
		mnl_attr_put_u32(nlh, IFLA_LINK, kf_any(kf));
	if (kf_once_in(kf, 8))
		mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES,
				 1 + kf_below(kf, 16));
	if (kf_once_in(kf, 16))
		mnl_attr_put_u32(nlh, IFLA_NET_NS_FD,
				 KF_PICK(kf, kf->netns));
	return kf_talk(kf, nlh);
}

static int link_change_port(struct kf *kf)
{
	return kf_talk(kf, port_msg(kf, 0, kf_port(kf)));
}

/* Change attributes in IFLA_INFO_SLAVE_DATA of a lower */
static int link_change_slave(struct kf *kf)
{
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_NEWLINK, 0, kf_link(kf));
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO), *data;
	unsigned int times = kf_below(kf, 3);

	mnl_attr_put_strz(nlh, IFLA_INFO_SLAVE_KIND, STABLETAP_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_SLAVE_DATA);
	while (times--)
		mnl_attr_put_u32(nlh, kf_below(kf, 3) ?
				 IFLA_STABLETAP_SLAVE_ATTACH_FLAGS :
				 kf_below(kf, 8), kf_below(kf, 4) ?
				 kf_below(kf, 8) : kf_number(kf));
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	if (kf_once_in(kf, 2))
		mnl_attr_put_u32(nlh, IFLA_MASTER, kf_port(kf));
	return kf_talk(kf, nlh);
}

static int link_delete(struct kf *kf)
{
	return kf_link_del(kf, kf_once_in(kf, 4) ? kf_port(kf) : kf_link(kf));
}

static int link_master(struct kf *kf)
{
	return kf_link_u32(kf, kf_link(kf), IFLA_MASTER, kf_port(kf));
}

static int link_nomaster(struct kf *kf)
{
	return kf_link_u32(kf, kf_any(kf), IFLA_MASTER, 0);
}

/* Set a port as member of a device, or any device as member of any */
static int link_enslave(struct kf *kf)
{
	int below = kf_once_in(kf, 2) ? kf_port(kf) : kf_link(kf);

	return kf_link_u32(kf, below, IFLA_MASTER, kf_link(kf));
}

static int link_flags(struct kf *kf)
{
	static const unsigned int flags[] = {
		IFF_UP, IFF_UP, IFF_UP, IFF_PROMISC, IFF_ALLMULTI, IFF_NOARP,
		IFF_MULTICAST, IFF_DYNAMIC, IFF_DEBUG,
	};
	unsigned int flag = KF_PICK(kf, flags);
	bool on = kf_below(kf, 4);

	return kf_link_flags(kf, kf_any(kf), on ? flag : 0, flag);
}

static int link_mac(struct kf *kf)
{
	int ifindex = kf_any(kf);
	struct nlmsghdr *nlh;
	uint8_t mac[6];

	kf_mac(kf, mac);
	nlh = kf_link_msg(kf, RTM_NEWLINK, 0, ifindex);
	mnl_attr_put(nlh, IFLA_ADDRESS, kf_once_in(kf, 16) ? 4 : 6, mac);
	return kf_talk(kf, nlh);
}

static int link_mtu(struct kf *kf)
{
	static const uint32_t mtus[] = {
		68, 1280, 1400, 1500, 1500, 1504, 9000, 65535,
	};
	int ifindex = kf_any(kf);

	return kf_link_u32(kf, ifindex, IFLA_MTU, kf_once_in(kf, 8) ?
			   kf_number(kf) : KF_PICK(kf, mtus));
}

/* Bounded, because a long queue costs memory */
static int link_txqlen(struct kf *kf)
{
	static const uint32_t lengths[] = { 0, 1, 2, 63, 500, 500, 1000 };
	int ifindex = kf_once_in(kf, 4) ? kf_any(kf) : kf_port(kf);

	return kf_link_u32(kf, ifindex, IFLA_TXQLEN, KF_PICK(kf, lengths));
}

/* Attributes that have little effect on most devices */
static int link_other(struct kf *kf)
{
	static const uint16_t words[] = {
		IFLA_GROUP, IFLA_GSO_MAX_SIZE, IFLA_GSO_MAX_SEGS, IFLA_WEIGHT,
	};
	static const uint16_t bytes[] = {
		IFLA_OPERSTATE, IFLA_LINKMODE, IFLA_CARRIER, IFLA_PROTO_DOWN,
	};
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_NEWLINK, 0, kf_any(kf));

	switch (kf_below(kf, 4)) {
	case 0:
		mnl_attr_put_u32(nlh, KF_PICK(kf, words), kf_number(kf));
		break;
	case 1:
		mnl_attr_put_u8(nlh, KF_PICK(kf, bytes), kf_below(kf, 8));
		break;
	case 2:
		mnl_attr_put_u32(nlh, IFLA_GROUP, kf_below(kf, 3));
		break;
	default:
		mnl_attr_put_strz(nlh, IFLA_IFALIAS, "alias");
	}
	return kf_talk(kf, nlh);
}

static int link_group(struct kf *kf)
{
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_NEWLINK, 0, 0);
	struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);

	ifm->ifi_change = IFF_UP;
	ifm->ifi_flags = kf_below(kf, 3) ? IFF_UP : 0;
	mnl_attr_put_u32(nlh, IFLA_GROUP, 1 + kf_below(kf, 2));
	return kf_talk(kf, nlh);
}

static int link_altname(struct kf *kf)
{
	uint16_t type = kf_below(kf, 3) ? RTM_NEWLINKPROP : RTM_DELLINKPROP;
	int ifindex = kf_once_in(kf, 2) ? kf_port(kf) : kf_link(kf);
	struct nlmsghdr *nlh;
	struct nlattr *list;
	char name[32];

	snprintf(name, sizeof(name), "altname-%u", kf_below(kf, 8));
	nlh = kf_link_msg(kf, type, type == RTM_NEWLINKPROP ?
			  NLM_F_CREATE | NLM_F_EXCL : 0, ifindex);
	list = mnl_attr_nest_start(nlh, IFLA_PROP_LIST);
	mnl_attr_put_strz(nlh, IFLA_ALT_IFNAME, name);
	mnl_attr_nest_end(nlh, list);
	return kf_talk(kf, nlh);
}

/* Rename a link.  The next sweep, or this call, restores the names. */
static int link_rename(struct kf *kf)
{
	int ifindex = kf_once_in(kf, 2) ? kf_port(kf) : kf_link(kf);
	struct nlmsghdr *nlh;
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), kf_below(kf, 3) ? "%s" : "%s-too",
		 kf_name(ifindex));
	nlh = kf_link_msg(kf, RTM_NEWLINK, 0, ifindex);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return kf_talk(kf, nlh);
}

static int link_netns(struct kf *kf)
{
	int ifindex = kf_once_in(kf, 2) ? kf_port(kf) : kf_link(kf);
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_NEWLINK, 0, ifindex);

	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, KF_PICK(kf, kf->netns));
	if (kf_once_in(kf, 8))
		mnl_attr_put_u32(nlh, IFLA_NEW_IFINDEX, kf_port(kf));
	return kf_talk(kf, nlh);
}

static int link_get(struct kf *kf)
{
	int ifindex[128];

	if (kf_once_in(kf, 4))
		return kf_links(kf, ifindex, ARRAY_SIZE(ifindex));
	return kf_talk(kf, kf_link_msg(kf, RTM_GETLINK, 0, kf_port(kf)));
}

static int link_get_stats(struct kf *kf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(kf->buf);
	struct if_stats_msg *ism;

	nlh->nlmsg_type = RTM_GETSTATS;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	ism = mnl_nlmsg_put_extra_header(nlh, sizeof(*ism));
	ism->ifindex = kf_once_in(kf, 2) ? kf_port(kf) : kf_link(kf);
	ism->filter_mask = kf_below(kf, 32);
	return kf_talk(kf, nlh);
}

/* Change a device's unicast or multicast list */
static int link_fdb(struct kf *kf)
{
	bool add = kf_below(kf, 3);
	struct nlmsghdr *nlh;
	struct ndmsg *ndm;
	uint8_t mac[6];

	kf_mac(kf, mac);
	nlh = mnl_nlmsg_put_header(kf->buf);
	nlh->nlmsg_type = add ? RTM_NEWNEIGH : RTM_DELNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK |
			   (add ? NLM_F_CREATE | NLM_F_APPEND : 0);
	ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	ndm->ndm_family = AF_BRIDGE;
	ndm->ndm_ifindex = kf_once_in(kf, 2) ? kf_port(kf) : kf_link(kf);
	ndm->ndm_flags = NTF_SELF;
	ndm->ndm_state = NUD_PERMANENT;
	mnl_attr_put(nlh, NDA_LLADDR, 6, mac);
	return kf_talk(kf, nlh);
}

static int link_ethtool(struct kf *kf)
{
	static const uint32_t cmds[] = {
		ETHTOOL_GDRVINFO, ETHTOOL_GLINK, ETHTOOL_GSTATS,
		ETHTOOL_GSSET_INFO, ETHTOOL_GSTRINGS, ETHTOOL_GFEATURES,
		ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM,
		ETHTOOL_SRXCSUM, ETHTOOL_SSG, ETHTOOL_SFLAGS, ETHTOOL_GFLAGS,
		ETHTOOL_GCHANNELS, ETHTOOL_GRINGPARAM,
	};
	struct {
		uint32_t cmd;
		uint32_t data;
		uint8_t room[8192];
	} arg = { .cmd = KF_PICK(kf, cmds), .data = kf_below(kf, 2) };
	struct ifreq ifr = { .ifr_data = (void *)&arg };

	if (arg.cmd == ETHTOOL_GSTRINGS)
		arg.data = 1;	/* ETH_SS_STATS */
	if (arg.cmd == ETHTOOL_SFLAGS)
		arg.data = kf_next(kf);
	strcpy(ifr.ifr_name, kf_name(kf_any(kf)));
	return ioctl(kf->inet, SIOCETHTOOL, &ifr) ? -errno : 0;
}

static const struct kf_call calls[] = {
	{ "newlink of a port", 12, link_new_port, 1 },
	{ "changelink of a port", 8, link_change_port, 1 },
	{ "changelink of a slave", 4, link_change_slave },
	{ "dellink", 6, link_delete, 1 },
	{ "master", 20, link_master, 1 },
	{ "nomaster", 10, link_nomaster, 1 },
	{ "master of any kind", 12, link_enslave },
	{ "flags", 24, link_flags, 1 },
	{ "MAC address", 10, link_mac, 1 },
	{ "MTU", 10, link_mtu, 1 },
	{ "txqueuelen", 6, link_txqlen, 1 },
	{ "other attributes", 8, link_other, 1 },
	{ "up and down by group", 2, link_group },
	{ "altname", 4, link_altname },
	{ "rename", 3, link_rename },
	{ "namespace move", 4, link_netns },
	{ "getlink", 8, link_get, 1 },
	{ "getstats", 4, link_get_stats, 1 },
	{ "address lists", 12, link_fdb, 1 },
	{ "ethtool", 8, link_ethtool, 1 },
};

const struct kf_table kf_link_table = KF_TABLE(calls);
