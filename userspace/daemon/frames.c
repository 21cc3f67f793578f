// SPDX-License-Identifier: GPL-2.0
/* The announcements' bytes. */
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/if_ether.h>

#include "announce.h"

#define NA_TYPE 136
#define NA_ROUTER 0x80
#define NA_OVERRIDE 0x20
#define NA_OPT_TARGET_LLADDR 2
#define NA_LEN 32

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

/* Zeros up to Ethernet's shortest frame, which a tag makes longer. */
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
		    const uint8_t target[6])
{
	static const uint8_t sizes[2] = { 6, 4 };

	put16(f, ARPHRD_ETHER);
	put16(f, ETH_P_IP);
	put(f, sizes, sizeof(sizes));
	put16(f, op);
	put(f, mac, 6);
	put(f, ip, 4);
	put(f, target, 6);
	put(f, ip, 4);
}

void announce_rarp(struct announce_frame *f, const struct announce_tags *tags,
		   const uint8_t mac[6])
{
	begin(f, tags, broadcast, mac, ETH_P_RARP);
	put_arp(f, ARPOP_RREQUEST, mac, no_ip, mac);
	finish(f, tags);
}

void announce_arp(struct announce_frame *f, const struct announce_tags *tags,
		  const uint8_t mac[6], const uint8_t ip[4])
{
	begin(f, tags, broadcast, mac, ETH_P_ARP);
	put_arp(f, ARPOP_REQUEST, mac, ip, no_mac);
	finish(f, tags);
}

static uint32_t sum16(const uint8_t *data, size_t len, uint32_t sum)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	return sum;
}

/* Over the pseudo-header too (RFC 8200, 8.1). */
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

void announce_na(struct announce_frame *f, const struct announce_tags *tags,
		 const uint8_t mac[6], const uint8_t ip[16], _Bool router)
{
	static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	static const uint8_t version[4] = { 0x60 };
	static const uint8_t next_hop[2] = { IPPROTO_ICMPV6, 255 };
	static const uint8_t option[2] = { NA_OPT_TARGET_LLADDR, 1 };
	const uint8_t flags[4] = {
		(uint8_t)(NA_OVERRIDE | (router ? NA_ROUTER : 0))
	};
	uint8_t *icmp;
	uint16_t sum;

	begin(f, tags, all_nodes_mac, mac, ETH_P_IPV6);
	put(f, version, sizeof(version));
	put16(f, NA_LEN);
	put(f, next_hop, sizeof(next_hop));
	put(f, ip, 16);
	put(f, all_nodes, 16);

	icmp = f->data + f->len;
	put16(f, NA_TYPE << 8);
	put16(f, 0);
	put(f, flags, sizeof(flags));
	put(f, ip, 16);
	put(f, option, sizeof(option));
	put(f, mac, 6);
	sum = icmp6_checksum(ip, all_nodes, icmp, NA_LEN);
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
	finish(f, tags);
}
