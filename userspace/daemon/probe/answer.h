/* SPDX-License-Identifier: GPL-2.0 */
/* What is an answer to an ARP probe or a neighbour solicitation: bytes alone. */
#ifndef PROBE_ANSWER_H
#define PROBE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock_fprog;

/* Lets ARP replies and neighbour advertisements pass that have no VLAN tag. */
extern const struct sock_fprog answer_filter;

/* fe80::/64 and what RFC 4291 makes of @mac */
void answer_link_local(const uint8_t mac[6], uint8_t ip[16]);

/*
 * Is what follows the Ethernet header an answer, and whose?  It must be one
 * to @mac, or to address @to.
 */
bool answer_is_arp(const uint8_t *data, size_t len, const uint8_t mac[6],
		   const uint8_t target[4]);
bool answer_is_nd(const uint8_t *data, size_t len, const uint8_t to[16],
		  const uint8_t target[16]);

#endif /* PROBE_ANSWER_H */
