// SPDX-License-Identifier: GPL-2.0
/*
 * on-detach hold: frames that are written while nothing can take them are sent
 * later, in order, within bounds.
 *
 *	fd, fd, fd, fd -- vm1 -/- v0 ==== p0 -- packet socket
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"
#include "trace.h"

#define QUEUES	4
#define FRAMES	100
#define TRACE	TRACE_INSTANCES "/hold"

FIXTURE(hold) {
	struct scene s;
	int fd[QUEUES];
};

static int set_hold(struct scene *s, uint32_t frames, uint64_t bytes,
		    uint32_t time)
{
	struct stabletap_set set = {
		.size = sizeof(set), .port = s->port,
		.mask = STABLETAP_SET_ON_DETACH | STABLETAP_SET_HOLD_FRAMES |
			STABLETAP_SET_HOLD_BYTES | STABLETAP_SET_HOLD_TIME,
		.on_detach = STABLETAP_ON_DETACH_HOLD, .hold_frames = frames,
		.hold_bytes = bytes, .hold_time = time,
	};

	return st_ioctl(s->control, STABLETAP_IOC_SET, &set);
}

FIXTURE_SETUP(hold)
{
	int i, size = 1 << 24;

	ASSERT_EQ(0, scene_new(&self->s, false, QUEUES));
	ASSERT_EQ(0, setsockopt(self->s.peer, SOL_SOCKET, SO_RCVBUFFORCE,
				&size, sizeof(size)));
	ASSERT_EQ(0, set_hold(&self->s, 0, 0, 0));
	self->fd[0] = self->s.fd;
	for (i = 1; i < QUEUES; i++) {
		self->fd[i] = st_port_open(self->s.control, self->s.port, 0);
		ASSERT_LE(0, self->fd[i]);
	}
}

FIXTURE_TEARDOWN(hold)
{
	scene_end(&self->s);
	st_sh("[ ! -e " TRACE " ] || rmdir " TRACE);
}

#define WRITE(count) do {						\
	int _i;								\
									\
	for (_i = 0; _i < (count); _i++)				\
		ASSERT_EQ(0, scene_write(&self->s));			\
} while (0)

/* The number of the next frame that arrives at the peer, -1 if none does */
static int64_t next_at(int peer, int patience_ms)
{
	uint8_t frame[256];
	int64_t number = -1;

	while (number < 0 && st_readable(peer, patience_ms) == 1)
		number = st_frame_number(frame, read(peer, frame,
						     sizeof(frame)));
	return number;
}

/* Check that the frames from @first to @last arrive, in this order. */
#define EXPECT_FRAMES(first, last) do {					\
	int64_t _n;							\
									\
	for (_n = (first); _n <= (last); _n++)				\
		ASSERT_EQ(_n, next_at(self->s.peer, ST_DEADLINE));	\
} while (0)
#define EXPECT_NO_FRAME() EXPECT_EQ(-1, next_at(self->s.peer, 100))

#define HELD() (scene_get(&self->s)->held_frames)
#define STAT(name) SCENE_STAT(&self->s, name)

TEST_F(hold, sends_the_frames_after_the_attach_and_before_newer_ones)
{
	WRITE(FRAMES);
	EXPECT_EQ(FRAMES, HELD());
	EXPECT_LT(FRAMES * 60, self->s.get.held_bytes);
	ASSERT_EQ(0, scene_attach(&self->s));
	EXPECT_EQ(0, HELD());
	EXPECT_EQ(0, self->s.get.held_bytes);
	WRITE(FRAMES);
	EXPECT_FRAMES(1, 2 * FRAMES);
	/* A slow machine has not ended with the first when the next come. */
	EXPECT_LE(FRAMES, STAT(tx_held));
	EXPECT_EQ(2 * FRAMES, STAT(tx_packets));
	EXPECT_EQ(0, STAT(tx_expired));
	EXPECT_EQ(0, STAT(tx_detached));
}

TEST_F(hold, costs_nothing_and_holds_nothing_while_attached)
{
	ASSERT_EQ(0, scene_attach(&self->s));
	WRITE(FRAMES);
	EXPECT_FRAMES(1, FRAMES);
	EXPECT_EQ(0, STAT(tx_held));
}

TEST_F(hold, goes_on_after_each_detach)
{
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, scene_attach(&self->s));
		WRITE(10);
		ASSERT_EQ(0, st_detach(self->s.control, self->s.port));
		WRITE(10);
	}
	ASSERT_EQ(0, scene_attach(&self->s));
	EXPECT_FRAMES(1, 20 * 20);
	EXPECT_EQ(20 * 10, STAT(tx_held));
}

