// SPDX-License-Identifier: GPL-2.0
/*
 * Each worker repairs a port, a veth and a queue of its own, so that frames get
 * through the port:
 *
 *	queue -- vm<n> -- l<2n> ==== l<2n+1> <- packet sockets
 *
 * n is 0, or 1 for the second worker in the same namespace.  Other workers may
 * break all of it at any time.
 */
#include "kfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUES 8

static int scene_port(struct kf *kf)
{
	struct stabletap_create create = {
		.size = sizeof(create),
		.port = kf->port,
		.queues = QUEUES,
	};

	snprintf(create.name, sizeof(create.name), "%s", kf_name(kf->port));
	kf_port_mac(kf->port, create.mac);
	return st_ioctl(kf->control, STABLETAP_IOC_CREATE, &create);
}

static int scene_attach(struct kf *kf)
{
	int err = st_attach(kf->control, kf->port, kf->veth,
			    STABLETAP_ATTACH_REPLACE);

	if (!err)
		return 0;
	/* The veth may have another master, or an MTU may have changed. */
	kf_link_u32(kf, kf->veth, IFLA_MASTER, 0);
	kf_link_u32(kf, kf->port, IFLA_MTU, 1500);
	kf_link_u32(kf, kf->veth, IFLA_MTU, 1500);
	return st_attach(kf->control, kf->port, kf->veth,
			 STABLETAP_ATTACH_REPLACE);
}

/* Create what is missing, and leave the rest alone. */
int kf_scene_repair(struct kf *kf)
{
	int err;

	scene_port(kf);
	kf_link_flags(kf, kf->port, IFF_UP, IFF_UP);
	kf_veth_new(kf, kf->veth, kf->peer);
	kf_link_flags(kf, kf->veth, IFF_UP, IFF_UP);
	kf_link_flags(kf, kf->peer, IFF_UP, IFF_UP);
	err = scene_attach(kf);
	if (err)
		return err;
	kf_tap_close(&kf->tap[0]);
	return kf_tap_open(kf, kf->port, &kf->tap[0]);
}

/* Delete all of it, with the devices on it, and create it again. */
static int scene_renew(struct kf *kf)
{
	const int mine[] = { kf->veth, kf->peer, kf->port };
	int i;

	kf_vhost_close(kf);
	/* After a move or rename, another device may have the name. */
	for (i = 0; i < ARRAY_SIZE(mine); i++) {
		kf_link_del(kf, mine[i]);
		kf_link_del_name(kf, kf_name(mine[i]));
	}
	kf->silent = 0;
	return kf_scene_repair(kf);
}

static int sender_open(int vnet)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int bypass = 0, size = 1 << 20;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &vnet, sizeof(vnet));
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass,
		   sizeof(bypass));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return fd;
}

static int scene_send(struct kf *kf, bool vnet)
{
	struct kf_frame *frame = &kf->frame;
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_ifindex = kf->peer,
	};
	struct iovec iov[2] = {
		{ frame->vnet, vnet ? 10 : 0 },
		{ frame->data, frame->len },
	};
	struct msghdr msg = {
		.msg_name = &addr, .msg_namelen = sizeof(addr),
		.msg_iov = iov, .msg_iovlen = 2,
	};
	int *fd = &kf->sender[vnet];

	if (*fd < 0)
		*fd = sender_open(vnet);
	return sendmsg(*fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int kf_scene_inject(struct kf *kf)
{
	unsigned int times = 1 + kf_below(kf, 6);
	int sent = 0, err = 0;
	uint8_t mac[6];

	/* If no frame arrives several times, something is broken. */
	if (kf->silent > 5 ||
	    ((kf->tap[0].fd < 0 || kf->silent > 2) && kf_scene_repair(kf)))
		scene_renew(kf);
	while (times--) {
		kf_port_mac(kf->port, mac);
		if (kf_once_in(kf, 6))
			kf_mac(kf, mac);
		kf_frame_make(kf, mac);
		/* A longer frame is refused unless it is to be segmented. */
		if (kf->frame.len > 1514 && kf_below(kf, 4))
			kf->frame.len = 1514;
		err = scene_send(kf, kf_once_in(kf, 3));
		sent += !err;
	}
	if (!sent)
		kf->silent++;
	return sent ? sent : err;
}

static int scene_veth_gone(struct kf *kf)
{
	int err = kf_link_del(kf, kf->veth);

	return err ? err : kf_veth_new(kf, kf->veth, kf->peer);
}

/*
 * Keeps everything bounded.  It is no call, because it does not belong to a
 * program.
 */
void kf_scene_sweep(struct kf *kf)
{
	int ifindex[256], count, i;

	for (i = 0; i < KF_TAPS; i++)
		kf_tap_close(&kf->tap[i]);
	kf_packet_close(kf);
	kf_vhost_close(kf);
	count = kf_links(kf, ifindex, ARRAY_SIZE(ifindex));
	for (i = 0; i < count; i++)
		if (ifindex[i] >= KF_LINK0)
			kf_link_del(kf, ifindex[i]);
}

static const struct kf_call calls[] = {
	{ "repair of the own port", 6, kf_scene_repair, 1 },
	{ "renewal of the own port", 1, scene_renew, 1 },
	{ "another veth for the own port", 4, scene_veth_gone, 1 },
};

const struct kf_table kf_scene_table = KF_TABLE(calls);
