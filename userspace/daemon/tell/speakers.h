/* SPDX-License-Identifier: GPL-2.0 */
/* Whom the host itself speaks as by way of a port. */
#ifndef TELL_SPEAKERS_H
#define TELL_SPEAKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"

struct nlmsghdr;

/* The port, or a VLAN device on it (or on one of these). */
struct speaker {
	int ifindex;
	int link;		/* what it is stacked on */
	struct announce_tags tags;
	uint8_t mac[6];
	bool router;		/* forwards IPv6 */
};

typedef void (*speaker_fn)(const struct speaker *s, void *arg);
/* @ip: 4 bytes of AF_INET, 16 of AF_INET6 */
typedef void (*speaker_ip_fn)(const struct speaker *s, int family,
			      const uint8_t *ip, void *arg);

/*
 * Ask the kernel for the speakers of @port, whose MAC address is @mac, and
 * then for their addresses.  Without @stacked, for the port alone.  Never
 * waits.
 */
int speakers_list(int port, const uint8_t mac[6], bool stacked, speaker_fn fn,
		  speaker_ip_fn ip_fn, void *arg);

/* For the tests: what one message says.  False: nothing of interest. */
bool speaker_parse_link(const struct nlmsghdr *nlh, struct speaker *out);
bool speaker_parse_addr(const struct nlmsghdr *nlh, int *ifindex, int *family,
			uint8_t ip[16]);

#endif /* TELL_SPEAKERS_H */
