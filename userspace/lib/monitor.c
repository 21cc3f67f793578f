// SPDX-License-Identifier: GPL-2.0
/* Following changes of network devices. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <linux/rtnetlink.h>

#include "internal.h"

struct stabletap_monitor {
	struct mnl_socket *nl;
	char buf[ST_BUFFER_SIZE];
};

static int set_rcvbuf(struct mnl_socket *nl, int bytes)
{
	int fd = mnl_socket_get_fd(nl);

	/* Above the system's limit with CAP_NET_ADMIN, otherwise up to it. */
	if (!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		return 0;
	if (!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)))
		return 0;
	return -errno;
}

static int open_groups(struct stabletap_monitor **out, int rcvbuf,
		       unsigned int groups)
{
	struct stabletap_monitor *mon = calloc(1, sizeof(*mon));
	int err;

	if (!mon)
		return -ENOMEM;
	mon->nl = mnl_socket_open2(NETLINK_ROUTE,
				   SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!mon->nl)
		goto err_errno;
	if (rcvbuf) {
		err = set_rcvbuf(mon->nl, rcvbuf);
		if (err)
			goto err_close;
	}
	if (mnl_socket_bind(mon->nl, groups, MNL_SOCKET_AUTOPID) < 0)
		goto err_errno;
	*out = mon;
	return 0;

err_errno:
	err = -errno;
err_close:
	stabletap_monitor_close(mon);
	return err;
}

int stabletap_monitor_open(struct stabletap_monitor **out, int rcvbuf)
{
	return open_groups(out, rcvbuf, RTMGRP_LINK);
}

int stabletap_addr_monitor_open(struct stabletap_monitor **out)
{
	return open_groups(out, 0, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
}

int stabletap_addr_monitor_read(struct stabletap_monitor *mon)
{
	int found = 0;
	ssize_t got;

	for (;;) {
		got = mnl_socket_recvfrom(mon->nl, mon->buf, sizeof(mon->buf));
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return found;
		if (got < 0 && errno != EINTR && errno != ENOBUFS &&
		    errno != ENOSPC)
			return -errno;
		found = 1;
	}
}

void stabletap_monitor_close(struct stabletap_monitor *mon)
{
	if (!mon)
		return;
	if (mon->nl)
		mnl_socket_close(mon->nl);
	free(mon);
}

int stabletap_monitor_fd(const struct stabletap_monitor *mon)
{
	return mnl_socket_get_fd(mon->nl);
}

static int take_event(const struct nlmsghdr *nlh, stabletap_event_fn fn,
		      void *arg)
{
	struct stabletap_link link;
	int err = stabletap_link_parse(nlh, &link);

	/* Ignore messages that can't be parsed. */
	if (err == -ENODATA || err == -EBADMSG)
		return 0;
	if (err)
		return err;
	err = fn(&link, nlh->nlmsg_type == RTM_DELLINK, arg);
	stabletap_link_release(&link);
	return err;
}

int stabletap_monitor_read(struct stabletap_monitor *mon,
			   stabletap_event_fn fn, void *arg)
{
	const struct nlmsghdr *nlh;
	ssize_t got;
	int left;
	int err;

	for (;;) {
		got = mnl_socket_recvfrom(mon->nl, mon->buf, sizeof(mon->buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		/* A message larger than the buffer counts as lost. */
		if (got < 0)
			return errno == ENOSPC ? -ENOBUFS : -errno;
		left = (int)got;
		nlh = (const struct nlmsghdr *)mon->buf;
		for (; stabletap_message_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			err = take_event(nlh, fn, arg);
			if (err)
				return err;
		}
	}
}
