// SPDX-License-Identifier: GPL-2.0
/*
 * Invalid frames: the write refuses and counts them, and nothing else happens.
 *
 *	fd -- vm1 -- v0 ==== p0 -- packet socket
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"

FIXTURE(frames) {
	int control;
	int port;
	int fd;
	int peer;
	struct stabletap_get get[2];		/* before and after */
	struct stabletap_stats before;
	struct stabletap_stats after;
	uint8_t frame[2048];
};

FIXTURE_SETUP(frames)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, 2);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, st_veth_add("v0", "p0", -1));
	ASSERT_TRUE(st_wait_up(st_ifindex("v0"), ST_DEADLINE));
	self->peer = st_packet_open(st_ifindex("p0"), false);
	ASSERT_LE(0, self->peer);
	self->fd = st_port_open(self->control, self->port, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, st_attach(self->control, self->port, st_ifindex("v0"),
			       0));
	st_frame(self->frame, sizeof(self->frame), ST_MAC_PEER, ST_MAC_PORT, 1);
	ASSERT_EQ(0, st_get(self->control, self->port, &self->get[0]));
	ASSERT_EQ(0, st_stats(self->control, self->port, &self->before));
}

FIXTURE_TEARDOWN(frames)
{
	close(self->fd);
	close(self->peer);
	close(self->control);
}

static int write_with(int fd, const struct virtio_net_hdr *hdr,
		      const uint8_t *frame, size_t len)
{
	struct iovec iov[] = {
		{ (void *)hdr, sizeof(*hdr) },
		{ (void *)frame, len },
	};

	return writev(fd, iov, 2) < 0 ? -errno : 0;
}

/*
 * Check that @refused writes were refused and counted, that no other counter
 * has changed, that poll shows no error, and that the next valid frame is the
 * first to arrive.  (IPv6 frames of the peer don't matter.)
 */
#define EXPECT_ONLY_REFUSED(refused) do {				\
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN | POLLOUT };\
	EXPECT_EQ(0, st_get(self->control, self->port, &self->get[1]));	\
	EXPECT_EQ(0, memcmp(&self->get[0], &self->get[1],		\
			    sizeof(self->get[0])));			\
	EXPECT_EQ(0, st_stats(self->control, self->port, &self->after));\
	EXPECT_EQ(self->before.tx_refused + (refused),			\
		  self->after.tx_refused);				\
	self->after.tx_refused = self->before.tx_refused;		\
	self->after.rx_multicast = self->before.rx_multicast;		\
	self->after.rx_packets = self->before.rx_packets;		\
	self->after.rx_bytes = self->before.rx_bytes;			\
	EXPECT_EQ(0, memcmp(&self->before, &self->after,		\
			    sizeof(self->after)));			\
	EXPECT_EQ(1, poll(&pfd, 1, 0));					\
	EXPECT_EQ(POLLOUT, pfd.revents & ~POLLIN);			\
	EXPECT_EQ(0, st_readable(self->peer, 0));			\
	EXPECT_EQ(60, st_fd_write(self->fd, self->frame, 60));		\
	EXPECT_EQ(1, st_readable(self->peer, ST_DEADLINE));			\
	EXPECT_EQ(60, read(self->peer, self->frame,			\
			   sizeof(self->frame)));			\
} while (0)

TEST_F(frames, shorter_than_an_ethernet_header)
{
	struct virtio_net_hdr hdr = {};
	size_t len;

	for (len = 0; len < ETH_HLEN; len++)
		EXPECT_EQ(-EINVAL, write_with(self->fd, &hdr, self->frame, len));
	EXPECT_ONLY_REFUSED(ETH_HLEN);
}

TEST_F(frames, shorter_than_a_vnet_header)
{
	size_t len;

	for (len = 1; len < sizeof(struct virtio_net_hdr); len++) {
		EXPECT_EQ(-1, write(self->fd, self->frame, len));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_ONLY_REFUSED(sizeof(struct virtio_net_hdr) - 1);
}

TEST_F(frames, shorter_than_a_vnet_header_that_was_made_longer)
{
	int size = 64, back = sizeof(struct virtio_net_hdr);

	ASSERT_EQ(0, ioctl(self->fd, TUNSETVNETHDRSZ, &size));
	EXPECT_EQ(-1, write(self->fd, self->frame, 63));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, ioctl(self->fd, TUNSETVNETHDRSZ, &back));
	EXPECT_ONLY_REFUSED(1);
}

