// SPDX-License-Identifier: GPL-2.0
/*
 * The table "What the fd promises" of Documentation/frames.md, with a variant
 * for each state.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- v0 ==== p0 -- packet socket
 *	fd -- vm1 -- v0 ==== p0 -- packet socket	(direct)
 *
 * Every state is entered from "attached" and left again, with the fd open all
 * the time, as a guest's is.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"
#include "watch.h"

enum state {
	ATTACHED,
	LOWER_DOWN,
	NO_CARRIER,
	DETACHED,
	LOWER_LOST,	/* deleted */
	PORT_DOWN,
	PORT_DELETED,
};

/* Enter a state.  Returns 0 or a negative errno. */
static int state_enter(struct scene *s, enum state state)
{
	switch (state) {
	case ATTACHED:
		return 0;
	case LOWER_DOWN:
		return st_link_up(s->lower, false);
	case NO_CARRIER:
		if (st_link_up(s->p0, false))
			return -EIO;
		return scene_await_state(s, STABLETAP_STATE_LOWER_DOWN) ?
		       0 : -ETIMEDOUT;
	case DETACHED:
		return st_detach(s->control, s->port);
	case LOWER_LOST:
		return st_link_del(s->lower);
	case PORT_DOWN:
		return st_link_up(s->port, false);
	case PORT_DELETED:
		return st_port_delete(s->control, s->port,
				      STABLETAP_DELETE_FORCE);
	}
	return -EINVAL;
}

/* Return to "attached", without opening the node again. */
static int state_leave(struct scene *s, enum state state)
{
	int err;

	switch (state) {
	case ATTACHED:
		return 0;
	case LOWER_DOWN:
		err = st_link_up(s->lower, true);
		break;
	case NO_CARRIER:
		err = st_link_up(s->p0, true);
		break;
	case DETACHED:
		return st_attach(s->control, s->port, s->lower, 0);
	case LOWER_LOST:
		if (!s->macvlan && scene_veth(s))
			return -EIO;
		return scene_attach(s);
	case PORT_DOWN:
		return st_link_up(s->port, true);
	default:
		return -EINVAL;
	}
	if (err)
		return err;
	if (!scene_await_state(s, STABLETAP_STATE_ATTACHED) ||
	    !st_wait_up(s->lower, SCENE_DEADLINE) ||
	    !st_wait_up(s->p0, SCENE_DEADLINE))
		return -ETIMEDOUT;
	/* A packet socket reports an error after its device was down. */
	return scene_peer(s);
}

FIXTURE(fd) {
	struct scene s;
};

FIXTURE_VARIANT(fd) {
	bool macvlan;
	bool watched;		/* packet socket, tc and nft on port and lower */
	enum state state;
};

FIXTURE_VARIANT_ADD(fd, attached) {
	.macvlan = true, .state = ATTACHED,
};

FIXTURE_VARIANT_ADD(fd, lower_down) {
	.macvlan = true, .state = LOWER_DOWN,
};

FIXTURE_VARIANT_ADD(fd, no_carrier) {
	.macvlan = true, .state = NO_CARRIER,
};

FIXTURE_VARIANT_ADD(fd, detached) {
	.macvlan = true, .state = DETACHED,
};

FIXTURE_VARIANT_ADD(fd, lower_deleted) {
	.macvlan = true, .state = LOWER_LOST,
};

FIXTURE_VARIANT_ADD(fd, port_down) {
	.macvlan = true, .state = PORT_DOWN,
};

FIXTURE_VARIANT_ADD(fd, port_deleted) {
	.macvlan = true, .state = PORT_DELETED,
};

FIXTURE_VARIANT_ADD(fd, direct_lower_down) {
	.macvlan = false, .state = LOWER_DOWN,
};

FIXTURE_VARIANT_ADD(fd, direct_no_carrier) {
	.macvlan = false, .state = NO_CARRIER,
};

