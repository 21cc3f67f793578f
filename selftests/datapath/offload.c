// SPDX-License-Identifier: GPL-2.0
/*
 * Large frames, partial checksums and VLAN tags, both ways.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- v0 ==== p0 -- packet socket
 *	fd -- vm1 -- v0 ==== p0 -- packet socket	(direct)
 *
 * Both ends use vnet headers.  So each end sees if a frame is a GSO frame and
 * if its checksum is still partial.  The test verifies segments and checksums
 * itself.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"
#include "trace.h"
#include "way.h"

#define MSS 1000
#define FRAME_MAX 20000

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

/* The frame to send: TCP or UDP, IPv4 or IPv6, VLAN tags, bytes of payload */
struct shape {
	bool ipv6;
	bool udp;
	int tags;
	size_t payload;
};

struct packet {
	struct virtio_net_hdr hdr;
	uint8_t frame[FRAME_MAX];
	size_t len;
	/* Set by packet_parse() */
	int tags;
	uint16_t tci[2];
	size_t l3;
	size_t l4;
	size_t payload;		/* offset of the payload */
	uint32_t seq;		/* TCP sequence number */
	bool csum_ok;		/* the TCP or UDP checksum is right */
};

static uint32_t csum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *byte = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += byte[i] << 8 | byte[i + 1];
	if (len & 1)
		sum += byte[len - 1] << 8;
	return sum;
}

static uint16_t csum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Sum of the pseudo header */
static uint32_t csum_pseudo(const uint8_t *l3, bool ipv6, uint8_t protocol,
			    size_t l4_len)
{
	uint32_t sum;

	sum = ipv6 ? csum_add(0, l3 + 8, 32) : csum_add(0, l3 + 12, 8);
	return sum + protocol + l4_len;
}

/* Deterministic payload: the byte at offset i of the stream */
static uint8_t payload_byte(size_t i)
{
	return i * 7 + i / 251;
}

static size_t put_ethernet(uint8_t *frame, const struct shape *shape,
			   const void *dst, const void *src)
{
	static const uint16_t tpid[] = { ETH_P_8021AD, ETH_P_8021Q };
	size_t at = 12;
	int i;

	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	for (i = 2 - shape->tags; i < 2; i++) {
		*(uint16_t *)(frame + at) = htons(tpid[i]);
		*(uint16_t *)(frame + at + 2) = htons(100 + i);
		at += 4;
	}
	*(uint16_t *)(frame + at) = htons(shape->ipv6 ? ETH_P_IPV6 :
						        ETH_P_IP);
	return at + 2;
}

static size_t put_ip(uint8_t *l3, const struct shape *shape, size_t l4_len)
{
	struct ip6_hdr *ip6 = (struct ip6_hdr *)l3;
	struct iphdr *ip = (struct iphdr *)l3;
	uint8_t protocol = shape->udp ? IPPROTO_UDP : IPPROTO_TCP;

	if (shape->ipv6) {
		ip6->ip6_flow = htonl(6 << 28);
		ip6->ip6_plen = htons(l4_len);
		ip6->ip6_nxt = protocol;
		ip6->ip6_hlim = 64;
		inet_pton(AF_INET6, "fd00::1", &ip6->ip6_src);
		inet_pton(AF_INET6, "fd00::2", &ip6->ip6_dst);
		return sizeof(*ip6);
	}
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(sizeof(*ip) + l4_len);
	ip->ttl = 64;
	ip->protocol = protocol;
	ip->saddr = htonl(0x0a000001);
	ip->daddr = htonl(0x0a000002);
	ip->check = htons(~csum_fold(csum_add(0, ip, sizeof(*ip))));
	return sizeof(*ip);
}

/*
 * Make a frame with a partial checksum; a GSO frame if it has more than MSS
 * bytes of payload.
 */
