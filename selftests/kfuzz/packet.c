// SPDX-License-Identifier: GPL-2.0
/* Packet sockets on ports, and on devices below and above them. */
#include "kfuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void kf_packet_close(struct kf *kf)
{
	int i;

	for (i = 0; i < KF_PACKETS; i++) {
		if (kf->packet[i] >= 0)
			close(kf->packet[i]);
		kf->packet[i] = -1;
	}
}

static int packet_open(struct kf *kf)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = kf_any(kf),
	};
	int type = kf_below(kf, 4) ? SOCK_RAW : SOCK_DGRAM;
	int *slot = &KF_PICK(kf, kf->packet);
	int fd, size = 64 << 10;

	fd = socket(AF_PACKET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		size = -errno;
		close(fd);
		return size;
	}
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
	return 0;
}

static int packet_any(struct kf *kf)
{
	unsigned int at = kf_below(kf, KF_PACKETS), i;

	for (i = 0; i < KF_PACKETS && kf->packet[at] < 0; i++)
		at = (at + 1) % KF_PACKETS;
	return kf->packet[at];
}

/*
 * Two sockets on the worker's port in a fanout group; group ids belong to the
 * namespace.
 */
static int packet_fanout(struct kf *kf)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = kf_once_in(kf, 2) ? kf->port : kf_any(kf),
	};
	uint32_t mode = kf_below(kf, 6), group = 1 + kf_below(kf, 8);
	int i, fd, err = 0, joined = 0;

	/*
	 * Distribute by hash or round-robin, sometimes with rollover and other
	 * flags
	 */
	mode |= kf_once_in(kf, 4) ? 1U << (12 + kf_below(kf, 4)) : 0;
	for (i = 0; i < 2; i++) {
		fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    0);
		if (fd < 0)
			return -errno;
		if (kf->packet[i] >= 0)
			close(kf->packet[i]);
		kf->packet[i] = fd;
		group |= mode << 16;
		if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
		    setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &group,
			       sizeof(group)))
			err = -errno;
		else
			joined++;
	}
	return joined ? 0 : err;
}

static int packet_member(struct kf *kf)
{
	struct packet_mreq mreq = {
		.mr_ifindex = kf_any(kf), .mr_type = kf_below(kf, 4),
		.mr_alen = 6,
	};
	int option = kf_below(kf, 3) ? PACKET_ADD_MEMBERSHIP :
				       PACKET_DROP_MEMBERSHIP;

	kf_mac(kf, mreq.mr_address);
	return setsockopt(packet_any(kf), SOL_PACKET, option, &mreq,
			  sizeof(mreq)) ? -errno : 0;
}

static int packet_option(struct kf *kf)
{
	static const int options[] = {
		PACKET_VNET_HDR, PACKET_AUXDATA, PACKET_ORIGDEV,
		PACKET_TIMESTAMP, PACKET_LOSS, PACKET_QDISC_BYPASS,
		PACKET_IGNORE_OUTGOING,
	};
	int value = kf_below(kf, 2);

	return setsockopt(packet_any(kf), SOL_PACKET, KF_PICK(kf, options),
			  &value, sizeof(value)) ? -errno : 0;
}

/* The host sends through a port or a device near it. */
static int packet_send(struct kf *kf)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = kf_any(kf), .sll_halen = 6,
	};
	uint8_t mac[6];

	kf_mac(kf, mac);
	memcpy(addr.sll_addr, mac, 6);
	kf_frame_make(kf, mac);
	return sendto(packet_any(kf), kf->frame.data, kf->frame.len,
		      MSG_DONTWAIT, (struct sockaddr *)&addr,
		      sizeof(addr)) < 0 ? -errno : 0;
}

static int packet_receive(struct kf *kf)
{
	int fd = packet_any(kf), got = 0, err = 0;

	while (got < 64) {
		if (recv(fd, kf->frame.data, KF_FRAME_MAX, MSG_DONTWAIT) < 0) {
			err = -errno;
			break;
		}
		got++;
	}
	return got ? 0 : err;
}

static const struct kf_call calls[] = {
	{ "packet socket", 10, packet_open, 1 },
	{ "packet fanout", 6, packet_fanout, 1 },
	{ "packet membership", 6, packet_member, 1 },
	{ "packet option", 4, packet_option, 1 },
	{ "packet send", 12, packet_send, 1 },
	{ "packet receive", 12, packet_receive, 5 },
};

const struct kf_table kf_packet_table = KF_TABLE(calls);
