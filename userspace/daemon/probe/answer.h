/* SPDX-License-Identifier: GPL-2.0 */
/* Recognises answers to ARP probes and neighbour solicitations; no I/O. */
#ifndef PROBE_ANSWER_H
#define PROBE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock_fprog;

/*
 * A socket filter for ARP replies and neighbour advertisements without a VLAN
 * tag
 */
extern const struct sock_fprog answer_filter;

/* The link-local address that RFC 4291 derives from @mac */
void answer_link_local(const uint8_t mac[6], uint8_t ip[16]);

/*
 * Parses the bytes behind the Ethernet header.  Returns whether they are an
 * answer to @mac or to address @to, and whose.
 */
bool answer_is_arp(const uint8_t *data, size_t len, const uint8_t mac[6],
		   const uint8_t target[4]);
bool answer_is_nd(const uint8_t *data, size_t len, const uint8_t to[16],
		  const uint8_t target[16]);

#endif /* PROBE_ANSWER_H */
