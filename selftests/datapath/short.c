// SPDX-License-Identifier: GPL-2.0
/*
 * The short ways of kmod/datapath.c: a frame takes them while nobody looks at
 * it, and whoever looks at port or lower sees it, counts it and can drop it.
 * Each test breaks one condition of the short way, and then restores it.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- v0 ==== p0 -- packet socket
 *	fd -- vm1 -- v0 ==== p0 -- packet socket	(direct)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf.h"
#include "harness.h"
#include "pair.h"
#include "scene.h"
#include "st.h"
#include "trace.h"
#include "way.h"

/* Start counting, in FIXTURE_SETUP */
#define WAY_BEGIN(lower) do {						\
	int way_err = way_begin(lower);					\
									\
	if (way_err == -EOPNOTSUPP)					\
		SKIP(return, NO_TRACER);				\
	ASSERT_EQ(0, way_err);						\
} while (0)

FIXTURE(way) {
	struct scene s;
	const char *lower;
};

FIXTURE_VARIANT(way) {
	bool macvlan;
};

FIXTURE_VARIANT_ADD(way, macvlan) {
	.macvlan = true,
};

FIXTURE_VARIANT_ADD(way, direct) {
	.macvlan = false,
};

FIXTURE_SETUP(way)
{
	self->lower = variant->macvlan ? "mv0" : "v0";
	ASSERT_EQ(0, scene_new(&self->s, variant->macvlan, 1));
	ASSERT_EQ(0, scene_attach(&self->s));
	WAY_BEGIN(self->lower);
}

FIXTURE_TEARDOWN(way)
{
	way_end();
	scene_end(&self->s);
}

TEST_F(way, is_short_both_ways_while_nobody_looks)
{
	struct scene *s = &self->s;

	EXPECT_EQ(WAY_SHORT, way_of_sent(s));
	EXPECT_EQ(WAY_SHORT, way_of_received(s));
	EXPECT_EQ(1, SCENE_STAT(s, tx_packets));
	EXPECT_TRUE(SCENE_AWAIT(s, rx_packets, 1));
}

TEST_F(way, is_short_for_vhost_net_too_while_nobody_looks)
{
	struct scene *s = &self->s;
	uint8_t frame[256];
	struct pair pair;
	int watch;

	close(s->fd);
	s->fd = -1;
	ASSERT_EQ(0, pair_open(&pair, s->control, s->port));
	st_frame(frame, 100, ST_MAC_PEER, ST_MAC_PORT, 1);
	ASSERT_EQ(0, pair_send(&pair, frame, 100));
	ring_kick(pair.ring[TX]);
	EXPECT_EQ(0, scene_await_peer(s, 1, SCENE_DEADLINE));
	EXPECT_EQ(0, way_long_sent());
	ASSERT_EQ(0, scene_peer_send(s));
	ASSERT_TRUE(ring_wait(pair.ring[RX], PAIR_DEADLINE));
	EXPECT_EQ(100, pair_receive(&pair, frame, sizeof(frame)));
	EXPECT_EQ(0, way_long_received());

	watch = st_packet_open(0, true);
	ASSERT_LE(0, watch);
	st_frame(frame, 100, ST_MAC_PEER, ST_MAC_PORT, 2);
	ASSERT_EQ(0, pair_send(&pair, frame, 100));
	ring_kick(pair.ring[TX]);
	EXPECT_EQ(0, scene_await_peer(s, 2, SCENE_DEADLINE));
	ASSERT_EQ(1, way_long_sent());
	EXPECT_EQ(0, scene_seen(watch, s->lower, 2, PACKET_OUTGOING));
	ASSERT_EQ(0, scene_peer_send(s));
	EXPECT_EQ(0, scene_seen(watch, s->port, s->number, PACKET_HOST));
	close(watch);
	pair_close(&pair);
}

/* Sending: who looks at the lower */

TEST_F(way, of_a_sent_frame_is_seen_by_a_packet_socket_on_the_lower)
{
	struct scene *s = &self->s;
	int watch = st_packet_open(s->lower, true);

	ASSERT_LE(0, watch);
	ASSERT_EQ(WAY_LONG, way_of_sent(s));
	EXPECT_EQ(0, scene_seen(watch, s->lower, s->number, PACKET_OUTGOING));
	close(watch);
	EXPECT_EQ(WAY_SHORT, way_of_sent(s));
}

