// SPDX-License-Identifier: GPL-2.0
/* Addresses and default routes: does the host itself use a device? */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "internal.h"

struct count {
	int ifindex;
	int n;
};

static void forget(void *arg)
{
	struct count *c = arg;

	c->n = 0;
}

static int take_addr(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct count *c = arg;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return 0;
	if ((int)ifa->ifa_index != c->ifindex)
		return 0;
	/* The kernel gives every device a link-local one by itself. */
	if (ifa->ifa_family == AF_INET6 && ifa->ifa_scope == RT_SCOPE_LINK)
		return 0;
	c->n++;
	return 0;
}

int stabletap_addr_count(struct stabletap *st, int ifindex)
{
	struct count c = { .ifindex = ifindex };
	struct nlmsghdr *nlh;
	struct ifaddrmsg *ifa;
	char buf[256];
	int err;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_index = (unsigned int)ifindex;
	err = st_nl_dump(st, nlh, take_addr, forget, &c);
	if (err > 0)
		err = -EAGAIN;
	return err ? err : c.n;
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
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct users *u = arg;
	int *v;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa))
		return 0;
	if (ifa->ifa_family == AF_INET6 &&
	    (ifa->ifa_scope == RT_SCOPE_LINK ||
	     !(ifa->ifa_flags & IFA_F_PERMANENT)))
		return 0;
	v = realloc(u->v, (u->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	u->v = v;
	v[u->n++] = (int)ifa->ifa_index;
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
	struct nlmsghdr *nlh;
	char buf[256];
	int err;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifaddrmsg));
	err = st_nl_dump(st, nlh, take_user, forget_users, &u);
	/* Where they come and go all the time, what was gathered must do. */
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

static bool nexthops_use(const struct nlattr *attr, int ifindex)
{
	const struct rtnexthop *nh = mnl_attr_get_payload(attr);
	int left = mnl_attr_get_payload_len(attr);

	/* RTNH_OK() reads a length before it looks if there is one. */
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
	struct count c = { .ifindex = ifindex };
	struct nlmsghdr *nlh;
	struct rtmsg *rt;
	char buf[256];
	int err;

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	rt = mnl_nlmsg_put_extra_header(nlh, sizeof(*rt));
	rt->rtm_family = family;
	/* Has the kernel leave out the routes of other devices. */
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
	/* A kernel without IPv6 has no route by it. */
	return found == -EOPNOTSUPP || found == -EAFNOSUPPORT ? 0 : found;
}
