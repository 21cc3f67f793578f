// SPDX-License-Identifier: GPL-2.0
/*
 * Several devices are deleted in one request; and a child is moved from port to
 * port under traffic.
 *
 *	fd0 -- vm0 -- mv0 \
 *	fd1 -- vm1 -- mv1 -- d0 (dummy)       vm* or mv* or both in group 7
 *	fd2 -- vm2 -- mv2 /
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"

#define PORTS 3
#define GROUP 7

FIXTURE(group) {
	int control;
	int d0;
	int port[PORTS];
	int child[PORTS];
	int fd[PORTS];
	struct stabletap_get get;
	struct stabletap_stats stats;
};

FIXTURE_VARIANT(group) {
	bool ports;	/* the ports are in the group */
	bool children;
	bool children_first;	/* created, and so deleted, first */
};

FIXTURE_VARIANT_ADD(group, ports_before_children) {
	.ports = true,
	.children = true,
};

FIXTURE_VARIANT_ADD(group, children_before_ports) {
	.ports = true,
	.children = true,
	.children_first = true,
};

FIXTURE_VARIANT_ADD(group, ports_alone) {
	.ports = true,
};

FIXTURE_VARIANT_ADD(group, children_alone) {
	.children = true,
};

static int set_group(int ifindex)
{
	char buf[256] = {};
	struct nlmsghdr *nlh = st_link_msg(buf, RTM_NEWLINK, 0, ifindex);

	mnl_attr_put_u32(nlh, IFLA_GROUP, GROUP);
	return st_talk(nlh, NULL, NULL);
}

static int delete_group(void)
{
	char buf[256] = {};
	struct nlmsghdr *nlh = st_link_msg(buf, RTM_DELLINK, 0, 0);

	mnl_attr_put_u32(nlh, IFLA_GROUP, GROUP);
	return st_talk(nlh, NULL, NULL);
}

static void name_mac(char *name, uint8_t *mac, const char *kind, int i)
{
	memcpy(mac, ST_MAC_PORT, 6);
	mac[5] += 0x80 + i;
	snprintf(name, IFNAMSIZ, "%s%d", kind, i);
}

FIXTURE_SETUP(group)
{
	char name[IFNAMSIZ];
	uint8_t mac[6];
	int step, i;

	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, self->d0);
	ASSERT_EQ(0, st_link_up(self->d0, true));
	for (step = 0; step < 2 * PORTS; step++) {
		i = step % PORTS;
		name_mac(name, mac, "vm", i);
		if ((step < PORTS) != variant->children_first) {
			self->port[i] = st_port_new(self->control, name, i, 1);
			ASSERT_LT(0, self->port[i]);
			continue;
		}
		name_mac(name, mac, "mv", i);
		self->child[i] = st_macvlan_add(name, self->d0, mac, 0);
		ASSERT_LT(0, self->child[i]);
	}
	for (i = 0; i < PORTS; i++) {
		ASSERT_EQ(0, st_attach(self->control, self->port[i],
				       self->child[i], 0));
		self->fd[i] = st_port_open(self->control, self->port[i], 0);
		ASSERT_LE(0, self->fd[i]);
		if (variant->ports)
			ASSERT_EQ(0, set_group(self->port[i]));
		if (variant->children)
			ASSERT_EQ(0, set_group(self->child[i]));
	}
}

FIXTURE_TEARDOWN(group)
{
	int i;

	for (i = 0; i < PORTS; i++)
		close(self->fd[i]);
	close(self->control);
}