TEST_F(hold, drops_the_oldest_beyond_the_number_of_frames)
{
	ASSERT_EQ(0, set_hold(&self->s, 10, 0, 0));
	WRITE(25);
	EXPECT_EQ(10, HELD());
	EXPECT_EQ(15, STAT(tx_expired));
	ASSERT_EQ(0, scene_attach(&self->s));
	EXPECT_FRAMES(16, 25);
	EXPECT_NO_FRAME();
}

TEST_F(hold, drops_the_oldest_beyond_the_number_of_bytes)
{
	uint64_t one;

	WRITE(1);
	ASSERT_EQ(1, HELD());
	one = self->s.get.held_bytes;
	ASSERT_EQ(0, set_hold(&self->s, 0, 10 * one, 0));
	WRITE(24);
	EXPECT_EQ(10, HELD());
	EXPECT_EQ(10 * one, self->s.get.held_bytes);
	EXPECT_EQ(15, STAT(tx_expired));
	ASSERT_EQ(0, scene_attach(&self->s));
	EXPECT_FRAMES(16, 25);
	EXPECT_NO_FRAME();
}

TEST_F(hold, drops_a_frame_that_is_larger_than_all_may_be)
{
	ASSERT_EQ(0, set_hold(&self->s, 0, 1, 0));
	WRITE(3);
	EXPECT_EQ(0, HELD());
	EXPECT_EQ(3, STAT(tx_expired));
}

static bool nothing_is_held(void *scene)
{
	return !scene_get(scene)->held_frames;
}

TEST_F(hold, drops_what_is_too_old)
{
	uint64_t begin;

	ASSERT_EQ(0, set_hold(&self->s, 0, 0, 400));
	begin = st_now();
	WRITE(10);
	ASSERT_TRUE(st_wait(nothing_is_held, &self->s, ST_DEADLINE));
	EXPECT_LE(400000000, st_now() - begin);
	EXPECT_EQ(10, STAT(tx_expired));
	/* A younger one is still held. */
	ASSERT_EQ(0, set_hold(&self->s, 0, 0, 0));
	WRITE(1);
	ASSERT_EQ(0, scene_attach(&self->s));
	EXPECT_FRAMES(11, 11);
}

TEST_F(hold, follows_bounds_that_are_set_while_it_holds)
{
	WRITE(100);
	ASSERT_EQ(0, set_hold(&self->s, 30, 0, 0));
	EXPECT_EQ(30, HELD());
	EXPECT_EQ(70, STAT(tx_expired));
	ASSERT_EQ(0, set_hold(&self->s, 30, 0, 1));
	EXPECT_TRUE(st_wait(nothing_is_held, &self->s, ST_DEADLINE));
	EXPECT_EQ(100, STAT(tx_expired));
}

TEST_F(hold, ends_with_on_detach_drop)
{
	struct stabletap_set set = {
		.size = sizeof(set), .port = self->s.port,
		.mask = STABLETAP_SET_ON_DETACH,
	};

	WRITE(10);
	ASSERT_EQ(0, st_ioctl(self->s.control, STABLETAP_IOC_SET, &set));
	EXPECT_EQ(0, HELD());
	EXPECT_EQ(10, STAT(tx_expired));
	WRITE(5);
	EXPECT_EQ(5, STAT(tx_detached));
	ASSERT_EQ(0, scene_attach(&self->s));
	WRITE(1);
	EXPECT_FRAMES(16, 16);
}

TEST_F(hold, ends_when_the_port_is_set_down)
{
	WRITE(10);
	ASSERT_EQ(0, st_link_up(self->s.port, false));
	EXPECT_EQ(0, HELD());
	EXPECT_EQ(10, STAT(tx_expired));
	ASSERT_EQ(0, st_link_up(self->s.port, true));
	WRITE(1);
	ASSERT_EQ(0, scene_attach(&self->s));
	EXPECT_FRAMES(11, 11);
}

TEST_F(hold, ends_when_the_port_goes_to_another_namespace)
{
	int netns = st_netns_another();

	ASSERT_LE(0, netns);
	WRITE(10);
	ASSERT_EQ(0, st_link_netns(self->s.port, netns));
	close(netns);
}

TEST_F(hold, ends_when_the_port_is_deleted)
{
	WRITE(10);
	ASSERT_EQ(0, st_port_delete(self->s.control, self->s.port,
				    STABLETAP_DELETE_FORCE));
}

TEST_F(hold, waits_until_the_new_lower_has_carrier)
{
	ASSERT_EQ(0, st_link_up(self->s.p0, false));
	WRITE(10);
	ASSERT_EQ(0, scene_attach(&self->s));
	WRITE(10);
	EXPECT_EQ(20, HELD());
	ASSERT_EQ(0, st_link_up(self->s.p0, true));
	ASSERT_EQ(0, scene_peer(&self->s));
	ASSERT_TRUE(st_wait(nothing_is_held, &self->s, ST_DEADLINE));
	WRITE(1);
	EXPECT_TRUE(SCENE_AWAIT(&self->s, tx_packets, 21));
	EXPECT_EQ(0, STAT(tx_lower));
	EXPECT_EQ(0, STAT(tx_expired));
}

