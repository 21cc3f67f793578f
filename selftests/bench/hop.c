// SPDX-License-Identifier: GPL-2.0
/*
 * hop - measure the time of one frame
 *
 *   hop send NODE FRAMES              write them to a macvtap or port
 *   hop receive NODE DEVICE FRAMES    send them by DEVICE, read them from NODE
 *
 * NODE is the path of a node, or tun:NAME for a tap of that name.  Prints
 * nanoseconds for a frame, the median of five rounds, and the spread of the
 * rounds in thousandths.  In a machine that counts instructions (run --icount)
 * a nanosecond is an instruction.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_LEN	60
#define ROUNDS		5

static const uint8_t guest_mac[] = { 0x52, 0x54, 0, 0, 0, 1 };
static const uint8_t peer_mac[] = { 0x52, 0x54, 0, 0, 0, 2 };

struct hop {
	int node;
	int packet;		/* -1 if frames are sent */
	/* The buffer for write() and read() */
	struct {
		struct virtio_net_hdr hdr;
		uint8_t frame[FRAME_LEN];
	} __attribute__((packed)) out;
	uint8_t in[2048];
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int node_open(const char *path)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	const char *name = NULL;
	int fd;

	if (!strncmp(path, "tun:", 4)) {
		name = path + 4;
		path = "/dev/net/tun";
		strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	if (ioctl(fd, TUNSETIFF, &ifr))
		fail("TUNSETIFF");
	return fd;
}

static int packet_open(const char *device)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };
	struct ifreq ifr = {};
	int fd;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("packet socket");
	strncpy(ifr.ifr_name, device, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFINDEX, &ifr))
		fail(device);
	addr.sll_ifindex = ifr.ifr_ifindex;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		fail(device);
	return fd;
}

static void frame_init(uint8_t *frame, const uint8_t *dst, const uint8_t *src)
{
	struct ethhdr *eth = (struct ethhdr *)frame;

	memcpy(eth->h_dest, dst, ETH_ALEN);
	memcpy(eth->h_source, src, ETH_ALEN);
	eth->h_proto = htons(0x88b5);
}

static void one_frame(struct hop *hop)
{
	if (hop->packet < 0) {
		if (write(hop->node, &hop->out, sizeof(hop->out)) !=
		    sizeof(hop->out))
			fail("write");
		return;
	}
	if (send(hop->packet, hop->out.frame, FRAME_LEN, 0) != FRAME_LEN)
		fail("send");
	if (read(hop->node, hop->in, sizeof(hop->in)) != sizeof(hop->out))
		fail("read");
}

static double run(struct hop *hop, long frames)
{
	struct timespec from, to;
	long i;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < frames; i++)
		one_frame(hop);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return ((to.tv_sec - from.tv_sec) * 1e9 +
		(to.tv_nsec - from.tv_nsec)) / frames;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	struct hop hop = { .packet = -1 };
	double ns[ROUNDS];
	long frames;
	int i;

	if (argc == 4 && !strcmp(argv[1], "send")) {
		frame_init(hop.out.frame, peer_mac, guest_mac);
	} else if (argc == 5 && !strcmp(argv[1], "receive")) {
		hop.packet = packet_open(argv[3]);
		frame_init(hop.out.frame, guest_mac, peer_mac);
	} else {
		fprintf(stderr, "usage: hop send NODE FRAMES\n"
			"       hop receive NODE DEVICE FRAMES\n");
		return 2;
	}
	frames = atol(argv[argc - 1]);
	hop.node = node_open(argv[2]);

	/* A tap gets carrier, and so a queue, a moment after the open. */
	if (!strncmp(argv[2], "tun:", 4))
		usleep(100000);
	run(&hop, frames / 10);
	for (i = 0; i < ROUNDS; i++)
		ns[i] = run(&hop, frames);
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	printf("%.0f %.1f\n", ns[ROUNDS / 2],
	       (ns[ROUNDS - 1] - ns[0]) / ns[ROUNDS / 2] * 1000);
	return 0;
}
