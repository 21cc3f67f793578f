// SPDX-License-Identifier: GPL-2.0
/*
 * vhost-net on a queue of the own port: what a guest may do by its rings, and
 * what a VMM may do meanwhile.
 */
#include "kfuzz.h"

#include <errno.h>
#include <linux/vhost.h>
#include <string.h>
#include <sys/ioctl.h>

#define TURN	200	/* ms, for vhost's own thread to have one */

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

/* In place, so that every other call finds one. */
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
	/* Done is what came back. */
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
	/* A flow may be another queue's. */
	for (times = 0; times < 4; times++) {
		err = kf_scene_inject(kf);
		if (!kf->pair_open)	/* the scene was made anew */
			return -ECANCELED;
	}
	ring = kf->pair.ring[RX];
	if (!ring_wait(ring, TURN)) {
		kf->silent++;
		return -ETIMEDOUT;
	}
	/* A long frame takes several buffers: never mind, they go back. */
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
	/* Back to what it was, or it would soon be dead. */
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
		/* That has taken the backend away. */
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

/* Descriptors of no or any length, in chains that may go round */
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
