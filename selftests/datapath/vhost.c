// SPDX-License-Identifier: GPL-2.0
/*
 * vhost-net, driven as QEMU does but with vrings in this process's own memory:
 * the lower is removed and comes back, and nothing is opened or set up again.
 *
 *	vrings -- vhost-net -- fd --.
 *	   (one or four pairs)      vm1 -- v0 ==== p0 -- packet socket
 *	                             \--- mv0 -- v0 ...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "pair.h"
#include "st.h"

#define PAIRS_MAX	4
#define TURNS		100
#define STREAM_TURNS	20	/* with some thousand frames each */
#define FLOWS		64	/* enough that each queue gets some */
#define FRAMES		8	/* of each flow in a turn */
#define FRAME_LEN	100
#define MAGIC		0x53744150
#define DEADLINE	PAIR_DEADLINE

/* Payload of this test's frames, after the UDP header */
struct mark {
	__be32 magic;
	__be32 flow;
	__be32 number;
} __attribute__((packed));

#define MARK_OFFSET	(ETH_HLEN + sizeof(struct iphdr) + \
			 sizeof(struct udphdr))

/* UDP, because the tap core spreads flows over queues by their hash. */
static void frame_make(uint8_t *frame, size_t len, const void *dst,
		       const void *src, uint32_t flow, uint32_t number)
{
	struct mark mark = { htonl(MAGIC), htonl(flow), htonl(number) };
	struct ethhdr *eth = (struct ethhdr *)frame;
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(len - ETH_HLEN),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = htonl(0xc0000201),
		.daddr = htonl(0xc0000202),
	};
	struct udphdr udp = {
		.source = htons(1000 + flow),
		.dest = htons(9),
		.len = htons(len - ETH_HLEN - sizeof(ip)),
	};

	memcpy(eth->h_dest, dst, 6);
	memcpy(eth->h_source, src, 6);
	eth->h_proto = htons(ETH_P_IP);
	memcpy(frame + ETH_HLEN, &ip, sizeof(ip));
	memcpy(frame + ETH_HLEN + sizeof(ip), &udp, sizeof(udp));
	memcpy(frame + MARK_OFFSET, &mark, sizeof(mark));
	memset(frame + MARK_OFFSET + sizeof(mark), number & 0xff,
	       len - MARK_OFFSET - sizeof(mark));
}

/* Returns false if the frame is not of this test, or damaged. */
static bool frame_parse(const uint8_t *frame, size_t len, uint32_t *flow,
			uint32_t *number)
{
	struct mark mark;
	size_t i;

	if (len < MARK_OFFSET + sizeof(mark))
		return false;
	memcpy(&mark, frame + MARK_OFFSET, sizeof(mark));
	if (mark.magic != htonl(MAGIC))
		return false;
	*flow = ntohl(mark.flow);
	*number = ntohl(mark.number);
	for (i = MARK_OFFSET + sizeof(mark); i < len; i++)
		if (frame[i] != (*number & 0xff))
			return false;
	return true;
}

/* Queue one frame of a flow, without a kick. */
static int flow_send(struct pair *pair, size_t len, uint32_t flow,
		     uint32_t number)
{
	uint8_t frame[PAIR_BUFFER];

	frame_make(frame, len, ST_MAC_PEER, ST_MAC_PORT, flow, number);
	return pair_send(pair, frame, len);
}

/*
 * Take one received frame.  Returns 1 if it is this test's, 0 if not (the host
 * sends IPv6 frames at the veth's other end).
 */
static int flow_receive(struct pair *pair, uint32_t *flow, uint32_t *number)
{
	uint8_t frame[PAIR_BUFFER];
	int len = pair_receive(pair, frame, sizeof(frame));

	if (len < 0)
		return len;
	return len == FRAME_LEN && frame_parse(frame, len, flow, number);
}

FIXTURE(vhost) {
	int control;
	int port;
	int v0;
	int p0;
	int peer;			/* packet socket on p0 */
	struct pair pair[PAIRS_MAX];
	uint32_t sent[PAIRS_MAX];	/* next number of each flow, out ... */
	uint32_t injected[FLOWS];	/* ... and in */
	uint64_t frames[PAIRS_MAX];	/* received by each pair */
	uint64_t lost;			/* sent while detached */
};

FIXTURE_VARIANT(vhost) {
	int pairs;
};