TEST_F(hold, waits_for_carrier_below_a_macvlan_too)
{
	ASSERT_EQ(0, st_link_up(self->s.p0, false));
	self->s.macvlan = true;
	ASSERT_EQ(0, scene_attach(&self->s));
	WRITE(20);
	EXPECT_EQ(20, HELD());
	ASSERT_EQ(0, st_link_up(self->s.p0, true));
	EXPECT_TRUE(SCENE_AWAIT(&self->s, tx_packets, 20));
	EXPECT_EQ(0, STAT(tx_lower));
}

TEST_F(hold, looks_at_a_lower_without_carrier_less_and_less_often)
{
	int64_t looks;
	int tracer;

	tracer = trace_instance_new(TRACE);
	if (tracer == -EOPNOTSUPP)
		SKIP(return, NO_TRACER);
	ASSERT_EQ(0, tracer);
	ASSERT_EQ(0, st_sh("echo 1 >" TRACE "/events/workqueue/workqueue_execute_start/enable"));
	ASSERT_EQ(0, st_link_up(self->s.p0, false));
	ASSERT_EQ(0, scene_attach(&self->s));
	WRITE(1);
	/* A hundred times, if it were every 20 ms */
	usleep(2000000);
	looks = trace_lines(TRACE, "lower_resume_work");
	EXPECT_LT(1, looks);
	EXPECT_GT(12, looks);
	ASSERT_EQ(0, st_link_up(self->s.p0, true));
	EXPECT_TRUE(SCENE_AWAIT(&self->s, tx_packets, 1));
}

/* A replace by a lower that can't send yet holds frames as a detach does. */
TEST_F(hold, bridges_a_replace_by_a_lower_without_carrier)
{
	int v1;

	ASSERT_EQ(0, scene_attach(&self->s));
	WRITE(5);
	EXPECT_FRAMES(1, 5);
	ASSERT_EQ(0, st_veth_add("v1", "p1", -1));
	v1 = st_ifindex("v1");
	ASSERT_EQ(0, st_link_up(st_ifindex("p1"), false));
	ASSERT_EQ(0, st_attach(self->s.control, self->s.port, v1,
			       STABLETAP_ATTACH_REPLACE));
	WRITE(5);
	EXPECT_EQ(5, HELD());
	ASSERT_EQ(0, st_attach(self->s.control, self->s.port, self->s.v0,
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_FRAMES(6, 10);
}

TEST_F(hold, leaves_the_senders_buffer_free)
{
	int size = 2000;

	ASSERT_EQ(0, ioctl(self->s.fd, TUNSETSNDBUF, &size));
	/* Else one more frame than fit would be EAGAIN. */
	WRITE(FRAMES);
	EXPECT_EQ(FRAMES, HELD());
	EXPECT_EQ(0, STAT(tx_refused));
}

/* Control: without hold, a lower's queue uses the sender's buffer. */
TEST_F(hold, a_queue_of_a_lower_uses_the_senders_buffer)
{
	int size = 2000, i, err = 0;

	ASSERT_EQ(0, st_sh("tc qdisc add dev v0 root tbf rate 8bit burst 2000 limit 1000000"));
	ASSERT_EQ(0, scene_attach(&self->s));
	ASSERT_EQ(0, ioctl(self->s.fd, TUNSETSNDBUF, &size));
	for (i = 0; i < FRAMES && !err; i++)
		err = scene_write(&self->s);
	EXPECT_EQ(-EAGAIN, err);
}

/* Bounds and state by rtnetlink */

TEST_F(hold, is_set_and_shown_by_rtnetlink)
{
	struct st_told told;

	ASSERT_EQ(0, st_port_set(self->s.port,
				 { IFLA_STABLETAP_HOLD_FRAMES, 7 },
				 { IFLA_STABLETAP_HOLD_TIME, 5000 }));
	WRITE(8);
	ASSERT_EQ(0, st_told(self->s.port, &told));
	EXPECT_EQ(7, told.value[IFLA_STABLETAP_HOLD_FRAMES]);
	EXPECT_EQ(5000, told.value[IFLA_STABLETAP_HOLD_TIME]);
	EXPECT_EQ(4 << 20, told.value[IFLA_STABLETAP_HOLD_BYTES]);
	EXPECT_EQ(7, told.value[IFLA_STABLETAP_HELD_FRAMES]);
	EXPECT_LT(0, told.value[IFLA_STABLETAP_HELD_BYTES]);
	EXPECT_EQ(1, STAT(tx_expired));
}

TEST_F(hold, has_defaults)
{
	const struct stabletap_get *get = scene_get(&self->s);

	EXPECT_EQ(1024, get->hold_frames);
	EXPECT_EQ(4 << 20, get->hold_bytes);
	EXPECT_EQ(10000, get->hold_time);
}

TEST_F(hold, refuses_bounds_out_of_range)
{
	struct stabletap_set set = {
		.size = sizeof(set), .port = self->s.port,
		.mask = STABLETAP_SET_HOLD_FRAMES, .hold_frames = 1000001,
	};

	EXPECT_EQ(-EINVAL, st_ioctl(self->s.control, STABLETAP_IOC_SET, &set));
	set.hold_frames = 1000000;
	EXPECT_EQ(0, st_ioctl(self->s.control, STABLETAP_IOC_SET, &set));
	set.hold_frames = 0;
	set.mask = STABLETAP_SET_HOLD_TIME;
	set.hold_time = 3600001;
	EXPECT_EQ(-EINVAL, st_ioctl(self->s.control, STABLETAP_IOC_SET, &set));
	set.hold_time = 0;
	set.mask = STABLETAP_SET_HOLD_BYTES;
	set.hold_bytes = (1ULL << 32) + 1;
	EXPECT_EQ(-EINVAL, st_ioctl(self->s.control, STABLETAP_IOC_SET, &set));
	/* A field that is not in the mask must be 0. */
	set.hold_bytes = 1;
	set.mask = STABLETAP_SET_HOLD_FRAMES;
	EXPECT_EQ(-EINVAL, st_ioctl(self->s.control, STABLETAP_IOC_SET, &set));
	EXPECT_EQ(1000000, scene_get(&self->s)->hold_frames);
	EXPECT_EQ(-EINVAL, st_port_set(self->s.port,
				       { IFLA_STABLETAP_HOLD_FRAMES, 0 }));
}

/* Several writers while the lower comes and goes */

struct writer {
	int fd;
	int nr;
	bool stop;
	uint32_t written;
	int err;
};

#define SEQ_BITS 24

static void *writer_run(void *arg)
{
	struct writer *w = arg;
	uint8_t frame[60];
	ssize_t len;

	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE) && !w->err) {
		st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT,
			 (uint32_t)w->nr << SEQ_BITS | w->written);
		len = st_fd_write(w->fd, frame, sizeof(frame));
		if (len < 0)
			w->err = len;
		else
			w->written++;
		/* The peer's buffer is bounded. */
		if (w->written % 4 == 0)
			usleep(200);
	}
	return NULL;
}

