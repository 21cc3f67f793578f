// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "qnic.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>

#include "st.h"

#define DEADLINE_MS	ST_DEADLINE

/* Guest memory: 64 KiB for each queue, from 2 MiB on */
#define QUEUE_BASE(n)	(0x200000ULL + (n) * 0x10000ULL)
#define DESC(q, i)	((q)->base + 16 * (i))
#define AVAIL(q)	((q)->base + 0x1000)
#define USED(q)		((q)->base + 0x2000)
#define BUFFER(q, i)	((q)->base + 0x4000 + 0x800 * (i))
#define BUFFER_SIZE	0x800

/* The header of a modern device always has num_buffers. */
#define HEADER		sizeof(struct virtio_net_hdr_mrg_rxbuf)

#define FEATURES							\
	(1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_MAC |	\
	 1ULL << VIRTIO_NET_F_STATUS | 1ULL << VIRTIO_NET_F_CTRL_VQ |	\
	 1ULL << VIRTIO_NET_F_MQ | 1ULL << VIRTIO_NET_F_CSUM |		\
	 1ULL << VIRTIO_NET_F_GUEST_CSUM | 1ULL << VIRTIO_NET_F_GUEST_TSO4 | \
	 1ULL << VIRTIO_NET_F_HOST_TSO4)

static uint32_t pci_read(struct qnic *nic, int offset)
{
	qtest(nic->q, "outl 0xcf8 0x%x",
	      0x80000000u | nic->slot << 11 | (offset & 0xfc));
	return (uint32_t)qtest(nic->q, "inl 0xcfc") >> 8 * (offset & 3);
}

static void pci_write(struct qnic *nic, int offset, uint32_t value)
{
	qtest(nic->q, "outl 0xcf8 0x%x",
	      0x80000000u | nic->slot << 11 | offset);
	qtest(nic->q, "outl 0xcfc 0x%x", value);
}

#define COMMON(nic, field) \
	((unsigned long long)(nic)->common + \
	 offsetof(struct virtio_pci_common_cfg, field))

static void select_queue(struct qnic *nic, int n)
{
	qtest(nic->q, "writew 0x%llx %d", COMMON(nic, queue_select), n);
}

static void read_capability(struct qnic *nic, int at, uint64_t bar)
{
	uint64_t where = bar + pci_read(nic, at + 8);

	switch (pci_read(nic, at + 3) & 0xff) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		nic->common = where;
		break;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		nic->notify = where;
		nic->notify_factor = pci_read(nic, at + 16);
		break;
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		nic->device = where;
		break;
	}
}

static int find_registers(struct qnic *nic, uint64_t bar)
{
	int at;

	for (at = pci_read(nic, 0x34) & 0xff; at;
	     at = pci_read(nic, at + 1) & 0xff)
		if ((pci_read(nic, at) & 0xff) == 0x09 &&
		    (pci_read(nic, at + 4) & 0xff) == 4)
			read_capability(nic, at, bar);
	return nic->common && nic->notify && nic->device ? 0 : -ENXIO;
}

int qnic_init(struct qnic *nic, struct qemu *q, int slot)
{
	uint64_t bar = 0xf0000000ULL + ((uint64_t)slot << 20);

	*nic = (struct qnic){ .q = q, .slot = slot };
	if (pci_read(nic, 0) != 0x10411af4)
		return -ENODEV;
	/* BAR 4, of 64 bits, has the whole modern interface. */
	pci_write(nic, 0x20, bar);
	pci_write(nic, 0x24, 0);
	pci_write(nic, 0x04, 0x6);	/* memory, bus master */
	return find_registers(nic, bar);
}

int qnic_watch(struct qnic *nic, struct qemu *q, int slot)
{
	uint64_t bar;

	*nic = (struct qnic){ .q = q, .slot = slot };
	if ((pci_read(nic, 0) & 0xffff) != 0x1af4)
		return -ENODEV;
	bar = (pci_read(nic, 0x20) & ~0xfu) |
	      (uint64_t)pci_read(nic, 0x24) << 32;
	return find_registers(nic, bar);
}

static bool status_is_zero(void *arg)
{
	struct qnic *nic = arg;

	return !qtest(nic->q, "readb 0x%llx", COMMON(nic, device_status));
}

void qnic_reset(struct qnic *nic)
{
	qtest(nic->q, "writeb 0x%llx 0", COMMON(nic, device_status));
	st_wait(status_is_zero, nic, DEADLINE_MS);
}

static uint64_t agree(struct qnic *nic)
{
	uint64_t features = 0;
	int i;

	for (i = 0; i < 2; i++) {
		qtest(nic->q, "writel 0x%llx %d",
		      COMMON(nic, device_feature_select), i);
		features |= qtest(nic->q, "readl 0x%llx",
				  COMMON(nic, device_feature)) << 32 * i;
	}
	features &= FEATURES | nic->features;
	for (i = 0; i < 2; i++) {
		qtest(nic->q, "writel 0x%llx %d",
		      COMMON(nic, guest_feature_select), i);
		qtest(nic->q, "writel 0x%llx 0x%x", COMMON(nic, guest_feature),
		      (uint32_t)(features >> 32 * i));
	}
	return features;
}