FIXTURE_VARIANT_ADD(vhost, single_queue_pair) {
	.pairs = 1,
};

FIXTURE_VARIANT_ADD(vhost, four_queue_pairs) {
	.pairs = 4,
};

/* A new veth pair and a packet socket on its other end */
static int veth_new(FIXTURE_DATA(vhost) *self)
{
	int err = st_veth_add("v0", "p0", -1);

	if (err)
		return err;
	self->v0 = st_ifindex("v0");
	self->p0 = st_ifindex("p0");
	/* vhost's thread may send from any processor. */
	err = st_veth_in_order("v0");
	if (!err)
		err = st_veth_in_order("p0");
	if (err)
		return err;
	if (!st_wait_up(self->v0, DEADLINE) || !st_wait_up(self->p0, DEADLINE))
		return -ETIMEDOUT;
	self->peer = st_packet_open(self->p0, true);
	return self->peer < 0 ? self->peer : 0;
}

FIXTURE_SETUP(vhost)
{
	int i;

	if (access("/dev/vhost-net", R_OK | W_OK))
		SKIP(return, "this kernel has no /dev/vhost-net");
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, variant->pairs);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, veth_new(self));
	for (i = 0; i < variant->pairs; i++)
		ASSERT_EQ(0, pair_open(&self->pair[i], self->control,
				       self->port));
}

FIXTURE_TEARDOWN(vhost)
{
	int i;

	for (i = 0; i < variant->pairs; i++)
		pair_close(&self->pair[i]);
	close(self->peer);
	close(self->control);
}

/* Queue FRAMES frames for each pair, one flow a pair, and kick. */
static void send_frames(struct __test_metadata *_metadata,
			FIXTURE_DATA(vhost) *self, int pairs)
{
	int i, n;

	for (i = 0; i < pairs; i++) {
		for (n = 0; n < FRAMES; n++)
			ASSERT_EQ(0, flow_send(&self->pair[i], FRAME_LEN, i,
					       self->sent[i]++));
		ring_kick(self->pair[i].ring[TX]);
	}
}

/* Check that the frames that were just sent arrive at the peer in order. */
static void expect_at_peer(struct __test_metadata *_metadata,
			   FIXTURE_DATA(vhost) *self, int pairs)
{
	uint32_t flow, number, next[PAIRS_MAX];
	uint8_t frame[PAIR_BUFFER];
	int left = pairs * FRAMES;
	ssize_t len;
	int i;

	for (i = 0; i < pairs; i++)
		next[i] = self->sent[i] - FRAMES;
	while (left) {
		ASSERT_EQ(1, st_readable(self->peer, DEADLINE)) {
			TH_LOG("%d of %d frames missing at the peer", left,
			       pairs * FRAMES);
		}
		len = read(self->peer, frame, sizeof(frame));
		if (!frame_parse(frame, len, &flow, &number))
			continue;
		ASSERT_GT(pairs, flow);
		ASSERT_EQ(next[flow], number);
		next[flow]++;
		left--;
	}
}

/*
 * Send frames of many flows from the peer; each flow arrives in order, in one
 * pair.
 */
static void receive_frames(struct __test_metadata *_metadata,
			   FIXTURE_DATA(vhost) *self, int pairs)
{
	int by[FLOWS], left = FLOWS * 2, flow, i;
	uint32_t got, number, next[FLOWS];
	uint8_t frame[FRAME_LEN];
	uint64_t deadline;
	int ours;

	for (flow = 0; flow < FLOWS; flow++) {
		by[flow] = -1;
		next[flow] = self->injected[flow];
	}
	for (i = 0; i < left; i++) {
		flow = i % FLOWS;
		frame_make(frame, FRAME_LEN, ST_MAC_PORT, ST_MAC_PEER, flow,
			   self->injected[flow]++);
		ASSERT_EQ(FRAME_LEN, st_packet_send(self->peer, self->p0,
						    frame, FRAME_LEN));
	}

	deadline = st_now() + DEADLINE * 1000000ULL;
	while (left) {
		for (i = 0; i < pairs; i++) {
			if (!ring_ready(self->pair[i].ring[RX]) &&
			    !ring_wait(self->pair[i].ring[RX], 0))
				continue;
			ours = flow_receive(&self->pair[i], &got, &number);
			ASSERT_LE(0, ours);
			if (!ours)
				continue;
			ASSERT_GT(FLOWS, got);
			ASSERT_EQ(next[got], number);
			next[got]++;
			if (by[got] < 0)
				by[got] = i;
			EXPECT_EQ(by[got], i);
			self->frames[i]++;
			left--;
		}
		ASSERT_GT(deadline, st_now()) {
			TH_LOG("%d frames never received", left);
		}
	}
}

