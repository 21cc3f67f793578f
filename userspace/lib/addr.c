// SPDX-License-Identifier: GPL-2.0
/* Addresses and default routes: does the host itself use a device? */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_addr.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>

#include "internal.h"

/* ---- one message ---- */

int stabletap_addr_parse(const struct nlmsghdr *nlh, struct stabletap_addr *out)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *local = NULL, *address = NULL, *attr;
	struct stabletap_addr addr = { 0 };
	size_t len;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return -ENODATA;
	addr.ifindex = (int)ifa->ifa_index;
	addr.family = ifa->ifa_family;
	addr.scope = ifa->ifa_scope;
	addr.flags = ifa->ifa_flags;
	mnl_attr_for_each(attr, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			local = attr;
		else if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			address = attr;
		else if (mnl_attr_get_type(attr) == IFA_FLAGS &&
			 mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			addr.flags = mnl_attr_get_u32(attr);
	}
	/* If the link has a peer, IFA_ADDRESS is the peer's address. */
	attr = local ? local : address;
	len = addr.family == AF_INET ? 4 : 16;
	if (attr && mnl_attr_get_payload_len(attr) == len) {
		memcpy(addr.ip, mnl_attr_get_payload(attr), len);
		addr.has_ip = true;
	}
	*out = addr;
	return 0;
}

/* Ignore the link-local address that the kernel gives every device. */
static bool is_link_local(const struct stabletap_addr *addr)
{
	return addr->family == AF_INET6 && addr->scope == RT_SCOPE_LINK;
}

/* ---- dumps ---- */

struct count {
	int ifindex;
	int n;
};

static void forget(void *arg)
{
	struct count *c = arg;

	c->n = 0;
}

static int dump(struct stabletap *st, int ifindex, st_answer_fn fn,
		void (*reset)(void *arg), void *arg)
{
	const struct ifaddrmsg ifa = { .ifa_index = (unsigned int)ifindex };
	char buf[ST_REQUEST_SIZE];

	return st_nl_dump(st, st_nl_request(buf, RTM_GETADDR, NLM_F_DUMP, &ifa,
					    sizeof(ifa)), fn, reset, arg);
}

static int take_addr(const struct nlmsghdr *nlh, void *arg)
{
	struct stabletap_addr addr;
	struct count *c = arg;

	if (!stabletap_addr_parse(nlh, &addr) && addr.ifindex == c->ifindex &&
	    !is_link_local(&addr))
		c->n++;
	return 0;
}

int stabletap_addr_count(struct stabletap *st, int ifindex)
{
	struct count c = { .ifindex = ifindex };
	int err = dump(st, ifindex, take_addr, forget, &c);

	if (err > 0)
		err = -EAGAIN;
	return err ? err : c.n;
}

struct gather {
	int ifindex;
	struct stabletap_addrs list;
};

static void forget_addrs(void *arg)
{
	struct gather *g = arg;

	stabletap_addrs_release(&g->list);
}

