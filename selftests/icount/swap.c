// SPDX-License-Identifier: GPL-2.0
/*
 * Planned replaces under full traffic both ways: nothing is lost, doubled or
 * reordered, and how late a frame can be.  The switch learns where the port is,
 * as a real one does, from the next frame that the guest sends.  That comes in
 * time, because here the clock does not run on while other processes of the host
 * have its processors.  ../soak/swap.c is the same with 10,000 replaces.
 * vm-timeout: 2400
 *
 *	fds or vhost-net -- vm1 --+-- v0 ==== s0 --+-- sw (bridge) -- w0 ==== w1
 *	                          +-- v1 ==== s1 --+                        |
 *	                   (or macvlans mv0, mv1 on v0, v1)           packet socket
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flow.h"
#include "harness.h"
#include "pair.h"
#include "st.h"

#ifndef ROUNDS
#define ROUNDS	1
#define REPLACES 40	/* in a round */
#define TIMEOUT	600
#endif

#define QUEUES	4	/* at most */
#define WINDOW	48	/* frames of a flow in flight; all fit into a ring */
#define FRAMES	2000000	/* of a flow in a round, at most */
#define STALL	(ST_DEADLINE * 1000000ULL)	/* ns */

struct swap {
	int control;
	int port;
	int lower[2];
	int w1;
	int wire;
	int queues;
	bool vhost;
	int fd[QUEUES];
	struct pair pair[QUEUES];
	/* To the wire, and to the port */
	struct flow up[QUEUES];
	struct flow down[QUEUES];
	uint8_t mac[QUEUES][6];		/* at the wire */
	uint64_t moved;			/* when a frame arrived last, ns */
};

static int add_lower(struct swap *swap, int i, bool macvlan)
{
	char v[8], s[8], name[8];

	snprintf(v, sizeof(v), "v%d", i);
	snprintf(s, sizeof(s), "s%d", i);
	snprintf(name, sizeof(name), "mv%d", i);
	if (st_veth_add(v, s, -1) || st_sh("ip link set %s master sw", s) ||
	    st_veth_in_order(v) || st_veth_in_order(s))
		return -EIO;
	swap->lower[i] = st_ifindex(v);
	if (!st_wait_up(swap->lower[i], ST_DEADLINE) ||
	    !st_wait_up(st_ifindex(s), ST_DEADLINE))
		return -ETIMEDOUT;
	if (!macvlan)
		return 0;
	swap->lower[i] = st_macvlan_add(name, swap->lower[i],
					(const uint8_t *)ST_MAC_PORT, 0);
	return swap->lower[i] < 0 ? swap->lower[i] :
				    st_link_up(swap->lower[i], true);
}

static int add_switch(struct swap *swap)
{
	if (st_sh("ip link add sw type bridge mcast_snooping 0 && "
		  "ip link set sw up") ||
	    st_veth_add("w0", "w1", -1) || st_sh("ip link set w0 master sw") ||
	    st_veth_in_order("w0") || st_veth_in_order("w1"))
		return -EIO;
	swap->w1 = st_ifindex("w1");
	if (!st_wait_up(swap->w1, ST_DEADLINE))
		return -ETIMEDOUT;
	swap->wire = st_packet_open(swap->w1, false);
	return swap->wire < 0 ? swap->wire : 0;
}

static int open_queue(struct swap *swap, int i)
{
	int err;

	memcpy(swap->mac[i], ST_MAC_PEER, 6);
	swap->mac[i][4] = i;
	if (swap->vhost)
		return pair_open(&swap->pair[i], swap->control, swap->port);
	swap->fd[i] = st_port_open(swap->control, swap->port, 0);
	err = swap->fd[i] < 0 ? swap->fd[i] : 0;
	return err;
}

static int flows_init(struct swap *swap)
{
	int err = 0, i;

	for (i = 0; i < swap->queues && !err; i++) {
		err = flow_init(&swap->up[i], swap->mac[i], ST_MAC_PORT,
				FRAMES);
		if (!err)
			err = flow_init(&swap->down[i], ST_MAC_PORT,
					swap->mac[i], FRAMES);
	}
	return err;
}

static void flows_free(struct swap *swap)
{
	int i;

	for (i = 0; i < swap->queues; i++) {
		flow_free(&swap->up[i]);
		flow_free(&swap->down[i]);
	}
}

/* ---- traffic, from one thread ---- */

static bool has_room(const struct flow *flow)
{
	return flow->next - flow->expected < WINDOW;
}