static void both_ways(struct __test_metadata *_metadata,
		      FIXTURE_DATA(vhost) *self, int pairs)
{
	int i;

	send_frames(_metadata, self, pairs);
	expect_at_peer(_metadata, self, pairs);
	for (i = 0; i < pairs; i++)
		ASSERT_TRUE(pair_sent(&self->pair[i]));
	receive_frames(_metadata, self, pairs);
}

/* Without a lower, vhost still uses the buffers, and the frames are counted. */
static void while_detached(struct __test_metadata *_metadata,
			   FIXTURE_DATA(vhost) *self, int pairs)
{
	struct stabletap_stats stats;
	int i;

	send_frames(_metadata, self, pairs);
	for (i = 0; i < pairs; i++)
		ASSERT_TRUE(pair_sent(&self->pair[i]));
	self->lost += pairs * FRAMES;
	ASSERT_EQ(0, st_stats(self->control, self->port, &stats));
	ASSERT_EQ(self->lost, stats.tx_detached);
}

static void check_counters(struct __test_metadata *_metadata,
			   FIXTURE_DATA(vhost) *self, int pairs)
{
	const struct stabletap_stats *stats;
	uint64_t sent = 0, received = 0;
	struct stabletap_stats all;
	int i;

	for (i = 0; i < pairs; i++) {
		sent += self->sent[i];
		received += self->frames[i];
		EXPECT_LT(0, self->frames[i]);
	}
	ASSERT_EQ(0, st_stats(self->control, self->port, &all));
	stats = &all;
	EXPECT_EQ(sent - self->lost, stats->tx_packets);
	EXPECT_EQ(self->lost, stats->tx_detached);
	EXPECT_EQ(0, stats->tx_lower + stats->tx_refused);
	/* The host's own stack may have sent something on the veth. */
	EXPECT_LE(received, stats->rx_packets);
	EXPECT_EQ(0, stats->rx_no_reader + stats->rx_ring + stats->rx_down +
		  stats->rx_lro + stats->rx_nomem);
}

TEST_F(vhost, frames_flow_both_ways_after_each_of_100_attaches)
{
	int turn;

	for (turn = 0; turn < TURNS; turn++) {
		ASSERT_EQ(0, st_attach(self->control, self->port, self->v0,
				       0));
		both_ways(_metadata, self, variant->pairs);
		ASSERT_EQ(0, st_detach(self->control, self->port));
		while_detached(_metadata, self, variant->pairs);
	}
	check_counters(_metadata, self, variant->pairs);
}

TEST_F(vhost, frames_flow_again_after_the_parent_was_deleted)
{
	struct stabletap_get get;
	int turn;

	for (turn = 0; turn < 5; turn++) {
		if (turn)
			ASSERT_EQ(0, veth_new(self));
		ASSERT_LT(0, st_macvlan_add("mv0", self->v0,
					    (uint8_t *)ST_MAC_PORT,
					    self->port));
		both_ways(_metadata, self, variant->pairs);

		/* This deletes v0 too, and with v0 the child. */
		ASSERT_EQ(0, st_link_del(self->p0));
		ASSERT_EQ(0, close(self->peer));
		ASSERT_EQ(0, st_get(self->control, self->port, &get));
		ASSERT_EQ(STABLETAP_STATE_DETACHED, get.state);
		ASSERT_EQ(turn + 1, get.losses);
		while_detached(_metadata, self, variant->pairs);
	}
	ASSERT_EQ(0, veth_new(self));
	check_counters(_metadata, self, variant->pairs);
}

struct turner {
	int control;
	int port;
	int lower;
	int turns;
	struct stabletap_stats at;	/* counters when the state was entered */
	bool done;
	int err;
};

static bool is_counted(void *arg)
{
	struct turner *turner = arg;
	struct stabletap_stats stats;
	struct stabletap_get get;

	return !st_get(turner->control, turner->port, &get) &&
	       !st_stats(turner->control, turner->port, &stats) &&
	       (get.state == STABLETAP_STATE_DETACHED ?
		stats.tx_detached > turner->at.tx_detached :
		stats.tx_packets > turner->at.tx_packets);
}

