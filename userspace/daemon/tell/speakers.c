// SPDX-License-Identifier: GPL-2.0
/*
 * A port's own addresses and its VLANs', from rtnetlink.
 *
 * The kernel answers within the calls that send and receive; the socket is
 * non-blocking all the same.  It filters by kind and by device, so that what
 * comes does not grow with the number of ports; but for the kind it looks at
 * each device, and it sends all of them while it does not know the kind, until
 * somebody makes the first VLAN.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <libmnl/libmnl.h>

#include "tell/speakers.h"
#include "stabletap.h"

#define SPEAKERS_MAX 64

struct listing {
	struct mnl_socket *nl;
	unsigned int seq;
	struct speaker v[SPEAKERS_MAX];	/* the first is the port */
	size_t n;
	size_t from;		/* v[from] to v[to - 1]: this level's parents */
	size_t to;
	const struct speaker *asked;
	speaker_ip_fn ip_fn;
	void *arg;
	char buf[32768];
};

typedef void (*message_fn)(struct listing *l, const struct nlmsghdr *nlh);

/* ---- reading messages ---- */

static void parse_vlan(const struct nlattr *data, struct speaker *s)
{
	const struct nlattr *attr;

	s->tags.proto[0] = ETH_P_8021Q;
	mnl_attr_for_each_nested(attr, data) {
		if (mnl_attr_validate(attr, MNL_TYPE_U16) < 0)
			continue;
		if (mnl_attr_get_type(attr) == IFLA_VLAN_ID) {
			s->tags.id[0] = mnl_attr_get_u16(attr);
			s->tags.n = 1;
		} else if (mnl_attr_get_type(attr) == IFLA_VLAN_PROTOCOL) {
			s->tags.proto[0] = ntohs(mnl_attr_get_u16(attr));
		}
	}
}

static void parse_info(const struct nlattr *info, struct speaker *s)
{
	const struct nlattr *data = NULL;
	const struct nlattr *attr;
	bool vlan = false;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			vlan = mnl_attr_validate(attr, MNL_TYPE_STRING) >= 0 &&
			       mnl_attr_get_payload_len(attr) >= 4 &&
			       !memcmp(mnl_attr_get_payload(attr), "vlan", 4);
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			data = attr;
	}
	if (vlan && data)
		parse_vlan(data, s);
}

/* IFLA_AF_SPEC / AF_INET6 / IFLA_INET6_CONF: an array of int. */
static void parse_inet6(const struct nlattr *spec, struct speaker *s)
{
	const struct nlattr *family;
	const struct nlattr *attr;
	const int32_t *conf;

	mnl_attr_for_each_nested(family, spec) {
		if (mnl_attr_get_type(family) != AF_INET6)
			continue;
		mnl_attr_for_each_nested(attr, family) {
			if (mnl_attr_get_type(attr) != IFLA_INET6_CONF ||
			    mnl_attr_get_payload_len(attr) <
			    (DEVCONF_FORWARDING + 1) * sizeof(*conf))
				continue;
			conf = mnl_attr_get_payload(attr);
			s->router = conf[DEVCONF_FORWARDING] > 0;
		}
	}
}

bool speaker_parse_link(const struct nlmsghdr *nlh, struct speaker *out)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(out, 0, sizeof(*out));
	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi) ||
	    !(ifi->ifi_flags & IFF_UP))
		return false;
	out->ifindex = ifi->ifi_index;
	mnl_attr_for_each(attr, nlh, sizeof(*ifi)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == 6)
				memcpy(out->mac, mnl_attr_get_payload(attr), 6);
			break;
		case IFLA_LINK:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
				out->link = (int)mnl_attr_get_u32(attr);
			break;
		case IFLA_LINK_NETNSID:
			/* On a device of that number somewhere else */
			return false;
		case IFLA_LINKINFO:
			parse_info(attr, out);
			break;
		case IFLA_AF_SPEC:
			parse_inet6(attr, out);
			break;
		default:
			break;
		}
	}
	return true;
}