static int send_up(struct swap *swap, int i)
{
	uint8_t frame[FLOW_LEN];
	struct ring *tx;
	uint32_t used;
	ssize_t len;
	int err;

	if (!has_room(&swap->up[i]) || !flow_send(&swap->up[i], frame))
		return 0;
	if (!swap->vhost) {
		len = st_fd_write(swap->fd[i], frame, FLOW_LEN);
		return len < 0 ? len : 0;
	}
	tx = swap->pair[i].ring[TX];
	while (ring_ready(tx)) {
		err = ring_take(tx, &used);
		if (err < 0)
			return err;
	}
	err = pair_send(&swap->pair[i], frame, FLOW_LEN);
	if (!err)
		ring_kick(tx);
	return err;
}

static int send_down(struct swap *swap, int i)
{
	uint8_t frame[FLOW_LEN];
	ssize_t len;

	if (!has_room(&swap->down[i]) || !flow_send(&swap->down[i], frame))
		return 0;
	len = st_packet_send(swap->wire, swap->w1, frame, FLOW_LEN);
	return len < 0 ? len : 0;
}

static void note(struct swap *swap, struct flow *flows, const uint8_t *frame,
		 size_t len)
{
	int i;

	for (i = 0; i < swap->queues; i++)
		flow_receive(&flows[i], frame, len);
	swap->moved = st_now();
}

static void receive(struct swap *swap, int i)
{
	uint8_t frame[PAIR_BUFFER];
	ssize_t len;

	while ((len = read(swap->wire, frame, sizeof(frame))) > 0)
		note(swap, swap->up, frame, len);
	while (!swap->vhost &&
	       (len = st_fd_read(swap->fd[i], frame, sizeof(frame))) > 0)
		note(swap, swap->down, frame, len);
	while (swap->vhost && ring_ready(swap->pair[i].ring[RX])) {
		len = pair_receive(&swap->pair[i], frame, sizeof(frame));
		note(swap, swap->down, frame, len);
	}
}

static bool is_under_way(const struct swap *swap)
{
	int i;

	for (i = 0; i < swap->queues; i++)
		if (swap->up[i].expected < swap->up[i].next ||
		    swap->down[i].expected < swap->down[i].next)
			return true;
	return false;
}

/* Take what is under way.  The port chooses the queue of a received frame. */
static void drain(struct swap *swap)
{
	int i;

	do {
		for (i = 0; i < swap->queues; i++)
			receive(swap, i);
		sched_yield();
	} while (is_under_way(swap) && st_now() - swap->moved < STALL);
}

/* Send and receive until @done; a window that is not refilled is an error. */
static int run(struct swap *swap, const bool *done)
{
	int err = 0, i;

	swap->moved = st_now();
	while (!err && !__atomic_load_n(done, __ATOMIC_ACQUIRE)) {
		for (i = 0; i < swap->queues && !err; i++) {
			err = send_up(swap, i);
			if (!err)
				err = send_down(swap, i);
			receive(swap, i);
		}
		if (st_now() - swap->moved > STALL)
			err = -ETIMEDOUT;
	}
	drain(swap);
	return err;
}

/* ---- the other thread: replaces, or none for as long as some take ---- */

struct replacer {
	struct swap *swap;
	int replaces;
	bool done;
	int err;
};