/* Wait until a frame was sent or dropped in the new state. */
static int turner_wait(struct turner *turner)
{
	int err;

	err = st_stats(turner->control, turner->port, &turner->at);
	if (err)
		return err;
	return st_wait(is_counted, turner, DEADLINE) ? 0 : -ETIMEDOUT;
}

static void *turner_run(void *arg)
{
	struct turner *turner = arg;
	int turn;

	for (turn = 0; turn < turner->turns && !turner->err; turn++) {
		turner->err = st_attach(turner->control, turner->port,
					turner->lower, 0);
		if (!turner->err)
			turner->err = turner_wait(turner);
		if (!turner->err)
			turner->err = st_detach(turner->control, turner->port);
		if (!turner->err)
			turner->err = turner_wait(turner);
	}
	__atomic_store_n(&turner->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Read the packet socket; check that frames are in order and none is double */
static void drain_outgoing(struct __test_metadata *_metadata, int tap,
			   int64_t last[PAIRS_MAX], uint64_t *got)
{
	uint8_t frame[PAIR_BUFFER];
	uint32_t flow, number;
	ssize_t len;

	while ((len = read(tap, frame, sizeof(frame))) > 0) {
		if (!frame_parse(frame, len, &flow, &number))
			continue;
		ASSERT_GT(PAIRS_MAX, flow);
		ASSERT_LT(last[flow], number);
		last[flow] = number;
		(*got)++;
	}
}

/*
 * The lower is a dummy.  The sender itself calls the packet socket on it, so no
 * frame can be lost on the way.
 */
TEST_F(vhost, a_stream_is_sent_or_counted_while_the_lower_comes_and_goes)
{
	struct turner turner = { .control = self->control, .port = self->port,
				 .turns = STREAM_TURNS };
	int64_t last[PAIRS_MAX] = { -1, -1, -1, -1 };
	uint64_t sent = 0, got = 0;
	struct stabletap_stats stats;
	int spy, i, n;
	pthread_t thread;
	uint32_t len;

	turner.lower = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, turner.lower);
	ASSERT_EQ(0, st_link_up(turner.lower, true));
	spy = st_packet_open(turner.lower, true);
	ASSERT_LE(0, spy);

	ASSERT_EQ(0, pthread_create(&thread, NULL, turner_run, &turner));
	while (!__atomic_load_n(&turner.done, __ATOMIC_ACQUIRE)) {
		for (i = 0; i < variant->pairs; i++) {
			struct ring *ring = self->pair[i].ring[TX];

			for (n = 0; n < 32 && ring_free_id(ring) >= 0; n++) {
				ASSERT_EQ(0, flow_send(&self->pair[i],
						       FRAME_LEN, i,
						       self->sent[i]++));
				sent++;
			}
			ring_kick(ring);
			ASSERT_TRUE(ring_wait(ring, DEADLINE));
			while (ring_ready(ring))
				ASSERT_LE(0, ring_take(ring, &len));
		}
		drain_outgoing(_metadata, spy, last, &got);
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, turner.err);
	for (i = 0; i < variant->pairs; i++)
		ASSERT_TRUE(pair_sent(&self->pair[i]));
	drain_outgoing(_metadata, spy, last, &got);

	ASSERT_EQ(0, st_stats(self->control, self->port, &stats));
	EXPECT_EQ(got, stats.tx_packets);
	EXPECT_EQ(sent, stats.tx_packets + stats.tx_detached);
	EXPECT_EQ(0, stats.tx_lower + stats.tx_refused);
	TH_LOG("%llu sent, %llu dropped",
	       (unsigned long long)stats.tx_packets,
	       (unsigned long long)stats.tx_detached);
	close(spy);
}

/*
 * Zero-copy transmission (a parameter of vhost_net, off by default): a frame
 * that waits in a lower's queue keeps the guest's buffer.
 */
#define ZEROCOPY_LEN	1000	/* vhost copies what is below 256 bytes */
#define ZEROCOPY_FRAMES	16

FIXTURE(zerocopy) {
	int control;
	int port;
	int v0;
	bool loaded;
	struct pair pair;
};

static int zerocopy_parameter(void)
{
	char value = 0;
	int fd;

	fd = open("/sys/module/vhost_net/parameters/experimental_zcopytx",
		  O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, &value, 1) != 1)
		value = 0;
	close(fd);
	return value == '1';
}

