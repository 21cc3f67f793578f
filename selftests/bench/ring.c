// SPDX-License-Identifier: GPL-2.0
/* io_uring: many reads or writes for each system call */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>

#include "hop.h"

#define BURST	64

struct ring_state {
	struct io_uring ring;
	uint8_t buffer[];
};

static void check(int err)
{
	if (err >= 0)
		return;
	errno = -err;
	fail("io_uring");
}

static void ring_open(struct lane *lane)
{
	struct ring_state *state;

	state = malloc(sizeof(*state) + frame_size(lane->frame));
	if (!state)
		fail("memory");
	lane->state = state;
	check(io_uring_queue_init(BURST, &state->ring, 0));
}

static void submit(struct io_uring *ring, unsigned int count, int size)
{
	struct io_uring_cqe *cqe;

	check(io_uring_submit_and_wait(ring, count));
	while (count--) {
		check(io_uring_wait_cqe(ring, &cqe));
		check(cqe->res);
		if (cqe->res != size)
			check(-EMSGSIZE);
		io_uring_cqe_seen(ring, cqe);
	}
}

static void ring_send(struct lane *lane, unsigned int count)
{
	struct ring_state *state = lane->state;
	unsigned int size = frame_size(lane->frame), i;

	for (i = 0; i < count; i++)
		io_uring_prep_write(io_uring_get_sqe(&state->ring), lane->fd,
				    &lane->frame->hdr, size, 0);
	submit(&state->ring, count, size);
}

/* The frames have arrived, and their content does not matter. */
static void ring_receive(struct lane *lane, unsigned int count)
{
	struct ring_state *state = lane->state;
	unsigned int size = frame_size(lane->frame), i;

	for (i = 0; i < count; i++)
		io_uring_prep_read(io_uring_get_sqe(&state->ring), lane->fd,
				   state->buffer, size, 0);
	submit(&state->ring, count, size);
}

/*
 * Without O_NONBLOCK, io_uring gives each request for a tap to a thread of its
 * own.
 */
const struct way ring_way = {
	.name = "ring",
	.burst = BURST,
	.flags = O_NONBLOCK,
	.open = ring_open,
	.send = ring_send,
	.receive = ring_receive,
};
