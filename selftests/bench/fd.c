// SPDX-License-Identifier: GPL-2.0
/* write() and read(), one frame each */
#include <stdlib.h>
#include <unistd.h>

#include "hop.h"

static void fd_open(struct lane *lane)
{
	lane->state = malloc(frame_size(lane->frame));
	if (!lane->state)
		fail("memory");
}

static void fd_send(struct lane *lane, unsigned int count)
{
	ssize_t size = frame_size(lane->frame);

	while (count--)
		if (write(lane->fd, &lane->frame->hdr, size) != size)
			fail("write");
}

static void fd_receive(struct lane *lane, unsigned int count)
{
	ssize_t size = frame_size(lane->frame);

	while (count--)
		if (read(lane->fd, lane->state, size) != size)
			fail("read");
}

const struct way fd_way = {
	.name = "fd",
	.burst = 1,
	.open = fd_open,
	.send = fd_send,
	.receive = fd_receive,
};
