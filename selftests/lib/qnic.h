/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A driver for QEMU's virtio-net-pci (modern), over qtest: the guest's part of
 * a test without a guest.
 */
#ifndef QNIC_H
#define QNIC_H

#include "qemu.h"

#define QNIC_MAX_PAIRS	4
#define QNIC_RING	16

struct qnic_queue {
	uint64_t base;		/* of its rings and buffers in guest memory */
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
	uint64_t features;	/* wanted besides those that it has anyway */
	int pairs;		/* that the device has */
	struct qnic_queue queue[2 * QNIC_MAX_PAIRS + 1];
};

/* Find the device in PCI slot @slot and map it. */
int qnic_init(struct qnic *nic, struct qemu *q, int slot);
/* Find one that a guest drives; for qnic_link_status() only. */
int qnic_watch(struct qnic *nic, struct qemu *q, int slot);
/* Reset it, agree on features, set up the queues, fill the receive queues. */
int qnic_start(struct qnic *nic);
void qnic_reset(struct qnic *nic);
/* A command on the control queue; 0, -EPROTO if the device says no */
int qnic_control(struct qnic *nic, int class, int cmd, const void *data,
		 size_t len);
/* VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET; 0, -EPROTO if the device says no */
int qnic_set_pairs(struct qnic *nic, int pairs);
/* One frame; 0 when the device has taken it */
int qnic_send(struct qnic *nic, int pair, const void *frame, size_t len);
/* One frame, of whatever pair; its length, 0 if there is none */
int qnic_receive(struct qnic *nic, void *frame, size_t size);
/* The device's status field: VIRTIO_NET_S_LINK_UP ... */
int qnic_link_status(struct qnic *nic);

#endif /* QNIC_H */