FIXTURE_VARIANT_ADD(fd, direct_lower_deleted) {
	.macvlan = false, .state = LOWER_LOST,
};

FIXTURE_VARIANT_ADD(fd, watched_attached) {
	.macvlan = true, .watched = true, .state = ATTACHED,
};

FIXTURE_VARIANT_ADD(fd, watched_lower_down) {
	.macvlan = true, .watched = true, .state = LOWER_DOWN,
};

FIXTURE_VARIANT_ADD(fd, watched_detached) {
	.macvlan = true, .watched = true, .state = DETACHED,
};

FIXTURE_VARIANT_ADD(fd, watched_direct_no_carrier) {
	.macvlan = false, .watched = true, .state = NO_CARRIER,
};

FIXTURE_VARIANT_ADD(fd, watched_direct_lower_deleted) {
	.macvlan = false, .watched = true, .state = LOWER_LOST,
};

FIXTURE_SETUP(fd)
{
	ASSERT_EQ(0, scene_new(&self->s, variant->macvlan, 2));
	ASSERT_EQ(0, scene_attach(&self->s)) {
		TH_LOG("%s", st_msg);
	}
	if (variant->watched) {
		ASSERT_LE(0, watch_device("vm1"));
		ASSERT_LE(0, watch_device(variant->macvlan ? "mv0" : "v0"));
	}
}

FIXTURE_TEARDOWN(fd)
{
	scene_end(&self->s);
}

/* Add the frames that were written in a state to the counter of that state. */
static void stats_expected(struct stabletap_stats *stats, enum state state,
			   unsigned int frames)
{
	switch (state) {
	case ATTACHED:
		stats->tx_packets += frames;
		stats->tx_bytes += frames * 100;
		break;
	case LOWER_DOWN:
	case NO_CARRIER:
		stats->tx_lower += frames;
		break;
	case DETACHED:
	case LOWER_LOST:
		stats->tx_detached += frames;
		break;
	case PORT_DOWN:		/* not counted: noop_qdisc drops them */
	case PORT_DELETED:
		break;
	}
}

TEST_F(fd, a_write_is_accepted_and_counted_by_its_outcome)
{
	struct stabletap_stats expected;
	struct scene *s = &self->s;
	int i;

	ASSERT_EQ(0, state_enter(s, variant->state));
	if (variant->state == PORT_DELETED) {
		for (i = 0; i < 3; i++)
			EXPECT_EQ(0, scene_write(s));
		return;
	}
	expected = *scene_stats(s);
	stats_expected(&expected, variant->state, 3);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, scene_write(s));
	EXPECT_EQ(0, memcmp(&expected, scene_stats(s),
			    sizeof(expected)));

	ASSERT_EQ(0, state_leave(s, variant->state));
	expected = *scene_stats(s);
	stats_expected(&expected, ATTACHED, 1);
	EXPECT_EQ(0, scene_send(s));
	EXPECT_EQ(expected.tx_packets, SCENE_STAT(s, tx_packets));
}

TEST_F(fd, what_was_queued_before_can_still_be_read_and_then_it_is_EAGAIN)
{
	struct scene *s = &self->s;
	uint32_t first = s->number + 1;
	uint8_t frame[256];
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, scene_peer_send(s));
	ASSERT_TRUE(SCENE_AWAIT(s, rx_packets, 3));
	ASSERT_EQ(0, state_enter(s, variant->state));

	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, scene_await_fd(s, first + i, 0));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-EAGAIN, st_fd_read(s->fd, frame, sizeof(frame)));

	if (variant->state == PORT_DELETED)
		return;
	ASSERT_EQ(0, state_leave(s, variant->state));
	EXPECT_EQ(0, scene_receive(s));
}

/* Poll the fd for all events */
static int poll_all(int fd)
{
	struct pollfd pfd = {
		.fd = fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP,
	};

	return poll(&pfd, 1, 0) < 0 ? -errno : pfd.revents;
}

