// SPDX-License-Identifier: GPL-2.0
/*
 * vhost-net on a queue of the worker's port: operations of a guest on its
 * rings, and of a VMM at the same time.
 */
#include "kfuzz.h"

#include <errno.h>
#include <linux/vhost.h>
#include <string.h>
#include <sys/ioctl.h>

#define TURN	200	/* ms for vhost's own thread to run */

void kf_vhost_close(struct kf *kf)
{
	if (kf->pair_open)
		pair_close(&kf->pair);
	kf->pair_open = false;
}

static int vhost_open(struct kf *kf)
{
	int err;

	kf_vhost_close(kf);
	memset(&kf->pair, 0, sizeof(kf->pair));
	err = pair_open(&kf->pair, kf->control, kf->port);
	if (err)
		pair_close(&kf->pair);
	else
		kf->pair_open = true;
	return err;
}

/* Set up vhost-net if it is not, so that other calls find it. */
static int vhost_need(struct kf *kf)
{
	return kf->pair_open ? 0 : vhost_open(kf);
}

static void vhost_reap(struct kf *kf)
{
	struct ring *ring = kf->pair.ring[TX];
	uint32_t len;

	while (ring_ready(ring) && ring_take(ring, &len) >= 0)
		;
}

static int vhost_send(struct kf *kf)
{
	unsigned int times = 1 + kf_below(kf, 16);
	struct ring *ring;
	int err, sent = 0;
	uint8_t mac[6];

	err = vhost_need(kf);
	if (err)
		return err;
	ring = kf->pair.ring[TX];
	vhost_reap(kf);
	while (times--) {
		kf_mac(kf, mac);
		kf_frame_make(kf, mac);
		err = pair_send_as(&kf->pair, kf->frame.vnet, kf->frame.data,
				   kf->frame.len);
		sent += !err;
	}
	if (!sent)
		return err;
	ring_kick(ring);
	/* A used buffer shows that the frame was sent. */
	if (!ring_wait(ring, TURN))
		return -ETIMEDOUT;
	vhost_reap(kf);
	return 0;
}

static int vhost_receive(struct kf *kf)
{
	struct ring *ring;
	int times, got = 0, err;

	err = vhost_need(kf);
	if (err)
		return err;
	/* The flow may belong to another queue. */
	for (times = 0; times < 4; times++) {
		err = kf_scene_inject(kf);
		if (!kf->pair_open)	/* the scene was created again */
			return -ECANCELED;
	}
	ring = kf->pair.ring[RX];
	if (!ring_wait(ring, TURN)) {
		kf->silent++;
		return -ETIMEDOUT;
	}
	/* A long frame takes several buffers; all are returned. */
	while (ring_ready(ring) && got++ < PAIR_RING)
		pair_receive(&kf->pair, kf->frame.data, KF_FRAME_MAX);
	return 0;
}

static int vhost_backend(struct kf *kf)
{
	struct vhost_vring_file file = { .index = kf_below(kf, 2) };
	int err = vhost_need(kf);

	if (err)
		return err;
	file.fd = -1;
	if (kf_once_in(kf, 4))
		file.fd = KF_PICK(kf, kf->tap).fd;
	if (ioctl(kf->pair.vhost, VHOST_NET_SET_BACKEND, &file))
		return -errno;
	/* Restore the backend, since vhost-net does nothing without it. */
	file.fd = kf->pair.tap;
	return ioctl(kf->pair.vhost, VHOST_NET_SET_BACKEND, &file) ? -errno :
								    0;
}

static int vhost_ioctl(struct kf *kf)
{
	struct vhost_vring_state state = {
		.index = kf_below(kf, 3), .num = kf_number(kf),
	};
	uint64_t features = kf_once_in(kf, 2) ? 1ULL << 32 :
					       1ULL << kf_below(kf, 64);
	int err = vhost_need(kf);

	if (err)
		return err;
	switch (kf_below(kf, 4)) {
	case 0:
		err = ioctl(kf->pair.vhost, VHOST_GET_FEATURES, &features);
		break;
	case 1:
		err = ioctl(kf->pair.vhost, VHOST_GET_VRING_BASE, &state);
		/* This has removed the backend. */
		kf_vhost_close(kf);
		break;
	case 2:
		err = ioctl(kf->pair.vhost, VHOST_SET_VRING_NUM, &state);
		break;
	default:
		err = ioctl(kf->pair.vhost, VHOST_SET_VRING_ENDIAN, &state);
	}
	return err ? -errno : 0;
}

/* Descriptors of any length, also 0, in chains that may be loops */
static int vhost_descriptors(struct kf *kf)
{
	struct ring *ring;
	uint32_t id, word;
	int err = vhost_need(kf);

	if (err)
		return err;
	ring = kf->pair.ring[kf_below(kf, 2)];
	id = kf_below(kf, PAIR_RING);
	word = kf_next(kf);
	memcpy((uint8_t *)&ring->desc[id] + 8, &word, 2);
	if (kf_once_in(kf, 2))
		ring->desc[id].flags = kf_below(kf, 8);
	ring->desc[id].next = kf_below(kf, PAIR_RING + 8);
	ring->avail_ring[ring->avail.idx % PAIR_RING] = id;
	__atomic_store_n(&ring->avail.idx, ring->avail.idx + 1,
			 __ATOMIC_RELEASE);
	ring_kick(ring);
	/* vhost stops after a bad descriptor: the next call opens a new one. */
	kf_vhost_close(kf);
	return 0;
}

static const struct kf_call calls[] = {
	{ "vhost on another queue", 5, vhost_open, 1 },
	{ "vhost send", 20, vhost_send, 50 },
	{ "vhost receive", 20, vhost_receive, 20 },
	{ "vhost backend away and back", 4, vhost_backend, 1 },
	{ "vhost ioctl", 4, vhost_ioctl, 1 },
	{ "vhost, bad descriptors", 3, vhost_descriptors, 1 },
};

const struct kf_table kf_vhost_table = KF_TABLE(calls);
