// SPDX-License-Identifier: GPL-2.0
/*
 * Several queues of one port: their number, the flows of each queue, and
 * closing a queue.
 *
 *	fd 0 .. n -- vm1 -- v0 ==== p0 -- packet socket
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"

#define QUEUES 4
#define FLOWS 64
#define FLOW_LEN 80

FIXTURE(queues) {
	struct scene s;		/* its fd is queue 0 */
	int fd[QUEUES];
};

FIXTURE_SETUP(queues)
{
	struct scene *s = &self->s;
	int i;

	ASSERT_EQ(0, scene_new(s, false, QUEUES));
	ASSERT_EQ(0, scene_attach(s));
	self->fd[0] = s->fd;
	for (i = 1; i < QUEUES; i++) {
		self->fd[i] = st_port_open(s->control, s->port, 0);
		ASSERT_LE(0, self->fd[i]);
	}
}

FIXTURE_TEARDOWN(queues)
{
	int i;

	for (i = 1; i < QUEUES; i++)
		if (self->fd[i] >= 0)
			close(self->fd[i]);
	scene_end(&self->s);
}

/* Send a UDP datagram of flow @flow; @turn numbers the datagrams. */
static int flow_send(struct scene *s, int flow, uint8_t turn)
{
	uint8_t frame[FLOW_LEN] = {};
	struct iphdr *ip = (struct iphdr *)(frame + ETH_HLEN);
	struct udphdr *udp = (struct udphdr *)(ip + 1);

	memcpy(frame, ST_MAC_PORT, 6);
	memcpy(frame + 6, ST_MAC_PEER, 6);
	frame[12] = 0x08;
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(FLOW_LEN - ETH_HLEN);
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = htonl(0x0a000001);
	ip->daddr = htonl(0x0a000002);
	udp->source = htons(1000 + flow);
	udp->dest = htons(4321);
	udp->len = htons(FLOW_LEN - ETH_HLEN - sizeof(*ip));
	frame[FLOW_LEN - 1] = turn;
	return st_packet_send(s->peer, s->p0, frame, FLOW_LEN) == FLOW_LEN ?
	       0 : -EIO;
}

/* Read all frames of an fd and count them by flow.  Returns their number. */
static int flows_read(int fd, int count[FLOWS])
{
	uint8_t frame[256];
	int total = 0, flow;

	while (st_fd_read(fd, frame, sizeof(frame)) == FLOW_LEN) {
		flow = (frame[34] << 8 | frame[35]) - 1000;
		if (flow < 0 || flow >= FLOWS)
			return -EPROTO;
		count[flow]++;
		total++;
	}
	return total;
}

static int flows_send(struct scene *s, int turns)
{
	uint64_t before = SCENE_STAT(s, rx_packets);
	int turn, flow;

	for (turn = 0; turn < turns; turn++)
		for (flow = 0; flow < FLOWS; flow++)
			if (flow_send(s, flow, turn))
				return -EIO;
	return SCENE_AWAIT(s, rx_packets, before + turns * FLOWS) ?
	       0 : -ETIMEDOUT;
}

TEST_F(queues, flows_spread_over_all_queues_and_each_stays_in_one)
{
	int count[QUEUES][FLOWS] = {}, queue, flow, queues_of_flow;

	ASSERT_EQ(0, flows_send(&self->s, 3));
	for (queue = 0; queue < QUEUES; queue++) {
		EXPECT_LT(0, flows_read(self->fd[queue], count[queue]));
	}
	for (flow = 0; flow < FLOWS; flow++) {
		queues_of_flow = 0;
		for (queue = 0; queue < QUEUES; queue++) {
			if (!count[queue][flow])
				continue;
			queues_of_flow++;
			EXPECT_EQ(3, count[queue][flow]);
		}
		EXPECT_EQ(1, queues_of_flow);
	}
}

TEST_F(queues, each_queue_writes)
{
	struct scene *s = &self->s;
	int i;

	for (i = 0; i < QUEUES; i++) {
		s->fd = self->fd[i];
		EXPECT_EQ(0, scene_send(s));
	}
	s->fd = self->fd[0];
	EXPECT_EQ(QUEUES, SCENE_STAT(s, tx_packets));
}

static int queue_set(int fd, bool attach)
{
	struct ifreq ifr = {
		.ifr_flags = attach ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE,
	};

	return ioctl(fd, TUNSETQUEUE, &ifr) ? -errno : 0;
}

