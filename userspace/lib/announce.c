// SPDX-License-Identifier: GPL-2.0
/* Telling switches where an address is now. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

/* RFC 903 over Ethernet. */
struct rarp {
	struct ether_header eth;
	struct arphdr arp;
	uint8_t sender_mac[6];
	uint8_t sender_ip[4];
	uint8_t target_mac[6];
	uint8_t target_ip[4];
	uint8_t pad[18];	/* to Ethernet's shortest frame */
} __attribute__((packed));

/*
 * The same "who am I" that QEMU's announce-self and a migration's target
 * send: it asks nobody for anything, carries no IP address, and every switch
 * it crosses learns the source address.
 */
int stabletap_announce_rarp(int ifindex, const uint8_t addr[6])
{
	const struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE_REVARP),
		.sll_ifindex = ifindex,
		.sll_halen = 6,
		.sll_addr = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};
	struct rarp frame = {
		.eth.ether_type = htons(ETHERTYPE_REVARP),
		.arp.ar_hrd = htons(ARPHRD_ETHER),
		.arp.ar_pro = htons(ETHERTYPE_IP),
		.arp.ar_hln = 6,
		.arp.ar_pln = 4,
		.arp.ar_op = htons(ARPOP_RREQUEST),
	};
	int err = 0;
	int fd;

	memset(frame.eth.ether_dhost, 0xff, 6);
	memcpy(frame.eth.ether_shost, addr, 6);
	memcpy(frame.sender_mac, addr, 6);
	memcpy(frame.target_mac, addr, 6);

	/* Protocol 0: this socket receives nothing. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, &frame, sizeof(frame), 0, (const struct sockaddr *)&to,
		   sizeof(to)) < 0)
		err = -errno;
	close(fd);
	return err;
}
