// SPDX-License-Identifier: GPL-2.0
/*
 * Concurrency: two threads attach, replace and detach while four others read
 * and write; queues are opened and closed under traffic; many threads open at
 * the same moment.
 *
 *	fd0 (written) \          .- v0 ==== p0 -- sends all the time
 *	fd1 (written)  \        /
 *	fd2 (read)      -- vm1 -
 *	fd3 (read)     /        \
 *	                         '- v1 ==== p1 -- sends all the time
 *
 * race-long.c is the same for a minute.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"

#ifndef RACE_SECONDS
#define RACE_SECONDS 5
#endif

#define QUEUES 4

struct race {
	int control;
	int port;
	int lower[2];
	int peer[2];
	int peer_index[2];
	int fd[QUEUES];
	bool stop;	/* stops all but the readers */
	bool drain;	/* stops the readers when nothing is left to read */
	bool opens;	/* there are opener threads */

	/* Incremented atomically */
	uint64_t written;
	uint64_t read;
	uint64_t opened;
	uint64_t calls;
	uint64_t attached;
	uint64_t detached;
	uint64_t full;		/* writes that returned EAGAIN */
	uint64_t unexpected;
	int last_unexpected;
};

#define ADD(counter, n) __atomic_fetch_add(&(counter), n, __ATOMIC_RELAXED)
#define IS(flag) __atomic_load_n(&(flag), __ATOMIC_ACQUIRE)
#define SET(flag) __atomic_store_n(&(flag), true, __ATOMIC_RELEASE)

static void unexpected(struct race *race, int err)
{
	ADD(race->unexpected, 1);
	race->last_unexpected = err;
}

/* Not st_attach(), which writes to the global st_msg: this runs in threads. */
static int race_attach(struct race *race, int lower, __u32 flags)
{
	struct stabletap_attach attach = {
		.size = sizeof(attach),
		.port = race->port,
		.lower = race->lower[lower],
		.flags = flags,
	};

	return ioctl(race->control, STABLETAP_IOC_ATTACH, &attach) ? -errno : 0;
}

static int race_detach(struct race *race)
{
	struct stabletap_detach detach = {
		.size = sizeof(detach),
		.port = race->port,
	};

	return ioctl(race->control, STABLETAP_IOC_DETACH, &detach) ? -errno : 0;
}

static void *attacher(void *arg)
{
	struct race *race = arg;
	unsigned int step = (uintptr_t)pthread_self() >> 12;
	int err;

	while (!IS(race->stop)) {
		step = step * 1103515245 + 12345;
		ADD(race->calls, 1);
		switch (step >> 16 & 3) {
		case 0:
			err = race_detach(race);
			if (!err)
				ADD(race->detached, 1);
			else if (err != -ENOTCONN)
				unexpected(race, err);
			break;
		case 1:
			err = race_attach(race, step >> 20 & 1, 0);
			if (err && err != -EEXIST)
				unexpected(race, err);
			break;
		default:
			err = race_attach(race, step >> 20 & 1,
					  STABLETAP_ATTACH_REPLACE);
			if (err)
				unexpected(race, err);
			break;
		}
	}
	return NULL;
}

static int write_one(struct race *race, int fd, uint32_t number)
{
	uint8_t frame[60];

	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, number);
	if (st_fd_write(fd, frame, sizeof(frame)) != sizeof(frame))
		return -errno;
	ADD(race->written, 1);
	return 0;
}

static void *writer(void *arg)
{
	static int which;
	struct race *race = arg;
	int fd = race->fd[ADD(which, 1) & 1];
	uint32_t number = 0;
	int err;

	while (!IS(race->stop)) {
		err = write_one(race, fd, number++);
		/*
		 * Frames that wait in the devices' backlogs on a busy processor
		 * can fill the send buffer.
		 */
		if (err == -EAGAIN)
			ADD(race->full, 1);
		else if (err)
			unexpected(race, err);
	}
	return NULL;
}

static void read_all(struct race *race, int fd)
{
	uint8_t got[2048];
	ssize_t len;

	while ((len = st_fd_read(fd, got, sizeof(got))) >= 0)
		ADD(race->read, 1);
	if (len != -EAGAIN)
		unexpected(race, len);
}

/* One of two readers, each of two queues; a flow may be in any queue. */
static void *reader(void *arg)
{
	static int which;
	struct race *race = arg;
	int first = ADD(which, 1) & 1;
	struct pollfd pfd[2] = {
		{ .fd = race->fd[first], .events = POLLIN },
		{ .fd = race->fd[first + 2], .events = POLLIN },
	};

	while (!IS(race->drain)) {
		poll(pfd, 2, 50);
		if ((pfd[0].revents | pfd[1].revents) & ~POLLIN)
			unexpected(race, -EIO);
		read_all(race, pfd[0].fd);
		read_all(race, pfd[1].fd);
	}
	read_all(race, pfd[0].fd);
	read_all(race, pfd[1].fd);
	return NULL;
}

