/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOP_H
#define HOP_H

#include "frame.h"

/* One queue of a node, and the frame that passes through it */
struct lane {
	int fd;
	uint16_t flow;		/* of the frame, its source port */
	struct frame *frame;
	void *state;		/* of the way */
};

/* A way for frames between the program and a queue */
struct way {
	const char *name;
	unsigned int burst;	/* frames for each system call or kick */
	int flags;		/* for open() of the node */
	void (*open)(struct lane *lane);
	/* Send @count frames; returns when the device has accepted them. */
	void (*send)(struct lane *lane, unsigned int count);
	/* Take @count frames; waits for them. */
	void (*receive)(struct lane *lane, unsigned int count);
};

extern const struct way fd_way, ring_way, vhost_way;

/* Print what failed, with errno, and end. */
void fail(const char *what) __attribute__((noreturn));

/* node.c: open a queue of the node at a path, or of a tap: tun:NAME */
int node_open(const char *path, int flags, unsigned int queues);
/* A packet socket that sends frames with vnet headers by a device */
int packet_open(const char *device);
/* Returns false, with errno, if a queue is full. */
bool packet_send(int packet, const struct frame *frame);

/*
 * flows.c: the kernel chooses a queue by the flow, so find a flow for each
 * queue of a node, by frames that the packet socket sends.
 */
void find_flows(struct lane *lanes, unsigned int queues, unsigned int node,
		int packet);

#endif /* HOP_H */
