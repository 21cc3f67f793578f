/* SPDX-License-Identifier: GPL-2.0 */
/* Parses a NIC's receive filter from QEMU's answer, which is not trusted. */
#ifndef GUEST_QMP_FILTER_H
#define GUEST_QMP_FILTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum qmp_rx {
	QMP_RX_NONE,
	QMP_RX_NORMAL,		/* only the listed addresses */
	QMP_RX_ALL,
};

/*
 * A NIC's receive filter, as in the answer to query-rx-filter, without
 * broadcast-allowed, which virtio-net reports inverted.
 */
struct qmp_filter {
	uint8_t mac[6];			/* main-mac: the guest may set it */
	bool promiscuous;
	enum qmp_rx unicast;
	enum qmp_rx multicast;
	enum qmp_rx vlan;
	bool unicast_overflow;		/* the guest's list overflowed */
	bool multicast_overflow;
	uint8_t (*uc)[6];
	size_t uc_n;
	uint8_t (*mc)[6];
	size_t mc_n;
	uint16_t *vlans;		/* only with QMP_RX_NORMAL */
	size_t vlans_n;
};

/*
 * Parses the filter of NIC @name from the answer.  The caller gives it to
 * qmp_filter_release().  -ENOENT: the answer does not have the NIC; -EPROTO: it
 * does not follow QMP's schema.
 */
int qmp_filter_parse(const json_t *answer, const char *name,
		     struct qmp_filter *out);
void qmp_filter_release(struct qmp_filter *f);

#endif /* GUEST_QMP_FILTER_H */