static void packet_make(struct packet *p, const struct shape *shape,
			const void *dst, const void *src)
{
	size_t l4_hdr = shape->udp ? sizeof(struct udphdr) :
				     sizeof(struct tcphdr);
	size_t l4_len = l4_hdr + shape->payload, check, i;
	uint32_t sum;

	memset(p, 0, sizeof(*p));
	p->l3 = put_ethernet(p->frame, shape, dst, src);
	p->l4 = p->l3 + put_ip(p->frame + p->l3, shape, l4_len);
	p->payload = p->l4 + l4_hdr;
	p->len = p->l4 + l4_len;
	for (i = 0; i < shape->payload; i++)
		p->frame[p->payload + i] = payload_byte(i);
	*(uint16_t *)(p->frame + p->l4) = htons(1234);
	*(uint16_t *)(p->frame + p->l4 + 2) = htons(4321);
	if (shape->udp) {
		*(uint16_t *)(p->frame + p->l4 + 4) = htons(l4_len);
		check = 6;
	} else {
		p->frame[p->l4 + 12] = 5 << 4;
		p->frame[p->l4 + 13] = 0x10;	/* ACK */
		check = 16;
	}
	sum = csum_pseudo(p->frame + p->l3, shape->ipv6,
			  shape->udp ? IPPROTO_UDP : IPPROTO_TCP, l4_len);
	*(uint16_t *)(p->frame + p->l4 + check) = htons(csum_fold(sum));

	p->hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->hdr.csum_start = p->l4;
	p->hdr.csum_offset = check;
	p->hdr.hdr_len = p->payload;
	if (shape->payload > MSS) {
		p->hdr.gso_size = MSS;
		p->hdr.gso_type = shape->udp ? VIRTIO_NET_HDR_GSO_UDP_L4 :
				  shape->ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 :
						VIRTIO_NET_HDR_GSO_TCPV4;
	}
}

/*
 * Returns false if it is neither a frame of packet_make() nor a segment of one.
 */
static bool packet_parse(struct packet *p)
{
	uint16_t proto = 0;
	bool ipv6, udp;
	uint32_t sum;

	p->tags = 0;
	for (p->l3 = 14; p->l3 < p->len; p->l3 += 4) {
		proto = ntohs(*(uint16_t *)(p->frame + p->l3 - 2));
		if (proto != ETH_P_8021Q && proto != ETH_P_8021AD)
			break;
		if (p->tags == 2)
			return false;
		p->tci[p->tags++] = ntohs(*(uint16_t *)(p->frame + p->l3));
	}
	if (proto != ETH_P_IP && proto != ETH_P_IPV6)
		return false;
	ipv6 = proto == ETH_P_IPV6;
	p->l4 = p->l3 + (ipv6 ? 40 : 20);
	if (p->len < p->l4 + 20 ||
	    ntohs(*(uint16_t *)(p->frame + p->l4)) != 1234)
		return false;
	udp = p->frame[p->l3 + (ipv6 ? 6 : 9)] == IPPROTO_UDP;
	p->payload = p->l4 + (udp ? 8 : 20);
	p->seq = udp ? 0 : ntohl(*(uint32_t *)(p->frame + p->l4 + 4));
	sum = csum_pseudo(p->frame + p->l3, ipv6,
			  udp ? IPPROTO_UDP : IPPROTO_TCP, p->len - p->l4);
	sum = csum_fold(sum) + csum_add(0, p->frame + p->l4, p->len - p->l4);
	p->csum_ok = csum_fold(sum) == 0xffff;
	return true;
}

FIXTURE(offload) {
	struct scene s;
	int wire;		/* packet socket on p0, with vnet headers */
	struct packet out;
	struct packet in;
};

FIXTURE_VARIANT(offload) {
	bool macvlan;
};

FIXTURE_VARIANT_ADD(offload, macvlan) {
	.macvlan = true,
};

FIXTURE_VARIANT_ADD(offload, direct) {
	.macvlan = false,
};

