// SPDX-License-Identifier: GPL-2.0
/*
 * A lower that an attach has opened is closed again when it is released, but
 * not before it has sent what waits in its queue.
 *
 *	fd -- vm1 --+-- v0 (down; netem: each frame waits) ==== p0 -- socket
 *	            +-- v1 (down; netem)                   ==== p1 -- socket
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "rtnl.h"
#include "scene.h"
#include "st.h"

#define FRAMES	200
#define REPLACES 100

FIXTURE(release) {
	struct scene s;
	int v[2];
	int p[2];
	int peer[2];
};

/* A delay in ms that no test waits for */
#define NEVER 100000

static int add_lower(FIXTURE_DATA(release) *self, int i)
{
	char v[IFNAMSIZ], p[IFNAMSIZ];
	int err;

	snprintf(v, sizeof(v), "v%d", i);
	snprintf(p, sizeof(p), "p%d", i);
	err = st_veth_add(v, p, -1);
	if (err)
		return err;
	self->v[i] = st_ifindex(v);
	self->p[i] = st_ifindex(p);
	self->peer[i] = st_packet_open(self->p[i], false);
	if (self->peer[i] < 0)
		return self->peer[i];
	/* The far end stays up, but has no carrier while v is down. */
	return st_link_up(self->v[i], false);
}

static int delay(const char *device, int ms)
{
	return st_sh("tc qdisc replace dev %s root netem delay %dms limit 100000",
		     device, ms);
}

FIXTURE_SETUP(release)
{
	int i, size = 1 << 24;

	ASSERT_EQ(0, scene_new_port(&self->s, false, 1));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, add_lower(self, i));
		ASSERT_EQ(0, setsockopt(self->peer[i], SOL_SOCKET,
					SO_RCVBUFFORCE, &size, sizeof(size)));
	}
	ASSERT_EQ(0, delay("v0", 100));
	ASSERT_EQ(0, delay("v1", 100));
}

FIXTURE_TEARDOWN(release)
{
	scene_end(&self->s);
}

static bool is_up(int ifindex)
{
	unsigned int flags = 0;

	return !st_link_state(ifindex, NULL, &flags, NULL, NULL) &&
	       flags & IFF_UP;
}

static bool is_down(void *ifindex)
{
	return !is_up(*(int *)ifindex);
}

/* Attach, and wait until the lower's queue takes frames. */
#define ATTACH(i) do {							\
	ASSERT_EQ(0, st_attach(self->s.control, self->s.port,		\
			       self->v[i], STABLETAP_ATTACH_REPLACE));	\
	ASSERT_TRUE(st_wait_up(self->v[i], ST_DEADLINE));		\
} while (0)

#define WRITE(count) do {						\
	int _i;								\
									\
	for (_i = 0; _i < (count); _i++)				\
		ASSERT_EQ(0, scene_write(&self->s));			\
} while (0)

/* Read what has arrived at a peer, until it is @count or nothing comes. */
static int arrived(int peer, int count, int patience_ms)
{
	uint8_t frame[256];
	int n = 0;

	while (n < count && st_readable(peer, patience_ms) == 1)
		n += st_frame_number(frame, read(peer, frame,
						 sizeof(frame))) >= 0;
	return n;
}

#define ARRIVED(i, count) arrived(self->peer[i], count, ST_DEADLINE)
/* Those that are still on their way */
#define LATER(i) arrived(self->peer[i], FRAMES, 300)

TEST_F(release, by_detach_sends_what_waits_and_closes_the_lower)
{
	ATTACH(0);
	WRITE(FRAMES);
	ASSERT_EQ(0, st_detach(self->s.control, self->s.port));
	/* The ioctl has waited. */
	EXPECT_FALSE(is_up(self->v[0]));
	EXPECT_EQ(FRAMES, ARRIVED(0, FRAMES));
	EXPECT_EQ(FRAMES, SCENE_STAT(&self->s, tx_packets));
	EXPECT_EQ(0, SCENE_STAT(&self->s, tx_purged));
}