TEST_F(way, of_a_sent_frame_is_seen_by_an_unbound_packet_socket)
{
	struct scene *s = &self->s;
	int watch = st_packet_open(0, true);

	ASSERT_LE(0, watch);
	ASSERT_EQ(WAY_LONG, way_of_sent(s));
	EXPECT_EQ(0, scene_seen(watch, s->lower, s->number, PACKET_OUTGOING));
	close(watch);
	EXPECT_EQ(WAY_SHORT, way_of_sent(s));
}

/* Write a frame that must be dropped before the lower gets it. */
static void is_dropped_and_counted(struct __test_metadata *_metadata,
				   struct scene *s)
{
	ASSERT_EQ(0, scene_write(s));
	EXPECT_EQ(1, SCENE_STAT(s, tx_lower));
	EXPECT_EQ(0, SCENE_STAT(s, tx_packets));
}

TEST_F(way, of_a_sent_frame_obeys_tc_on_the_lower)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("tc qdisc add dev %s clsact && "
			   "tc filter add dev %s egress matchall action drop",
			   self->lower, self->lower));
	is_dropped_and_counted(_metadata, s);
	EXPECT_EQ(0, st_sh("tc -s filter show dev %s egress | grep -q 'dropped 1,'",
			   self->lower));
	ASSERT_EQ(0, st_sh("tc qdisc del dev %s clsact", self->lower));
	EXPECT_EQ(WAY_SHORT, way_of_sent(s));
}

TEST_F(way, of_a_sent_frame_obeys_tcx_on_the_lower)
{
	struct scene *s = &self->s;
	int prog, link;

	prog = bpf_load(BPF_PROG_TYPE_SCHED_CLS, TC_ACT_SHOT);
	ASSERT_LE(0, prog);
	link = bpf_tcx_attach(s->lower, BPF_HOOK_TCX_EGRESS, prog);
	if (link == -EINVAL)
		SKIP(return, "this kernel has no tcx");
	ASSERT_LE(0, link);
	is_dropped_and_counted(_metadata, s);
	close(link);
	close(prog);
	EXPECT_EQ(WAY_SHORT, way_of_sent(s));
}

TEST_F(way, of_a_sent_frame_obeys_nft_on_the_lower)
{
	struct scene *s = &self->s;

	if (st_sh("nft add table netdev t && "
		  "nft 'add chain netdev t out { type filter hook egress device %s priority 0; }'",
		  self->lower))
		SKIP(return, "this kernel has no nft egress hook");
	ASSERT_EQ(0, st_sh("nft add rule netdev t out counter drop"));
	is_dropped_and_counted(_metadata, s);
	EXPECT_EQ(0, st_sh("nft list chain netdev t out | grep -q 'counter packets 1 bytes'"));
	ASSERT_EQ(0, st_sh("nft delete table netdev t"));
	EXPECT_EQ(WAY_SHORT, way_of_sent(s));
}

/* Sending: what the lower is */

TEST_F(way, of_a_sent_frame_goes_through_a_qdisc_that_the_lower_is_given)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("tc qdisc add dev %s root pfifo limit 1000",
			   self->lower));
	EXPECT_EQ(WAY_LONG, way_of_sent(s));
	EXPECT_EQ(0, st_sh("tc -s qdisc show dev %s | grep -q 'Sent 100 bytes 1 pkt'",
			   self->lower));
	ASSERT_EQ(0, st_sh("tc qdisc del dev %s root", self->lower));
	EXPECT_EQ(WAY_SHORT, way_of_sent(s));
}