FIXTURE_SETUP(offload)
{
	int one = 1;

	ASSERT_EQ(0, scene_new(&self->s, variant->macvlan, 1));
	ASSERT_EQ(0, scene_attach(&self->s));
	self->wire = st_packet_open(self->s.p0, true);
	ASSERT_LE(0, self->wire);
	ASSERT_EQ(0, setsockopt(self->wire, SOL_PACKET, PACKET_VNET_HDR, &one,
				sizeof(one)));
	ASSERT_EQ(0, setsockopt(self->wire, SOL_PACKET, PACKET_AUXDATA, &one,
				sizeof(one)));
}

FIXTURE_TEARDOWN(offload)
{
	close(self->wire);
	scene_end(&self->s);
}

static int packet_write(int fd, struct packet *p)
{
	struct iovec iov[] = {
		{ &p->hdr, sizeof(p->hdr) }, { p->frame, p->len },
	};
	ssize_t len = writev(fd, iov, 2);

	return len == (ssize_t)(sizeof(p->hdr) + p->len) ? 0 : -errno ?: -EIO;
}

static int packet_read_fd(int fd, struct packet *p)
{
	struct iovec iov[] = {
		{ &p->hdr, sizeof(p->hdr) }, { p->frame, FRAME_MAX },
	};
	ssize_t len;

	memset(p, 0, sizeof(*p));
	do {
		if (st_readable(fd, SCENE_DEADLINE) != 1)
			return -ETIMEDOUT;
		len = readv(fd, iov, 2);
		if (len < 0)
			return -errno;
		p->len = len - sizeof(p->hdr);
	} while (!packet_parse(p));
	return 0;
}

/* A packet socket delivers the outer tag outside of the frame: put it back. */
static void packet_retag(struct packet *p, struct msghdr *msg)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	if (!cmsg || cmsg->cmsg_type != PACKET_AUXDATA)
		return;
	memcpy(&aux, CMSG_DATA(cmsg), sizeof(aux));
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
		return;
	memmove(p->frame + 16, p->frame + 12, p->len - 12);
	*(uint16_t *)(p->frame + 12) = htons(aux.tp_vlan_tpid);
	*(uint16_t *)(p->frame + 14) = htons(aux.tp_vlan_tci);
	p->len += 4;
	if (p->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		p->hdr.csum_start += 4;
}

static int packet_read_wire(int fd, struct packet *p)
{
	struct iovec iov[] = {
		{ &p->hdr, sizeof(p->hdr) }, { p->frame, FRAME_MAX - 4 },
	};
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t len;

	memset(p, 0, sizeof(*p));
	do {
		if (st_readable(fd, SCENE_DEADLINE) != 1)
			return -ETIMEDOUT;
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		len = recvmsg(fd, &msg, 0);
		if (len < 0)
			return -errno;
		p->len = len - sizeof(p->hdr);
		packet_retag(p, &msg);
	} while (!packet_parse(p));
	return 0;
}

typedef int packet_reader(int fd, struct packet *p);

/* Check that the next packet is the whole frame, with a partial checksum. */
static void comes_whole(struct __test_metadata *_metadata,
			FIXTURE_DATA(offload) *self, packet_reader *reader,
			int fd)
{
	struct packet *in = &self->in, *out = &self->out;

	ASSERT_EQ(0, reader(fd, in));
	ASSERT_EQ(out->len, in->len);
	EXPECT_EQ(0, memcmp(out->frame, in->frame, in->len));
	EXPECT_EQ(out->hdr.gso_type, in->hdr.gso_type);
	EXPECT_EQ(out->hdr.gso_size, in->hdr.gso_size);
	EXPECT_EQ(VIRTIO_NET_HDR_F_NEEDS_CSUM, in->hdr.flags);
	EXPECT_EQ(out->hdr.csum_start, in->hdr.csum_start);
	EXPECT_EQ(out->hdr.csum_offset, in->hdr.csum_offset);
}

/*
 * Check that the next packets are the frame's segments, in order and complete,
 * each with a right checksum and the same tags.
 */