TEST_F(fd, poll_reports_neither_error_nor_hangup)
{
	struct epoll_event watch = { .events = EPOLLET }, event;
	struct scene *s = &self->s;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	/*
	 * EPOLLERR and EPOLLHUP are always reported.  Edge-triggered, so that
	 * even a short one is seen.
	 */
	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &watch));

	ASSERT_EQ(0, state_enter(s, variant->state));
	EXPECT_EQ(POLLOUT, poll_all(s->fd));
	EXPECT_EQ(0, scene_write(s));
	EXPECT_EQ(POLLOUT, poll_all(s->fd));
	if (variant->state != PORT_DELETED) {
		ASSERT_EQ(0, state_leave(s, variant->state));
		EXPECT_EQ(0, scene_peer_send(s));
		EXPECT_EQ(1, st_readable(s->fd, SCENE_DEADLINE));
		EXPECT_EQ(POLLIN | POLLOUT, poll_all(s->fd));
	}
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	close(epoll);
}

/* Call every ioctl of the tap core; record the results, including errors */
#define ANSWERS 40
struct answers {
	int count;
	int of[ANSWERS];
	char name[IFNAMSIZ];
	uint8_t mac[6];
};

static void note(struct answers *answers, int ret, int value)
{
	answers->of[answers->count++] = ret < 0 ? -errno : value;
}

static void ask_vnet(int fd, struct answers *answers)
{
	int value;

	value = 0;
	note(answers, ioctl(fd, TUNGETVNETHDRSZ, &value), value);
	value = 12;
	note(answers, ioctl(fd, TUNSETVNETHDRSZ, &value), 0);
	value = 0;
	note(answers, ioctl(fd, TUNGETVNETHDRSZ, &value), value);
	value = 4;
	note(answers, ioctl(fd, TUNSETVNETHDRSZ, &value), 0);
	value = ST_VNET_HDR;
	note(answers, ioctl(fd, TUNSETVNETHDRSZ, &value), 0);
	value = 1;
	note(answers, ioctl(fd, TUNSETVNETLE, &value), 0);
	value = 7;
	note(answers, ioctl(fd, TUNGETVNETLE, &value), value);
	value = 0;
	note(answers, ioctl(fd, TUNSETVNETLE, &value), 0);
	note(answers, ioctl(fd, TUNSETVNETBE, &value), 0);
	note(answers, ioctl(fd, TUNGETVNETBE, &value), value);
	value = 1 << 20;
	note(answers, ioctl(fd, TUNSETSNDBUF, &value), 0);
	value = 0;
	note(answers, ioctl(fd, TUNSETSNDBUF, &value), 0);
	value = 0x7fffffff;
	note(answers, ioctl(fd, TUNSETSNDBUF, &value), 0);
	value = 0;
	note(answers, ioctl(fd, TUNGETFEATURES, &value), value);
	note(answers, ioctl(fd, TUNSETSTEERINGEBPF, &value), 0);
}

static void ask(int fd, struct answers *answers)
{
	static const unsigned int offloads[] = {
		0, TUN_F_CSUM, TUN_F_CSUM | TUN_F_UFO, 0x61, 0x83,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
	};
	struct ifreq ifr = {};
	unsigned int i;

	memset(answers, 0, sizeof(*answers));
	for (i = 0; i < sizeof(offloads) / sizeof(*offloads); i++)
		note(answers, ioctl(fd, TUNSETOFFLOAD, offloads[i]), 0);
	note(answers, ioctl(fd, TUNGETIFF, &ifr), ifr.ifr_flags);
	memcpy(answers->name, ifr.ifr_name, IFNAMSIZ);
	ifr.ifr_flags = IFF_DETACH_QUEUE;
	note(answers, ioctl(fd, TUNSETQUEUE, &ifr), 0);
	note(answers, ioctl(fd, TUNSETQUEUE, &ifr), 0);
	ifr.ifr_flags = IFF_ATTACH_QUEUE;
	note(answers, ioctl(fd, TUNSETQUEUE, &ifr), 0);
	note(answers, ioctl(fd, TUNSETQUEUE, &ifr), 0);
	memset(&ifr, 0, sizeof(ifr));
	note(answers, ioctl(fd, SIOCGIFHWADDR, &ifr), 0);
	memcpy(answers->mac, ifr.ifr_hwaddr.sa_data, 6);
	/* Set another address, and restore it */
	ifr.ifr_hwaddr.sa_data[4]++;
	note(answers, ioctl(fd, SIOCSIFHWADDR, &ifr), 0);
	ifr.ifr_hwaddr.sa_data[4]--;
	note(answers, ioctl(fd, SIOCSIFHWADDR, &ifr), 0);
	ask_vnet(fd, answers);
	note(answers, ioctl(fd, 0x12345678, &ifr), 0);
}

