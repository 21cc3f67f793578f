// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "pair.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "st.h"

/* The features that QEMU negotiates with a current Linux guest */
#define FEATURES	((1ULL << VIRTIO_F_VERSION_1) |			\
			 (1ULL << VIRTIO_NET_F_MRG_RXBUF) |		\
			 (1ULL << VIRTIO_RING_F_INDIRECT_DESC))

/* The driver's side of a vring */

void ring_kick(struct ring *ring)
{
	uint64_t one = 1;

	if (write(ring->kick, &one, sizeof(one)) != sizeof(one))
		abort();
}

void ring_post(struct ring *ring, unsigned int id, const void *buffer,
	       uint32_t len, uint16_t flags)
{
	uint16_t index = ring->avail.idx;

	ring->desc[id].addr = (uintptr_t)buffer;
	ring->desc[id].len = len;
	ring->desc[id].flags = flags;
	ring->busy[id] = true;
	ring->avail_ring[index % PAIR_RING] = id;
	__atomic_store_n(&ring->avail.idx, index + 1, __ATOMIC_RELEASE);
}

unsigned int ring_ready(struct ring *ring)
{
	return (uint16_t)(__atomic_load_n(&ring->used.idx, __ATOMIC_ACQUIRE) -
			  ring->seen);
}

/* Take the next used entry; fails if its descriptor was not available. */
int ring_take(struct ring *ring, uint32_t *len)
{
	struct vring_used_elem *elem;

	elem = &ring->used_ring[ring->seen % PAIR_RING];
	if (elem->id >= PAIR_RING || !ring->busy[elem->id])
		return -EPROTO;
	ring->seen++;
	ring->busy[elem->id] = false;
	*len = elem->len;
	return elem->id;
}

bool ring_wait(struct ring *ring, int deadline_ms)
{
	uint64_t deadline = st_now() + deadline_ms * 1000000ULL;
	uint64_t calls;

	while (!ring_ready(ring)) {
		if (st_now() > deadline)
			return false;
		if (st_readable(ring->call, 100) > 0 &&
		    read(ring->call, &calls, sizeof(calls)) < 0)
			return false;
	}
	return true;
}

static unsigned int ring_in_flight(struct ring *ring)
{
	return (uint16_t)(ring->avail.idx - ring->seen);
}

int ring_free_id(struct ring *ring)
{
	int id;

	for (id = 0; id < PAIR_RING; id++)
		if (!ring->busy[id])
			return id;
	return -ENOBUFS;
}

static int ring_setup(struct pair *pair, unsigned int index)
{
	struct ring *ring = pair->ring[index];
	struct vhost_vring_state state = { .index = index };
	struct vhost_vring_file file = { .index = index };
	struct vhost_vring_addr addr = {
		.index = index,
		.desc_user_addr = (uintptr_t)ring->desc,
		.avail_user_addr = (uintptr_t)&ring->avail,
		.used_user_addr = (uintptr_t)&ring->used,
	};

	ring->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ring->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	state.num = PAIR_RING;
	if (ioctl(pair->vhost, VHOST_SET_VRING_NUM, &state))
		return -errno;
	state.num = 0;
	if (ioctl(pair->vhost, VHOST_SET_VRING_BASE, &state) ||
	    ioctl(pair->vhost, VHOST_SET_VRING_ADDR, &addr))
		return -errno;
	file.fd = ring->kick;
	if (ioctl(pair->vhost, VHOST_SET_VRING_KICK, &file))
		return -errno;
	file.fd = ring->call;
	return ioctl(pair->vhost, VHOST_SET_VRING_CALL, &file) ? -errno : 0;
}

static int pair_set_memory(struct pair *pair)
{
	struct {
		struct vhost_memory memory;
		struct vhost_memory_region region[2];
	} table = { .memory.nregions = 2 };
	int i;

	for (i = 0; i < 2; i++) {
		table.region[i].guest_phys_addr = (uintptr_t)pair->ring[i];
		table.region[i].userspace_addr = (uintptr_t)pair->ring[i];
		table.region[i].memory_size = sizeof(struct ring);
	}
	return ioctl(pair->vhost, VHOST_SET_MEM_TABLE, &table) ? -errno : 0;
}

static int pair_map_rings(struct pair *pair)
{
	int id;

	for (id = RX; id <= TX; id++) {
		pair->ring[id] = mmap(NULL, sizeof(struct ring),
				      PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS |
				      MAP_POPULATE, -1, 0);
		if (pair->ring[id] == MAP_FAILED) {
			pair->ring[id] = NULL;
			return -errno;
		}
		pair->ring[id]->kick = -1;
		pair->ring[id]->call = -1;
	}
	return 0;
}

