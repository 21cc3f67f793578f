// SPDX-License-Identifier: GPL-2.0
/* Links of many kinds: on ports, below them and beside them. */
#include "kfuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* <linux/if_tunnel.h> conflicts with <net/if.h>. */
#define GRE_LOCAL	6
#define GRE_REMOTE	7

static void data_macvlan(struct kf *kf, struct nlmsghdr *nlh)
{
	static const uint32_t modes[] = {
		MACVLAN_MODE_BRIDGE, MACVLAN_MODE_BRIDGE, MACVLAN_MODE_PRIVATE,
		MACVLAN_MODE_VEPA, MACVLAN_MODE_PASSTHRU, MACVLAN_MODE_SOURCE,
	};

	mnl_attr_put_u32(nlh, IFLA_MACVLAN_MODE, KF_PICK(kf, modes));
	if (kf_once_in(kf, 8))
		mnl_attr_put_u16(nlh, IFLA_MACVLAN_FLAGS, kf_below(kf, 4));
}

static void data_ipvlan(struct kf *kf, struct nlmsghdr *nlh)
{
	mnl_attr_put_u16(nlh, IFLA_IPVLAN_MODE, kf_below(kf, 3));
	mnl_attr_put_u16(nlh, IFLA_IPVLAN_FLAGS, kf_below(kf, 3));
}

static void data_vlan(struct kf *kf, struct nlmsghdr *nlh)
{
	mnl_attr_put_u16(nlh, IFLA_VLAN_ID, 1 + kf_below(kf, 4));
	if (kf_once_in(kf, 4))
		mnl_attr_put_u16(nlh, IFLA_VLAN_PROTOCOL, htons(0x88a8));
}

static void data_bond(struct kf *kf, struct nlmsghdr *nlh)
{
	mnl_attr_put_u8(nlh, IFLA_BOND_MODE, kf_below(kf, 7));
	if (kf_once_in(kf, 2))
		mnl_attr_put_u32(nlh, IFLA_BOND_MIIMON, 100);
	if (kf_once_in(kf, 4))
		mnl_attr_put_u8(nlh, IFLA_BOND_FAIL_OVER_MAC, kf_below(kf, 3));
}

static void data_bridge(struct kf *kf, struct nlmsghdr *nlh)
{
	/* STP prevents endless loops; the bridge is not what is tested. */
	mnl_attr_put_u32(nlh, IFLA_BR_STP_STATE, 1);
	mnl_attr_put_u8(nlh, IFLA_BR_VLAN_FILTERING, kf_below(kf, 2));
}

static void data_vrf(struct kf *kf, struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, IFLA_VRF_TABLE, 10 + kf_below(kf, 8));
}

static void data_vxlan(struct kf *kf, struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, IFLA_VXLAN_ID, 1 + kf_below(kf, 16));
	mnl_attr_put_u32(nlh, IFLA_VXLAN_GROUP, htonl(0xe0000101));
	mnl_attr_put_u32(nlh, IFLA_VXLAN_LINK, kf_any(kf));
}

static void data_geneve(struct kf *kf, struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, IFLA_GENEVE_ID, 1 + kf_below(kf, 16));
	mnl_attr_put_u32(nlh, IFLA_GENEVE_REMOTE, htonl(0x0a000001));
}

static void data_macsec(struct kf *kf, struct nlmsghdr *nlh)
{
	mnl_attr_put_u16(nlh, IFLA_MACSEC_PORT, htons(1 + kf_below(kf, 8)));
}

static void data_gre(struct kf *kf, struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, GRE_LOCAL, htonl(0x0a000001));
	mnl_attr_put_u32(nlh, GRE_REMOTE,
			 htonl(0x0a000002 + kf_below(kf, 8)));
}

/* The device to create a link on: mostly one that exists and accepts it */
static int kind_lower(struct kf *kf)
{
	switch (kf_below(kf, 4)) {
	case 0:
		return kf->port;
	case 1:
		return kf->peer;
	case 2:
		return kf_port(kf);
	default:
		return kf_any(kf);
	}
}

/*
 * hsr refuses a device with a receive handler, which most lowers and all ports
 * have.  Debian's kernels lack hsr, the debug kernels have it.
 */
static void data_hsr(struct kf *kf, struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, IFLA_HSR_SLAVE1, kf->peer);
	mnl_attr_put_u32(nlh, IFLA_HSR_SLAVE2, kf_link(kf));
}

static void data_none(struct kf *kf, struct nlmsghdr *nlh)
{
}

/*
 * @link: the link needs another one, given by IFLA_LINK
 * @peer: number of the attribute that describes its other end, if it has one
 */
struct kind {
	const char *name;
	void (*data)(struct kf *kf, struct nlmsghdr *nlh);
	bool link;
	uint16_t peer;
};