static void comes_in_segments(struct __test_metadata *_metadata,
			      FIXTURE_DATA(offload) *self,
			      packet_reader *reader, int fd)
{
	struct packet *in = &self->in, *out = &self->out;
	size_t total = out->len - out->payload, have = 0, len;
	int tags = (out->l3 - 14) / 4;

	while (have < total) {
		ASSERT_EQ(0, reader(fd, in));
		len = in->len - in->payload;
		ASSERT_EQ(total - have < MSS ? total - have : MSS, len);
		EXPECT_EQ(VIRTIO_NET_HDR_GSO_NONE, in->hdr.gso_type);
		EXPECT_EQ(0, in->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
		EXPECT_TRUE(in->csum_ok);
		EXPECT_EQ(0, memcmp(in->frame + in->payload,
				    out->frame + out->payload + have, len));
		/* Destination, source and tags */
		EXPECT_EQ(tags, in->tags);
		EXPECT_EQ(0, memcmp(in->frame, out->frame, 12 + 4 * tags));
		if (in->payload - in->l4 == 20) {
			EXPECT_EQ(have, in->seq);
		}
		have += len;
	}
}

static const struct shape shapes[] = {
	{ .payload = 8500 },
	{ .payload = 8500, .ipv6 = true },
	{ .payload = 8500, .tags = 1 },
	{ .payload = 8500, .tags = 2 },
	{ .payload = 8500, .tags = 2, .ipv6 = true },
};

#define FOR_EACH_SHAPE(shape)						\
	for (shape = shapes; shape < shapes + sizeof(shapes) /		\
	     sizeof(*shapes); shape++)

#define ALL_OFFLOADS (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)

TEST_F(offload, a_GSO_frame_written_reaches_a_peer_that_takes_it_whole)
{
	struct scene *s = &self->s;
	const struct shape *shape;

	/* A VLAN tag is inserted late; veth takes it outside of the frame. */
	FOR_EACH_SHAPE(shape) {
		packet_make(&self->out, shape, ST_MAC_PEER, ST_MAC_PORT);
		ASSERT_EQ(0, packet_write(s->fd, &self->out));
		if (shape->tags == 2)
			continue;	/* checked in segments */
		comes_whole(_metadata, self, packet_read_wire, self->wire);
	}
	EXPECT_EQ(sizeof(shapes) / sizeof(*shapes), SCENE_STAT(s, tx_packets));
}

TEST_F(offload, a_GSO_frame_written_is_segmented_for_a_lower_that_can_not)
{
	struct scene *s = &self->s;
	const struct shape *shape;

	ASSERT_EQ(0, st_sh("ethtool -K v0 tx off tso off gso off >/dev/null"));
	FOR_EACH_SHAPE(shape) {
		packet_make(&self->out, shape, ST_MAC_PEER, ST_MAC_PORT);
		ASSERT_EQ(0, packet_write(s->fd, &self->out));
		comes_in_segments(_metadata, self, packet_read_wire,
				  self->wire);
	}
}

/* Write self->out, and check by which way the lower gets it. */
static void is_written(struct __test_metadata *_metadata,
		       FIXTURE_DATA(offload) *self, int way)
{
	ASSERT_EQ(0, way_clear());
	ASSERT_EQ(0, packet_write(self->s.fd, &self->out));
	EXPECT_EQ(way, way_long_sent()) {
		TH_LOG("%zu bytes, gso_size %u", self->out.len,
		       self->out.hdr.gso_size);
	}
}

/* Check that these are the next packets, without their bytes (see above). */
static void comes_in_pieces(struct __test_metadata *_metadata,
			    FIXTURE_DATA(offload) *self, int pieces)
{
	size_t have = 0;

	while (pieces--) {
		ASSERT_EQ(0, packet_read_wire(self->wire, &self->in));
		EXPECT_EQ(VIRTIO_NET_HDR_GSO_NONE, self->in.hdr.gso_type);
		have += self->in.len - self->in.payload;
	}
	EXPECT_EQ(self->out.len - self->out.payload, have);
}

/*
 * A frame that the lower can't send as it is must be prepared, so it takes the
 * long way.  The stack prepares each GSO frame of a guest, because it does not
 * trust the guest's segment count.  A macvlan leaves all that to its parent.
 */
TEST_F(offload, a_frame_takes_the_short_way_only_if_the_lower_can_send_it)
{
	static const struct shape small = { .payload = 500 };
	static const char *const off[] = { "tso off gso off", "tx off",
					   "sg off" };
	int way = variant->macvlan ? WAY_SHORT : WAY_LONG, err, i;
	static struct packet packet[3];
	struct scene *s = &self->s;

	err = way_begin(variant->macvlan ? "mv0" : "v0");
	if (err == -EOPNOTSUPP)
		SKIP(return, NO_TRACER);
	ASSERT_EQ(0, err);

	/* For segmentation; with a partial checksum; in several pages */
	packet_make(&packet[0], shapes, ST_MAC_PEER, ST_MAC_PORT);
	packet_make(&packet[1], &small, ST_MAC_PEER, ST_MAC_PORT);
	packet[2] = packet[0];
	packet[2].hdr.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	packet[2].hdr.gso_size = 0;
	ASSERT_EQ(0, st_sh("ip link set p0 mtu 9000"));
	for (i = 0; i < 3; i++) {
		self->out = packet[i];
		is_written(_metadata, self, i == 0 ? way : WAY_SHORT);
		comes_whole(_metadata, self, packet_read_wire, self->wire);
		ASSERT_EQ(0, st_sh("ethtool -K v0 %s >/dev/null", off[i]));
		is_written(_metadata, self, way);
		comes_in_pieces(_metadata, self, i == 0 ? 9 : 1);
		ASSERT_EQ(0, st_sh("ethtool -K v0 tx on sg on tso on gso on >/dev/null"));
	}
	EXPECT_EQ(6, SCENE_STAT(s, tx_packets));
	way_end();
}

TEST_F(offload, a_GSO_frame_received_is_given_whole_if_TUNSETOFFLOAD_allows)
{
	struct scene *s = &self->s;
	const struct shape *shape;

	ASSERT_EQ(0, ioctl(s->fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	FOR_EACH_SHAPE(shape) {
		packet_make(&self->out, shape, ST_MAC_PORT, ST_MAC_PEER);
		ASSERT_EQ(0, packet_write(self->wire, &self->out));
		comes_whole(_metadata, self, packet_read_fd, s->fd);
	}
	EXPECT_TRUE(SCENE_AWAIT(s, rx_packets,
				sizeof(shapes) / sizeof(*shapes)));
}

TEST_F(offload, a_GSO_frame_received_is_segmented_if_TUNSETOFFLOAD_does_not)
{
	struct scene *s = &self->s;
	const struct shape *shape;

	ASSERT_EQ(0, ioctl(s->fd, TUNSETOFFLOAD, 0));
	FOR_EACH_SHAPE(shape) {
		packet_make(&self->out, shape, ST_MAC_PORT, ST_MAC_PEER);
		ASSERT_EQ(0, packet_write(self->wire, &self->out));
		comes_in_segments(_metadata, self, packet_read_fd, s->fd);
	}
}

TEST_F(offload, a_partial_checksum_is_passed_on_or_completed_both_ways)
{
	static const struct shape small = { .payload = 500 };
	static const struct shape small_udp = { .payload = 500, .udp = true,
						.tags = 1 };
	struct scene *s = &self->s;

	packet_make(&self->out, &small, ST_MAC_PORT, ST_MAC_PEER);
	ASSERT_EQ(0, ioctl(s->fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	ASSERT_EQ(0, packet_write(self->wire, &self->out));
	comes_whole(_metadata, self, packet_read_fd, s->fd);
	ASSERT_EQ(0, ioctl(s->fd, TUNSETOFFLOAD, 0));
	ASSERT_EQ(0, packet_write(self->wire, &self->out));
	comes_in_segments(_metadata, self, packet_read_fd, s->fd);

	packet_make(&self->out, &small_udp, ST_MAC_PEER, ST_MAC_PORT);
	ASSERT_EQ(0, packet_write(s->fd, &self->out));
	comes_whole(_metadata, self, packet_read_wire, self->wire);
	ASSERT_EQ(0, st_sh("ethtool -K v0 tx off >/dev/null"));
	ASSERT_EQ(0, packet_write(s->fd, &self->out));
	comes_in_segments(_metadata, self, packet_read_wire, self->wire);
}

TEST_F(offload, small_frames_keep_their_VLAN_tags_both_ways)
{
	struct shape shape = { .payload = 60 };
	struct scene *s = &self->s;

	for (shape.tags = 0; shape.tags <= 2; shape.tags++) {
		packet_make(&self->out, &shape, ST_MAC_PEER, ST_MAC_PORT);
		ASSERT_EQ(0, packet_write(s->fd, &self->out));
		comes_whole(_metadata, self, packet_read_wire, self->wire);
		packet_make(&self->out, &shape, ST_MAC_PORT, ST_MAC_PEER);
		ASSERT_EQ(0, packet_write(self->wire, &self->out));
		comes_whole(_metadata, self, packet_read_fd, s->fd);
	}
}

TEST_F(offload, offloads_set_while_detached_hold_after_the_next_attach)
{
	struct scene *s = &self->s;

	packet_make(&self->out, shapes, ST_MAC_PORT, ST_MAC_PEER);
	ASSERT_EQ(0, st_detach(s->control, s->port));
	ASSERT_EQ(0, ioctl(s->fd, TUNSETOFFLOAD, 0));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->lower, 0));
	ASSERT_EQ(0, packet_write(self->wire, &self->out));
	comes_in_segments(_metadata, self, packet_read_fd, s->fd);

	ASSERT_EQ(0, st_detach(s->control, s->port));
	ASSERT_EQ(0, ioctl(s->fd, TUNSETOFFLOAD, ALL_OFFLOADS));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->lower, 0));
	ASSERT_EQ(0, packet_write(self->wire, &self->out));
	comes_whole(_metadata, self, packet_read_fd, s->fd);

	/* Another lower does not change them either. */
	ASSERT_EQ(0, st_link_del(s->lower));
	if (!variant->macvlan)
		return;
	ASSERT_EQ(0, scene_attach(s));
	ASSERT_EQ(0, packet_write(self->wire, &self->out));
	comes_whole(_metadata, self, packet_read_fd, s->fd);
}

TEST_F(offload, a_lowers_lost_offloads_do_not_change_the_ports)
{
	struct scene *s = &self->s;

	/*
	 * The tap core reads the port's features at open and at TUNSETOFFLOAD.
	 */
	ASSERT_EQ(0, st_sh("ethtool -k vm1 >/run/before"));
	ASSERT_EQ(0, st_sh("ethtool -K v0 tx off sg off tso off gso off >/dev/null"));
	ASSERT_EQ(0, st_sh("ethtool -k vm1 | cmp -s - /run/before"));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	ASSERT_EQ(0, st_sh("ethtool -k vm1 | cmp -s - /run/before"));
}

TEST_F(offload, a_VLAN_on_the_port_leaves_segments_and_checksums_to_it)
{
	ASSERT_EQ(0, st_sh("ip link add link vm1 name vm1.5 type vlan id 5"));
	EXPECT_EQ(0, st_sh("ethtool -k vm1.5 | grep -q '^tcp-segmentation-offload: on'"));
	EXPECT_EQ(0, st_sh("ethtool -k vm1.5 | grep -q '^tx-checksumming: on'"));
	ASSERT_EQ(0, st_sh("ip link del vm1.5"));
}

TEST_F(offload, a_GSO_frame_counts_once_unless_the_port_lacks_the_offload)
{
	static const struct shape tso = { .payload = 8500 };
	const unsigned int segments = (8500 + MSS - 1) / MSS;
	struct scene *s = &self->s;
	size_t head;

	packet_make(&self->out, &tso, ST_MAC_PEER, ST_MAC_PORT);
	head = self->out.payload;
	ASSERT_EQ(0, packet_write(s->fd, &self->out));
	EXPECT_EQ(1, SCENE_STAT(s, tx_packets));
	EXPECT_EQ(8500 + head, SCENE_STAT(s, tx_bytes));

	/* The stack segments it before the port sees it. */
	ASSERT_EQ(0, st_sh("ethtool -K vm1 tso off >/dev/null"));
	ASSERT_EQ(0, packet_write(s->fd, &self->out));
	EXPECT_EQ(1 + segments, SCENE_STAT(s, tx_packets));
	EXPECT_EQ(2 * 8500 + (1 + segments) * head, SCENE_STAT(s, tx_bytes));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	ASSERT_EQ(0, packet_write(s->fd, &self->out));
	EXPECT_EQ(segments, SCENE_STAT(s, tx_detached));
}

/*
 * A frame sent through vm1.5 arrives tagged; the port leaves the insertion of
 * the tag to the lower.
 */
TEST_F(offload, tags_of_a_VLAN_on_the_port_are_left_to_the_lower)
{
	uint8_t frame[100];
	int from, to;

	EXPECT_EQ(0, st_sh("ethtool -k vm1 | grep -q '^tx-vlan-offload: on$'"));
	EXPECT_EQ(0, st_sh("ethtool -k vm1 | grep -q '^tx-vlan-stag-hw-insert: on$'"));
	ASSERT_EQ(0, st_sh("ip link add link vm1 name vm1.5 up type vlan id 5"));
	ASSERT_EQ(0, st_sh("ip link add link p0 name p0.5 up type vlan id 5"));
	from = st_packet_open(st_ifindex("vm1.5"), false);
	to = st_packet_open(st_ifindex("p0.5"), false);
	ASSERT_LE(0, from);
	ASSERT_LE(0, to);
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 7);
	ASSERT_EQ(sizeof(frame), st_packet_send(from, st_ifindex("vm1.5"),
						frame, sizeof(frame)));
	ASSERT_EQ(1, st_readable(to, SCENE_DEADLINE));
	ASSERT_EQ(sizeof(frame), recv(to, frame, sizeof(frame), 0));
	EXPECT_EQ(7, st_frame_number(frame, sizeof(frame)));
	close(from);
	close(to);
	ASSERT_EQ(0, st_sh("ip link del vm1.5; ip link del p0.5"));
}