/* The results for a deleted port, which are those of the tap core */
static void answers_of_deleted(struct answers *answers)
{
	int i;

	/* TUNSETOFFLOAD, except for the two invalid values */
	for (i = 0; i < 6; i++)
		if (answers->of[i] != -EINVAL)
			answers->of[i] = -ENOLINK;
	answers->of[6] = -ENOLINK;
	for (i = 7; i < 11; i++)
		answers->of[i] = -EINVAL;
	for (i = 11; i < 14; i++)
		answers->of[i] = -ENOLINK;
	memset(answers->name, 0, sizeof(answers->name));
	memset(answers->mac, 0, sizeof(answers->mac));
}

TEST_F(fd, every_ioctl_gives_the_same_answer_as_when_attached)
{
	struct answers before, now;
	struct scene *s = &self->s;
	int i;

	ask(s->fd, &before);
	EXPECT_STREQ("vm1", before.name);
	EXPECT_EQ(0, memcmp(ST_MAC_PORT, before.mac, 6));
	EXPECT_EQ(0, before.of[0]);
	if (variant->state == PORT_DELETED)
		answers_of_deleted(&before);

	ASSERT_EQ(0, state_enter(s, variant->state));
	ask(s->fd, &now);
	ASSERT_EQ(before.count, now.count);
	for (i = 0; i < now.count; i++) {
		EXPECT_EQ(before.of[i], now.of[i]) {
			TH_LOG("answer %d", i);
		}
	}
	EXPECT_STREQ(before.name, now.name);
	EXPECT_EQ(0, memcmp(before.mac, now.mac, 6));

	if (variant->state == PORT_DELETED)
		return;
	ASSERT_EQ(0, state_leave(s, variant->state));
	EXPECT_EQ(0, scene_flows(s));
}

/* The ioctls of QEMU's start.  If one fails, QEMU exits or calls abort(). */
static int qemu_start(int fd)
{
	struct ifreq ifr = {};
	int value;

	if (fcntl(fd, F_SETFL, O_NONBLOCK) || ioctl(fd, TUNGETIFF, &ifr))
		return -errno;
	if (!(ifr.ifr_flags & IFF_VNET_HDR) || !(ifr.ifr_flags & IFF_TAP))
		return -EPROTO;
	if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_UFO) ||
	    ioctl(fd, TUNGETVNETHDRSZ, &value))
		return -errno;
	value = sizeof(struct virtio_net_hdr_mrg_rxbuf);
	if (ioctl(fd, TUNSETVNETHDRSZ, &value))
		return -errno;
	value = ST_VNET_HDR;
	if (ioctl(fd, TUNSETVNETHDRSZ, &value))
		return -errno;
	value = 0x7fffffff;
	if (ioctl(fd, TUNSETSNDBUF, &value))
		return -errno;
	value = 1;
	if (ioctl(fd, TUNSETVNETLE, &value))
		return -errno;
	value = 0;
	if (ioctl(fd, TUNSETVNETBE, &value) && errno != EINVAL)
		return -errno;
	return 0;
}