/* Opens a queue, uses it briefly, closes it */
static void *opener(void *arg)
{
	struct race *race = arg;
	struct stabletap_get get = {
		.size = sizeof(get), .port = race->port,
	};
	uint8_t got[2048];
	char path[128];
	int fd, i;

	if (ioctl(race->control, STABLETAP_IOC_GET, &get)) {
		unexpected(race, -errno);
		return NULL;
	}
	snprintf(path, sizeof(path), "/dev/%s", get.node);
	while (!IS(race->stop)) {
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0) {
			unexpected(race, -errno);
			continue;
		}
		ADD(race->opened, 1);
		/* By default a queue has a vnet header. */
		for (i = 0; i < 4; i++)
			if (write_one(race, fd, i))
				unexpected(race, -EIO);
		if (st_fd_read(fd, got, sizeof(got)) >= 0)
			ADD(race->read, 1);
		close(fd);
	}
	return NULL;
}

/* Returns true if every thread has done something. */
static bool has_raced(struct race *race)
{
	struct stabletap_stats stats;
	struct stabletap_get get;

	return !st_get(race->control, race->port, &get) && get.attaches &&
	       get.replaces &&
	       !st_stats(race->control, race->port, &stats) &&
	       stats.rx_packets && stats.tx_packets &&
	       (!race->opens || ADD(race->opened, 0));
}

/*
 * Send from both peers until the time is over, and on a busy machine until
 * every thread has run
 */
static void send_for(struct race *race, int seconds)
{
	uint64_t end = st_now() + seconds * 1000000000ULL;
	uint64_t deadline = end + ST_DEADLINE * 1000000ULL;
	uint8_t frame[60], got[2048];
	uint32_t number = 0;
	int i;

	while (st_now() < end ||
	       (!has_raced(race) && st_now() < deadline)) {
		for (i = 0; i < 2; i++) {
			st_frame(frame, sizeof(frame), ST_BROADCAST,
				 ST_MAC_PEER, number++);
			st_packet_send(race->peer[i], race->peer_index[i],
				       frame, sizeof(frame));
			while (read(race->peer[i], got, sizeof(got)) > 0)
				;
		}
	}
}

static bool passes(struct race *race)
{
	uint8_t frame[60], got[2048];
	struct pollfd pfd[QUEUES];
	int i;

	while (read(race->peer[0], got, sizeof(got)) > 0)
		;
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 1);
	if (st_fd_write(race->fd[0], frame, sizeof(frame)) != sizeof(frame) ||
	    st_readable(race->peer[0], ST_DEADLINE) != 1)
		return false;
	st_frame(frame, sizeof(frame), ST_MAC_PORT, ST_MAC_PEER, 1);
	st_packet_send(race->peer[0], race->peer_index[0], frame,
		       sizeof(frame));
	for (i = 0; i < QUEUES; i++)
		pfd[i] = (struct pollfd) { race->fd[i], POLLIN, 0 };
	return poll(pfd, QUEUES, ST_DEADLINE) > 0;
}

FIXTURE(race) {
	struct race race;
	struct stabletap_get get;
	struct stabletap_stats stats;
};

