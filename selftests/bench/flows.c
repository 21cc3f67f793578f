// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hop.h"

#define QUEUES_MAX	16
#define FLOWS		1000	/* tried */
#define DEADLINE	10000	/* milliseconds */

/* Read the one frame that waits, and return the queue that has got it. */
static struct lane *queue_of_frame(struct lane *lanes, unsigned int queues)
{
	uint8_t byte;
	struct pollfd fds[QUEUES_MAX];
	struct lane *lane = lanes;
	unsigned int i;

	for (i = 0; i < queues; i++)
		fds[i] = (struct pollfd){ lanes[i].fd, POLLIN, 0 };
	if (poll(fds, queues, DEADLINE) != 1) {
		errno = ETIMEDOUT;
		fail("frame for one queue");
	}
	while (!fds[lane - lanes].revents)
		lane++;
	/* The rest of the frame is discarded. */
	if (read(lane->fd, &byte, sizeof(byte)) < 0 && errno != EINVAL)
		fail("read");
	return lane;
}

void find_flows(struct lane *lanes, unsigned int queues, unsigned int node,
		int packet)
{
	bool found[QUEUES_MAX] = {};
	unsigned int left = queues;
	struct lane *lane;
	uint16_t flow;

	if (queues > QUEUES_MAX) {
		errno = E2BIG;
		fail("queues");
	}
	for (flow = 1; left && flow < FLOWS; flow++) {
		frame_to(lanes->frame, node, flow);
		if (!packet_send(packet, lanes->frame))
			fail("packet socket");
		lane = queue_of_frame(lanes, queues);
		if (found[lane - lanes])
			continue;
		found[lane - lanes] = true;
		lane->flow = flow;
		left--;
	}
	if (left) {
		errno = ESRCH;
		fail("flow for each queue");
	}
}
