/* SPDX-License-Identifier: GPL-2.0 */
/* Builds the frames that announce an address or ask for one; no I/O. */
#ifndef STABLETAP_FRAMES_H
#define STABLETAP_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#define ANNOUNCE_TAGS_MAX 2
#define ANNOUNCE_FRAME_MAX 96

/* VLAN tags, the outermost first. */
struct announce_tags {
	unsigned int n;
	uint16_t proto[ANNOUNCE_TAGS_MAX];	/* ETH_P_8021Q, ETH_P_8021AD */
	uint16_t id[ANNOUNCE_TAGS_MAX];
};

struct announce_frame {
	uint16_t proto;		/* of the outermost header, host order */
	uint16_t len;
	uint8_t data[ANNOUNCE_FRAME_MAX];
};

/* RARP "who am I": has no IP address; switches learn the sender's address. */
void announce_rarp(struct announce_frame *f, const struct announce_tags *tags,
		   const uint8_t mac[6]);
/* RFC 5227's ARP announcement. */
void announce_arp(struct announce_frame *f, const struct announce_tags *tags,
		  const uint8_t mac[6], const uint8_t ip[4]);
/* RFC 4861's unsolicited neighbour advertisement. */
void announce_na(struct announce_frame *f, const struct announce_tags *tags,
		 const uint8_t mac[6], const uint8_t ip[16], _Bool router);

/* RFC 5227's ARP probe, or with a @source that is not 0 a request. */
void ask_arp(struct announce_frame *f, const uint8_t mac[6],
	     const uint8_t source[4], const uint8_t target[4]);
/* RFC 4861's neighbour solicitation, with the source's MAC address. */
void ask_nd(struct announce_frame *f, const uint8_t mac[6],
	    const uint8_t source[16], const uint8_t target[16]);

#endif /* STABLETAP_FRAMES_H */
