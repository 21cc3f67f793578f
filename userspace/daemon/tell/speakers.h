/* SPDX-License-Identifier: GPL-2.0 */
/* The addresses by which the host itself uses a port. */
#ifndef TELL_SPEAKERS_H
#define TELL_SPEAKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"
#include "stabletap.h"

/* The port, or a VLAN device on it (or on one of these). */
struct speaker {
	int ifindex;
	int link;		/* the device below */
	struct announce_tags tags;
	uint8_t mac[6];
	bool router;		/* forwards IPv6; known with its addresses */
};

typedef void (*speaker_fn)(const struct speaker *s, void *arg);
/* @ip: 4 bytes of AF_INET, 16 of AF_INET6 */
typedef void (*speaker_ip_fn)(const struct speaker *s, int family,
			      const uint8_t *ip, void *arg);

/*
 * Reads the speakers of @port, whose MAC address is @mac, and their IP
 * addresses.  Without @stacked, only the port itself.
 */
int speakers_list(struct stabletap *st, int port, const uint8_t mac[6],
		  bool stacked, speaker_fn fn, speaker_ip_fn ip_fn, void *arg);

/* For the tests: takes in @link or @addr, if it belongs to a speaker. */
bool speaker_from_vlan(const struct stabletap_link *link, struct speaker *out);
bool speaker_has_ip(const struct stabletap_addr *addr);

#endif /* TELL_SPEAKERS_H */
