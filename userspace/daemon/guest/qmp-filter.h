/* SPDX-License-Identifier: GPL-2.0 */
/* What a guest's NIC lets through, as QEMU tells it; taken for hostile. */
#ifndef GUEST_QMP_FILTER_H
#define GUEST_QMP_FILTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum qmp_rx {
	QMP_RX_NONE,
	QMP_RX_NORMAL,		/* what the list has */
	QMP_RX_ALL,
};

/*
 * What a NIC lets through to its guest, as query-rx-filter tells it; but for
 * broadcast-allowed, of which virtio-net tells the opposite.
 */
struct qmp_filter {
	uint8_t mac[6];			/* main-mac: the guest may set it */
	bool promiscuous;
	enum qmp_rx unicast;
	enum qmp_rx multicast;
	enum qmp_rx vlan;
	bool unicast_overflow;		/* more than the list can hold */
	bool multicast_overflow;
	uint8_t (*uc)[6];
	size_t uc_n;
	uint8_t (*mc)[6];
	size_t mc_n;
	uint16_t *vlans;		/* only with QMP_RX_NORMAL */
	size_t vlans_n;
};

/*
 * The filter of the NIC @name in query-rx-filter's answer, to be given to
 * qmp_filter_release().  -ENOENT: the answer doesn't speak of it; -EPROTO: it
 * is not of the form that QMP's schema gives it.
 */
int qmp_filter_parse(const json_t *answer, const char *name,
		     struct qmp_filter *out);
void qmp_filter_release(struct qmp_filter *f);

#endif /* GUEST_QMP_FILTER_H */
