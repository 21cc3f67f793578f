// SPDX-License-Identifier: GPL-2.0
/* A port's node: open, the TUN* ioctls, frames in and out. */
#include "kfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define VNET_LEN	10

int kf_tap_open(struct kf *kf, int port, struct kf_tap *tap)
{
	int fd = st_port_open(kf->control, port, 0);

	if (fd < 0)
		return fd;
	kf_tap_close(tap);
	tap->fd = fd;
	tap->hdr = VNET_LEN;
	return 0;
}

void kf_tap_close(struct kf_tap *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
	tap->fd = -1;
}

static struct kf_tap *tap_slot(struct kf *kf)
{
	return &KF_PICK(kf, kf->tap);
}

/* The first queue is that of the worker's port, which mostly exists. */
static struct kf_tap *tap_any(struct kf *kf)
{
	struct kf_tap *tap = tap_slot(kf);

	return tap->fd >= 0 && kf_once_in(kf, 2) ? tap : &kf->tap[0];
}

static int tap_open(struct kf *kf)
{
	unsigned int slot = 1 + kf_below(kf, KF_TAPS - 1);

	return kf_tap_open(kf, kf_port(kf), &kf->tap[slot]);
}

static int tap_close(struct kf *kf)
{
	unsigned int slot = 1 + kf_below(kf, KF_TAPS - 1);

	if (kf->tap[slot].fd < 0)
		return -EBADF;
	kf_tap_close(&kf->tap[slot]);
	return 0;
}

static int tap_setiff(struct kf *kf)
{
	static const unsigned short flags[] = {
		IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, IFF_TAP | IFF_NO_PI,
		IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE,
		IFF_TUN | IFF_NO_PI, IFF_TAP,
	};
	struct ifreq ifr = { .ifr_flags = KF_PICK(kf, flags) };
	struct kf_tap *tap = tap_any(kf);

	if (kf_once_in(kf, 8))
		ifr.ifr_flags = kf_next(kf);
	if (ioctl(tap->fd, TUNSETIFF, &ifr))
		return -errno;
	tap->hdr = ifr.ifr_flags & IFF_VNET_HDR ? tap->hdr ?: VNET_LEN : 0;
	return 0;
}

static int tap_offload(struct kf *kf)
{
	static const unsigned int offloads[] = {
		0, TUN_F_CSUM, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		TUN_F_CSUM | 0x60, 0x11, 0x83,
	};
	unsigned int value = KF_PICK(kf, offloads);

	if (kf_once_in(kf, 8))
		value = kf_number(kf);
	return ioctl(tap_any(kf)->fd, TUNSETOFFLOAD, value) ? -errno : 0;
}

static int tap_hdrsz(struct kf *kf)
{
	static const int sizes[] = { 10, 12, 12, 20, 24, KF_VNET_MAX };
	int size = kf_once_in(kf, 6) ? (int)kf_number(kf) : KF_PICK(kf, sizes);
	struct kf_tap *tap = tap_any(kf);

	if (ioctl(tap->fd, TUNSETVNETHDRSZ, &size))
		return -errno;
	if (tap->hdr)
		tap->hdr = size;
	/* The header is too long for our buffers: set the default again. */
	if (size > KF_VNET_MAX) {
		size = VNET_LEN;
		ioctl(tap->fd, TUNSETVNETHDRSZ, &size);
		tap->hdr = VNET_LEN;
	}
	return 0;
}

static int tap_queue(struct kf *kf)
{
	struct ifreq ifr = {
		.ifr_flags = kf_once_in(kf, 2) ? IFF_ATTACH_QUEUE :
						 IFF_DETACH_QUEUE,
	};
	struct kf_tap *tap = tap_any(kf);

	if (kf_once_in(kf, 8))
		ifr.ifr_flags = kf_next(kf);
	if (ioctl(tap->fd, TUNSETQUEUE, &ifr))
		return -errno;
	/* The worker's own queue must be enabled again soon. */
	if (tap == &kf->tap[0] && ifr.ifr_flags & IFF_DETACH_QUEUE &&
	    kf_once_in(kf, 2)) {
		ifr.ifr_flags = IFF_ATTACH_QUEUE;
		ioctl(tap->fd, TUNSETQUEUE, &ifr);
	}
	return 0;
}

/* Ioctls that take a pointer to an int */
static int tap_int(struct kf *kf)
{
	static const unsigned long cmds[] = {
		TUNGETFEATURES, TUNGETSNDBUF, TUNSETSNDBUF, TUNGETVNETHDRSZ,
		TUNGETVNETLE, TUNSETVNETLE, TUNGETVNETBE, TUNSETVNETBE,
		TUNSETCARRIER, TUNSETSTEERINGEBPF,
	};
	unsigned long cmd = KF_PICK(kf, cmds);
	int value = kf_once_in(kf, 2) ? (int)kf_number(kf) :
					(int)kf_below(kf, 2);

	if (cmd == TUNSETSNDBUF && kf_below(kf, 8))
		value = 1 << 20;
	if (cmd == TUNSETSTEERINGEBPF)
		value = kf->prog[0];
	return ioctl(tap_any(kf)->fd, cmd, &value) ? -errno : 0;
}