static int take_into(const struct nlmsghdr *nlh, void *arg)
{
	struct stabletap_addr addr, *v;
	struct gather *g = arg;

	/*
	 * Without strict checking the kernel sends the addresses of all
	 * devices.
	 */
	if (stabletap_addr_parse(nlh, &addr) || addr.ifindex != g->ifindex)
		return 0;
	v = realloc(g->list.v, (g->list.n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	g->list.v = v;
	v[g->list.n++] = addr;
	return 0;
}

int stabletap_addr_dump(struct stabletap *st, int ifindex,
			struct stabletap_addrs *out)
{
	struct gather g = { .ifindex = ifindex };
	int err = dump(st, ifindex, take_into, forget_addrs, &g);

	if (err < 0)
		forget_addrs(&g);
	else
		*out = g.list;
	return err;
}

void stabletap_addrs_release(struct stabletap_addrs *list)
{
	free(list->v);
	memset(list, 0, sizeof(*list));
}

struct users {
	int *v;
	size_t n;
};

static void forget_users(void *arg)
{
	struct users *u = arg;

	free(u->v);
	memset(u, 0, sizeof(*u));
}

static int take_user(const struct nlmsghdr *nlh, void *arg)
{
	struct stabletap_addr addr;
	struct users *u = arg;
	int *v;

	if (stabletap_addr_parse(nlh, &addr))
		return 0;
	/*
	 * Addresses from a router's advertisement, which have a lifetime, don't
	 * count.
	 */
	if (is_link_local(&addr) || (addr.family == AF_INET6 &&
				     !(addr.flags & IFA_F_PERMANENT)))
		return 0;
	v = realloc(u->v, (u->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	u->v = v;
	v[u->n++] = addr.ifindex;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const int *x = a;
	const int *y = b;

	return (*x > *y) - (*x < *y);
}

int stabletap_addr_list(struct stabletap *st, int **ifindexes, size_t *count)
{
	struct users u = { 0 };
	int err = dump(st, 0, take_user, forget_users, &u);

	/* Where addresses change all the time, the last dump must suffice. */
	if (err < 0) {
		forget_users(&u);
		return err;
	}
	if (u.n)
		qsort(u.v, u.n, sizeof(*u.v), by_number);
	*ifindexes = u.v;
	*count = u.n;
	return 0;
}

/* ---- forwarding ---- */

static int take_forwarding(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *attr;
	bool *forwards = arg;

	if (nlh->nlmsg_type != RTM_NEWNETCONF)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(struct netconfmsg))
		if (mnl_attr_get_type(attr) == NETCONFA_FORWARDING &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			*forwards = mnl_attr_get_u32(attr) != 0;
	return 0;
}

bool stabletap_ip6_forwards(struct stabletap *st, int ifindex)
{
	const struct netconfmsg ncm = { .ncm_family = AF_INET6 };
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];
	bool forwards = false;

	nlh = st_nl_request(buf, RTM_GETNETCONF, 0, &ncm, sizeof(ncm));
	mnl_attr_put_u32(nlh, NETCONFA_IFINDEX, (uint32_t)ifindex);
	/* An error means that the device, or the kernel, has no IPv6. */
	st_nl_exchange(st, nlh, take_forwarding, &forwards);
	return forwards;
}

/* ---- routes ---- */

static bool nexthops_use(const struct nlattr *attr, int ifindex)
{
	const struct rtnexthop *nh = mnl_attr_get_payload(attr);
	int left = mnl_attr_get_payload_len(attr);

	/* RTNH_OK() reads a length before it checks that there is one. */
	while (left >= (int)sizeof(*nh) && RTNH_OK(nh, left)) {
		if (nh->rtnh_ifindex == ifindex)
			return true;
		left -= RTNH_ALIGN(nh->rtnh_len);
		nh = RTNH_NEXT(nh);
	}
	return false;
}

static int take_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct count *c = arg;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*rt))
		return 0;
	if (rt->rtm_dst_len != 0 || rt->rtm_type != RTN_UNICAST)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(*rt)) {
		if (mnl_attr_get_type(attr) == RTA_OIF &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 &&
		    (int)mnl_attr_get_u32(attr) == c->ifindex)
			c->n = 1;
		if (mnl_attr_get_type(attr) == RTA_MULTIPATH &&
		    nexthops_use(attr, c->ifindex))
			c->n = 1;
	}
	return 0;
}

static int route_family(struct stabletap *st, int ifindex, uint8_t family)
{
	const struct rtmsg rt = { .rtm_family = family };
	struct count c = { .ifindex = ifindex };
	struct nlmsghdr *nlh;
	char buf[ST_REQUEST_SIZE];
	int err;

	nlh = st_nl_request(buf, RTM_GETROUTE, NLM_F_DUMP, &rt, sizeof(rt));
	/* Makes the kernel leave out the routes of other devices. */
	mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)ifindex);
	err = st_nl_dump(st, nlh, take_route, forget, &c);
	if (err > 0)
		err = -EAGAIN;
	return err ? err : c.n;
}

int stabletap_route_is_default(struct stabletap *st, int ifindex)
{
	int found = route_family(st, ifindex, AF_INET);

	if (found)
		return found;
	found = route_family(st, ifindex, AF_INET6);
	/* A kernel without IPv6 has no IPv6 route. */
	return found == -EOPNOTSUPP || found == -EAFNOSUPPORT ? 0 : found;
}