/* QEMU's ioctls at a reset by the driver, and after feature negotiation */
static int qemu_negotiate(int fd, int vnet_hdr, unsigned int offload)
{
	if (ioctl(fd, TUNSETVNETHDRSZ, &vnet_hdr) ||
	    ioctl(fd, TUNSETOFFLOAD, 0) || ioctl(fd, TUNSETOFFLOAD, offload))
		return -errno;
	return 0;
}

static int qemu_queue(int fd, bool attach)
{
	struct ifreq ifr = {
		.ifr_flags = attach ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE,
	};

	return ioctl(fd, TUNSETQUEUE, &ifr) ? -errno : 0;
}

TEST_F(fd, QEMU_can_start_reset_negotiate_and_change_queues)
{
	struct scene *s = &self->s;
	int turn, second;

	if (variant->state == PORT_DELETED)
		return;	/* TUNGETIFF fails with ENOLINK, see above */
	second = st_port_open(s->control, s->port, 0);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, qemu_queue(second, false));

	ASSERT_EQ(0, state_enter(s, variant->state));
	EXPECT_EQ(0, qemu_start(s->fd));
	EXPECT_EQ(0, qemu_start(second));
	for (turn = 0; turn < 3; turn++) {
		EXPECT_EQ(0, qemu_negotiate(s->fd, 10, 0));
		EXPECT_EQ(0, qemu_negotiate(s->fd, 12, 0x1f & ~TUN_F_UFO));
		EXPECT_EQ(0, qemu_queue(second, true));
		EXPECT_EQ(0, qemu_queue(second, false));
	}
	EXPECT_EQ(0, qemu_negotiate(s->fd, ST_VNET_HDR, 0));
	ASSERT_EQ(0, state_leave(s, variant->state));
	EXPECT_EQ(0, scene_flows(s));
	close(second);
}

/*
 * Enter a state and leave it while a read or poll waits.  States that keep the
 * lower are left out: for a waiting read they make no difference.
 */
FIXTURE(across) {
	struct scene s;
};

FIXTURE_VARIANT(across) {
	bool macvlan;
	enum state state;
};

FIXTURE_VARIANT_ADD(across, macvlan_deleted) {
	.macvlan = true, .state = LOWER_LOST,
};

FIXTURE_VARIANT_ADD(across, macvlan_detached) {
	.macvlan = true, .state = DETACHED,
};

FIXTURE_VARIANT_ADD(across, port_down) {
	.macvlan = true, .state = PORT_DOWN,
};

FIXTURE_VARIANT_ADD(across, direct_deleted) {
	.macvlan = false, .state = LOWER_LOST,
};

FIXTURE_VARIANT_ADD(across, direct_no_carrier) {
	.macvlan = false, .state = NO_CARRIER,
};

FIXTURE_SETUP(across)
{
	ASSERT_EQ(0, scene_new(&self->s, variant->macvlan, 1));
	ASSERT_EQ(0, scene_attach(&self->s)) {
		TH_LOG("%s", st_msg);
	}
}

FIXTURE_TEARDOWN(across)
{
	scene_end(&self->s);
}

struct sleeper {
	pthread_t thread;
	int fd;
	bool by_poll;
	pid_t tid;		/* atomic */
	ssize_t ret;
	uint8_t frame[256];
};

