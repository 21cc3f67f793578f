// SPDX-License-Identifier: GPL-2.0
/* Recognises answers to probes. */
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <linux/filter.h>

#include "probe/answer.h"

/* ---- the socket filter ---- */

/*
 * Offsets are from the network header (SOCK_DGRAM).  A VLAN tag with id 0 has
 * only a priority.
 */
static struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		 (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		 (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x0fff, 12, 0),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		 (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_ARP, 0, 2),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPOP_REPLY, 7, 8),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IPV6, 0, 7),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),	/* next header, hop limit */
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6 << 8 | 255, 0, 5),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 44),	/* solicited */
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x40, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 128),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

const struct sock_fprog answer_filter = {
	.len = sizeof(filter) / sizeof(*filter), .filter = filter,
};

/* ---- parsing ---- */

void answer_link_local(const uint8_t mac[6], uint8_t ip[16])
{
	memset(ip, 0, 16);
	ip[0] = 0xfe;
	ip[1] = 0x80;
	memcpy(ip + 8, mac, 3);
	ip[8] ^= 2;
	ip[11] = 0xff;
	ip[12] = 0xfe;
	memcpy(ip + 13, mac + 3, 3);
}

bool answer_is_arp(const uint8_t *data, size_t len, const uint8_t mac[6],
		   const uint8_t target[4])
{
	/* Hardware types like Ethernet, IPv4 */
	static const uint8_t reply[6] = { 0x08, 0x00, 6, 4, 0, ARPOP_REPLY };

	return len >= 28 && !memcmp(data + 2, reply, sizeof(reply)) &&
	       !memcmp(data + 14, target, 4) && !memcmp(data + 18, mac, 6);
}

bool answer_is_nd(const uint8_t *data, size_t len, const uint8_t to[16],
		  const uint8_t target[16])
{
	/*
	 * The checksum is not verified: between namespaces it often is not
	 * filled in.
	 */
	return len >= 64 && data[0] >> 4 == 6 && data[6] == IPPROTO_ICMPV6 &&
	       data[7] == 255 && data[40] == 136 && !data[41] &&
	       data[44] & 0x40 && !memcmp(data + 24, to, 16) &&
	       !memcmp(data + 48, target, 16);
}
