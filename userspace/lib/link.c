// SPDX-License-Identifier: GPL-2.0
/* Reads and changes network devices. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "internal.h"

/* ---- one device ---- */

static int take_one(const struct nlmsghdr *nlh, void *arg)
{
	struct stabletap_link *link = arg;

	stabletap_link_release(link);
	return stabletap_link_parse(nlh, link);
}

static int get_one(struct stabletap *st, struct nlmsghdr *nlh,
		   struct stabletap_link *out)
{
	struct stabletap_link link = { 0 };
	int err;

	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = st_nl_exchange(st, nlh, take_one, &link);
	if (!err && !link.ifindex)
		err = -ENODEV;
	if (err) {
		stabletap_link_release(&link);
		return err;
	}
	*out = link;
	return 0;
}

int stabletap_link_get(struct stabletap *st, int ifindex,
		       struct stabletap_link *out)
{
	char buf[ST_REQUEST_SIZE];

	if (ifindex <= 0)
		return -ENODEV;
	return get_one(st, st_nl_link_request(buf, RTM_GETLINK, 0, ifindex),
		       out);
}

int stabletap_link_find(struct stabletap *st, const char *name,
			struct stabletap_link *out)
{
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];

	if (!*name || strlen(name) >= ALTIFNAMSIZ)
		return -ENODEV;
	nlh = st_nl_link_request(buf, RTM_GETLINK, 0, 0);
	/* The kernel looks for names and altnames. */
	mnl_attr_put_strz(nlh, IFLA_ALT_IFNAME, name);
	return get_one(st, nlh, out);
}

/* A netlink socket takes this ioctl, which unlike RTM_GETLINK needs no RTNL. */
int st_link_index(struct stabletap *st, const char *name)
{
	struct ifreq req = { 0 };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	return ioctl(mnl_socket_get_fd(st->nl), SIOCGIFINDEX, &req) ?
		-errno : req.ifr_ifindex;
}

/* ---- all devices ---- */

struct gather {
	struct stabletap_links links;
	const char *kind;
};

static int take_into(const struct nlmsghdr *nlh, void *arg)
{
	struct stabletap_link link;
	struct gather *g = arg;
	int err;

	err = stabletap_link_parse(nlh, &link);
	if (err == -ENODATA)
		return 0;
	if (err)
		return err;
	/* The kernel sends all devices if it does not know the kind. */
	if (!g->kind || !strcmp(link.kind, g->kind)) {
		err = st_links_insert(&g->links, g->links.n, &link);
		if (!err)
			return 0;
	}
	stabletap_link_release(&link);
	return err;
}

static void forget(void *arg)
{
	struct gather *g = arg;

	stabletap_links_release(&g->links);
}

static int by_ifindex(const void *a, const void *b)
{
	const struct stabletap_link *x = *(struct stabletap_link *const *)a;
	const struct stabletap_link *y = *(struct stabletap_link *const *)b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

int stabletap_link_dump(struct stabletap *st, const char *kind,
			struct stabletap_links *out)
{
	struct gather g = { .kind = kind };
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	char buf[ST_REQUEST_SIZE];
	int err;

	nlh = st_nl_link_request(buf, RTM_GETLINK, NLM_F_DUMP, 0);
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (kind) {
		nest = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
		mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
		mnl_attr_nest_end(nlh, nest);
	}
	err = st_nl_dump(st, nlh, take_into, forget, &g);
	if (err < 0) {
		forget(&g);
		return err;
	}
	if (g.links.n)
		qsort(g.links.v, g.links.n, sizeof(struct stabletap_link *),
		      by_ifindex);
	*out = g.links;
	return err;
}

/* ---- changes ---- */

int stabletap_link_set_flags(struct stabletap *st, int ifindex,
			     unsigned int which, unsigned int flags)
{
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;
	char buf[ST_REQUEST_SIZE];

	nlh = st_nl_link_request(buf, RTM_NEWLINK, NLM_F_ACK, ifindex);
	ifi = mnl_nlmsg_get_payload(nlh);
	ifi->ifi_change = which;
	ifi->ifi_flags = flags;
	return st_nl_exchange(st, nlh, NULL, NULL);
}

int stabletap_link_set_up(struct stabletap *st, int ifindex, bool up)
{
	return stabletap_link_set_flags(st, ifindex, IFF_UP, up ? IFF_UP : 0);
}

static void put_options(struct nlmsghdr *nlh, const struct stabletap_change *c)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	struct nlattr *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, STABLETAP_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (c->options & STABLETAP_SET_ON_DETACH)
		mnl_attr_put_u32(nlh, IFLA_STABLETAP_ON_DETACH, c->on_detach);
	if (c->options & STABLETAP_SET_HOLD_FRAMES)
		mnl_attr_put_u32(nlh, IFLA_STABLETAP_HOLD_FRAMES,
				 c->hold_frames);
	if (c->options & STABLETAP_SET_HOLD_TIME)
		mnl_attr_put_u32(nlh, IFLA_STABLETAP_HOLD_TIME, c->hold_time);
	if (c->options & STABLETAP_SET_HOLD_BYTES)
		mnl_attr_put_u64(nlh, IFLA_STABLETAP_HOLD_BYTES,
				 c->hold_bytes);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

int stabletap_port_change(struct stabletap *st, int port,
			  const struct stabletap_change *c)
{
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;
	char buf[ST_REQUEST_SIZE];

	nlh = st_nl_link_request(buf, RTM_NEWLINK, NLM_F_ACK, port);
	ifi = mnl_nlmsg_get_payload(nlh);
	if (c->up || c->down) {
		ifi->ifi_change = IFF_UP;
		ifi->ifi_flags = c->up ? IFF_UP : 0;
	}
	if (c->addr)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, c->addr);
	if (c->mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, c->mtu);
	if (c->options)
		put_options(nlh, c);
	return st_nl_exchange(st, nlh, NULL, NULL);
}