static void *sleeper_run(void *arg)
{
	struct sleeper *sleeper = arg;
	struct pollfd pfd = { .fd = sleeper->fd, .events = POLLIN };

	__atomic_store_n(&sleeper->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	if (sleeper->by_poll) {
		/*
		 * ppoll(), because not every architecture has the system call
		 * poll()
		 */
		sleeper->ret = ppoll(&pfd, 1, NULL, NULL) == 1 ?
			       pfd.revents : -errno;
		if (sleeper->ret != POLLIN)
			return NULL;
	}
	sleeper->ret = st_fd_read(sleeper->fd, sleeper->frame,
				  sizeof(sleeper->frame));
	return NULL;
}

/* Returns true if the thread sleeps in readv() or ppoll(). */
static bool sleeper_sleeps(void *arg)
{
	struct sleeper *sleeper = arg;
	char path[64], text[16];
	pid_t tid;

	tid = __atomic_load_n(&sleeper->tid, __ATOMIC_ACQUIRE);
	if (!tid)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	snprintf(text, sizeof(text), "%d 0x",
		 sleeper->by_poll ? (int)SYS_ppoll : (int)SYS_readv);
	return scene_file_has(path, text);
}

/*
 * Returns true if the thread sleeps again; after a spurious wakeup it may have
 * to run first.
 */
static bool sleeper_goes_on(struct sleeper *sleeper)
{
	return st_wait(sleeper_sleeps, sleeper, SCENE_DEADLINE);
}

static int sleeper_start(struct sleeper *sleeper, int fd, bool by_poll)
{
	memset(sleeper, 0, sizeof(*sleeper));
	sleeper->fd = fd;
	sleeper->by_poll = by_poll;
	fcntl(fd, F_SETFL, by_poll ? O_NONBLOCK : 0);
	if (pthread_create(&sleeper->thread, NULL, sleeper_run, sleeper))
		return -EAGAIN;
	return sleeper_goes_on(sleeper) ? 0 : -ETIMEDOUT;
}

static int sleeper_end(struct sleeper *sleeper)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += SCENE_DEADLINE / 1000;
	return -pthread_timedjoin_np(sleeper->thread, NULL, &ts);
}

static void sleeps_on(struct __test_metadata *_metadata, struct scene *s,
		      enum state state, bool by_poll)
{
	struct sleeper sleeper;

	ASSERT_EQ(0, sleeper_start(&sleeper, s->fd, by_poll));
	ASSERT_EQ(0, state_enter(s, state));
	EXPECT_TRUE(sleeper_goes_on(&sleeper));
	EXPECT_EQ(0, scene_write(s));
	EXPECT_TRUE(sleeper_goes_on(&sleeper));
	ASSERT_EQ(0, state_leave(s, state));
	EXPECT_TRUE(sleeper_goes_on(&sleeper));
	ASSERT_EQ(0, scene_peer_send(s));
	ASSERT_EQ(0, sleeper_end(&sleeper));
	ASSERT_EQ(100, sleeper.ret);
	EXPECT_EQ(s->number, st_frame_number(sleeper.frame, sleeper.ret));
}

TEST_F(across, a_blocked_read_stays_blocked_and_gets_the_next_frame)
{
	sleeps_on(_metadata, &self->s, variant->state, false);
}

TEST_F(across, a_blocked_poll_stays_blocked_and_is_woken_by_the_next_frame)
{
	sleeps_on(_metadata, &self->s, variant->state, true);
}

TEST_F(across, the_first_frame_written_after_each_return_passes)
{
	struct scene *s = &self->s;
	int turn;

	for (turn = 0; turn < 10; turn++) {
		ASSERT_EQ(0, state_enter(s, variant->state));
		ASSERT_EQ(0, scene_write(s));
		ASSERT_EQ(0, state_leave(s, variant->state));
		ASSERT_EQ(0, scene_send(s)) {
			TH_LOG("turn %d", turn);
		}
	}
}

FIXTURE(interfaces) {
	struct scene s;
};

FIXTURE_SETUP(interfaces)
{
	ASSERT_EQ(0, scene_new(&self->s, true, 1));
}

FIXTURE_TEARDOWN(interfaces)
{
	scene_end(&self->s);
}

TEST_F(interfaces, a_frame_written_right_after_master_returned_passes)
{
	struct scene *s = &self->s;
	int turn;

	ASSERT_EQ(0, scene_macvlan(s));
	for (turn = 0; turn < 20; turn++) {
		ASSERT_EQ(0, st_link_master(s->mv0, s->port));
		ASSERT_EQ(0, scene_send(s));
		ASSERT_EQ(0, st_link_master(s->mv0, 0));
	}
}

