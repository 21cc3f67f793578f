/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A driver for QEMU's virtio-net-pci (modern) over qtest.  It replaces the
 * guest in tests without one.
 */
#ifndef QNIC_H
#define QNIC_H

#include "qemu.h"

#define QNIC_MAX_PAIRS	4
#define QNIC_RING	16

struct qnic_queue {
	uint64_t base;		/* guest address of rings and buffers */
	uint64_t notify;
	uint16_t avail;
	uint16_t used;
};

struct qnic {
	struct qemu *q;
	int slot;
	uint64_t common;
	uint64_t notify;
	uint64_t device;
	uint32_t notify_factor;
	uint64_t features;	/* negotiated beside the usual ones */
	uint8_t *memory;	/* the guest's memory if it is mapped here */
	int pairs;		/* number of queue pairs of the device */
	struct qnic_queue queue[2 * QNIC_MAX_PAIRS + 1];
};

/* Find the device in PCI slot @slot and map it. */
int qnic_init(struct qnic *nic, struct qemu *q, int slot);
/* Find a device that a guest drives, only for qnic_link_status(). */
int qnic_watch(struct qnic *nic, struct qemu *q, int slot);
/*
 * Reset the device, negotiate features, set up the queues and fill the receive
 * queues.
 */
int qnic_start(struct qnic *nic);
void qnic_reset(struct qnic *nic);
/* Send a command on the control queue; -EPROTO if the device refuses it. */
int qnic_control(struct qnic *nic, int class, int cmd, const void *data,
		 size_t len);
/* VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET; -EPROTO if the device refuses it */
int qnic_set_pairs(struct qnic *nic, int pairs);
/* Send one frame.  Returns 0 when the device has used its buffer. */
int qnic_send(struct qnic *nic, int pair, const void *frame, size_t len);
/*
 * As qnic_send(), but don't wait for that; -EAGAIN if all buffers are in use.
 */
int qnic_post(struct qnic *nic, int pair, const void *frame, size_t len);
/*
 * Take one received frame of any pair.  Returns its length, 0 if there is none.
 */
int qnic_receive(struct qnic *nic, void *frame, size_t size);
/* The device's status field: VIRTIO_NET_S_LINK_UP ... */
int qnic_link_status(struct qnic *nic);

#endif /* QNIC_H */