static uint32_t crc32c(const uint8_t *data, size_t len)
{
	uint32_t crc = ~0U;
	size_t i;
	int bit;

	for (i = 0; i < len; i++) {
		crc ^= data[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/*
 * Let the host open an SCTP association to 192.0.2.2 through the port, so that
 * SCTP leaves the checksum to the port.
 */
static void sctp_connect(struct __test_metadata *_metadata)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd;

	EXPECT_EQ(0, st_sh("ethtool -k vm1 | grep -q '^\ttx-checksum-sctp: on'"));
	ASSERT_EQ(0, st_sh("ip address add 192.0.2.1/24 dev vm1 &&"
			   "ip neighbour add 192.0.2.2 dev vm1 lladdr 52:54:00:00:00:02"));
	inet_aton("192.0.2.2", &to.sin_addr);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_SCTP);
	ASSERT_LE(0, fd) {
		TH_LOG("no SCTP here: %s", strerror(errno));
	}
	connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

static bool is_sctp(const uint8_t *frame, ssize_t len)
{
	return len >= 34 + 12 && frame[12] == 0x08 && !frame[13] &&
	       frame[23] == IPPROTO_SCTP;
}

/* Check the CRC of an SCTP packet in an Ethernet frame. */
static bool sctp_is_right(uint8_t *frame)
{
	uint8_t *sctp = frame + 34;
	size_t len = (frame[16] << 8 | frame[17]) - 20;
	uint32_t given;

	memcpy(&given, sctp + 8, 4);
	memset(sctp + 8, 0, 4);
	return given == htole32(crc32c(sctp, len));
}

/* A macvlan can't compute it either, so the stack does. */
TEST_F(offload, an_SCTP_checksum_is_completed_for_the_lower)
{
	struct sockaddr_ll from;
	uint8_t frame[2048];
	socklen_t from_len;
	ssize_t len;
	int wire;

	ASSERT_EQ(0, st_sh("ethtool -K p0 tx-checksum-sctp off >/dev/null;"
			   "ethtool -K v0 tx-checksum-sctp off >/dev/null"));
	wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP));
	ASSERT_LE(0, wire);
	sctp_connect(_metadata);
	do {
		ASSERT_EQ(1, st_readable(wire, SCENE_DEADLINE));
		from_len = sizeof(from);
		len = recvfrom(wire, frame, sizeof(frame), 0,
			       (struct sockaddr *)&from, &from_len);
		ASSERT_LT(0, len);
		if (from.sll_ifindex != self->s.p0 ||
		    from.sll_pkttype == PACKET_OUTGOING)
			len = 0;
	} while (!is_sctp(frame, len));
	EXPECT_TRUE(sctp_is_right(frame));
	close(wire);
}