static int tap_ifreq(struct kf *kf)
{
	static const unsigned long cmds[] = {
		TUNGETIFF, TUNGETIFF, SIOCGIFHWADDR, SIOCSIFHWADDR,
	};
	unsigned long cmd = KF_PICK(kf, cmds);
	struct kf_tap *tap = tap_any(kf);
	struct ifreq ifr = {};

	if (cmd == SIOCSIFHWADDR) {
		ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
		kf_mac(kf, (uint8_t *)ifr.ifr_hwaddr.sa_data);
	}
	return ioctl(tap->fd, cmd, &ifr) ? -errno : 0;
}

/* Any ioctl number but FIONBIO: a worker must never block. */
static int tap_ioctl_any(struct kf *kf)
{
	unsigned int cmd = kf_once_in(kf, 4) ? kf_next(kf) :
			   _IOC(kf_below(kf, 4), 'T', 200 + kf_below(kf, 30),
				kf_once_in(kf, 2) ? 4 : kf_below(kf, 64));
	uint8_t room[512] = { kf_next(kf) };

	if (cmd == FIONBIO || cmd == FIOASYNC || cmd == FIOCLEX ||
	    cmd == FIONCLEX)
		return -EINVAL;
	return ioctl(tap_any(kf)->fd, cmd, room) < 0 ? -errno : 0;
}

static int tap_write(struct kf *kf, struct kf_tap *tap)
{
	struct kf_frame *frame = &kf->frame;
	size_t half = frame->len / 2;
	struct iovec iov[3] = {
		{ frame->vnet, tap->hdr },
		{ frame->data, half },
		{ frame->data + half, frame->len - half },
	};

	/* Sometimes less than a header, or none */
	if (kf_once_in(kf, 24))
		iov[0].iov_len = kf_below(kf, KF_VNET_MAX);
	return writev(tap->fd, iov, 3) < 0 ? -errno : 0;
}

static int tap_send(struct kf *kf)
{
	unsigned int times = 1 + kf_below(kf, 8);
	struct kf_tap *tap = tap_any(kf);
	int err = -EBADF, sent = 0;
	uint8_t mac[6];

	while (times--) {
		kf_mac(kf, mac);
		kf_frame_make(kf, mac);
		err = tap_write(kf, tap);
		sent += !err;
	}
	return sent ? 0 : err;
}

/* Read into a buffer that may be shorter than the header */
int kf_tap_read(struct kf *kf, struct kf_tap *tap)
{
	size_t size = kf_once_in(kf, 8) ? kf_below(kf, 80) : KF_FRAME_MAX;
	struct iovec iov[2] = {
		{ kf->frame.vnet, tap->hdr },
		{ kf->frame.data, size },
	};

	if (tap->fd < 0)
		return -EBADF;
	if (kf_once_in(kf, 24))
		iov[0].iov_len = kf_below(kf, KF_VNET_MAX);
	return readv(tap->fd, iov, 2) < 0 ? -errno : 0;
}

/* The flow may belong to any of the queues. */
static int tap_receive(struct kf *kf)
{
	int got = 0, err, i;

	err = kf_scene_inject(kf);
	if (err < 0)
		return err;
	for (i = 0; i < KF_TAPS; i++)
		while (got < 64 && !kf_tap_read(kf, &kf->tap[i]))
			got++;
	kf->silent = got ? 0 : kf->silent + 1;
	return got ? 0 : -EAGAIN;
}

/* Read frames that other workers have sent */
static int tap_read_any(struct kf *kf)
{
	return kf_tap_read(kf, tap_any(kf));
}

static int tap_poll(struct kf *kf)
{
	struct pollfd pfd = { tap_any(kf)->fd, POLLIN | POLLOUT, 0 };

	return poll(&pfd, 1, 0) < 0 ? -errno : 0;
}

/* Pass a queue's fd to any worker, across namespaces */
static int tap_pass(struct kf *kf)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	struct kf_tap *tap = tap_any(kf);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &tap->fd, sizeof(int));
	return sendmsg(kf->pass[0], &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int tap_take(struct kf *kf)
{
	struct kf_tap *tap = &kf->tap[1 + kf_below(kf, KF_TAPS - 1)];
	char control[CMSG_SPACE(sizeof(int))] = {}, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	if (recvmsg(kf->pass[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	kf_tap_close(tap);
	memcpy(&tap->fd, CMSG_DATA(cmsg), sizeof(int));
	tap->hdr = VNET_LEN;
	return 0;
}

static const struct kf_call calls[] = {
	{ "open of a node", 10, tap_open, 1 },
	{ "close of a node", 4, tap_close, 1 },
	{ "TUNSETIFF", 6, tap_setiff, 1 },
	{ "TUNSETOFFLOAD", 8, tap_offload, 1 },
	{ "TUNSETVNETHDRSZ", 6, tap_hdrsz, 1 },
	{ "TUNSETQUEUE", 6, tap_queue, 1 },
	{ "TUN*, SNDBUF, VNETLE and others", 8, tap_int, 1 },
	{ "TUNGETIFF, SIOC?IFHWADDR", 8, tap_ifreq, 1 },
	{ "ioctl of any kind on a node", 6, tap_ioctl_any },
	{ "write", 50, tap_send, 50 },
	{ "receive and read", 50, tap_receive, 25 },
	{ "read", 10, tap_read_any },
	{ "poll", 4, tap_poll, 1 },
	{ "pass a queue on", 3, tap_pass, 1 },
	{ "take a queue", 3, tap_take },
};

const struct kf_table kf_tap_table = KF_TABLE(calls);
