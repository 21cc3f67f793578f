// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink requests that never block: the kernel has answered when send()
 * returns.
 */
#include "kfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>

static struct mnl_socket *netlink_socket(int bus)
{
	struct mnl_socket *nl;
	int one = 1;

	nl = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!nl)
		return NULL;
	mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, &one, sizeof(one));
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(nl);
		return NULL;
	}
	return nl;
}

int kf_netlink_open(struct kf *kf)
{
	kf->route = netlink_socket(NETLINK_ROUTE);
	kf->netfilter = netlink_socket(NETLINK_NETFILTER);
	return kf->route && kf->netfilter ? 0 : -errno;
}

struct answers {
	unsigned int acks;
	int err;
	int *ifindex;		/* ifindexes of the reported links */
	int room;
	int count;
};

static bool answer_read(struct answers *answers, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifm;
	const struct nlmsgerr *error;

	switch (nlh->nlmsg_type) {
	case NLMSG_DONE:
		answers->acks = 0;
		return true;
	case NLMSG_ERROR:
		error = mnl_nlmsg_get_payload(nlh);
		if (error->error && !answers->err)
			answers->err = error->error;
		if (!--answers->acks)
			return true;
		break;
	case RTM_NEWLINK:
		ifm = mnl_nlmsg_get_payload(nlh);
		if (answers->count < answers->room)
			answers->ifindex[answers->count++] = ifm->ifi_index;
		break;
	}
	return false;
}

/* Read all answers; -EAGAIN if one is missing. */
static int answers_take(struct kf *kf, struct mnl_socket *nl,
			struct answers *answers)
{
	const struct nlmsghdr *nlh;
	int len;

	for (;;) {
		len = mnl_socket_recvfrom(nl, kf->answer, sizeof(kf->answer));
		if (len < 0)
			return answers->err ? answers->err : -errno;
		nlh = (const struct nlmsghdr *)kf->answer;
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
			if (answer_read(answers, nlh))
				return answers->err;
	}
}

/* Drop the answers that an earlier request has left */
static void answers_drop(struct kf *kf, struct mnl_socket *nl)
{
	int fd = mnl_socket_get_fd(nl);

	while (recv(fd, kf->answer, sizeof(kf->answer), MSG_DONTWAIT) >= 0 ||
	       errno == ENOBUFS)
		;
}

static int netlink_ask(struct kf *kf, struct mnl_socket *nl, const void *msg,
		       size_t len, struct answers *answers)
{
	answers_drop(kf, nl);
	if (mnl_socket_sendto(nl, msg, len) < 0)
		return -errno;
	return answers_take(kf, nl, answers);
}

int kf_talk(struct kf *kf, struct nlmsghdr *nlh)
{
	struct answers answers = { .acks = 1 };

	return netlink_ask(kf, kf->route, nlh, nlh->nlmsg_len, &answers);
}

int kf_batch(struct kf *kf, size_t len, unsigned int acks)
{
	struct answers answers = { .acks = acks };

	return netlink_ask(kf, kf->netfilter, kf->buf, len, &answers);
}

struct nlmsghdr *kf_link_msg(struct kf *kf, uint16_t type, uint16_t flags,
			     int ifindex)
{
	return st_link_msg(kf->buf, type, flags, ifindex);
}

int kf_link_del(struct kf *kf, int ifindex)
{
	return kf_talk(kf, kf_link_msg(kf, RTM_DELLINK, 0, ifindex));
}

int kf_link_del_name(struct kf *kf, const char *name)
{
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_DELLINK, 0, 0);

	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return kf_talk(kf, nlh);
}

int kf_link_flags(struct kf *kf, int ifindex, unsigned int flags,
		  unsigned int change)
{
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_NEWLINK, 0, ifindex);
	struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);

	ifm->ifi_flags = flags;
	ifm->ifi_change = change;
	return kf_talk(kf, nlh);
}

int kf_link_u32(struct kf *kf, int ifindex, uint16_t attr, uint32_t value)
{
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_NEWLINK, 0, ifindex);

	mnl_attr_put_u32(nlh, attr, value);
	return kf_talk(kf, nlh);
}

int kf_veth_new(struct kf *kf, int ifindex, int peer)
{
	struct nlattr *info, *data, *attr;
	struct nlmsghdr *nlh;
	struct ifinfomsg *ifm;

	nlh = kf_link_msg(kf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifindex);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, kf_name(ifindex));
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	attr = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	ifm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifm));
	ifm->ifi_index = peer;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, kf_name(peer));
	mnl_attr_nest_end(nlh, attr);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return kf_talk(kf, nlh);
}

int kf_links(struct kf *kf, int *ifindex, int room)
{
	struct answers answers = {
		.acks = 1, .ifindex = ifindex, .room = room,
	};
	struct nlmsghdr *nlh = kf_link_msg(kf, RTM_GETLINK, NLM_F_DUMP, 0);
	int err;

	err = netlink_ask(kf, kf->route, nlh, nlh->nlmsg_len, &answers);
	return err ? err : answers.count;
}