TEST_F(release, by_replace_sends_what_waits_and_closes_the_lower)
{
	ATTACH(0);
	WRITE(FRAMES);
	ASSERT_EQ(0, st_attach(self->s.control, self->s.port, self->v[1],
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_FALSE(is_up(self->v[0]));
	EXPECT_EQ(FRAMES, ARRIVED(0, FRAMES));
	EXPECT_EQ(0, SCENE_STAT(&self->s, tx_purged));
}

/* rtnetlink can't wait: the caller holds the kernel's lock. */
TEST_F(release, by_rtnetlink_returns_at_once_and_closes_the_lower_later)
{
	int master = -1;

	ATTACH(0);
	/* Long enough for a slow machine, and less than a second */
	ASSERT_EQ(0, delay("v0", 800));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	ASSERT_EQ(0, st_link_state(self->v[0], NULL, NULL, NULL, &master));
	EXPECT_EQ(0, master);
	EXPECT_TRUE(is_up(self->v[0]));
	EXPECT_EQ(FRAMES, ARRIVED(0, FRAMES));
	EXPECT_TRUE(st_wait(is_down, &self->v[0], ST_DEADLINE));
	EXPECT_EQ(0, SCENE_STAT(&self->s, tx_purged));
}

TEST_F(release, by_the_ports_deletion_sends_what_waits)
{
	ATTACH(0);
	WRITE(FRAMES);
	ASSERT_EQ(0, st_port_delete(self->s.control, self->s.port,
				    STABLETAP_DELETE_FORCE));
	EXPECT_FALSE(is_up(self->v[0]));
	EXPECT_EQ(FRAMES, ARRIVED(0, FRAMES));
}

TEST_F(release, by_ip_link_del_of_the_port_sends_what_waits)
{
	ATTACH(0);
	/* Long enough for a slow machine, and less than a second */
	ASSERT_EQ(0, delay("v0", 800));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_del(self->s.port));
	EXPECT_TRUE(is_up(self->v[0]));
	EXPECT_EQ(FRAMES, ARRIVED(0, FRAMES));
	EXPECT_TRUE(st_wait(is_down, &self->v[0], ST_DEADLINE));
}

TEST_F(release, of_two_lowers_of_a_deleted_port_sends_what_waits)
{
	ATTACH(0);
	ASSERT_EQ(0, delay("v0", 400));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	ATTACH(1);
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_del(self->s.port));
	EXPECT_EQ(FRAMES, ARRIVED(0, FRAMES));
	EXPECT_EQ(FRAMES, ARRIVED(1, FRAMES));
	EXPECT_TRUE(st_wait(is_down, &self->v[0], ST_DEADLINE));
	EXPECT_TRUE(st_wait(is_down, &self->v[1], ST_DEADLINE));
}

TEST_F(release, waits_a_second_at_most_and_counts_what_it_cuts)
{
	uint64_t begin;

	ATTACH(0);
	ASSERT_EQ(0, delay("v0", NEVER));
	WRITE(FRAMES);
	begin = st_now();
	ASSERT_EQ(0, st_detach(self->s.control, self->s.port));
	EXPECT_LE(1000000000, st_now() - begin);
	EXPECT_GT(10000000000, st_now() - begin);
	EXPECT_FALSE(is_up(self->v[0]));
	EXPECT_EQ(FRAMES, SCENE_STAT(&self->s, tx_packets));
	EXPECT_EQ(FRAMES, SCENE_STAT(&self->s, tx_purged));
	EXPECT_EQ(0, LATER(0));
}

/* The wait is not made under RTNL: another device can be changed meanwhile. */
TEST_F(release, does_not_hold_up_other_devices)
{
	uint64_t begin;

	ATTACH(0);
	ASSERT_EQ(0, delay("v0", NEVER));
	WRITE(1);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	begin = st_now();
	ASSERT_LT(0, st_link_add("d0", "dummy", 0));
	EXPECT_GT(500000000, st_now() - begin);
	EXPECT_TRUE(is_up(self->v[0]));
}

TEST_F(release, ends_when_the_lower_is_attached_again)
{
	ATTACH(0);
	ASSERT_EQ(0, delay("v0", 400));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	ASSERT_EQ(0, st_attach(self->s.control, self->s.port, self->v[0], 0));
	WRITE(1);
	EXPECT_EQ(FRAMES + 1, ARRIVED(0, FRAMES + 1));
	/* Nothing of the first release closes it now. */
	usleep(1200000);
	EXPECT_TRUE(is_up(self->v[0]));
	ASSERT_EQ(0, st_detach(self->s.control, self->s.port));
	EXPECT_FALSE(is_up(self->v[0]));
	EXPECT_EQ(0, SCENE_STAT(&self->s, tx_purged));
}