static void *replacer_run(void *arg)
{
	struct replacer *replacer = arg;
	struct swap *swap = replacer->swap;
	int i;

	if (!replacer->replaces)
		sleep(1);
	for (i = 1; i <= replacer->replaces && !replacer->err; i++)
		replacer->err = st_attach(swap->control, swap->port,
					  swap->lower[i % 2],
					  STABLETAP_ATTACH_REPLACE);
	__atomic_store_n(&replacer->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static int run_while(struct swap *swap, int replaces)
{
	struct replacer replacer = { .swap = swap, .replaces = replaces };
	pthread_t thread;
	int err;

	err = -pthread_create(&thread, NULL, replacer_run, &replacer);
	if (err)
		return err;
	err = run(swap, &replacer.done);
	pthread_join(thread, NULL);
	return replacer.err ?: err;
}

/* ---- the result ---- */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The delay that all but one in 10,000 frames keep, both ways, us */
static double late(const struct swap *swap)
{
	const struct flow *flow;
	uint64_t *delay, all = 0;
	double us;
	uint32_t n;
	int i;

	for (i = 0; i < 2 * swap->queues; i++)
		all += i % 2 ? swap->up[i / 2].next : swap->down[i / 2].next;
	delay = calloc(all, sizeof(*delay));
	if (!delay)
		return -1;
	all = 0;
	for (i = 0; i < 2 * swap->queues; i++) {
		flow = i % 2 ? &swap->up[i / 2] : &swap->down[i / 2];
		for (n = 0; n < flow->next; n++)
			delay[all++] = flow->frame[n].delay;
	}
	qsort(delay, all, sizeof(*delay), compare);
	us = all ? delay[all * 9999 / 10000] / 1e3 : 0;
	free(delay);
	return us;
}

static void expect_perfect(struct __test_metadata *_metadata,
			   const struct flow *flow, const char *what, int i)
{
	struct flow_sum sum = flow_sum(flow, 0, flow->next);

	EXPECT_EQ(0, sum.lost + sum.doubled + sum.reordered) {
		TH_LOG("%s %d: of %u frames %u lost, %u doubled, %u reordered",
		       what, i, sum.sent, sum.lost, sum.doubled, sum.reordered);
	}
}

static void expect_all_perfect(struct __test_metadata *_metadata,
			       const struct swap *swap)
{
	int i;

	for (i = 0; i < swap->queues; i++) {
		expect_perfect(_metadata, &swap->up[i], "sent", i);
		expect_perfect(_metadata, &swap->down[i], "received", i);
	}
}

/* Where frames of this round were dropped */
static void log_drops(struct __test_metadata *_metadata, struct swap *swap,
		      const struct stabletap_stats *before)
{
	struct stabletap_stats now;

	if (st_stats(swap->control, swap->port, &now))
		return;
	TH_LOG("the port dropped %llu (inactive), %llu (ring), %llu (no reader), %llu (lower)",
	       (unsigned long long)(now.rx_inactive - before->rx_inactive),
	       (unsigned long long)(now.rx_ring - before->rx_ring),
	       (unsigned long long)(now.rx_no_reader - before->rx_no_reader),
	       (unsigned long long)(now.tx_lower - before->tx_lower));
}

FIXTURE(swap) {
	struct swap s;
};

FIXTURE_VARIANT(swap) {
	bool macvlan;
	bool vhost;
	int queues;
};

#define VARIANT(name, is_macvlan, is_vhost, number)			\
	FIXTURE_VARIANT_ADD(swap, name) {				\
		.macvlan = is_macvlan, .vhost = is_vhost,		\
		.queues = number,					\
	}

VARIANT(direct_fd, false, false, 1);
VARIANT(direct_vhost, false, true, 1);
VARIANT(direct_fd_4_queues, false, false, 4);
VARIANT(direct_vhost_4_queues, false, true, 4);
VARIANT(macvlan_fd, true, false, 1);
VARIANT(macvlan_vhost_4_queues, true, true, 4);

FIXTURE_SETUP(swap)
{
	struct swap *s = &self->s;
	int i;

	s->queues = variant->queues;
	s->vhost = variant->vhost;
	ASSERT_EQ(0, st_netns_new());
	ASSERT_EQ(0, st_sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1"));
	s->control = st_control_open();
	ASSERT_LE(0, s->control);
	s->port = st_port_new(s->control, "vm1", 0, s->queues);
	ASSERT_LT(0, s->port);
	ASSERT_EQ(0, add_switch(s));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, add_lower(s, i, variant->macvlan));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->lower[0], 0));
	for (i = 0; i < s->queues; i++)
		ASSERT_EQ(0, open_queue(s, i));
}

FIXTURE_TEARDOWN(swap)
{
	int i;

	for (i = 0; i < self->s.queues; i++)
		if (self->s.vhost)
			pair_close(&self->s.pair[i]);
		else
			close(self->s.fd[i]);
	close(self->s.wire);
	close(self->s.control);
}

TEST_F_TIMEOUT(swap, loses_doubles_and_reorders_nothing, TIMEOUT)
{
	struct swap *s = &self->s;
	struct stabletap_stats before;
	double idle, swapping = 0;
	uint64_t frames = 0;
	int round, i;

	ASSERT_EQ(0, flows_init(s));
	EXPECT_EQ(0, run_while(s, 0));
	expect_all_perfect(_metadata, s);
	idle = late(s);
	flows_free(s);
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, flows_init(s));
		ASSERT_EQ(0, st_stats(s->control, s->port, &before));
		EXPECT_EQ(0, run_while(s, REPLACES));
		expect_all_perfect(_metadata, s);
		for (i = 0; i < s->queues; i++)
			frames += s->up[i].next + s->down[i].next;
		if (_metadata->exit_code != KSFT_PASS)
			log_drops(_metadata, s, &before);
		swapping = late(s);
		flows_free(s);
	}
	TH_LOG("%llu frames across %d replaces; one in 10,000 took longer than %.0f us, without replaces %.0f us",
	       (unsigned long long)frames, ROUNDS * REPLACES, swapping, idle);
}

TEST_HARNESS_MAIN