struct reader {
	int peer;
	bool stop;
	unsigned int read;
	unsigned int disordered;
	int64_t last[QUEUES];
};

static void *reader_run(void *arg)
{
	struct reader *r = arg;
	int64_t number;
	unsigned int who;

	while ((number = next_at(r->peer, 300)) >= 0 ||
	       !__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
		if (number < 0)
			continue;
		who = number >> SEQ_BITS;
		if (who >= QUEUES)
			continue;
		number &= (1 << SEQ_BITS) - 1;
		r->disordered += number <= r->last[who];
		r->last[who] = number;
		r->read++;
	}
	return NULL;
}

TEST_F(hold, keeps_the_order_of_each_writer_while_the_lower_comes_and_goes)
{
	struct reader reader = { .peer = self->s.peer,
				 .last = { -1, -1, -1, -1 } };
	struct writer writer[QUEUES] = {};
	pthread_t thread[QUEUES], read_thread;
	uint32_t written = 0;
	int i;

	ASSERT_EQ(0, set_hold(&self->s, 100000, 1 << 30, 0));
	ASSERT_EQ(0, pthread_create(&read_thread, NULL, reader_run, &reader));
	for (i = 0; i < QUEUES; i++) {
		writer[i].fd = self->fd[i];
		writer[i].nr = i;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, writer_run,
					    &writer[i]));
	}
	for (i = 0; i < 50; i++) {
		usleep(5000);
		ASSERT_EQ(0, scene_attach(&self->s));
		usleep(5000);
		ASSERT_EQ(0, st_detach(self->s.control, self->s.port));
	}
	ASSERT_EQ(0, scene_attach(&self->s));
	for (i = 0; i < QUEUES; i++) {
		__atomic_store_n(&writer[i].stop, true, __ATOMIC_RELEASE);
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(0, writer[i].err);
		written += writer[i].written;
	}
	__atomic_store_n(&reader.stop, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(read_thread, NULL));
	TH_LOG("%u frames, %llu of them held", written,
	       (unsigned long long)STAT(tx_held));
	EXPECT_LT(100, STAT(tx_held));
	EXPECT_EQ(written, STAT(tx_packets));
	EXPECT_EQ(written, reader.read);
	EXPECT_EQ(0, reader.disordered);
	EXPECT_EQ(0, STAT(tx_expired));
}

TEST_HARNESS_MAIN
