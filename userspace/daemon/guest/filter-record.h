/* SPDX-License-Identifier: GPL-2.0 */
/* Record of the entries that the daemon has added to a port. */
#ifndef GUEST_FILTER_RECORD_H
#define GUEST_FILTER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"

/* QEMU's virtio-net has room for 64; a guest that wants more gets all. */
#define FILTER_MAX 64

/* Sorted, each once */
struct filter_set {
	size_t n;
	uint8_t v[FILTER_MAX][6];
};

/*
 * The entries that the daemon has added to a port, so that it removes no
 * others; the kernel keeps no owner of a list's entry.
 */
struct filter_record {
	int ifindex;		/* of the port; 0: none were added */
	unsigned int flags;	/* IFF_ALLMULTI, IFF_PROMISC */
	struct filter_set mc;
	struct filter_set uc;
	int mac_ifindex;	/* of the port that has @mac; 0: none */
	uint8_t mac[6];		/* the guest's address */
	uint8_t unused[6];	/* padding, since memcmp() compares records */
};

#define FILTER_DIR STABLETAP_RUN_DIR "/filter"

void filter_record_read(const char *port, struct filter_record *out);
/* Replaces the file as a whole, or removes it if the record is empty. */
int filter_record_write(const char *port, const struct filter_record *r);

/* Returns -ENOSPC if the set is full. */
int filter_set_put(struct filter_set *s, const uint8_t mac[6]);
bool filter_set_has(const struct filter_set *s, const uint8_t mac[6]);

#endif /* GUEST_FILTER_RECORD_H */