/* How often the far end has lost its carrier: when v was closed */
static int carrier_losses(int i)
{
	char path[64];
	int losses = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/p%d/carrier_down_count", i);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%d", &losses) != 1)
		losses = -EIO;
	fclose(file);
	return losses;
}

/* Replace @i by the other one and back.  Returns how long that took, in ms. */
static int there_and_back(FIXTURE_DATA(release) *self, int i)
{
	uint64_t begin = st_now();
	int err;

	err = st_attach(self->s.control, self->s.port, self->v[!i],
			STABLETAP_ATTACH_REPLACE);
	if (!err)
		err = st_attach(self->s.control, self->s.port, self->v[i],
				STABLETAP_ATTACH_REPLACE);
	return err ? err : (st_now() - begin) / 1000000;
}

/* The port receives through both lowers of a replace for 60 ms. */
TEST_F(release, does_not_close_a_lower_that_comes_back_meanwhile)
{
	int losses, took, tries = 0;

	ATTACH(0);
	ASSERT_EQ(0, fcntl(self->s.control, F_SETFL, O_NONBLOCK));
	do {
		losses = carrier_losses(0);
		ASSERT_LE(0, losses);
		took = there_and_back(self, 0);
		ASSERT_LE(0, took);
	} while (took > 50 && ++tries < 20);
	if (took > 50 && slowness() > 1)
		SKIP(return, "this kernel takes longer for two replaces");
	ASSERT_GE(50, took);
	EXPECT_EQ(losses, carrier_losses(0));
	/* Nothing of the first replace closes it now. */
	usleep(1200000);
	EXPECT_EQ(losses, carrier_losses(0));
	EXPECT_FALSE(is_up(self->v[1]));
	ASSERT_EQ(0, fcntl(self->s.control, F_SETFL, 0));
	ASSERT_EQ(0, st_detach(self->s.control, self->s.port));
	EXPECT_FALSE(is_up(self->v[0]));
}