static int pair_open_vhost(struct pair *pair)
{
	uint64_t features = 0;

	pair->vhost = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	if (pair->vhost < 0 || ioctl(pair->vhost, VHOST_SET_OWNER) ||
	    ioctl(pair->vhost, VHOST_GET_FEATURES, &features))
		return -errno;
	features &= FEATURES;
	if (ioctl(pair->vhost, VHOST_SET_FEATURES, &features))
		return -errno;
	return pair_set_memory(pair);
}

int pair_start(struct pair *pair, int tap)
{
	struct vhost_vring_file backend = { .fd = tap };
	int id, err;

	memset(pair, 0, sizeof(*pair));
	pair->tap = tap;
	pair->vhost = -1;
	err = pair_map_rings(pair);
	if (!err)
		err = pair_open_vhost(pair);
	if (err)
		return err;

	for (id = 0; id < PAIR_RING; id++)
		ring_post(pair->ring[RX], id, pair->ring[RX]->buffer[id],
			  PAIR_BUFFER, VRING_DESC_F_WRITE);
	for (id = RX; id <= TX; id++) {
		err = ring_setup(pair, id);
		if (err)
			return err;
		backend.index = id;
		if (ioctl(pair->vhost, VHOST_NET_SET_BACKEND, &backend))
			return -errno;
	}
	ring_kick(pair->ring[RX]);
	return 0;
}

int pair_open(struct pair *pair, int control, int port)
{
	int hdr_len = sizeof(struct virtio_net_hdr_mrg_rxbuf);
	int tap = st_port_open(control, port, 0);

	if (tap >= 0 && !ioctl(tap, TUNSETVNETHDRSZ, &hdr_len) &&
	    !ioctl(tap, TUNSETOFFLOAD, 0))
		return pair_start(pair, tap);

	/* pair_close() has to find what there is. */
	memset(pair, 0, sizeof(*pair));
	pair->tap = tap;
	pair->vhost = -1;
	return tap < 0 ? tap : -errno;
}

void pair_close(struct pair *pair)
{
	struct vhost_vring_file backend = { .fd = -1 };
	int id;

	/*
	 * Remove the backends, as QEMU does: closing with a backend set makes
	 * vhost_net leak 128 bytes with zero-copy.
	 */
	for (id = RX; id <= TX; id++) {
		backend.index = id;
		ioctl(pair->vhost, VHOST_NET_SET_BACKEND, &backend);
	}
	close(pair->vhost);
	close(pair->tap);
	for (id = RX; id <= TX; id++) {
		if (!pair->ring[id])
			continue;
		close(pair->ring[id]->kick);
		close(pair->ring[id]->call);
		munmap(pair->ring[id], sizeof(struct ring));
	}
}

int pair_send_as(struct pair *pair, const void *hdr, const void *frame,
		 size_t len)
{
	const size_t hdr_len = sizeof(struct virtio_net_hdr_mrg_rxbuf);
	struct ring *ring = pair->ring[TX];
	int id = ring_free_id(ring);

	if (id < 0)
		return id;
	if (len > PAIR_BUFFER - hdr_len)
		return -EMSGSIZE;
	memcpy(ring->buffer[id], hdr, hdr_len);
	memcpy(ring->buffer[id] + hdr_len, frame, len);
	ring_post(ring, id, ring->buffer[id], hdr_len + len, 0);
	return 0;
}

int pair_send(struct pair *pair, const void *frame, size_t len)
{
	const struct virtio_net_hdr_mrg_rxbuf hdr = {};

	return pair_send_as(pair, &hdr, frame, len);
}

bool pair_sent(struct pair *pair)
{
	struct ring *ring = pair->ring[TX];
	uint32_t len;

	while (ring_in_flight(ring)) {
		if (!ring_wait(ring, PAIR_DEADLINE))
			return false;
		if (ring_take(ring, &len) < 0)
			return false;
	}
	return true;
}

int pair_receive(struct pair *pair, void *frame, size_t size)
{
	const struct virtio_net_hdr_mrg_rxbuf *hdr;
	struct ring *ring = pair->ring[RX];
	uint32_t len;
	int id, got;

	id = ring_take(ring, &len);
	if (id < 0)
		return id;
	hdr = (void *)ring->buffer[id];
	got = len - sizeof(*hdr);
	if (len < sizeof(*hdr) || hdr->num_buffers != 1)
		got = -EPROTO;
	else if (got > (int)size)
		got = -EMSGSIZE;
	else
		memcpy(frame, hdr + 1, got);
	ring_post(ring, id, ring->buffer[id], PAIR_BUFFER, VRING_DESC_F_WRITE);
	ring_kick(ring);
	return got;
}