/* Make the lower again, with two queues, and attach it. */
static int two_queues(struct scene *s)
{
	int err = st_detach(s->control, s->port) ?: st_link_del(s->lower);

	if (err)
		return err;
	if (s->macvlan) {
		if (st_sh("ip link add link v0 name mv0 address 52:54:00:00:00:01 "
			  "numtxqueues 2 type macvlan mode bridge"))
			return -EIO;
		s->lower = st_ifindex("mv0");
		return st_attach(s->control, s->port, s->lower, 0);
	}
	if (st_sh("ip link add v0 numtxqueues 2 numrxqueues 2 type veth "
		  "peer name p0 numtxqueues 2 numrxqueues 2 &&"
		  "ip link set v0 up && ip link set p0 up"))
		return -EIO;
	s->lower = st_ifindex("v0");
	s->p0 = st_ifindex("p0");
	if (!st_wait_up(s->lower, SCENE_DEADLINE) ||
	    !st_wait_up(s->p0, SCENE_DEADLINE))
		return -ETIMEDOUT;
	return scene_peer(s) ?: st_attach(s->control, s->port, s->lower, 0);
}

TEST_F(way, of_a_sent_frame_has_the_queue_that_XPS_picks_if_there_are_two)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, two_queues(s));
	ASSERT_EQ(0, st_sh("printf %%x $(((1 << $(nproc)) - 1)) >/sys/class/net/%s/queues/tx-1/xps_cpus",
			   self->lower));
	EXPECT_EQ(WAY_LONG, way_of_sent(s));
	EXPECT_EQ(1, way_traced("queue_mapping=1 "));
	EXPECT_EQ(1, SCENE_STAT(s, tx_packets));
}

/* Receiving: who looks at the port */

TEST_F(way, of_a_received_frame_is_seen_by_a_packet_socket_on_the_port)
{
	struct scene *s = &self->s;
	int watch = st_packet_open(s->port, true);

	ASSERT_LE(0, watch);
	ASSERT_EQ(WAY_LONG, way_of_received(s));
	EXPECT_EQ(0, scene_seen(watch, s->port, s->number, PACKET_HOST));
	close(watch);
	EXPECT_EQ(WAY_SHORT, way_of_received(s));
	EXPECT_TRUE(SCENE_AWAIT(s, rx_packets, 2));
}

TEST_F(way, of_a_received_frame_is_seen_by_an_unbound_packet_socket)
{
	struct scene *s = &self->s;
	int watch = st_packet_open(0, true);

	ASSERT_LE(0, watch);
	ASSERT_EQ(WAY_LONG, way_of_received(s));
	EXPECT_EQ(0, scene_seen(watch, s->port, s->number, PACKET_HOST));
	close(watch);
	EXPECT_EQ(WAY_SHORT, way_of_received(s));
	EXPECT_TRUE(SCENE_AWAIT(s, rx_packets, 2));
}

/*
 * Let the peer send a frame that the port must drop.  A packet socket on v0
 * sees the frame before the port gets it, and its close waits until the kernel
 * has handled the frame (synchronize_net()).
 */
static void is_dropped_at_the_port(struct __test_metadata *_metadata,
				   struct scene *s)
{
	int witness = st_packet_open(s->v0, true);

	ASSERT_LE(0, witness);
	ASSERT_EQ(0, scene_peer_send(s));
	ASSERT_EQ(0, scene_seen(witness, s->v0, s->number, PACKET_OTHERHOST));
	close(witness);
	EXPECT_EQ(0, SCENE_STAT(s, rx_packets));
	EXPECT_EQ(0, st_readable(s->fd, 0));
}

TEST_F(way, of_a_received_frame_obeys_tc_on_the_port)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("tc qdisc add dev vm1 clsact && "
			   "tc filter add dev vm1 ingress matchall action drop"));
	is_dropped_at_the_port(_metadata, s);
	EXPECT_EQ(0, st_sh("tc -s filter show dev vm1 ingress | grep -q 'dropped 1,'"));
	ASSERT_EQ(0, st_sh("tc qdisc del dev vm1 clsact"));
	EXPECT_EQ(WAY_SHORT, way_of_received(s));
}

TEST_F(way, of_a_received_frame_obeys_tcx_on_the_port)
{
	struct scene *s = &self->s;
	int prog, link;

	prog = bpf_load(BPF_PROG_TYPE_SCHED_CLS, TC_ACT_SHOT);
	ASSERT_LE(0, prog);
	link = bpf_tcx_attach(s->port, BPF_HOOK_TCX_INGRESS, prog);
	if (link == -EINVAL)
		SKIP(return, "this kernel has no tcx");
	ASSERT_LE(0, link);
	is_dropped_at_the_port(_metadata, s);
	close(link);
	close(prog);
	EXPECT_EQ(WAY_SHORT, way_of_received(s));
}

