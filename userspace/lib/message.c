// SPDX-License-Identifier: GPL-2.0
/* Reading messages, above all RTM_NEWLINK and RTM_DELLINK. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "internal.h"

bool stabletap_message_ok(const struct nlmsghdr *nlh, int left)
{
	return left >= (int)sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) &&
	       nlh->nlmsg_len <= (unsigned int)left &&
	       MNL_ALIGN(nlh->nlmsg_len) <= (unsigned int)left;
}

/* For mnl_attr_parse(): @tb has MAX + 1 elements. */
struct table {
	const struct nlattr **tb;
	unsigned int max;
};

static int into_table(const struct nlattr *attr, void *data)
{
	const struct table *t = data;

	if (mnl_attr_get_type(attr) <= t->max)
		t->tb[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static uint32_t get_u32(const struct nlattr *attr, uint32_t otherwise)
{
	if (!attr || mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return otherwise;
	return mnl_attr_get_u32(attr);
}

static uint64_t get_u64(const struct nlattr *attr)
{
	if (!attr || mnl_attr_validate(attr, MNL_TYPE_U64) < 0)
		return 0;
	return mnl_attr_get_u64(attr);
}

static uint8_t get_u8(const struct nlattr *attr, uint8_t otherwise)
{
	if (!attr || mnl_attr_validate(attr, MNL_TYPE_U8) < 0)
		return otherwise;
	return mnl_attr_get_u8(attr);
}

/* Copies a string, cut to fit; the attribute may lack the NUL. */
static void get_str(const struct nlattr *attr, char *buf, size_t size)
{
	size_t len;

	buf[0] = '\0';
	if (!attr)
		return;
	len = strnlen(mnl_attr_get_payload(attr),
		      mnl_attr_get_payload_len(attr));
	if (len >= size)
		len = size - 1;
	memcpy(buf, mnl_attr_get_payload(attr), len);
	buf[len] = '\0';
}

static uint8_t get_mac(const struct nlattr *attr, uint8_t mac[6])
{
	if (!attr || mnl_attr_get_payload_len(attr) != 6)
		return 0;
	memcpy(mac, mnl_attr_get_payload(attr), 6);
	return 6;
}

static void parse_port(const struct nlattr *data,
		       struct stabletap_port_info *port)
{
	const struct nlattr *tb[IFLA_STABLETAP_MAX + 1] = { 0 };
	struct table t = { tb, IFLA_STABLETAP_MAX };

	if (mnl_attr_parse_nested(data, into_table, &t) < 0)
		return;
	port->queues = get_u32(tb[IFLA_STABLETAP_QUEUES], 0);
	port->owner = get_u32(tb[IFLA_STABLETAP_OWNER], 0);
	port->group = get_u32(tb[IFLA_STABLETAP_GROUP], 0);
	port->perm = get_u32(tb[IFLA_STABLETAP_PERM], 0);
	port->on_detach = get_u32(tb[IFLA_STABLETAP_ON_DETACH], 0);
	port->open_queues = get_u32(tb[IFLA_STABLETAP_OPEN_QUEUES], 0);
	port->state = get_u32(tb[IFLA_STABLETAP_STATE], 0);
	port->lower = get_u32(tb[IFLA_STABLETAP_LOWER], 0);
	port->lower_kind = get_u32(tb[IFLA_STABLETAP_LOWER_KIND], 0);
	port->attach_flags = get_u32(tb[IFLA_STABLETAP_ATTACH_FLAGS], 0);
	port->detach_reason = get_u32(tb[IFLA_STABLETAP_DETACH_REASON], 0);
	get_str(tb[IFLA_STABLETAP_LAST_LOWER], port->last_lower,
		sizeof(port->last_lower));
	port->attach_time = get_u64(tb[IFLA_STABLETAP_ATTACH_TIME]);
	port->detach_time = get_u64(tb[IFLA_STABLETAP_DETACH_TIME]);
	port->attaches = get_u64(tb[IFLA_STABLETAP_ATTACHES]);
	port->replaces = get_u64(tb[IFLA_STABLETAP_REPLACES]);
	port->losses = get_u64(tb[IFLA_STABLETAP_LOSSES]);
	port->hold_frames = get_u32(tb[IFLA_STABLETAP_HOLD_FRAMES], 0);
	port->hold_time = get_u32(tb[IFLA_STABLETAP_HOLD_TIME], 0);
	port->hold_bytes = get_u64(tb[IFLA_STABLETAP_HOLD_BYTES]);
}

static void parse_macvlan(const struct nlattr *data, uint32_t *mode)
{
	const struct nlattr *tb[IFLA_MACVLAN_MODE + 1] = { 0 };
	struct table t = { tb, IFLA_MACVLAN_MODE };

	if (mnl_attr_parse_nested(data, into_table, &t) < 0)
		return;
	*mode = get_u32(tb[IFLA_MACVLAN_MODE], 0);
}

static uint16_t get_u16(const struct nlattr *attr, uint16_t otherwise)
{
	return attr && mnl_attr_get_payload_len(attr) == sizeof(otherwise) ?
	       mnl_attr_get_u16(attr) : otherwise;
}

static void parse_vlan(const struct nlattr *data, struct stabletap_link *link)
{
	const struct nlattr *tb[IFLA_VLAN_PROTOCOL + 1] = { 0 };
	struct table t = { tb, IFLA_VLAN_PROTOCOL };

	if (mnl_attr_parse_nested(data, into_table, &t) < 0)
		return;
	link->tag_proto = ntohs(get_u16(tb[IFLA_VLAN_PROTOCOL],
					htons(ETH_P_8021Q)));
	link->tag_id = get_u16(tb[IFLA_VLAN_ID], 0);
	/* The same number in an outer tag (802.1ad) is another VLAN. */
	if (link->tag_proto == ETH_P_8021Q)
		link->vlan_id = link->tag_id;
}

static void parse_info(const struct nlattr *info, struct stabletap_link *link)
{
	const struct nlattr *tb[IFLA_INFO_DATA + 1] = { 0 };
	struct table t = { tb, IFLA_INFO_DATA };

	if (mnl_attr_parse_nested(info, into_table, &t) < 0)
		return;
	get_str(tb[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	if (!tb[IFLA_INFO_DATA])
		return;
	if (stabletap_link_is_port(link))
		parse_port(tb[IFLA_INFO_DATA], &link->port);
	else if (stabletap_link_is_macvlan(link))
		parse_macvlan(tb[IFLA_INFO_DATA], &link->macvlan_mode);
	else if (!strcmp(link->kind, "vlan"))
		parse_vlan(tb[IFLA_INFO_DATA], link);
}

/* Copies the altnames of IFLA_PROP_LIST into one block. */
static int parse_props(const struct nlattr *list, struct stabletap_link *link)
{
	const struct nlattr *attr;
	size_t len;
	char *p;

	p = malloc(mnl_attr_get_payload_len(list) + 1u);
	if (!p)
		return -ENOMEM;
	link->altnames = p;
	mnl_attr_for_each_nested(attr, list) {
		if (mnl_attr_get_type(attr) != IFLA_ALT_IFNAME)
			continue;
		/* The attribute's header leaves room for a missing NUL. */
		len = strnlen(mnl_attr_get_payload(attr),
			      mnl_attr_get_payload_len(attr));
		memcpy(p, mnl_attr_get_payload(attr), len);
		p[len] = '\0';
		p += len + 1;
	}
	link->altnames_len = (size_t)(p - link->altnames);
	return 0;
}

static void parse_plain(const struct nlattr *const *tb,
			struct stabletap_link *link)
{
	get_str(tb[IFLA_IFNAME], link->name, sizeof(link->name));
	link->master = (int)get_u32(tb[IFLA_MASTER], 0);
	link->link = (int)get_u32(tb[IFLA_LINK], 0);
	link->link_netnsid = (int)get_u32(tb[IFLA_LINK_NETNSID], (uint32_t)-1);
	link->mtu = get_u32(tb[IFLA_MTU], 0);
	link->group = get_u32(tb[IFLA_GROUP], 0);
	link->promiscuity = get_u32(tb[IFLA_PROMISCUITY], 0);
	link->operstate = get_u8(tb[IFLA_OPERSTATE], 0);
	link->carrier = get_u8(tb[IFLA_CARRIER], 0) != 0;
	link->addr_len = get_mac(tb[IFLA_ADDRESS], link->addr);
	link->perm_addr_len = get_mac(tb[IFLA_PERM_ADDRESS], link->perm_addr);
	get_str(tb[IFLA_PHYS_PORT_NAME], link->phys_port_name,
		sizeof(link->phys_port_name));
	get_str(tb[IFLA_PARENT_DEV_BUS_NAME], link->parent_bus,
		sizeof(link->parent_bus));
	get_str(tb[IFLA_PARENT_DEV_NAME], link->parent_dev,
		sizeof(link->parent_dev));
	link->moved = tb[IFLA_NEW_NETNSID] || tb[IFLA_NEW_IFINDEX];
}

int stabletap_link_parse(const struct nlmsghdr *nlh, struct stabletap_link *out)
{
	const struct nlattr *tb[IFLA_MAX + 1] = { 0 };
	struct table t = { tb, IFLA_MAX };
	struct stabletap_link link = { 0 };
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	int err;

	if (nlh->nlmsg_type != RTM_NEWLINK && nlh->nlmsg_type != RTM_DELLINK)
		return -ENODATA;
	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*ifi))
		return -EBADMSG;
	/* An RTM_DELLINK of AF_BRIDGE says only that a bridge port is gone. */
	if (ifi->ifi_family != AF_UNSPEC)
		return -ENODATA;
	/* By length: mnl_attr_parse() would round it up. */
	if (mnl_attr_parse_payload(ifi + 1, nlh->nlmsg_len - MNL_NLMSG_HDRLEN -
				   sizeof(*ifi), into_table, &t) < 0)
		return -EBADMSG;
	/* Wireless extensions send notices without a name. */
	if (!tb[IFLA_IFNAME])
		return -ENODATA;
	if (ifi->ifi_index <= 0)
		return -EBADMSG;

	link.ifindex = ifi->ifi_index;
	link.type = ifi->ifi_type;
	link.flags = ifi->ifi_flags;
	parse_plain(tb, &link);
	if (tb[IFLA_LINKINFO])
		parse_info(tb[IFLA_LINKINFO], &link);
	/* Kernels before 5.14 do not send it. */
	if (!*link.parent_dev && !*link.kind && !(link.flags & IFF_LOOPBACK) &&
	    nlh->nlmsg_type == RTM_NEWLINK)
		st_sysfs_parent(&link);
	if (tb[IFLA_PROP_LIST]) {
		err = parse_props(tb[IFLA_PROP_LIST], &link);
		if (err)
			return err;
	}
	*out = link;
	return 0;
}

void stabletap_link_release(struct stabletap_link *link)
{
	free(link->altnames);
	memset(link, 0, sizeof(*link));
}

void stabletap_links_release(struct stabletap_links *links)
{
	size_t i;

	for (i = 0; i < links->n; i++) {
		stabletap_link_release(links->v[i]);
		free(links->v[i]);
	}
	free(links->v);
	memset(links, 0, sizeof(*links));
}

const char *stabletap_link_altname(const struct stabletap_link *link,
				   const char *prev)
{
	const char *next = prev ? prev + strlen(prev) + 1 : link->altnames;

	if (!link->altnames || next >= link->altnames + link->altnames_len)
		return NULL;
	return next;
}

const char *stabletap_link_next_name(const struct stabletap_link *link,
				     const char *prev)
{
	if (!prev)
		return link->name;
	return stabletap_link_altname(link, prev == link->name ? NULL : prev);
}

bool stabletap_link_is_named(const struct stabletap_link *link,
			     const char *name)
{
	const char *own = NULL;

	while ((own = stabletap_link_next_name(link, own)))
		if (!strcmp(own, name))
			return true;
	return false;
}
