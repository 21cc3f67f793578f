// SPDX-License-Identifier: GPL-2.0
#include "frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdlib.h>
#include <string.h>

#define L4_OFFSET	(ETH_HLEN + sizeof(struct iphdr))
#define SENDER		0xc0000201	/* 192.0.2.1 */
#define RECEIVER	0xc0000202

static const uint8_t peer_mac[] = { 0x52, 0x54, 0, 0xff, 0, 0 };

static uint32_t sum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *byte = data;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? byte[i] : byte[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void make_ip(struct frame *frame, uint8_t protocol)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(frame->len - ETH_HLEN),
		.ttl = 64,
		.protocol = protocol,
		.saddr = htonl(SENDER),
		.daddr = htonl(RECEIVER),
	};

	ip.check = htons(~fold(sum(&ip, sizeof(ip), 0)));
	memcpy(frame->data + ETH_HLEN, &ip, sizeof(ip));
}

static void make_udp(struct frame *frame)
{
	struct udphdr udp = {
		.dest = htons(9),
		.len = htons(frame->len - L4_OFFSET),
	};

	make_ip(frame, IPPROTO_UDP);
	memcpy(frame->data + L4_OFFSET, &udp, sizeof(udp));
}

/*
 * The checksum of each segment is left to the device, so the field has only the
 * sum of the pseudo header.
 */
static void make_tcp(struct frame *frame)
{
	const uint32_t addresses[] = { htonl(SENDER), htonl(RECEIVER) };
	uint16_t len = frame->len - L4_OFFSET;
	struct tcphdr tcp = {
		.dest = htons(9),
		.doff = sizeof(tcp) / 4,
		.ack = 1,
		.window = htons(UINT16_MAX),
		.check = htons(fold(sum(addresses, sizeof(addresses),
					IPPROTO_TCP + len))),
	};

	make_ip(frame, IPPROTO_TCP);
	memcpy(frame->data + L4_OFFSET, &tcp, sizeof(tcp));
	frame->hdr.hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	frame->hdr.hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	frame->hdr.hdr.gso_size = FRAME_SEGMENT;
	frame->hdr.hdr.hdr_len = FRAME_HEADERS;
	frame->hdr.hdr.csum_start = L4_OFFSET;
	frame->hdr.hdr.csum_offset = offsetof(struct tcphdr, check);
}

struct frame *frame_new(size_t len)
{
	struct frame *frame = calloc(1, sizeof(*frame) + len);
	struct ethhdr *eth;

	if (!frame)
		return NULL;
	frame->len = len;
	eth = (struct ethhdr *)frame->data;
	eth->h_proto = htons(ETH_P_IP);
	if (len > ETH_FRAME_LEN)
		make_tcp(frame);
	else
		make_udp(frame);
	return frame;
}

size_t frame_size(const struct frame *frame)
{
	return sizeof(frame->hdr) + frame->len;
}

/* The MAC address that bench/inside gives to a node's device */
static void node_mac(uint8_t *mac, unsigned int node)
{
	const uint8_t bytes[] = { 0x52, 0x54, 0, 0, node >> 8, node };

	memcpy(mac, bytes, sizeof(bytes));
}

/* TCP and UDP have their source port at the same place. */
static void set_flow(struct frame *frame, uint16_t flow)
{
	uint16_t port = htons(flow);

	memcpy(frame->data + L4_OFFSET, &port, sizeof(port));
}

void frame_from(struct frame *frame, unsigned int node, uint16_t flow)
{
	memcpy(frame->data, peer_mac, ETH_ALEN);
	node_mac(frame->data + ETH_ALEN, node);
	set_flow(frame, flow);
}

void frame_to(struct frame *frame, unsigned int node, uint16_t flow)
{
	node_mac(frame->data, node);
	memcpy(frame->data + ETH_ALEN, peer_mac, ETH_ALEN);
	set_flow(frame, flow);
}

void frame_to_all(struct frame *frame)
{
	memset(frame->data, 0xff, ETH_ALEN);
}