TEST_F(way, of_a_received_frame_obeys_nft_on_the_port)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("nft add table netdev t && "
			   "nft 'add chain netdev t in { type filter hook ingress device vm1 priority 0; }' && "
			   "nft add rule netdev t in counter drop"));
	is_dropped_at_the_port(_metadata, s);
	EXPECT_EQ(0, st_sh("nft list chain netdev t in | grep -q 'counter packets 1 bytes'"));
	ASSERT_EQ(0, st_sh("nft delete table netdev t"));
	EXPECT_EQ(WAY_SHORT, way_of_received(s));
}

TEST_F(way, of_a_received_frame_obeys_XDP_on_the_port)
{
	int prog = bpf_load(BPF_PROG_TYPE_XDP, XDP_DROP);
	struct scene *s = &self->s;

	ASSERT_LE(0, prog);
	ASSERT_EQ(0, bpf_xdp_set(s->port, prog));
	is_dropped_at_the_port(_metadata, s);
	ASSERT_EQ(0, bpf_xdp_set(s->port, -1));
	close(prog);
	EXPECT_EQ(WAY_SHORT, way_of_received(s));
}

/*
 * The peer's kernel inserts the tag into the frame, or passes it beside the
 * frame as a NIC does that removes it.
 */
TEST_F(way, of_a_received_frame_leads_to_a_VLAN_device_on_the_port)
{
	const char *const offload[] = { "on", "off" };
	struct scene *s = &self->s;
	uint8_t frame[100];
	int from, to, i;

	ASSERT_EQ(0, st_sh("ip link add link vm1 name vm1.5 up type vlan id 5 && "
			   "ip link add link p0 name p0.5 up type vlan id 5"));
	from = st_packet_open(st_ifindex("p0.5"), false);
	to = st_packet_open(st_ifindex("vm1.5"), false);
	ASSERT_LE(0, from);
	ASSERT_LE(0, to);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, st_sh("ethtool -K p0 txvlan %s >/dev/null",
				   offload[i]));
		st_frame(frame, sizeof(frame), ST_MAC_PORT, ST_MAC_PEER, i);
		ASSERT_EQ(100, st_packet_send(from, st_ifindex("p0.5"), frame,
					      sizeof(frame)));
		EXPECT_EQ(0, scene_seen(to, st_ifindex("vm1.5"), i,
					PACKET_HOST));
	}
	EXPECT_EQ(0, SCENE_STAT(s, rx_packets));
	EXPECT_EQ(WAY_SHORT, way_of_received(s));
	close(from);
	close(to);
	ASSERT_EQ(0, st_sh("ip link del p0.5; ip link del vm1.5"));
}

/* A frame of a lower has been through RPS; the port's own setting is unused. */
TEST_F(way, of_a_received_frame_does_not_depend_on_RPS)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("for device in vm1 v0; do "
			   "printf %%x $(((1 << $(nproc)) - 1)) >/sys/class/net/$device/queues/rx-0/rps_cpus || exit 1; "
			   "done"));
	EXPECT_EQ(WAY_SHORT, way_of_received(s));
	EXPECT_TRUE(SCENE_AWAIT(s, rx_packets, 1));
}

/*
 * Lowers that are not a macvlan or veth
 */
FIXTURE(lower) {
	struct scene s;
};

FIXTURE_SETUP(lower)
{
	ASSERT_EQ(0, scene_new(&self->s, false, 1));
}

FIXTURE_TEARDOWN(lower)
{
	way_end();
	scene_end(&self->s);
}