FIXTURE_SETUP(race)
{
	struct race *race = &self->race;
	char name[IFNAMSIZ], peer[IFNAMSIZ];
	int i;

	ASSERT_EQ(0, st_netns_new());
	race->control = st_control_open();
	ASSERT_LE(0, race->control);
	race->port = st_port_new(race->control, "vm1", 0, QUEUES);
	ASSERT_LT(0, race->port);
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		snprintf(peer, sizeof(peer), "p%d", i);
		ASSERT_EQ(0, st_veth_add(name, peer, -1));
		race->lower[i] = st_ifindex(name);
		race->peer_index[i] = st_ifindex(peer);
		ASSERT_TRUE(st_wait_up(race->lower[i], ST_DEADLINE));
		ASSERT_TRUE(st_wait_up(race->peer_index[i], ST_DEADLINE));
		race->peer[i] = st_packet_open(race->peer_index[i], false);
		ASSERT_LE(0, race->peer[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	close(self->race.control);
}

/* The counters add up to the frames that were written and read. */
#define EXPECT_CONSISTENT() do {					\
	const struct stabletap_stats *stats = &self->stats;		\
	EXPECT_EQ(0, race->unexpected) {				\
		TH_LOG("the last was %d", race->last_unexpected);	\
	}								\
	ASSERT_EQ(0, st_get(race->control, race->port, &self->get));	\
	ASSERT_EQ(0, st_stats(race->control, race->port, &self->stats));\
	EXPECT_EQ(race->written, stats->tx_packets + stats->tx_detached +\
		  stats->tx_lower);					\
	EXPECT_EQ(race->written * 60, stats->tx_bytes +			\
		  60 * (stats->tx_detached + stats->tx_lower));		\
	EXPECT_EQ(race->full, stats->tx_refused);			\
	EXPECT_EQ(self->get.attaches, race->detached +			\
		  (self->get.lower ? 1 : 0));				\
	EXPECT_EQ(0, self->get.losses);					\
	EXPECT_LT(0, self->get.attaches);				\
	EXPECT_LT(0, self->get.replaces);				\
	EXPECT_LT(0, stats->rx_packets);				\
	EXPECT_LT(0, stats->tx_packets);				\
} while (0)

TEST_F_TIMEOUT(race, of_two_attachers_two_writers_and_two_readers,
	       RACE_SECONDS + TEST_TIMEOUT_DEFAULT)
{
	void *(* const run[])(void *) = {
		attacher, attacher, writer, writer, reader, reader,
	};
	struct race *race = &self->race;
	pthread_t thread[6];
	int i;

	for (i = 0; i < QUEUES; i++) {
		race->fd[i] = st_port_open(race->control, race->port, 0);
		ASSERT_LE(0, race->fd[i]);
	}
	for (i = 0; i < 6; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run[i], race));
	send_for(race, RACE_SECONDS);
	SET(race->stop);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
	/* After this detach no new frames arrive. */
	if (!race_detach(race))
		race->detached++;
	SET(race->drain);
	for (i = 4; i < 6; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));

	EXPECT_CONSISTENT();
	EXPECT_EQ(race->read, self->stats.rx_packets);
	TH_LOG("%llu calls: %llu attaches, %llu replaces; %llu frames written, %llu read",
	       (unsigned long long)race->calls,
	       (unsigned long long)self->get.attaches,
	       (unsigned long long)self->get.replaces,
	       (unsigned long long)race->written,
	       (unsigned long long)race->read);
	ASSERT_EQ(0, race_attach(race, 0, 0));
	EXPECT_TRUE(passes(race));
}

TEST_F_TIMEOUT(race, of_queues_that_are_opened_and_closed_under_traffic,
	       RACE_SECONDS + TEST_TIMEOUT_DEFAULT)
{
	void *(* const run[])(void *) = { attacher, opener, opener, opener };
	struct race *race = &self->race;
	pthread_t thread[4];
	int i;

	race->opens = true;
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, run[i], race));
	send_for(race, RACE_SECONDS);
	SET(race->stop);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));

	EXPECT_CONSISTENT();
	EXPECT_LT(0, race->opened);
	EXPECT_EQ(0, self->get.open_queues);
	TH_LOG("%llu opens, %llu attaches and replaces",
	       (unsigned long long)race->opened,
	       (unsigned long long)(self->get.attaches + self->get.replaces));
	/* All queues can be opened again. */
	for (i = 0; i < QUEUES; i++) {
		race->fd[i] = st_port_open(race->control, race->port, 0);
		EXPECT_LE(0, race->fd[i]);
	}
	EXPECT_EQ(-EBUSY, st_port_open(race->control, race->port, 0));
	if (!self->get.lower || race->lower[0] != self->get.lower)
		ASSERT_EQ(0, race_attach(race, 0, STABLETAP_ATTACH_REPLACE));
	EXPECT_TRUE(passes(race));
}

#ifndef RACE_LONG
/* Many threads that open at the same moment */

#define OPENERS 16
#define ROUNDS 50

struct open_race {
	pthread_barrier_t barrier;
	char path[128];
	int opened[ROUNDS];
	int busy[ROUNDS];
};

static void *open_together(void *arg)
{
	struct open_race *race = arg;
	int round, fd;

	for (round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&race->barrier);
		fd = open(race->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0)
			ADD(race->opened[round], 1);
		else if (errno == EBUSY)
			ADD(race->busy[round], 1);
		pthread_barrier_wait(&race->barrier);
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

TEST_F(race, of_sixteen_threads_that_open_four_queues)
{
	struct open_race race = {};
	pthread_t thread[OPENERS];
	int i;

	ASSERT_EQ(0, st_get(self->race.control, self->race.port, &self->get));
	snprintf(race.path, sizeof(race.path), "/dev/%s", self->get.node);
	pthread_barrier_init(&race.barrier, NULL, OPENERS);
	for (i = 0; i < OPENERS; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, open_together,
					    &race));
	for (i = 0; i < OPENERS; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(QUEUES, race.opened[i]);
		EXPECT_EQ(OPENERS - QUEUES, race.busy[i]);
	}
	ASSERT_EQ(0, st_get(self->race.control, self->race.port, &self->get));
	EXPECT_EQ(0, self->get.open_queues);
}
#endif

TEST_HARNESS_MAIN