bool speaker_parse_addr(const struct nlmsghdr *nlh, int *ifindex, int *family,
			uint8_t ip[16])
{
	struct stabletap_addr addr;

	if (stabletap_addr_parse(nlh, &addr) || !addr.has_ip)
		return false;
	if (addr.family != AF_INET && addr.family != AF_INET6)
		return false;
	/* Not ours yet, or not at all */
	if (addr.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return false;
	*ifindex = addr.ifindex;
	*family = addr.family;
	memcpy(ip, addr.ip, addr.family == AF_INET ? 4 : 16);
	return true;
}

/* ---- asking ---- */

static int receive(struct listing *l, message_fn fn)
{
	const struct nlmsghdr *in;
	const int *error;
	ssize_t got;
	int left;

	for (;;) {
		got = mnl_socket_recvfrom(l->nl, l->buf, sizeof(l->buf));
		if (got < 0)
			return -errno;
		left = (int)got;
		in = (const struct nlmsghdr *)l->buf;
		for (; stabletap_message_ok(in, left);
		     in = mnl_nlmsg_next(in, &left)) {
			/* Of a question that was given up half-way */
			if (in->nlmsg_seq != l->seq)
				continue;
			if (in->nlmsg_type == NLMSG_DONE)
				return 0;
			error = mnl_nlmsg_get_payload(in);
			if (in->nlmsg_type == NLMSG_ERROR)
				return mnl_nlmsg_get_payload_len(in) <
				       sizeof(*error) ? -EBADMSG : *error;
			fn(l, in);
		}
	}
}

/*
 * An interrupted dump is not repeated: at worst one speaker's frames are
 * missing, and its own arrival has been announced by the kernel.
 */
static int ask(struct listing *l, struct nlmsghdr *nlh, message_fn fn)
{
	nlh->nlmsg_seq = ++l->seq;
	if (mnl_socket_sendto(l->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return receive(l, fn);
}

static void take_port(struct listing *l, const struct nlmsghdr *nlh)
{
	struct speaker s;

	if (speaker_parse_link(nlh, &s) && s.ifindex == l->v[0].ifindex)
		l->v[0].router = s.router;
}

static void take_vlan(struct listing *l, const struct nlmsghdr *nlh)
{
	const struct speaker *parent;
	struct speaker s;
	size_t i;

	if (l->n == SPEAKERS_MAX || !speaker_parse_link(nlh, &s) || !s.tags.n)
		return;
	for (i = l->from; i < l->to; i++) {
		parent = &l->v[i];
		if (parent->ifindex != s.link ||
		    parent->tags.n == ANNOUNCE_TAGS_MAX)
			continue;
		l->v[l->n] = s;
		l->v[l->n].tags = parent->tags;
		l->v[l->n].tags.proto[parent->tags.n] = s.tags.proto[0];
		l->v[l->n].tags.id[parent->tags.n] = s.tags.id[0];
		l->v[l->n].tags.n++;
		l->n++;
		return;
	}
}

static void take_addr(struct listing *l, const struct nlmsghdr *nlh)
{
	uint8_t ip[16];
	int ifindex;
	int family;

	if (speaker_parse_addr(nlh, &ifindex, &family, ip) &&
	    ifindex == l->asked->ifindex)
		l->ip_fn(l->asked, family, ip, l->arg);
}

static int ask_port(struct listing *l)
{
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifi;
	char buf[256];

	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_index = l->v[0].ifindex;
	return ask(l, nlh, take_port);
}

/* VLANs on the port, and on those VLANs. */
static int ask_vlans(struct listing *l)
{
	struct nlmsghdr *nlh;
	struct nlattr *info;
	char buf[256] = "";	/* strings are padded with what is there */
	size_t depth;
	int err = 0;

	l->to = l->n;
	for (depth = 0; depth < ANNOUNCE_TAGS_MAX && !err; depth++) {
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = RTM_GETLINK;
		nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
		info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
		mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "vlan");
		mnl_attr_nest_end(nlh, info);
		err = ask(l, nlh, take_vlan);
		l->from = l->to;
		l->to = l->n;
		if (l->from == l->to)
			break;
	}
	/* The kind is unknown where the module is not loaded: no VLANs. */
	return err == -EOPNOTSUPP ? 0 : err;
}

static int ask_addresses(struct listing *l, const struct speaker *s)
{
	struct nlmsghdr *nlh;
	struct ifaddrmsg *ifa;
	char buf[256];

	l->asked = s;
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = RTM_GETADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_index = (unsigned int)s->ifindex;
	return ask(l, nlh, take_addr);
}

static int list(struct listing *l, bool stacked, speaker_fn fn)
{
	int on = 1;
	size_t i;
	int err;

	l->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!l->nl)
		return -errno;
	/* Has the kernel do the filtering; without it we do. */
	mnl_socket_setsockopt(l->nl, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	if (mnl_socket_bind(l->nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	err = ask_port(l);
	if (!err && stacked)
		err = ask_vlans(l);
	for (i = 0; i < l->n; i++)
		fn(&l->v[i], l->arg);
	for (i = 0; i < l->n && !err; i++)
		err = ask_addresses(l, &l->v[i]);
	return err;
}

int speakers_list(int port, const uint8_t mac[6], bool stacked, speaker_fn fn,
		  speaker_ip_fn ip_fn, void *arg)
{
	struct listing *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->ip_fn = ip_fn;
	l->arg = arg;
	l->n = 1;
	l->v[0].ifindex = port;
	memcpy(l->v[0].mac, mac, 6);
	err = list(l, stacked, fn);
	if (l->nl)
		mnl_socket_close(l->nl);
	free(l);
	return err;
}
