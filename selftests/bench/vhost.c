// SPDX-License-Identifier: GPL-2.0
/*
 * vhost-net with vrings in this process's memory.  It handles many frames for
 * each kick, because this process precedes vhost's thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hop.h"
#include "pair.h"

#define BURST		64	/* as many as vhost-net sends at a time */

static void vhost_open(struct lane *lane)
{
	struct pair *pair = malloc(sizeof(*pair));
	int err;

	if (!pair)
		fail("memory");
	lane->state = pair;
	err = pair_start(pair, lane->fd);
	if (err) {
		errno = -err;
		fail("/dev/vhost-net");
	}
	memcpy(pair->ring[TX]->buffer, &lane->frame->hdr,
	       frame_size(lane->frame));
}

/* Take at most @count used descriptors; returns how many. */
static unsigned int take(struct ring *ring, unsigned int count, int *ids)
{
	unsigned int i, ready;
	uint32_t len;

	if (!ring_wait(ring, PAIR_DEADLINE)) {
		errno = ETIMEDOUT;
		fail("vhost-net");
	}
	ready = ring_ready(ring);
	if (ready > count)
		ready = count;
	for (i = 0; i < ready; i++) {
		ids[i] = ring_take(ring, &len);
		if (ids[i] < 0) {
			errno = -ids[i];
			fail("vring");
		}
	}
	return ready;
}

/* All descriptors have the same buffer: the frame is not changed. */
static void vhost_send(struct lane *lane, unsigned int count)
{
	struct ring *ring = ((struct pair *)lane->state)->ring[TX];
	int ids[PAIR_RING];
	unsigned int id;

	for (id = 0; id < count; id++)
		ring_post(ring, id, ring->buffer, frame_size(lane->frame), 0);
	ring_kick(ring);
	while (count)
		count -= take(ring, count, ids);
}

/* A frame that is longer than a buffer gets several. */
static void vhost_receive(struct lane *lane, unsigned int count)
{
	struct ring *ring = ((struct pair *)lane->state)->ring[RX];
	unsigned int left, taken, i;
	int ids[PAIR_RING];

	left = count * ((frame_size(lane->frame) + PAIR_BUFFER - 1) /
			PAIR_BUFFER);
	while (left) {
		taken = take(ring, left < PAIR_RING ? left : PAIR_RING, ids);
		for (i = 0; i < taken; i++)
			ring_post(ring, ids[i], ring->buffer[ids[i]],
				  PAIR_BUFFER, VRING_DESC_F_WRITE);
		left -= taken;
		if (!(ring->used.flags & VRING_USED_F_NO_NOTIFY))
			ring_kick(ring);
	}
}

const struct way vhost_way = {
	.name = "vhost",
	.burst = BURST,
	.open = vhost_open,
	.send = vhost_send,
	.receive = vhost_receive,
};
