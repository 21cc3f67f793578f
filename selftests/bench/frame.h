/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The frames of the benchmark: IPv4, because the kernel dissects what guests
 * send, with the vnet header that they have on a tap.
 */
#ifndef FRAME_H
#define FRAME_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_SEGMENT	1460	/* a TCP segment of a GSO frame */
#define FRAME_SEGMENTS	44	/* as many as fit into 64 KiB */
#define FRAME_HEADERS	54	/* Ethernet, IPv4 and TCP without options */
#define FRAME_GSO	(FRAME_HEADERS + FRAME_SEGMENTS * FRAME_SEGMENT)
#define FRAME_MIN	60

struct frame {
	size_t len;		/* of the data */
	struct virtio_net_hdr_mrg_rxbuf hdr;
	uint8_t data[];
} __attribute__((packed));

/*
 * A new frame: UDP, or TCP with several segments if it is longer than 1514
 * bytes.  NULL if there is no memory.
 */
struct frame *frame_new(size_t len);
/* Bytes from frame->hdr on */
size_t frame_size(const struct frame *frame);
/* Address it from or to the guest of a node; nodes are counted from 0. */
void frame_from(struct frame *frame, unsigned int node, uint16_t flow);
void frame_to(struct frame *frame, unsigned int node, uint16_t flow);
void frame_to_all(struct frame *frame);

#endif /* FRAME_H */
