// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lists.h"
#include "st.h"

struct fdb_search {
	int ifindex;
	const void *mac;
	bool found;
};

static int fdb_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct fdb_search *search = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWNEIGH ||
	    ndm->ndm_ifindex != search->ifindex)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ndm))
		if (mnl_attr_get_type(attr) == NDA_LLADDR &&
		    !memcmp(mnl_attr_get_payload(attr), search->mac, 6))
			search->found = true;
	return MNL_CB_OK;
}

bool fdb_has(int ifindex, const void *mac)
{
	struct fdb_search search = { ifindex, mac, false };
	char buf[32768] __attribute__((aligned(8))) = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	struct ndmsg *ndm;
	int len, more = 1;

	nlh->nlmsg_type = RTM_GETNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	ndm->ndm_family = PF_BRIDGE;
	mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		more = -1;
	while (more > 0) {
		len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		more = len < 0 ? len : mnl_cb_run(buf, len, 1, 0, fdb_cb,
						  &search);
	}
	mnl_socket_close(nl);
	/* A failed dump must not look like a list without the address. */
	if (more < 0)
		abort();
	return search.found;
}

static bool search_fails(void *arg)
{
	const struct fdb_search *search = arg;

	return !fdb_has(search->ifindex, search->mac);
}

bool fdb_lacks(int ifindex, const void *mac)
{
	struct fdb_search search = { ifindex, mac, false };

	return st_wait(search_fails, &search, ST_DEADLINE);
}

/*
 * 7.3 applies a device's lists, and passes them on, from a work queue, but does
 * so at once when the device's flags are set, even to their present value.
 */
static int settle(int fd, struct ifreq *ifr)
{
	return ioctl(fd, SIOCGIFFLAGS, ifr) || ioctl(fd, SIOCSIFFLAGS, ifr) ?
	       -errno : 0;
}

int fdb_set(int ifindex, const void *mac, bool add)
{
	char buf[256] __attribute__((aligned(8))) = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifreq ifr = {};
	struct ndmsg *ndm;
	int err, fd;

	nlh->nlmsg_type = add ? RTM_NEWNEIGH : RTM_DELNEIGH;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (add)
		nlh->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));
	ndm->ndm_family = PF_BRIDGE;
	ndm->ndm_ifindex = ifindex;
	ndm->ndm_flags = NTF_SELF;
	ndm->ndm_state = NUD_PERMANENT;
	mnl_attr_put(nlh, NDA_LLADDR, 6, mac);
	err = st_talk(nlh, NULL, NULL);
	if (err)
		return err;
	if (!if_indextoname(ifindex, ifr.ifr_name))
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	err = settle(fd, &ifr);
	close(fd);
	return err;
}

static int maddr_change(const char *device, const void *mac, bool add,
			bool settled)
{
	struct ifreq ifr = {};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", device);
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	err = ioctl(fd, add ? SIOCADDMULTI : SIOCDELMULTI, &ifr) ? -errno : 0;
	if (!err && settled)
		err = settle(fd, &ifr);
	close(fd);
	return err;
}

int maddr_set(const char *device, const void *mac, bool add)
{
	return maddr_change(device, mac, add, true);
}

int maddr_ask(const char *device, const void *mac, bool add)
{
	return maddr_change(device, mac, add, false);
}