TEST_F(queues, a_disabled_queue_gets_no_flows_until_it_is_enabled)
{
	struct scene *s = &self->s;
	int count[FLOWS] = {}, i;

	for (i = 1; i < QUEUES; i++)
		ASSERT_EQ(0, queue_set(self->fd[i], false));
	EXPECT_EQ(QUEUES, scene_get(s)->open_queues);
	ASSERT_EQ(0, flows_send(s, 1));
	EXPECT_EQ(FLOWS, flows_read(self->fd[0], count));
	for (i = 1; i < QUEUES; i++) {
		EXPECT_EQ(0, flows_read(self->fd[i], count));
	}

	/* While detached: QEMU does this on a command of the guest. */
	ASSERT_EQ(0, st_detach(s->control, s->port));
	for (i = 1; i < QUEUES; i++)
		ASSERT_EQ(0, queue_set(self->fd[i], true));
	ASSERT_EQ(0, scene_attach(s));
	ASSERT_EQ(0, flows_send(s, 1));
	for (i = 0; i < QUEUES; i++) {
		EXPECT_LT(0, flows_read(self->fd[i], count));
	}
}

TEST_F(queues, no_more_opens_than_queues_and_a_close_frees_a_place)
{
	struct scene *s = &self->s;

	EXPECT_EQ(-EBUSY, st_port_open(s->control, s->port, 0));
	/* A disabled queue holds its place. */
	ASSERT_EQ(0, queue_set(self->fd[3], false));
	EXPECT_EQ(-EBUSY, st_port_open(s->control, s->port, 0));
	close(self->fd[3]);
	EXPECT_EQ(QUEUES - 1, scene_get(s)->open_queues);
	self->fd[3] = st_port_open(s->control, s->port, 0);
	EXPECT_LE(0, self->fd[3]);
	EXPECT_EQ(-EBUSY, st_port_open(s->control, s->port, 0));
}

TEST_F(queues, another_process_can_not_take_flows_away)
{
	struct scene *s = &self->s;
	int count[FLOWS] = {}, status, total = 0, i;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(st_port_open(s->control, s->port, 0) == -EBUSY ? 0 : 1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(QUEUES, scene_get(s)->open_queues);
	ASSERT_EQ(0, flows_send(s, 1));
	for (i = 0; i < QUEUES; i++)
		total += flows_read(self->fd[i], count);
	EXPECT_EQ(FLOWS, total);
}

TEST_F(queues, a_closed_queues_flows_go_to_the_others)
{
	struct scene *s = &self->s;
	int count[FLOWS] = {}, total = 0, i;

	close(self->fd[2]);
	self->fd[2] = -1;
	ASSERT_EQ(0, flows_send(s, 1));
	for (i = 0; i < QUEUES; i++)
		if (i != 2)
			total += flows_read(self->fd[i], count);
	EXPECT_EQ(FLOWS, total);
	EXPECT_EQ(0, SCENE_STAT(s, rx_no_reader));
}

FIXTURE(many) {
	int control;
};

FIXTURE_SETUP(many)
{
	struct rlimit limit = { 1024, 4096 };

	ASSERT_EQ(0, st_netns_new());
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
}

FIXTURE_TEARDOWN(many)
{
	close(self->control);
}

/*
 * Slow: the tap core waits for RCU readers when each of 257 queues is closed.
 */
TEST_F(many, a_port_can_have_256_queues_and_no_more)
{
	static int fd[STABLETAP_MAX_QUEUES];
	struct stabletap_get get;
	int port, i;

	EXPECT_EQ(-EINVAL, st_port_new(self->control, "vm2", 0,
				       STABLETAP_MAX_QUEUES + 1));
	port = st_port_new(self->control, "vm1", 0, STABLETAP_MAX_QUEUES);
	ASSERT_LT(0, port);
	for (i = 0; i < STABLETAP_MAX_QUEUES; i++) {
		fd[i] = st_port_open(self->control, port, 0);
		ASSERT_LE(0, fd[i]) {
			TH_LOG("open number %d", i);
		}
	}
	EXPECT_EQ(-EBUSY, st_port_open(self->control, port, 0));
	ASSERT_EQ(0, st_get(self->control, port, &get));
	EXPECT_EQ(STABLETAP_MAX_QUEUES, get.open_queues);
	EXPECT_EQ(STABLETAP_MAX_QUEUES, get.queues);
	close(fd[77]);
	fd[77] = st_port_open(self->control, port, 0);
	EXPECT_LE(0, fd[77]);
}

TEST_F(many, a_port_has_one_queue_unless_told)
{
	struct stabletap_get get;
	int port, fd;

	port = st_port_new(self->control, "vm1", 0, 0);
	ASSERT_LT(0, port);
	ASSERT_EQ(0, st_get(self->control, port, &get));
	EXPECT_EQ(1, get.queues);
	fd = st_port_open(self->control, port, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBUSY, st_port_open(self->control, port, 0));
	close(fd);
}

TEST_HARNESS_MAIN