TEST_F(interfaces, a_frame_written_right_after_a_macvlan_was_made_passes)
{
	struct scene *s = &self->s;
	int turn, mv;

	for (turn = 0; turn < 10; turn++) {
		mv = st_macvlan_add("mv0", s->v0, (uint8_t *)ST_MAC_PORT,
				    s->port);
		ASSERT_LT(0, mv);
		ASSERT_EQ(0, scene_send(s));
		ASSERT_EQ(0, st_link_del(mv));
	}
}

TEST_F(interfaces, a_frame_written_right_after_replace_returned_passes)
{
	struct scene *s = &self->s;
	int turn, a, b;

	/*
	 * Two macvlans on one parent can't have the same address: use a second
	 * veth.
	 */
	ASSERT_EQ(0, scene_macvlan(s));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->mv0, 0));
	a = s->mv0;
	b = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, b);
	for (turn = 0; turn < 20; turn++) {
		ASSERT_EQ(0, st_attach(s->control, s->port, b,
				       STABLETAP_ATTACH_REPLACE));
		ASSERT_EQ(0, scene_write(s));
		ASSERT_EQ(0, st_attach(s->control, s->port, a,
				       STABLETAP_ATTACH_REPLACE));
		ASSERT_EQ(0, scene_send(s));
	}
	EXPECT_EQ(40, SCENE_STAT(s, tx_packets));
	EXPECT_EQ(0, SCENE_STAT(s, tx_lower));
	EXPECT_EQ(0, SCENE_STAT(s, tx_detached));
}

struct arrived {
	int control;
	int port;
	uint64_t frames;
};

/* All frames are in the ring or were refused by it */
static bool have_arrived(void *arg)
{
	const struct arrived *arrived = arg;
	struct stabletap_stats stats;

	return !st_stats(arrived->control, arrived->port, &stats) &&
	       stats.rx_packets + stats.rx_ring == arrived->frames;
}

/*
 *	fd -- vm1 -- mv0 --.
 *	                   +-- v0	nobody reads from vm2
 *	fd -- vm2 -- mv2 --'
 */
TEST_F(interfaces, a_stuck_reader_does_not_block_the_sender)
{
	uint8_t mac[] = { 0x52, 0x54, 0, 0, 0, 2 }, frame[100];
	struct scene *s = &self->s;
	struct arrived arrived = { .control = s->control };
	struct stabletap_stats stats;
	int vm2, i;

	ASSERT_EQ(0, scene_macvlan(s));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->mv0, 0));
	vm2 = st_port_new(s->control, "vm2", 1, 1);
	ASSERT_LT(0, vm2);
	arrived.port = vm2;
	ASSERT_LT(0, st_macvlan_add("mv2", s->v0, mac, vm2));
	ASSERT_LE(0, st_port_open(s->control, vm2, 0));

	/* More frames than the ring has room for, and than a send buffer */
	st_frame(frame, sizeof(frame), mac, ST_MAC_PORT, 1);
	for (i = 0; i < 2000; i++) {
		ASSERT_EQ(sizeof(frame),
			  st_fd_write(s->fd, frame, sizeof(frame))) {
			TH_LOG("frame %d: %s", i, strerror(errno));
		}
		/*
		 * The processor's backlog holds only 1000 frames, so wait now
		 * and then.
		 */
		arrived.frames = i + 1;
		if (arrived.frames % 100 == 0)
			ASSERT_TRUE(st_wait(have_arrived, &arrived,
					    SCENE_DEADLINE));
	}
	ASSERT_EQ(0, st_stats(s->control, vm2, &stats));
	EXPECT_EQ(2000, stats.rx_packets + stats.rx_ring);
	EXPECT_LT(0, stats.rx_ring);
	EXPECT_EQ(0, SCENE_STAT(s, tx_refused));
}

TEST_HARNESS_MAIN