TEST_F(group, goes_and_the_rest_still_works)
{
	uint8_t frame[60], mac[6], want[6];
	char name[IFNAMSIZ];
	struct ifreq ifr;
	int master, i;
	unsigned int flags;

	st_frame(frame, sizeof(frame), ST_BROADCAST, ST_MAC_PORT, 1);
	ASSERT_EQ(0, delete_group());
	for (i = 0; i < PORTS; i++) {
		/*
		 * As with tap: a write succeeds, TUNGETIFF fails with ENOLINK.
		 */
		EXPECT_EQ(sizeof(frame), st_fd_write(self->fd[i], frame,
						     sizeof(frame)));
		EXPECT_EQ(variant->ports ? -1 : 0,
			  ioctl(self->fd[i], TUNGETIFF, &ifr));
		if (variant->ports) {
			EXPECT_EQ(ENOLINK, errno);
			EXPECT_EQ(-ENODEV, st_get(self->control, self->port[i],
						  &self->get));
		} else {
			ASSERT_EQ(0, st_get(self->control, self->port[i],
					    &self->get));
			EXPECT_EQ(STABLETAP_REASON_LOWER_GONE,
				  self->get.detach_reason);
			EXPECT_EQ(0, self->get.lower);
			EXPECT_EQ(1, self->get.losses);
			ASSERT_EQ(0, st_stats(self->control, self->port[i],
					      &self->stats));
			EXPECT_EQ(1, self->stats.tx_detached);
		}
		name_mac(name, want, "mv", i);
		if (variant->children) {
			EXPECT_EQ(-ENODEV, st_ifindex(name));
			continue;
		}
		ASSERT_EQ(0, st_link_state(self->child[i], NULL, &flags, mac,
					   &master));
		EXPECT_EQ(0, master);
		EXPECT_EQ(0, memcmp(want, mac, 6));
		EXPECT_EQ(0, flags & (IFF_UP | IFF_SLAVE));
	}
	EXPECT_EQ(self->d0, st_ifindex("d0"));
}

/*
 * A child that is moved to another port by "master":
 *
 *	fd0 -- vm0 -.
 *	             mv0 -- v0 ==== p0 -- packet socket, sends all the time
 *	fd1 -- vm1 -'
 */
struct writer {
	int fd;
	bool *stop;
	uint8_t mac[6];
	uint64_t written;
	uint64_t failed;
};

static void *writer_run(void *arg)
{
	struct writer *writer = arg;
	uint8_t frame[60];
	uint32_t number = 0;

	while (!__atomic_load_n(writer->stop, __ATOMIC_RELAXED)) {
		st_frame(frame, sizeof(frame), ST_MAC_PEER, writer->mac,
			 number++);
		if (st_fd_write(writer->fd, frame, sizeof(frame)) ==
		    sizeof(frame))
			writer->written++;
		else
			writer->failed++;
	}
	return NULL;
}

FIXTURE(move) {
	int control;
	int port[2];
	int fd[2];
	int p0;
	int peer;
	int mv0;
	bool stop;
	struct writer writer[2];
	struct stabletap_get get;
	struct stabletap_stats stats;
	uint8_t frame[2048];
};

FIXTURE_SETUP(move)
{
	int i;

	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	ASSERT_EQ(0, st_veth_add("v0", "p0", -1));
	ASSERT_TRUE(st_wait_up(st_ifindex("v0"), ST_DEADLINE));
	self->p0 = st_ifindex("p0");
	ASSERT_TRUE(st_wait_up(self->p0, ST_DEADLINE));
	self->peer = st_packet_open(self->p0, false);
	ASSERT_LE(0, self->peer);
	for (i = 0; i < 2; i++) {
		self->port[i] = st_port_new(self->control, "vm%d", 4 + i, 1);
		ASSERT_LT(0, self->port[i]);
		self->fd[i] = st_port_open(self->control, self->port[i], 0);
		ASSERT_LE(0, self->fd[i]);
		memcpy(self->writer[i].mac, ST_MAC_PORT, 6);
		self->writer[i].mac[5] += 4 + i;
		self->writer[i].fd = self->fd[i];
		self->writer[i].stop = &self->stop;
	}
	self->mv0 = st_macvlan_add("mv0", st_ifindex("v0"), NULL, 0);
	ASSERT_LT(0, self->mv0);
}

FIXTURE_TEARDOWN(move)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->peer);
	close(self->control);
}

/* Numbers that no writer reaches */
#define OUTWARDS 0xfffffff1
#define INWARDS 0xfffffff2

