// SPDX-License-Identifier: GPL-2.0
/* Telling switches where an address is now. */
#include <arpa/inet.h>
#include <errno.h>
#include <netpacket/packet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_ether.h>

#include "frames.h"
#include "internal.h"

/*
 * The same "who am I" that QEMU's announce-self and a migration's target
 * send: it asks nobody for anything, carries no IP address, and every switch
 * it crosses learns the source address.
 */
int stabletap_announce_rarp(int ifindex, const uint8_t addr[6])
{
	const struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_RARP),
		.sll_ifindex = ifindex,
		.sll_halen = 6,
		.sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};
	static const struct announce_tags none;
	struct announce_frame frame;
	int err = 0;
	int fd;

	announce_rarp(&frame, &none, addr);
	/* Protocol 0: this socket receives nothing. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, frame.data, frame.len, 0, (const struct sockaddr *)&to,
		   sizeof(to)) < 0)
		err = -errno;
	close(fd);
	return err;
}
