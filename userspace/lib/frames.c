// SPDX-License-Identifier: GPL-2.0
/* The bytes of announcements and questions. */
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/if_ether.h>

#include "frames.h"

#define NS_TYPE 135
#define NA_TYPE 136
#define NA_ROUTER 0x80
#define NA_OVERRIDE 0x20
#define NS_OPT_SOURCE_LLADDR 1
#define NA_OPT_TARGET_LLADDR 2
#define ND_LEN 32

static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t no_mac[6];
static const uint8_t no_ip[4];

static void put(struct announce_frame *f, const void *data, size_t len)
{
	memcpy(f->data + f->len, data, len);
	f->len = (uint16_t)(f->len + len);
}

static void put16(struct announce_frame *f, unsigned int value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(f, bytes, sizeof(bytes));
}

static void begin(struct announce_frame *f, const struct announce_tags *tags,
		  const uint8_t to[6], const uint8_t from[6], uint16_t proto)
{
	unsigned int i;

	memset(f, 0, sizeof(*f));
	put(f, to, 6);
	put(f, from, 6);
	for (i = 0; i < tags->n && i < ANNOUNCE_TAGS_MAX; i++) {
		put16(f, tags->proto[i]);
		put16(f, tags->id[i] & 0x0fff);
	}
	f->proto = tags->n ? tags->proto[0] : proto;
	put16(f, proto);
}

/* Pads to Ethernet's shortest frame; a tag adds to that length. */
static void finish(struct announce_frame *f, const struct announce_tags *tags)
{
	unsigned int n = tags->n < ANNOUNCE_TAGS_MAX ? tags->n :
						       ANNOUNCE_TAGS_MAX;
	uint16_t shortest = (uint16_t)(ETH_ZLEN + 4 * n);

	if (f->len < shortest)
		f->len = shortest;
}

static void put_arp(struct announce_frame *f, uint16_t op,
		    const uint8_t mac[6], const uint8_t ip[4],
		    const uint8_t target[6], const uint8_t target_ip[4])
{
	static const uint8_t sizes[2] = { 6, 4 };

	put16(f, ARPHRD_ETHER);
	put16(f, ETH_P_IP);
	put(f, sizes, sizeof(sizes));
	put16(f, op);
	put(f, mac, 6);
	put(f, ip, 4);
	put(f, target, 6);
	put(f, target_ip, 4);
}

void announce_rarp(struct announce_frame *f, const struct announce_tags *tags,
		   const uint8_t mac[6])
{
	begin(f, tags, broadcast, mac, ETH_P_RARP);
	put_arp(f, ARPOP_RREQUEST, mac, no_ip, mac, no_ip);
	finish(f, tags);
}

void announce_arp(struct announce_frame *f, const struct announce_tags *tags,
		  const uint8_t mac[6], const uint8_t ip[4])
{
	begin(f, tags, broadcast, mac, ETH_P_ARP);
	put_arp(f, ARPOP_REQUEST, mac, ip, no_mac, ip);
	finish(f, tags);
}

void ask_arp(struct announce_frame *f, const uint8_t mac[6],
	     const uint8_t source[4], const uint8_t target[4])
{
	static const struct announce_tags none;

	begin(f, &none, broadcast, mac, ETH_P_ARP);
	put_arp(f, ARPOP_REQUEST, mac, source, no_mac, target);
	finish(f, &none);
}

static uint32_t sum16(const uint8_t *data, size_t len, uint32_t sum)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	return sum;
}

/* The checksum includes the pseudo-header (RFC 8200, 8.1). */
static uint16_t icmp6_checksum(const uint8_t *src, const uint8_t *dst,
			       const uint8_t *icmp, size_t len)
{
	uint32_t sum = sum16(src, 16, (uint32_t)len + IPPROTO_ICMPV6);

	sum = sum16(dst, 16, sum);
	sum = sum16(icmp, len, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Writes the IPv6 header, and the part that both ICMPv6 messages have. */
static void put_nd(struct announce_frame *f, uint8_t type,
		   const uint8_t flags[4], const uint8_t source[16],
		   const uint8_t dest[16], const uint8_t target[16],
		   uint8_t option, const uint8_t mac[6])
{
	static const uint8_t version[4] = { 0x60 };
	static const uint8_t next_hop[2] = { IPPROTO_ICMPV6, 255 };
	const uint8_t head[2] = { option, 1 };
	uint8_t *icmp;
	uint16_t sum;

	put(f, version, sizeof(version));
	put16(f, ND_LEN);
	put(f, next_hop, sizeof(next_hop));
	put(f, source, 16);
	put(f, dest, 16);

	icmp = f->data + f->len;
	put16(f, (unsigned int)type << 8);
	put16(f, 0);
	put(f, flags, 4);
	put(f, target, 16);
	put(f, head, sizeof(head));
	put(f, mac, 6);
	sum = icmp6_checksum(source, dest, icmp, ND_LEN);
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
}

void announce_na(struct announce_frame *f, const struct announce_tags *tags,
		 const uint8_t mac[6], const uint8_t ip[16], _Bool router)
{
	static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	const uint8_t flags[4] = {
		(uint8_t)(NA_OVERRIDE | (router ? NA_ROUTER : 0))
	};

	begin(f, tags, all_nodes_mac, mac, ETH_P_IPV6);
	put_nd(f, NA_TYPE, flags, ip, all_nodes, ip, NA_OPT_TARGET_LLADDR,
	       mac);
	finish(f, tags);
}

void ask_nd(struct announce_frame *f, const uint8_t mac[6],
	    const uint8_t source[16], const uint8_t target[16])
{
	static const struct announce_tags none;
	static const uint8_t flags[4];
	uint8_t node[16] = { 0xff, 0x02, [11] = 1, [12] = 0xff };
	uint8_t node_mac[6] = { 0x33, 0x33, 0xff };

	/* The solicited-node multicast address: the target's last 3 bytes */
	memcpy(node + 13, target + 13, 3);
	memcpy(node_mac + 3, target + 13, 3);
	begin(f, &none, node_mac, mac, ETH_P_IPV6);
	put_nd(f, NS_TYPE, flags, source, node, target, NS_OPT_SOURCE_LLADDR,
	       mac);
	finish(f, &none);
}
