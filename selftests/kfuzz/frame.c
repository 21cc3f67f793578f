// SPDX-License-Identifier: GPL-2.0
/*
 * Frames of every kind and size, with a vnet header that is valid, nearly valid
 * or invalid.
 */
#include "kfuzz.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/virtio_net.h>
#include <string.h>

/* Not in Debian 12's headers */
#define GSO_UDP_L4	5
#define GSO_TUNNEL_IPV4	0x20
#define GSO_TUNNEL_IPV6	0x40

static size_t frame_size(struct kf *kf)
{
	switch (kf_below(kf, 24)) {
	case 0:
		return 65000 + kf_below(kf, KF_FRAME_MAX - 65000);
	case 1:
		return kf_below(kf, 20000);
	case 2:
	case 3:
		return kf_below(kf, 80);	/* also too short ones */
	case 4:
	case 5:
	case 6:
		return 1500 + kf_below(kf, 6000);
	default:
		return 60 + kf_below(kf, 1455);
	}
}

static size_t put_tags(struct kf *kf, uint8_t *data, uint16_t proto)
{
	size_t at = 12;

	while (kf_once_in(kf, 6) && at < 24) {
		uint16_t tag[2] = {
			htons(kf_once_in(kf, 2) ? ETH_P_8021Q : ETH_P_8021AD),
			htons(kf_below(kf, 6)),
		};

		memcpy(data + at, tag, sizeof(tag));
		at += sizeof(tag);
	}
	proto = htons(proto);
	memcpy(data + at, &proto, sizeof(proto));
	return at + sizeof(proto);
}

static size_t put_ip(struct kf *kf, struct kf_frame *frame, size_t at,
		     uint8_t protocol)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 4, .protocol = protocol,
		.tot_len = htons(frame->len > at ? frame->len - at : 0),
		.saddr = htonl(0x0a000001), .daddr = htonl(0x0a000002),
	};

	if (kf_once_in(kf, 16))
		ip.ihl = kf_below(kf, 16);
	if (kf_once_in(kf, 16))
		ip.tot_len = kf_next(kf);
	if (kf_once_in(kf, 16))
		ip.frag_off = htons(0x2000);
	memcpy(frame->data + at, &ip, sizeof(ip));
	return at + sizeof(ip);
}

static size_t put_ip6(struct kf *kf, struct kf_frame *frame, size_t at,
		      uint8_t protocol)
{
	struct ipv6hdr ip = {
		.version = 6, .hop_limit = 4, .nexthdr = protocol,
		.saddr.s6_addr = { 0xfd, 1 }, .daddr.s6_addr = { 0xfd, 2 },
	};

	at += sizeof(ip);
	ip.payload_len = htons(frame->len > at ? frame->len - at : 0);
	if (kf_once_in(kf, 16))
		ip.nexthdr = kf_next(kf);
	memcpy(frame->data + at - sizeof(ip), &ip, sizeof(ip));
	return at;
}

struct transport {
	size_t at;
	size_t len;
	size_t check;
	bool tcp;
	bool ip6;
};

static void put_transport(struct kf *kf, struct kf_frame *frame,
			  struct transport *l4)
{
	struct tcphdr tcp = {
		.source = htons(1024 + kf_below(kf, 16)), .dest = htons(80),
		.doff = 5, .ack = 1,
	};
	struct udphdr udp = {
		.source = tcp.source, .dest = htons(4789),
		.len = htons(frame->len > l4->at ? frame->len - l4->at : 0),
	};

	if (l4->tcp) {
		if (kf_once_in(kf, 16))
			tcp.doff = kf_below(kf, 16);
		memcpy(frame->data + l4->at, &tcp, sizeof(tcp));
		l4->len = sizeof(tcp);
		l4->check = offsetof(struct tcphdr, check);
	} else {
		memcpy(frame->data + l4->at, &udp, sizeof(udp));
		l4->len = sizeof(udp);
		l4->check = offsetof(struct udphdr, check);
	}
}

static uint8_t gso_type(struct kf *kf, const struct transport *l4)
{
	uint8_t type;

	if (!l4->tcp)
		return kf_once_in(kf, 2) ? GSO_UDP_L4 : VIRTIO_NET_HDR_GSO_UDP;
	type = l4->ip6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	return kf_once_in(kf, 8) ? type | VIRTIO_NET_HDR_GSO_ECN : type;
}

static void put_vnet(struct kf *kf, struct kf_frame *frame,
		     const struct transport *l4)
{
	struct virtio_net_hdr hdr = {};
	uint32_t word;

	memset(frame->vnet, 0, sizeof(frame->vnet));
	if (l4 && kf_once_in(kf, 2)) {
		hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		hdr.csum_start = l4->at;
		hdr.csum_offset = l4->check;
		if (kf_once_in(kf, 2)) {
			hdr.gso_type = gso_type(kf, l4);
			hdr.hdr_len = l4->at + l4->len;
			hdr.gso_size = 200 + kf_below(kf, 1300);
		}
	}
	if (kf_once_in(kf, 10)) {
		word = kf_next(kf);
		memcpy((uint8_t *)&hdr + kf_below(kf, sizeof(hdr) - 3), &word,
		       kf_once_in(kf, 2) ? 1 : 4);
	}
	if (kf_once_in(kf, 12))
		hdr.flags |= VIRTIO_NET_HDR_F_DATA_VALID;
	if (kf_once_in(kf, 24))
		hdr.flags |= VIRTIO_NET_HDR_F_RSC_INFO;
	if (kf_once_in(kf, 24))
		hdr.gso_type |= kf_once_in(kf, 2) ? GSO_TUNNEL_IPV4 :
						    GSO_TUNNEL_IPV6;
	memcpy(frame->vnet, &hdr, sizeof(hdr));
	/* num_buffers, and the bytes after it */
	if (kf_once_in(kf, 8))
		memset(frame->vnet + sizeof(hdr), kf_next(kf),
		       sizeof(frame->vnet) - sizeof(hdr));
}

void kf_frame_make(struct kf *kf, const uint8_t *dst)
{
	struct kf_frame *frame = &kf->frame;
	struct transport l4 = {};
	uint32_t what = kf_below(kf, 16);
	size_t at;

	frame->len = frame_size(kf);
	/* The tail is left over from an earlier frame. */
	memset(frame->data, what, frame->len < 2048 ? frame->len : 2048);
	memcpy(frame->data, dst, 6);
	memcpy(frame->data + 6, ST_MAC_PEER, 6);
	if (what < 2) {
		put_tags(kf, frame->data, kf_next(kf));
		put_vnet(kf, frame, NULL);
		return;
	}
	l4.ip6 = what % 3 == 0;
	l4.tcp = what % 2 == 0;
	at = put_tags(kf, frame->data, l4.ip6 ? ETH_P_IPV6 : ETH_P_IP);
	at = l4.ip6 ? put_ip6(kf, frame, at, l4.tcp ? 6 : 17) :
		      put_ip(kf, frame, at, l4.tcp ? 6 : 17);
	l4.at = at;
	put_transport(kf, frame, &l4);
	put_vnet(kf, frame, &l4);
}