/* A tun device is lockless, but normally has a queue. */
TEST_F(lower, with_a_queue_is_sent_to_the_long_way_even_without_a_qdisc)
{
	struct ifreq ifr = { .ifr_name = "t0",
			     .ifr_flags = IFF_TAP | IFF_NO_PI };
	struct scene *s = &self->s;
	uint8_t frame[256];
	ssize_t len;
	int tun;

	st_sh("modprobe tun");
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, tun);
	ASSERT_EQ(0, ioctl(tun, TUNSETIFF, &ifr));
	ASSERT_EQ(0, st_sh("ip link set t0 up && tc qdisc replace dev t0 root noqueue"));
	ASSERT_EQ(0, st_attach(s->control, s->port, st_ifindex("t0"), 0)) {
		TH_LOG("%s", st_msg);
	}
	WAY_BEGIN("t0");
	ASSERT_EQ(0, scene_write(s));
	EXPECT_EQ(1, way_long_sent());
	EXPECT_EQ(1, SCENE_STAT(s, tx_packets));
	ASSERT_EQ(1, st_readable(tun, SCENE_DEADLINE));
	len = read(tun, frame, sizeof(frame));
	EXPECT_EQ(s->number, st_frame_number(frame, len));
	close(tun);
}

static void loses_the_ports_queue(struct __test_metadata *_metadata,
				  struct scene *s, int way)
{
	EXPECT_EQ(way, way_of_sent(s));
	EXPECT_EQ(1, way_traced("net_dev_start_xmit: dev=vm2 queue_mapping=2 "));
	EXPECT_EQ(1, way_traced("netif_rx_entry: dev=p0 "));
	EXPECT_EQ(1, way_traced("queue_mapping=2 "));
}

/* A port can have several queues, and v0 and p0 have one. */
TEST_F(lower, with_one_queue_gets_into_it_the_frames_of_all_queues_of_the_port)
{
	struct scene *s = &self->s;
	int vm2, watch;

	ASSERT_EQ(0, st_sh("ip link add vm2 numtxqueues 3 up type stabletap && "
			   "printf %%x $(((1 << $(nproc)) - 1)) >/sys/class/net/vm2/queues/tx-2/xps_cpus"));
	vm2 = st_ifindex("vm2");
	close(s->fd);
	s->fd = st_port_open(s->control, vm2, 0);
	ASSERT_LE(0, s->fd);
	ASSERT_EQ(0, st_attach(s->control, vm2, s->v0, 0));
	WAY_BEGIN("v0");
	ASSERT_EQ(0, way_trace("net_dev_start_xmit", "vm2"));
	ASSERT_EQ(0, way_trace("netif_rx_entry", "p0"));
	loses_the_ports_queue(_metadata, s, WAY_SHORT);
	watch = st_packet_open(s->v0, true);
	ASSERT_LE(0, watch);
	loses_the_ports_queue(_metadata, s, WAY_LONG);
	close(watch);
}

/*
 * A VXLAN device routes its packets through the port that it is the lower of.
 * The kernel limits how deep transmits may be nested, and the frame that exceeds
 * the limit is counted by the port or, where tunnels have a lower limit of their
 * own, as on 7.3, by the VXLAN device.
 */
TEST_F(lower, that_leads_back_to_the_port_ends_at_the_kernels_limit)
{
	const char *dropped = "cd /sys/class/net && "
		"exit $(($(cat vm1/statistics/tx_dropped) + $(cat vx0/statistics/tx_errors)))";
	struct scene *s = &self->s;
	int64_t sent, sent_long;

	ASSERT_EQ(0, st_sh("ip addr add 10.9.9.1/24 dev vm1 && "
			   "ip neigh add 10.9.9.2 lladdr 52:54:00:00:00:02 dev vm1 && "
			   "ip link add vx0 mtu 1500 type vxlan id 7 local 10.9.9.1 remote 10.9.9.2 dstport 4789"));
	ASSERT_EQ(0, st_attach(s->control, s->port, st_ifindex("vx0"), 0)) {
		TH_LOG("%s", st_msg);
	}
	WAY_BEGIN("vx0");
	sent = SCENE_STAT(s, tx_packets);
	ASSERT_EQ(0, st_sh("%s", dropped));
	ASSERT_EQ(0, scene_write(s));
	sent = SCENE_STAT(s, tx_packets) - sent;
	sent_long = way_long_sent();
	EXPECT_LT(1, sent);
	EXPECT_GT(20, sent);
	EXPECT_GT(sent, sent_long);
	EXPECT_LE(0, sent_long);
	EXPECT_EQ(1, st_sh("%s", dropped));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->v0, 0));
	EXPECT_EQ(0, scene_flows(s));
}

TEST_HARNESS_MAIN
