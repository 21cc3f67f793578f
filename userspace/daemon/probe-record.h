/* SPDX-License-Identifier: GPL-2.0 */
/* What a candidate's answers say: no device, no clock, no socket. */
#ifndef PROBE_RECORD_H
#define PROBE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_probe;

enum probe_verdict {
	PROBE_UNKNOWN,		/* not asked often enough yet */
	PROBE_ANSWERS,
	PROBE_FAILS,
};

/*
 * The verdict and what it rests on.  All times are those of the question, not
 * of the answer: what is compared is when somebody was there to be asked.
 */
struct probe_record {
	enum probe_verdict verdict;
	bool answered;		/* the last time */
	uint32_t row;		/* so often in a row that was so */
	uint64_t row_since;	/* the first question of that row */
	uint64_t asked;		/* the last question that has been settled */
	uint64_t last_answer;	/* the last question answered; 0: none */
};

/* A question of time @asked has been settled.  True: a new verdict. */
bool probe_settle(struct probe_record *r, const struct conf_probe *spec,
		  uint64_t asked, bool answered);

/*
 * May a port leave a device whose record is @present, and that fails, for one
 * that answers?  Only when both have been seen at the same time: the other
 * has answered since this one began to fail, and this one has failed since
 * the other began to answer.  Otherwise it may be the target itself that has
 * just gone, or just come back, and the two were asked before and after.
 */
bool probe_outdoes(const struct probe_record *other,
		   const struct probe_record *present);

/* ---- frames ---- */

struct sock_fprog;

/* Lets ARP replies and neighbour advertisements pass that have no VLAN tag. */
extern const struct sock_fprog probe_filter;

/* fe80::/64 and what RFC 4291 makes of @mac */
void probe_link_local(const uint8_t mac[6], uint8_t ip[16]);

/*
 * Is what follows the Ethernet header an answer, and whose?  It must be one
 * to @mac, or to address @to.
 */
bool probe_is_arp_answer(const uint8_t *data, size_t len, const uint8_t mac[6],
			 const uint8_t target[4]);
bool probe_is_nd_answer(const uint8_t *data, size_t len, const uint8_t to[16],
			const uint8_t target[16]);

#endif /* PROBE_RECORD_H */
