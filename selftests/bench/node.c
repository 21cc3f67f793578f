// SPDX-License-Identifier: GPL-2.0
/* The two ends of a setup: the guest's node, and the peer's packet socket. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "hop.h"

#define TUN_PREFIX	"tun:"
#define SEND_BUFFER	(64 << 20)
#define LINK_DEADLINE	20	/* seconds */

/*
 * A tap has carrier only while it is open, and linkwatch activates its queue
 * some time after that.
 */
static void wait_for_link(const char *name)
{
	char path[64], state[16];
	time_t end = time(NULL) + LINK_DEADLINE;
	const struct timespec pause = { .tv_nsec = 1000000 };
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/%s/operstate", name);
	while (time(NULL) < end) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fail(path);
		len = read(fd, state, sizeof(state));
		close(fd);
		if (len == 3 && !memcmp(state, "up\n", 3))
			return;
		nanosleep(&pause, NULL);
	}
	errno = ETIMEDOUT;
	fail(path);
}

/* As QEMU does.  Without TUNSETSNDBUF, vhost-net sends frames one by one. */
static bool configure(int fd, struct ifreq *ifr)
{
	int hdr_len = sizeof(struct virtio_net_hdr_mrg_rxbuf), sndbuf = INT_MAX;

	return !ioctl(fd, TUNSETIFF, ifr) &&
	       !ioctl(fd, TUNSETVNETHDRSZ, &hdr_len) &&
	       !ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) &&
	       !ioctl(fd, TUNSETSNDBUF, &sndbuf);
}

int node_open(const char *path, int flags, unsigned int queues)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	const char *tun = NULL;
	int fd;

	if (!strncmp(path, TUN_PREFIX, strlen(TUN_PREFIX))) {
		tun = path + strlen(TUN_PREFIX);
		path = "/dev/net/tun";
		strncpy(ifr.ifr_name, tun, IFNAMSIZ - 1);
	}
	if (queues > 1)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	fd = open(path, O_RDWR | O_CLOEXEC | flags);
	if (fd < 0 || !configure(fd, &ifr))
		fail(path);
	if (tun)
		wait_for_link(tun);
	/* Takes RTNL, which linkwatch holds until it has finished. */
	if (ioctl(fd, TUNGETIFF, &ifr))
		fail(path);
	return fd;
}

int packet_open(const char *device)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };
	int fd, on = 1, size = SEND_BUFFER;
	struct ifreq ifr = {};

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("packet socket");
	strncpy(ifr.ifr_name, device, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFINDEX, &ifr))
		fail(device);
	addr.sll_ifindex = ifr.ifr_ifindex;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		fail(device);
	return fd;
}

bool packet_send(int packet, const struct frame *frame)
{
	const struct iovec iov[] = {
		{ (void *)&frame->hdr.hdr, sizeof(frame->hdr.hdr) },
		{ (void *)frame->data, frame->len },
	};

	if (writev(packet, iov, 2) >= 0)
		return true;
	if (errno != ENOBUFS)
		fail("packet socket");
	return false;
}
