// SPDX-License-Identifier: GPL-2.0
/* Sends frames by any device. */
#include <arpa/inet.h>
#include <errno.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/socket.h>

#include "frames.h"
#include "sender.h"

/*
 * Frames in a device whose queue has stopped stay charged to the socket.  This
 * has room for dozens of such queues, so that other devices can still send.
 */
#define SNDBUF (64 << 20)

int sender_open(void)
{
	/* Protocol 0: this socket receives nothing. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	const int sndbuf = SNDBUF;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf));
	return fd;
}

int sender_send(int fd, int ifindex, const struct announce_frame *f)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(f->proto),
		.sll_ifindex = ifindex, .sll_halen = 6,
	};

	memcpy(to.sll_addr, f->data, 6);
	return sendto(fd, f->data, f->len, MSG_DONTWAIT,
		      (const struct sockaddr *)&to, sizeof(to)) < 0 ? -errno :
								      0;
}