int stabletap_link_set_mac(struct stabletap *st, int ifindex,
			   const uint8_t mac[6])
{
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];

	nlh = st_nl_link_request(buf, RTM_NEWLINK, NLM_F_ACK, ifindex);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	return st_nl_exchange(st, nlh, NULL, NULL);
}

int stabletap_link_delete(struct stabletap *st, int ifindex)
{
	char buf[ST_REQUEST_SIZE];

	/* Index 0 without a name would delete by group, or all devices. */
	if (ifindex <= 0)
		return -ENODEV;
	return st_nl_exchange(st, st_nl_link_request(buf, RTM_DELLINK,
						     NLM_F_ACK, ifindex),
			      NULL, NULL);
}

static int change_altname(struct stabletap *st, uint16_t type, uint16_t flags,
			  int ifindex, const char *altname)
{
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	char buf[ST_REQUEST_SIZE];

	if (strlen(altname) >= ALTIFNAMSIZ)
		return -EINVAL;
	nlh = st_nl_link_request(buf, type, NLM_F_ACK | flags, ifindex);
	nest = mnl_attr_nest_start(nlh, IFLA_PROP_LIST);
	mnl_attr_put_strz(nlh, IFLA_ALT_IFNAME, altname);
	mnl_attr_nest_end(nlh, nest);
	return st_nl_exchange(st, nlh, NULL, NULL);
}

int stabletap_link_add_altname(struct stabletap *st, int ifindex,
			       const char *altname)
{
	return change_altname(st, RTM_NEWLINKPROP,
			      NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND,
			      ifindex, altname);
}

int stabletap_link_del_altname(struct stabletap *st, int ifindex,
			       const char *altname)
{
	return change_altname(st, RTM_DELLINKPROP, 0, ifindex, altname);
}

static void put_macvlan(struct nlmsghdr *nlh, uint32_t mode)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	struct nlattr *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "macvlan");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u32(nlh, IFLA_MACVLAN_MODE, mode);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

int stabletap_macvlan_create(struct stabletap *st,
			     const struct stabletap_macvlan *m)
{
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];

	if (strlen(m->name) >= IFNAMSIZ)
		return -EINVAL;
	nlh = st_nl_link_request(buf, RTM_NEWLINK,
		      NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, m->name);
	mnl_attr_put_u32(nlh, IFLA_LINK, (uint32_t)m->parent);
	if (m->addr)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, m->addr);
	if (m->mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, m->mtu);
	if (m->group)
		mnl_attr_put_u32(nlh, IFLA_GROUP, m->group);
	if (m->master)
		mnl_attr_put_u32(nlh, IFLA_MASTER, (uint32_t)m->master);
	put_macvlan(nlh, m->mode);
	return st_nl_exchange(st, nlh, NULL, NULL);
}

int stabletap_macvlan_set_mode(struct stabletap *st, int ifindex,
			       uint32_t mode)
{
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];

	nlh = st_nl_link_request(buf, RTM_NEWLINK, NLM_F_ACK, ifindex);
	put_macvlan(nlh, mode);
	return st_nl_exchange(st, nlh, NULL, NULL);
}

int stabletap_vlan_create(struct stabletap *st, const char *name, int parent,
			  uint16_t id)
{
	struct nlattr *info, *data;
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;
	char buf[ST_REQUEST_SIZE];

	if (strlen(name) >= IFNAMSIZ)
		return -EINVAL;
	nlh = st_nl_link_request(buf, RTM_NEWLINK,
		      NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 0);
	ifi = mnl_nlmsg_get_payload(nlh);
	ifi->ifi_change = IFF_UP;
	ifi->ifi_flags = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_LINK, (uint32_t)parent);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "vlan");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u16(nlh, IFLA_VLAN_ID, id);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return st_nl_exchange(st, nlh, NULL, NULL);
}