/* The lower was about to come back, but the attach was refused. */
TEST_F(release, closes_a_lower_whose_return_is_refused)
{
	ATTACH(0);
	ASSERT_EQ(0, fcntl(self->s.control, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, st_attach(self->s.control, self->s.port, self->v[1],
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_EQ(-EINVAL, st_attach(self->s.control, self->s.port, self->v[0],
				     STABLETAP_ATTACH_REPLACE |
				     STABLETAP_ATTACH_PROMISC |
				     STABLETAP_ATTACH_FILTER));
	EXPECT_TRUE(st_wait(is_down, &self->v[0], ST_DEADLINE));
	EXPECT_TRUE(is_up(self->v[1]));
}

TEST_F(release, ends_when_another_port_attaches_the_lower)
{
	int vm2 = st_port_new(self->s.control, "vm2", 2, 1);

	ASSERT_LT(0, vm2);
	ATTACH(0);
	ASSERT_EQ(0, delay("v0", 400));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	ASSERT_EQ(0, st_attach(self->s.control, vm2, self->v[0], 0));
	EXPECT_EQ(FRAMES, ARRIVED(0, FRAMES));
	ASSERT_EQ(0, st_detach(self->s.control, vm2));
	EXPECT_FALSE(is_up(self->v[0]));
}

/*
 * An attach that fails after it has taken over a draining lower ends that
 * release, and begins another one.  It fails because the port has a new MAC
 * address by then, which another macvlan has too.
 *
 *	fd -- vm1 --+-- mv0 (netem) --+-- v0 ==== p0
 *	            |         rival --+
 *	            +-- v1 ==== p1 -- socket
 */
static const uint8_t new_mac[6] = { 0x52, 0x54, 0, 0, 0, 0x99 };

/* Returns mv0, or a negative errno. */
static int add_rivals(FIXTURE_DATA(release) *self)
{
	int mv0, rival, err;

	err = st_link_up(self->v[0], true);
	if (err)
		return err;
	mv0 = st_macvlan_add("mv0", self->v[0], NULL, 0);
	if (mv0 < 0)
		return mv0;
	rival = st_macvlan_add("rival", self->v[0], new_mac, 0);
	err = rival < 0 ? rival : st_link_up(rival, true);
	if (!err && delay("mv0", NEVER))
		err = -EIO;
	return err ? err : mv0;
}

/* Attach mv0, and let it have frames. */
#define ATTACH_RIVAL(mv0) do {						\
	ASSERT_EQ(0, st_link_mac(self->s.port,				\
				 (const uint8_t *)ST_MAC_PORT));	\
	ASSERT_EQ(0, st_attach(self->s.control, self->s.port, mv0,	\
			       STABLETAP_ATTACH_REPLACE));		\
	ASSERT_TRUE(st_wait_up(mv0, ST_DEADLINE));			\
	WRITE(FRAMES);							\
} while (0)

/*
 * Both tests repeat until mv0 was still draining when the attach failed: only
 * then it is up afterwards.
 */
TEST_F(release, is_completed_by_an_attach_that_fails)
{
	const uint64_t start = st_now();
	int mv0 = add_rivals(self);
	bool hit;

	ASSERT_LT(0, mv0);
	/* Otherwise the ioctl waits until mv0 is down. */
	ASSERT_EQ(0, fcntl(self->s.control, F_SETFL, O_NONBLOCK));
	do {
		ATTACH_RIVAL(mv0);
		ASSERT_EQ(0, st_detach(self->s.control, self->s.port));
		ASSERT_EQ(0, st_link_mac(self->s.port, new_mac));
		ASSERT_EQ(-EADDRINUSE, st_attach(self->s.control, self->s.port,
						 mv0, 0));
		hit = is_up(mv0);
		ASSERT_TRUE(st_wait(is_down, &mv0, ST_DEADLINE));
	} while (!hit && st_now() - start < ST_DEADLINE * 1000000ULL);
	EXPECT_TRUE(hit);
	EXPECT_EQ(0, scene_get(&self->s)->lower);
}

TEST_F(release, is_completed_by_a_replace_that_fails)
{
	const uint64_t start = st_now();
	int mv0 = add_rivals(self), i;
	uint64_t received;
	bool hit;

	ASSERT_LT(0, mv0);
	ASSERT_EQ(0, fcntl(self->s.control, F_SETFL, O_NONBLOCK));
	self->s.p0 = self->p[1];
	self->s.peer = self->peer[1];
	do {
		ATTACH_RIVAL(mv0);
		ASSERT_EQ(0, st_attach(self->s.control, self->s.port,
				       self->v[1], STABLETAP_ATTACH_REPLACE));
		ASSERT_EQ(0, st_link_mac(self->s.port, new_mac));
		ASSERT_EQ(-EADDRINUSE, st_attach(self->s.control, self->s.port,
						 mv0,
						 STABLETAP_ATTACH_REPLACE));
		hit = is_up(mv0);
		/* The port still has v1, which receives as before. */
		ASSERT_TRUE(st_wait_up(self->p[1], ST_DEADLINE));
		received = SCENE_STAT(&self->s, rx_multicast);
		for (i = 1; i <= 10; i++) {
			ASSERT_EQ(0, scene_peer_broadcast(&self->s));
			ASSERT_EQ(0, scene_await_fd(&self->s, self->s.number,
						    ST_DEADLINE));
		}
		EXPECT_TRUE(SCENE_AWAIT(&self->s, rx_multicast, received + 10));
		ASSERT_TRUE(st_wait(is_down, &mv0, ST_DEADLINE));
		EXPECT_EQ(received + 10, SCENE_STAT(&self->s, rx_multicast));
	} while (!hit && st_now() - start < ST_DEADLINE * 1000000ULL);
	EXPECT_TRUE(hit);
	EXPECT_EQ(self->v[1], scene_get(&self->s)->lower);

	/* Without the other macvlan the same replace is possible. */
	ASSERT_EQ(0, st_link_del(st_ifindex("rival")));
	ASSERT_EQ(0, st_attach(self->s.control, self->s.port, mv0,
			       STABLETAP_ATTACH_REPLACE));
	ASSERT_EQ(0, st_detach(self->s.control, self->s.port));
	EXPECT_TRUE(st_wait(is_down, &mv0, ST_DEADLINE));
	EXPECT_TRUE(st_wait(is_down, &self->v[1], ST_DEADLINE));
}

TEST_F(release, ends_when_a_bridge_takes_the_lower)
{
	ATTACH(0);
	ASSERT_EQ(0, delay("v0", NEVER));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	ASSERT_EQ(0, st_sh("ip link add br0 type bridge && ip link set v0 master br0"));
	EXPECT_FALSE(is_up(self->v[0]));
	EXPECT_EQ(FRAMES, SCENE_STAT(&self->s, tx_purged));
}

TEST_F(release, ends_when_the_lower_is_set_down)
{
	ATTACH(0);
	ASSERT_EQ(0, delay("v0", NEVER));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	ASSERT_EQ(0, st_link_up(self->v[0], false));
	EXPECT_EQ(FRAMES, SCENE_STAT(&self->s, tx_purged));
	/* The device is the host's again. */
	ASSERT_EQ(0, st_link_up(self->v[0], true));
	ASSERT_EQ(0, st_sh("ip link add br0 type bridge && ip link set v0 master br0"));
}

TEST_F(release, ends_when_the_lower_is_deleted)
{
	ATTACH(0);
	ASSERT_EQ(0, delay("v0", NEVER));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	ASSERT_EQ(0, st_link_del(self->v[0]));
	EXPECT_EQ(FRAMES, SCENE_STAT(&self->s, tx_purged));
	EXPECT_TRUE(st_link_is_gone("v0"));
}

TEST_F(release, ends_when_the_lower_goes_to_another_namespace)
{
	int netns = st_netns_another();

	ASSERT_LE(0, netns);
	ATTACH(0);
	ASSERT_EQ(0, delay("v0", NEVER));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	ASSERT_EQ(0, st_link_netns(self->v[0], netns));
	EXPECT_EQ(FRAMES, SCENE_STAT(&self->s, tx_purged));
	close(netns);
}

TEST_F(release, of_a_deleted_port_ends_when_the_lower_is_deleted)
{
	ATTACH(0);
	ASSERT_EQ(0, delay("v0", NEVER));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_del(self->s.port));
	ASSERT_EQ(0, st_link_del(self->v[0]));
	EXPECT_TRUE(st_link_is_gone("v0"));
}

/*
 * The work item that ends a release looks at the queue before it takes RTNL,
 * and again under RTNL.  In between, another sender may have given the device a
 * frame.  Then the release goes on.
 */

/* Returns true if a work item of the module waits.  RTNL must be held. */
static bool work_waits(void)
{
	return scene_await_sh("grep -qsE '[(]kworker/.*[+]stabletap_rel.*[)] D ' /proc/[0-9]*/stat");
}

/*
 * Let go of v0, and give it another frame while the work item waits for RTNL.
 * Sets *@hit to true if that frame was sent.  On a slow machine the frame may be
 * too late, so that the release has ended before.
 */
static int release_and_send_again(FIXTURE_DATA(release) *self, bool *hit)
{
	int sender = st_packet_open(self->v[0], false);
	struct rtnl rtnl;
	uint8_t frame[60];
	int err;

	if (sender < 0)
		return sender;
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 0);
	err = scene_write(&self->s);
	if (!err)
		err = st_link_master(self->v[0], 0);
	if (!err)
		err = rtnl_hold(&rtnl);
	if (err)
		goto out;
	*hit = !st_readable(self->peer[0], 0) && ARRIVED(0, 1) == 1 &&
	       work_waits() &&
	       st_packet_send(sender, self->v[0], frame, sizeof(frame)) > 0;
	rtnl_let_go(&rtnl);
	*hit = *hit && arrived(self->peer[0], 1, 1000) == 1;
out:
	close(sender);
	return err;
}