/*
 * Returns true if a frame passes in each direction between a port and the peer.
 * Frames of the writers, and the port's own multicast, may arrive first.
 */
static bool passes(int fd, int peer, int p0, const uint8_t *mac)
{
	uint8_t frame[60], got[2048];
	ssize_t len;

	st_frame(frame, sizeof(frame), ST_MAC_PEER, mac, OUTWARDS);
	if (st_fd_write(fd, frame, sizeof(frame)) != sizeof(frame))
		return false;
	do {
		if (st_readable(peer, ST_DEADLINE) != 1)
			return false;
		len = read(peer, got, sizeof(got));
	} while (st_frame_number(got, len) != OUTWARDS);
	st_frame(frame, sizeof(frame), mac, ST_MAC_PEER, INWARDS);
	if (st_packet_send(peer, p0, frame, sizeof(frame)) != sizeof(frame))
		return false;
	do {
		if (st_readable(fd, ST_DEADLINE) != 1)
			return false;
		len = st_fd_read(fd, got, sizeof(got));
	} while (st_frame_number(got, len) != INWARDS);
	return true;
}

struct flow {
	int control;
	const int *port;
	uint64_t packets;
	uint64_t detached;
};

/*
 * Returns true if each writer has sent a frame since the counts in @arg: the
 * first port has transmitted one, the second has dropped one.  On a busy
 * machine a move can be over before a writer has run.
 */
static bool flows(void *arg)
{
	const struct flow *flow = arg;
	struct stabletap_stats on, off;

	return !st_stats(flow->control, flow->port[0], &on) &&
	       !st_stats(flow->control, flow->port[1], &off) &&
	       on.tx_packets > flow->packets &&
	       off.tx_detached > flow->detached;
}

TEST_F(move, a_child_goes_from_port_to_port_while_frames_flow)
{
	pthread_t thread[2];
	uint8_t got[2048];
	struct flow flow = { .control = self->control };
	int pair[2];
	int i;

	flow.port = pair;
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, writer_run,
					    &self->writer[i]));
	for (i = 0; i < 20; i++) {
		pair[0] = self->port[i % 2];
		pair[1] = self->port[1 - i % 2];
		EXPECT_EQ(0, st_link_master(self->mv0, pair[0]));
		ASSERT_EQ(0, st_get(self->control, pair[0], &self->get));
		EXPECT_EQ(self->mv0, self->get.lower);
		ASSERT_EQ(0, st_stats(self->control, pair[0], &self->stats));
		flow.packets = self->stats.tx_packets;
		ASSERT_EQ(0, st_get(self->control, pair[1], &self->get));
		EXPECT_EQ(0, self->get.lower);
		ASSERT_EQ(0, st_stats(self->control, pair[1], &self->stats));
		flow.detached = self->stats.tx_detached;
		/* Every fourth time the child is moved on at once. */
		if (i % 4)
			EXPECT_TRUE(st_wait(flows, &flow, ST_DEADLINE));
		st_frame(self->frame, 60, ST_BROADCAST, ST_MAC_PEER, i);
		st_packet_send(self->peer, self->p0, self->frame, 60);
		while (read(self->peer, got, sizeof(got)) > 0)
			;
	}
	__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, st_get(self->control, self->port[i], &self->get));
		EXPECT_EQ(0, self->writer[i].failed);
		EXPECT_EQ(10, self->get.attaches);
		ASSERT_EQ(0, st_stats(self->control, self->port[i],
				      &self->stats));
		EXPECT_EQ(self->writer[i].written, self->stats.tx_packets +
			  self->stats.tx_detached + self->stats.tx_lower);
	}
	EXPECT_TRUE(passes(self->fd[1], self->peer, self->p0,
			   self->writer[1].mac));
	ASSERT_EQ(0, st_link_master(self->mv0, self->port[0]));
	EXPECT_TRUE(passes(self->fd[0], self->peer, self->p0,
			   self->writer[0].mac));
}

TEST_HARNESS_MAIN
