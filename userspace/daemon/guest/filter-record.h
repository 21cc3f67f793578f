/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemon has put on a port, for the daemon after it. */
#ifndef GUEST_FILTER_RECORD_H
#define GUEST_FILTER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"

/* As many as QEMU's virtio-net has room for; who wants more gets all. */
#define FILTER_MAX 64

/* Sorted, each once */
struct filter_set {
	size_t n;
	uint8_t v[FILTER_MAX][6];
};

/*
 * What the daemon itself has put on a port, so that it takes nothing else
 * away; the kernel keeps no owner of a list's entry.
 */
struct filter_record {
	int ifindex;		/* of the port; 0: nothing was */
	unsigned int flags;	/* IFF_ALLMULTI, IFF_PROMISC */
	struct filter_set mc;
	struct filter_set uc;
	int mac_ifindex;	/* of the port that has got @mac; 0: none */
	uint8_t mac[6];		/* the guest's, in place of its own */
	uint8_t unused[6];	/* records are compared as they lie */
};

#define FILTER_DIR STABLETAP_RUN_DIR "/filter"

void filter_record_read(const char *port, struct filter_record *out);
/* Whole or not at all; removed, if there is nothing in it. */
int filter_record_write(const char *port, const struct filter_record *r);

/* -ENOSPC: it is full. */
int filter_set_put(struct filter_set *s, const uint8_t mac[6]);
bool filter_set_has(const struct filter_set *s, const uint8_t mac[6]);

#endif /* GUEST_FILTER_RECORD_H */