static const struct kind kinds[] = {
	{ "dummy", data_none },
	{ "dummy", data_none },
	{ "veth", data_none, .peer = 1 },
	{ "veth", data_none, .peer = 1 },
	{ "macvlan", data_macvlan, .link = true },
	{ "macvlan", data_macvlan, .link = true },
	{ "macvlan", data_macvlan, .link = true },
	{ "macvtap", data_macvlan, .link = true },
	{ "ipvlan", data_ipvlan, .link = true },
	{ "ipvtap", data_ipvlan, .link = true },
	{ "vlan", data_vlan, .link = true },
	{ "vlan", data_vlan, .link = true },
	{ "bond", data_bond },
	{ "team", data_none },
	{ "bridge", data_bridge },
	{ "vrf", data_vrf },
	{ "vxlan", data_vxlan },
	{ "geneve", data_geneve },
	{ "macsec", data_macsec, .link = true },
	{ "gretap", data_gre },
	{ "gre", data_gre },
	{ "ifb", data_none },
	{ "nlmon", data_none },
	{ "netkit", data_none, .peer = 1 },
	{ "hsr", data_hsr },
	{ "vcan", data_none },
	{ "wireguard", data_none },
};

_Static_assert(ARRAY_SIZE(kinds) <= KF_KINDS, "a counter for each");

const char *kf_kind_name(unsigned int i)
{
	return i < ARRAY_SIZE(kinds) ? kinds[i].name : NULL;
}

static const struct kind macvlan = { "macvlan", data_macvlan };

static void put_peer(struct nlmsghdr *nlh, uint16_t type, int ifindex)
{
	struct nlattr *attr = mnl_attr_nest_start(nlh, type);
	struct ifinfomsg *ifm;

	ifm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifm));
	ifm->ifi_index = ifindex;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, kf_name(ifindex));
	mnl_attr_nest_end(nlh, attr);
}

/* netkit, 6.7 and newer */
#define NETKIT_PEER_INFO	1
#define NETKIT_MODE		4
#define NETKIT_L2		0

static void put_info(struct kf *kf, struct nlmsghdr *nlh,
		     const struct kind *kind, int peer)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind->name);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	kind->data(kf, nlh);
	if (kind->peer)
		put_peer(nlh, kind->peer, peer);
	if (!strcmp(kind->name, "netkit"))
		mnl_attr_put_u32(nlh, NETKIT_MODE, NETKIT_L2);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static int kind_new(struct kf *kf)
{
	unsigned int which = kf_below(kf, ARRAY_SIZE(kinds));
	const struct kind *kind = &kinds[which];
	int slot = KF_OWN_LINKS + kf_below(kf, KF_LINKS - KF_OWN_LINKS);
	int ifindex = KF_LINK0 + slot, err;
	struct nlmsghdr *nlh;
	uint8_t mac[6];

	/* The ifindex is mostly in use. */
	if (kf_below(kf, 4))
		kf_link_del(kf, ifindex);
	nlh = kf_link_msg(kf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifindex);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, kf_name(ifindex));
	if (kind->link)
		mnl_attr_put_u32(nlh, IFLA_LINK, kind_lower(kf));
	if (kf_once_in(kf, 4)) {
		kf_mac(kf, mac);
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	}
	if (kf_once_in(kf, 4))
		mnl_attr_put_u32(nlh, IFLA_MASTER, kf_any(kf));
	put_info(kf, nlh, kind, KF_LINK0 + (slot ^ 1));
	err = kf_talk(kf, nlh);
	kf->shared->kind_made[kf->nr][which]++;
	kf->shared->kind_done[kf->nr][which] += !err;
	if (!err && kf_below(kf, 4))
		kf_link_flags(kf, ifindex, 1, 1);
	return err;
}

/* Create a macvlan for a port, already attached, as the tools do */
static int kind_child(struct kf *kf)
{
	struct nlmsghdr *nlh;
	int ifindex = kf_child(kf);
	uint8_t mac[6];

	/*
	 * Make room: the worker's port mostly has a lower, and its veth a
	 * receive handler.
	 */
	if (kf_below(kf, 4)) {
		st_detach(kf->control, kf->port);
		kf_link_del(kf, ifindex);
	}
	kf_port_mac(kf->port, mac);
	nlh = kf_link_msg(kf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifindex);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, kf_name(ifindex));
	mnl_attr_put_u32(nlh, IFLA_LINK, kf_below(kf, 4) ? kf->veth :
			 kf_link(kf));
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u32(nlh, IFLA_MASTER, kf->port);
	put_info(kf, nlh, &macvlan, 0);
	return kf_talk(kf, nlh);
}

/* Change a macvlan that may be a port's lower */
static int kind_change(struct kf *kf)
{
	struct nlmsghdr *nlh;
	int ifindex = kf_child(kf), err;

	if (kf_once_in(kf, 8))
		ifindex = kf_link(kf);
	nlh = kf_link_msg(kf, RTM_NEWLINK, 0, ifindex);
	put_info(kf, nlh, &macvlan, 0);
	err = kf_talk(kf, nlh);
	return err == -ENODEV ? kind_child(kf) : err;
}

static const struct kf_call calls[] = {
	{ "newlink of any kind", 40, kind_new, 1 },
	{ "newlink of a child", 8, kind_child, 1 },
	{ "changelink of a macvlan", 8, kind_change, 1 },
};

const struct kf_table kf_kind_table = KF_TABLE(calls);