TEST_F(frames, shorter_than_an_ethernet_header_on_a_queue_without_vnet_header)
{
	int fd = st_port_open(self->control, self->port, ST_OPEN_NO_HDR);
	int len;

	ASSERT_LE(0, fd);
	for (len = 1; len < ETH_HLEN; len++) {
		EXPECT_EQ(-1, write(fd, self->frame, len));
		EXPECT_EQ(EINVAL, errno);
	}
	close(fd);
	EXPECT_ONLY_REFUSED(ETH_HLEN - 1);
}

TEST_F(frames, a_checksum_beyond_the_frame)
{
	struct virtio_net_hdr hdrs[] = {
		{ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 60 },
		{ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 58,
		  .csum_offset = 1 },
		{ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535,
		  .csum_offset = 65535 },
		{ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 14,
		  .csum_offset = 65535 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(hdrs); i++)
		EXPECT_EQ(-EINVAL, write_with(self->fd, &hdrs[i], self->frame,
					      60)) {
			TH_LOG("header %d", i);
		}
	EXPECT_ONLY_REFUSED(ARRAY_SIZE(hdrs));
}

TEST_F(frames, a_header_longer_than_the_frame)
{
	struct virtio_net_hdr hdr = { .hdr_len = 61 };

	EXPECT_EQ(-EINVAL, write_with(self->fd, &hdr, self->frame, 60));
	hdr.hdr_len = 65535;
	EXPECT_EQ(-EINVAL, write_with(self->fd, &hdr, self->frame, 60));
	EXPECT_ONLY_REFUSED(2);
}

TEST_F(frames, a_segmentation_that_can_not_be)
{
	struct virtio_net_hdr hdrs[] = {
		/* An unknown type; a type without a size */
		{ .gso_type = 77, .gso_size = 100 },
		{ .gso_type = 2, .gso_size = 100 },
		{ .gso_type = VIRTIO_NET_HDR_GSO_ECN, .gso_size = 100 },
		{ .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 0,
		  .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34,
		  .csum_offset = 16 },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(hdrs); i++)
		EXPECT_EQ(-EINVAL, write_with(self->fd, &hdrs[i], self->frame,
					      1514)) {
			TH_LOG("header %d", i);
		}
	EXPECT_ONLY_REFUSED(ARRAY_SIZE(hdrs));
}

TEST_F(frames, memory_that_is_not_there)
{
	struct virtio_net_hdr hdr = {};
	void *gone = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	ASSERT_NE(MAP_FAILED, gone);
	EXPECT_EQ(-EFAULT, write_with(self->fd, &hdr, gone, 60));
	EXPECT_EQ(-EFAULT, write_with(self->fd, gone, self->frame, 60));
	EXPECT_ONLY_REFUSED(2);
}

TEST_F(frames, while_detached_as_well)
{
	struct virtio_net_hdr hdr = { .gso_type = 77, .gso_size = 100 };

	ASSERT_EQ(0, st_detach(self->control, self->port));
	EXPECT_EQ(-EINVAL, write_with(self->fd, &hdr, self->frame, 60));
	EXPECT_EQ(-EINVAL, st_fd_write(self->fd, self->frame, 13));
	ASSERT_EQ(0, st_stats(self->control, self->port, &self->after));
	EXPECT_EQ(self->before.tx_refused + 2, self->after.tx_refused);
	EXPECT_EQ(0, self->after.tx_detached);
	EXPECT_EQ(0, self->after.tx_packets);
}

/* A bare Ethernet header is a valid frame. */
TEST_F(frames, the_shortest_frame_of_all_passes)
{
	EXPECT_EQ(ETH_HLEN, st_fd_write(self->fd, self->frame, ETH_HLEN));
	ASSERT_EQ(0, st_stats(self->control, self->port, &self->after));
	EXPECT_EQ(self->before.tx_packets + 1, self->after.tx_packets);
	EXPECT_EQ(self->before.tx_bytes + ETH_HLEN, self->after.tx_bytes);
}

TEST_HARNESS_MAIN