TEST_F(release, goes_on_if_there_are_frames_again_when_it_has_rtnl)
{
	const uint64_t start = st_now();
	bool hit = false;
	int err;

	ASSERT_EQ(0, delay("v0", 250));
	do {
		ATTACH(0);
		err = release_and_send_again(self, &hit);
		if (err == -ENOSYS)
			SKIP(return, "this kernel has no userfaultfd");
		ASSERT_EQ(0, err);
		ASSERT_TRUE(st_wait(is_down, &self->v[0], ST_DEADLINE));
		/* What is left of a try that was too slow */
		LATER(0);
	} while (!hit && st_now() - start < ST_DEADLINE * 1000000ULL);
	EXPECT_TRUE(hit);
}

TEST_F(release, lets_the_host_receive_nothing)
{
	int host, control;

	ATTACH(0);
	/* Of this type of frames, the host's stack gets what it receives. */
	host = st_packet_open(self->v[0], false);
	ASSERT_LE(0, host);
	ASSERT_EQ(0, delay("v0", NEVER));
	WRITE(1);
	ASSERT_EQ(0, st_link_master(self->v[0], 0));
	self->s.p0 = self->p[0];
	self->s.peer = self->peer[0];
	ASSERT_EQ(0, scene_peer_broadcast(&self->s));
	EXPECT_TRUE(SCENE_AWAIT(&self->s, rx_inactive, 1));
	ASSERT_EQ(0, st_link_del(self->s.port));
	ASSERT_EQ(0, scene_peer_broadcast(&self->s));
	EXPECT_EQ(0, st_readable(host, 200));
	EXPECT_TRUE(is_up(self->v[0]));

	/* Control: when the release is over, it gets them. */
	ASSERT_TRUE(st_wait(is_down, &self->v[0], ST_DEADLINE));
	close(host);
	ASSERT_EQ(0, st_link_up(self->v[0], true));
	ASSERT_TRUE(st_wait_up(self->v[0], ST_DEADLINE));
	ASSERT_TRUE(st_wait_up(self->p[0], ST_DEADLINE));
	control = st_packet_open(self->v[0], false);
	ASSERT_LE(0, control);
	ASSERT_EQ(0, scene_peer_broadcast(&self->s));
	EXPECT_EQ(1, st_readable(control, ST_DEADLINE));
	close(control);
}