/* A device that reads on at the same time must see what was written first. */
static void memory_write(struct qnic *nic, uint64_t addr, const void *data,
			 size_t len)
{
	if (!nic->memory) {
		qtest_write(nic->q, addr, data, len);
		return;
	}
	memcpy(nic->memory + addr, data, len);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void memory_read(struct qnic *nic, uint64_t addr, void *data, size_t len)
{
	if (!nic->memory) {
		qtest_read(nic->q, addr, data, len);
		return;
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	memcpy(data, nic->memory + addr, len);
}

static void memory_write16(struct qnic *nic, uint64_t addr, uint16_t value)
{
	memory_write(nic, addr, &value, sizeof(value));
}

/* How many buffers the device has used */
static uint16_t used_index(struct qnic *nic, const struct qnic_queue *vq)
{
	uint16_t index;

	memory_read(nic, USED(vq) + 2, &index, sizeof(index));
	return index;
}

static void write_desc(struct qnic *nic, struct qnic_queue *vq, int i,
		       uint64_t addr, uint32_t len, uint16_t flags,
		       uint16_t next)
{
	struct vring_desc desc = {
		.addr = addr, .len = len, .flags = flags, .next = next,
	};

	memory_write(nic, DESC(vq, i), &desc, sizeof(desc));
}

/* Make the chain that begins with descriptor @head available, and notify. */
static void give(struct qnic *nic, struct qnic_queue *vq, uint16_t head)
{
	int n = vq - nic->queue;

	memory_write16(nic, AVAIL(vq) + 4 + 2 * (vq->avail % QNIC_RING), head);
	vq->avail++;
	memory_write16(nic, AVAIL(vq) + 2, vq->avail);
	qtest(nic->q, "writew 0x%llx %d", (unsigned long long)vq->notify, n);
}

static void set_up_queue(struct qnic *nic, int n)
{
	struct qnic_queue *vq = &nic->queue[n];
	/* Low and high halves, in the order of the registers */
	const uint32_t rings[] = {
		QUEUE_BASE(n), 0,
		QUEUE_BASE(n) + 0x1000, 0,
		QUEUE_BASE(n) + 0x2000, 0,
	};

	*vq = (struct qnic_queue){ .base = QUEUE_BASE(n) };
	qtest(nic->q, "memset 0x%llx 0x3000 0", (unsigned long long)vq->base);

	select_queue(nic, n);
	qtest(nic->q, "writew 0x%llx %d", COMMON(nic, queue_size), QNIC_RING);
	vq->notify = nic->notify + nic->notify_factor *
		     qtest(nic->q, "readw 0x%llx",
			   COMMON(nic, queue_notify_off));
	for (int i = 0; i < 6; i++)
		qtest(nic->q, "writel 0x%llx 0x%x",
		      COMMON(nic, queue_desc_lo) + 4 * i,
		      rings[i]);
	qtest(nic->q, "writew 0x%llx 1", COMMON(nic, queue_enable));
}

/*
 * Make all buffers of a receive queue available at once, because each qtest
 * command takes time.
 */
static void fill(struct qnic *nic, int pair)
{
	struct qnic_queue *vq = &nic->queue[2 * pair];
	struct vring_desc desc[QNIC_RING];
	uint16_t avail[2 + QNIC_RING] = { 0, QNIC_RING };

	for (int i = 0; i < QNIC_RING; i++) {
		desc[i] = (struct vring_desc){
			.addr = BUFFER(vq, i),
			.len = BUFFER_SIZE,
			.flags = VRING_DESC_F_WRITE,
		};
		avail[2 + i] = i;
	}
	memory_write(nic, DESC(vq, 0), desc, sizeof(desc));
	memory_write(nic, AVAIL(vq), avail, sizeof(avail));
	vq->avail = QNIC_RING;
	qtest(nic->q, "writew 0x%llx %d", (unsigned long long)vq->notify,
	      2 * pair);
}

int qnic_start(struct qnic *nic)
{
	const int ready = VIRTIO_CONFIG_S_ACKNOWLEDGE |
			  VIRTIO_CONFIG_S_DRIVER |
			  VIRTIO_CONFIG_S_FEATURES_OK;
	uint64_t features;

	qnic_reset(nic);
	qtest(nic->q, "writeb 0x%llx %d", COMMON(nic, device_status),
	      VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	features = agree(nic);
	qtest(nic->q, "writeb 0x%llx %d", COMMON(nic, device_status), ready);
	if (qtest(nic->q, "readb 0x%llx", COMMON(nic, device_status)) != ready)
		return -EPROTO;

	nic->pairs = 1;
	if (features & 1ULL << VIRTIO_NET_F_MQ)
		nic->pairs = qtest(nic->q, "readw 0x%llx",
				   (unsigned long long)nic->device +
				   offsetof(struct virtio_net_config,
					    max_virtqueue_pairs));
	if (nic->pairs < 1 || nic->pairs > QNIC_MAX_PAIRS)
		return -ERANGE;
	for (int i = 0; i < 2 * nic->pairs + 1; i++)
		set_up_queue(nic, i);
	qtest(nic->q, "writeb 0x%llx %d", COMMON(nic, device_status),
	      ready | VIRTIO_CONFIG_S_DRIVER_OK);
	if (qtest(nic->q, "readb 0x%llx", COMMON(nic, device_status)) !=
	    (ready | VIRTIO_CONFIG_S_DRIVER_OK))
		return -EPROTO;
	for (int i = 0; i < nic->pairs; i++)
		fill(nic, i);
	return 0;
}

struct use {
	struct qnic *nic;
	struct qnic_queue *vq;
};

static bool is_used(void *arg)
{
	struct use *use = arg;

	/* A QEMU that has ended does not answer. */
	if (!qemu_runs(use->nic->q))
		return true;
	return used_index(use->nic, use->vq) != use->vq->used;
}

static int give_and_wait(struct qnic *nic, struct qnic_queue *vq)
{
	struct use use = { nic, vq };

	give(nic, vq, 0);
	if (!st_wait(is_used, &use, DEADLINE_MS))
		return -ETIMEDOUT;
	if (!qemu_runs(nic->q))
		return -EPIPE;
	vq->used++;
	return 0;
}

int qnic_control(struct qnic *nic, int class, int cmd, const void *data,
		 size_t len)
{
	struct qnic_queue *vq = &nic->queue[2 * nic->pairs];
	struct virtio_net_ctrl_hdr hdr = { .class = class, .cmd = cmd };
	uint8_t ack = 0xff;
	int err;

	if (len > BUFFER_SIZE)
		return -EMSGSIZE;
	memory_write(nic, BUFFER(vq, 0), &hdr, sizeof(hdr));
	memory_write(nic, BUFFER(vq, 1), data, len);
	memory_write(nic, BUFFER(vq, 2), &ack, sizeof(ack));
	write_desc(nic, vq, 0, BUFFER(vq, 0), sizeof(hdr),
		   VRING_DESC_F_NEXT, 1);
	write_desc(nic, vq, 1, BUFFER(vq, 1), len, VRING_DESC_F_NEXT, 2);
	write_desc(nic, vq, 2, BUFFER(vq, 2), sizeof(ack),
		   VRING_DESC_F_WRITE, 0);
	err = give_and_wait(nic, vq);
	if (err)
		return err;
	memory_read(nic, BUFFER(vq, 2), &ack, sizeof(ack));
	return ack == VIRTIO_NET_OK ? 0 : -EPROTO;
}

int qnic_set_pairs(struct qnic *nic, int pairs)
{
	uint16_t value = pairs;

	return qnic_control(nic, VIRTIO_NET_CTRL_MQ,
			    VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &value,
			    sizeof(value));
}

/* Put a frame to send into buffer and descriptor @i. */
static int write_frame(struct qnic *nic, struct qnic_queue *vq, int i,
		       const void *frame, size_t len)
{
	uint8_t packet[BUFFER_SIZE] = {};

	if (len > sizeof(packet) - HEADER)
		return -EMSGSIZE;
	memcpy(packet + HEADER, frame, len);
	memory_write(nic, BUFFER(vq, i), packet, HEADER + len);
	write_desc(nic, vq, i, BUFFER(vq, i), HEADER + len, 0, 0);
	return 0;
}

int qnic_send(struct qnic *nic, int pair, const void *frame, size_t len)
{
	struct qnic_queue *vq = &nic->queue[2 * pair + 1];
	int err = write_frame(nic, vq, 0, frame, len);

	return err ? err : give_and_wait(nic, vq);
}

int qnic_post(struct qnic *nic, int pair, const void *frame, size_t len)
{
	struct qnic_queue *vq = &nic->queue[2 * pair + 1];
	int i = vq->avail % QNIC_RING, err;

	if ((uint16_t)(vq->avail - used_index(nic, vq)) == QNIC_RING)
		return -EAGAIN;
	err = write_frame(nic, vq, i, frame, len);
	if (!err)
		give(nic, vq, i);
	return err;
}

static int take(struct qnic *nic, struct qnic_queue *vq, void *frame,
		size_t size)
{
	struct vring_used_elem elem;
	size_t len;

	if (used_index(nic, vq) == vq->used)
		return 0;
	memory_read(nic, USED(vq) + 4 + 8 * (vq->used % QNIC_RING), &elem,
		   sizeof(elem));
	vq->used++;
	if (elem.id >= QNIC_RING || elem.len < HEADER)
		return -EPROTO;
	len = elem.len - HEADER < size ? elem.len - HEADER : size;
	memory_read(nic, BUFFER(vq, elem.id) + HEADER, frame, len);
	give(nic, vq, elem.id);
	return len;
}

int qnic_receive(struct qnic *nic, void *frame, size_t size)
{
	int len = 0;

	for (int i = 0; i < nic->pairs && !len; i++)
		len = take(nic, &nic->queue[2 * i], frame, size);
	return len;
}

int qnic_link_status(struct qnic *nic)
{
	return qtest(nic->q, "readw 0x%llx", (unsigned long long)nic->device +
		     offsetof(struct virtio_net_config, status));
}