FIXTURE_SETUP(zerocopy)
{
	if (zerocopy_parameter() != 1) {
		if (st_sh("modprobe -r vhost_net 2>/dev/null && "
			  "modprobe vhost_net experimental_zcopytx=1") ||
		    zerocopy_parameter() != 1)
			SKIP(return, "vhost_net can't be loaded with zero-copy");
		self->loaded = true;
	}
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, st_veth_add("v0", "p0", -1));
	self->v0 = st_ifindex("v0");
	if (st_sh("tc qdisc add dev v0 root netem delay 200s limit 1000"))
		SKIP(return, "no netem to hold frames in");
	ASSERT_EQ(0, pair_open(&self->pair, self->control, self->port));
	ASSERT_EQ(0, st_attach(self->control, self->port, self->v0, 0));
}

FIXTURE_TEARDOWN(zerocopy)
{
	/* Frames in the lower's queue would delay the close. */
	st_link_del(self->v0);
	pair_close(&self->pair);
	close(self->control);
	if (self->loaded)
		st_sh("modprobe -r vhost_net && modprobe vhost_net");
}

struct taken {
	int control;
	int port;
	uint64_t packets;
};

static bool is_taken(void *arg)
{
	struct taken *taken = arg;
	struct stabletap_stats stats;

	return !st_stats(taken->control, taken->port, &stats) &&
	       stats.tx_packets + stats.tx_detached >= taken->packets;
}

/* Send frames, and wait until the port has processed them. */
static void zerocopy_send(struct __test_metadata *_metadata,
			  FIXTURE_DATA(zerocopy) *self, int frames)
{
	struct taken taken = { self->control, self->port, 0 };
	struct stabletap_stats stats;
	int n;

	ASSERT_EQ(0, st_stats(self->control, self->port, &stats));
	taken.packets = stats.tx_packets + stats.tx_detached + frames;
	for (n = 0; n < frames; n++)
		ASSERT_EQ(0, flow_send(&self->pair, ZEROCOPY_LEN, 0, n));
	ring_kick(self->pair.ring[TX]);
	ASSERT_TRUE(st_wait(is_taken, &taken, DEADLINE));
}

TEST_F(zerocopy, buffers_held_by_a_detached_lower_come_back_when_it_goes)
{
	zerocopy_send(_metadata, self, ZEROCOPY_FRAMES);
	ASSERT_EQ(0, ring_ready(self->pair.ring[TX])) {
		TH_LOG("the frames were copied, so zero-copy was not tested");
	}
	ASSERT_EQ(0, st_detach(self->control, self->port));
	zerocopy_send(_metadata, self, ZEROCOPY_FRAMES);
	ASSERT_EQ(0, st_link_del(self->v0));
	EXPECT_TRUE(pair_sent(&self->pair));
}

TEST_F(zerocopy, buffers_held_by_a_lower_come_back_when_it_is_deleted)
{
	struct stabletap_stats stats;

	zerocopy_send(_metadata, self, ZEROCOPY_FRAMES);
	ASSERT_EQ(0, ring_ready(self->pair.ring[TX]));
	ASSERT_EQ(0, st_link_del(self->v0));
	EXPECT_TRUE(pair_sent(&self->pair));
	zerocopy_send(_metadata, self, ZEROCOPY_FRAMES);
	EXPECT_TRUE(pair_sent(&self->pair));

	ASSERT_EQ(0, st_stats(self->control, self->port, &stats));
	EXPECT_EQ(ZEROCOPY_FRAMES, stats.tx_packets);
	EXPECT_EQ(ZEROCOPY_FRAMES, stats.tx_detached);
}

TEST_F(zerocopy, buffers_held_by_a_replaced_lower_come_back_when_it_lets_go)
{
	int d0;

	zerocopy_send(_metadata, self, ZEROCOPY_FRAMES);
	ASSERT_EQ(0, ring_ready(self->pair.ring[TX]));
	d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, d0);
	ASSERT_EQ(0, st_attach(self->control, self->port, d0,
			       STABLETAP_ATTACH_REPLACE));
	/* vhost returns buffers in order, so these wait for the first ones. */
	zerocopy_send(_metadata, self, ZEROCOPY_FRAMES);
	ASSERT_EQ(0, st_sh("tc qdisc del dev v0 root"));
	EXPECT_TRUE(pair_sent(&self->pair));
}

TEST_HARNESS_MAIN