/* The frames of a lower that is set down while it is attached are counted. */
TEST_F(release, is_not_needed_to_count_the_frames_of_a_lower_set_down)
{
	ATTACH(0);
	ASSERT_EQ(0, delay("v0", NEVER));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_up(self->v[0], false));
	EXPECT_EQ(FRAMES, SCENE_STAT(&self->s, tx_purged));
	ASSERT_EQ(0, st_link_up(self->v[0], true));
	ASSERT_TRUE(st_wait_up(self->v[0], ST_DEADLINE));
	WRITE(FRAMES);
	ASSERT_EQ(0, st_link_del(self->v[0]));
	EXPECT_EQ(2 * FRAMES, SCENE_STAT(&self->s, tx_purged));
}

/* Full rate across replaces */

struct stream {
	struct scene *s;
	bool stop;
	unsigned int written;
	int err;
};

static void *stream_run(void *arg)
{
	struct stream *stream = arg;

	while (!__atomic_load_n(&stream->stop, __ATOMIC_ACQUIRE) &&
	       !stream->err) {
		stream->err = scene_write(stream->s);
		stream->written += !stream->err;
		if (stream->written % 8 == 0)
			usleep(100);	/* the peers' buffers are bounded */
	}
	return NULL;
}

struct count {
	int peer;
	unsigned int frames;
	bool stop;
};

static void *count_run(void *arg)
{
	struct count *count = arg;

	while (!__atomic_load_n(&count->stop, __ATOMIC_ACQUIRE))
		count->frames += arrived(count->peer, 1 << 30, 300);
	return NULL;
}

TEST_F(release, loses_no_frame_of_a_stream_across_100_replaces)
{
	struct stream stream = { .s = &self->s };
	struct count count[2] = {
		{ .peer = self->peer[0] }, { .peer = self->peer[1] },
	};
	pthread_t writer, counter[2];
	int i;

	ASSERT_EQ(0, delay("v0", 3));
	ASSERT_EQ(0, delay("v1", 3));
	ATTACH(0);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&counter[i], NULL, count_run,
					    &count[i]));
	ASSERT_EQ(0, pthread_create(&writer, NULL, stream_run, &stream));
	for (i = 0; i < REPLACES; i++)
		ASSERT_EQ(0, st_attach(self->s.control, self->s.port,
				       self->v[!(i % 2)],
				       STABLETAP_ATTACH_REPLACE));
	__atomic_store_n(&stream.stop, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(writer, NULL));
	ASSERT_EQ(0, stream.err);
	for (i = 0; i < 2; i++) {
		__atomic_store_n(&count[i].stop, true, __ATOMIC_RELEASE);
		ASSERT_EQ(0, pthread_join(counter[i], NULL));
	}
	TH_LOG("%u written, %llu sent, %llu refused by a lower that had just come up, %u arrived",
	       stream.written,
	       (unsigned long long)SCENE_STAT(&self->s, tx_packets),
	       (unsigned long long)SCENE_STAT(&self->s, tx_lower),
	       count[0].frames + count[1].frames);
	EXPECT_LT(1000, count[0].frames);
	EXPECT_LT(1000, count[1].frames);
	EXPECT_EQ(SCENE_STAT(&self->s, tx_packets),
		  count[0].frames + count[1].frames);
	EXPECT_EQ(stream.written, SCENE_STAT(&self->s, tx_packets) +
		  SCENE_STAT(&self->s, tx_lower));
	EXPECT_EQ(0, SCENE_STAT(&self->s, tx_purged));
}

TEST_HARNESS_MAIN