/*
 * A macvlan in bridge mode hands a frame for another macvlan of its parent to
 * that one, without the parent's transmit.
 */
TEST_F(offload, an_SCTP_checksum_is_completed_for_another_port_on_the_parent)
{
	struct scene *s = &self->s;
	uint8_t frame[2048];
	int vm2, mv1, fd;
	ssize_t len;

	if (!variant->macvlan)
		return;
	vm2 = st_port_new(s->control, "vm2", 1, 1);
	ASSERT_LT(0, vm2);
	mv1 = st_macvlan_add("mv1", s->v0, (uint8_t *)ST_MAC_PEER, vm2);
	ASSERT_LT(0, mv1);
	fd = st_port_open(s->control, vm2, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, TUNSETOFFLOAD, 0));
	sctp_connect(_metadata);
	do {
		ASSERT_EQ(1, st_readable(fd, SCENE_DEADLINE));
		len = st_fd_read(fd, frame, sizeof(frame));
		ASSERT_LT(0, len);
	} while (!is_sctp(frame, len));
	EXPECT_TRUE(sctp_is_right(frame));
	close(fd);
}

TEST_F(offload, a_large_UDP_frame_is_segmented_where_the_kernel_knows_them)
{
	static const struct shape uso = { .payload = 8500, .udp = true };
	struct scene *s = &self->s;
	int err;

	/* The vnet header has USO since 6.2. */
	packet_make(&self->out, &uso, ST_MAC_PEER, ST_MAC_PORT);
	err = packet_write(s->fd, &self->out);
	if (err == -EINVAL) {
		EXPECT_EQ(1, SCENE_STAT(s, tx_refused));
		EXPECT_EQ(-1, ioctl(s->fd, TUNSETOFFLOAD, TUN_F_CSUM |
				    TUN_F_USO4 | TUN_F_USO6));
		return;
	}
	ASSERT_EQ(0, err);
	comes_whole(_metadata, self, packet_read_wire, self->wire);
	ASSERT_EQ(0, st_sh("ethtool -K v0 tx off gso off >/dev/null"));
	ASSERT_EQ(0, packet_write(s->fd, &self->out));
	comes_in_segments(_metadata, self, packet_read_wire, self->wire);

	packet_make(&self->out, &uso, ST_MAC_PORT, ST_MAC_PEER);
	ASSERT_EQ(0, ioctl(s->fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_USO4 |
						 TUN_F_USO6));
	ASSERT_EQ(0, packet_write(self->wire, &self->out));
	comes_whole(_metadata, self, packet_read_fd, s->fd);
	ASSERT_EQ(0, ioctl(s->fd, TUNSETOFFLOAD, 0));
	ASSERT_EQ(0, packet_write(self->wire, &self->out));
	comes_in_segments(_metadata, self, packet_read_fd, s->fd);
}

TEST_HARNESS_MAIN
