/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Gives a queue pair of a port to vhost-net, as QEMU does, but with the vrings
 * in this process's own memory: the cheapest guest that uses vhost-net.
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
	/* The members below are the driver's own state. */
	int kick;
	int call;
	uint16_t seen;			/* number of used entries taken */
	bool busy[PAIR_RING];
};

struct pair {
	int tap;
	int vhost;
	struct ring *ring[2];
};

/*
 * Open a queue of the port and set up vhost-net for it; nothing is set up again
 * later. pair_close() frees everything, also after a failure.
 */
int pair_open(struct pair *pair, int control, int port);
/*
 * The same for an fd of any tap, which has a vnet header of the size of struct
 * virtio_net_hdr_mrg_rxbuf; pair_close() closes it.
 */
int pair_start(struct pair *pair, int tap);
void pair_close(struct pair *pair);
/* Queue one frame; ring_kick() of ring[TX] sends it. */
int pair_send(struct pair *pair, const void *frame, size_t len);
/*
 * As pair_send(), with a vnet header of the size of struct
 * virtio_net_hdr_mrg_rxbuf
 */
int pair_send_as(struct pair *pair, const void *hdr, const void *frame,
		 size_t len);
/*
 * Wait until the device has used every available buffer; false at the deadline.
 */
bool pair_sent(struct pair *pair);
/*
 * Take one received frame and make its buffer available again.  There must be a
 * frame (ring_ready()).  Returns its length; -EMSGSIZE if it is longer than
 * @size.
 */
int pair_receive(struct pair *pair, void *frame, size_t size);

/*
 * Make a descriptor available, with memory in ring->buffer, but without a kick.
 */
void ring_post(struct ring *ring, unsigned int id, const void *buffer,
	       uint32_t len, uint16_t flags);
/* Notify the device of available buffers. */
void ring_kick(struct ring *ring);
/* Number of used entries that are not taken yet */
unsigned int ring_ready(struct ring *ring);
/* Wait on the call eventfd for one used entry; false at the deadline. */
bool ring_wait(struct ring *ring, int deadline_ms);
/*
 * Take the next used entry; -EPROTO if its descriptor was never made available.
 */
int ring_take(struct ring *ring, uint32_t *len);
/* A free descriptor; -ENOBUFS if there is none */
int ring_free_id(struct ring *ring);

#endif /* PAIR_H */
