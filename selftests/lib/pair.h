/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue pair of a port given to vhost-net, as QEMU does, but with the vrings
 * in this process's own memory: the cheapest true guest there is.
 *
 * Functions return a negative errno on failure unless they say otherwise.
 */
#ifndef PAIR_H
#define PAIR_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "st.h"

#define PAIR_RING	256
#define PAIR_BUFFER	2048
#define PAIR_DEADLINE	ST_DEADLINE

enum { RX, TX };

struct ring {
	struct vring_desc desc[PAIR_RING];
	struct vring_avail avail;
	__u16 avail_ring[PAIR_RING + 1];
	struct vring_used used __attribute__((aligned(4096)));
	struct vring_used_elem used_ring[PAIR_RING];
	__u16 used_event;
	uint8_t buffer[PAIR_RING][PAIR_BUFFER] __attribute__((aligned(4096)));
	/* The driver's own from here on */
	int kick;
	int call;
	uint16_t seen;			/* used entries taken so far */
	bool busy[PAIR_RING];
};

struct pair {
	int tap;
	int vhost;
	struct ring *ring[2];
};

/*
 * A queue of the port, and all that is ever set up for it; nothing of that is
 * touched again.  After a failure, too, pair_close() gives back what there is.
 */
int pair_open(struct pair *pair, int control, int port);
void pair_close(struct pair *pair);
/* Queue one frame; ring_kick() of ring[TX] sends it. */
int pair_send(struct pair *pair, const void *frame, size_t len);
/* The same with a vnet header, of struct virtio_net_hdr_mrg_rxbuf's size */
int pair_send_as(struct pair *pair, const void *hdr, const void *frame,
		 size_t len);
/* Every buffer that was made available comes back; false at the deadline. */
bool pair_sent(struct pair *pair);
/*
 * Take one received frame, of which there must be one (ring_ready()), and give
 * its buffer back.  Its length; -EMSGSIZE if it is longer than @size.
 */
int pair_receive(struct pair *pair, void *frame, size_t size);

/* Tell the device that something is available. */
void ring_kick(struct ring *ring);
/* Used entries that are not taken yet */
unsigned int ring_ready(struct ring *ring);
/* Wait, by the call eventfd, for one used entry; false at the deadline. */
bool ring_wait(struct ring *ring, int deadline_ms);
/* The next used entry; -EPROTO if the device never had that descriptor. */
int ring_take(struct ring *ring, uint32_t *len);
/* A descriptor that is not in use; -ENOBUFS */
int ring_free_id(struct ring *ring);

#endif /* PAIR_H */
