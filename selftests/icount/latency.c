// SPDX-License-Identifier: GPL-2.0
/*
 * Measures the time from the netlink message about a new device to the port's
 * first frame at its far end, for stabletapd and, in turns with it, for a bare
 * loop of the necessary kernel calls (set the device up, create a child on it
 * with the port as master), a shell script on "ip monitor", and a script that
 * polls every second.
 *
 *	writer -- vm<n> -- child -- eth<n> -- v0 ==== p0 -- packet socket
 *				    VLAN <n>		another namespace
 *
 * The time of the message is that of its copy on an nlmon device.  Frames are
 * written all the time; those before the attach are dropped.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "harness.h"
#include "st.h"

#define ROUNDS	11	/* of each that is compared; the median counts */
#define BOUND	3	/* times the duration of the bare loop */
#define DEADLINE 10000	/* ms */
#define FRAME	60

enum who { DAEMON, BARE, SCRIPT, POLLING, ALL };

static const char * const names[] = {
	"stabletapd", "a bare loop", "a script on ip monitor",
	"a script that looks each second",
};

static const int rounds[] = { ROUNDS, ROUNDS, 3, 3 };

struct contest {
	struct daemon daemon;
	int control;
	int v0;
	int netlink;		/* packet socket on nlmon0 */
	int peer;		/* and on p0 */
	int port[ALL];
	int fd[ALL];
	pthread_t writer;
	int target;		/* fd to write to; -1: end */
};

static void dev_name(enum who who, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "eth%d", who + 1);
}

/* ---- time ---- */

static int stamp_socket(int fd)
{
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) ?
	       -errno : 0;
}

/* Read one packet and the kernel's time stamp; -EAGAIN if there is none */
static ssize_t receive(int fd, void *buf, size_t size, uint64_t *time,
		       struct sockaddr_ll *from)
{
	union {
		char buf[256];
		struct cmsghdr align;
	} control;
	struct iovec iov = { buf, size };
	struct msghdr msg = {
		.msg_name = from, .msg_namelen = sizeof(*from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(fd, &msg, 0);
	struct cmsghdr *c;
	struct timespec ts;

	if (got < 0)
		return -errno;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SO_TIMESTAMPNS) {
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			*time = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
			return got;
		}
	return -ENODATA;
}

static void drain(int fd)
{
	struct sockaddr_ll from;
	char buf[16];
	uint64_t time;

	while (receive(fd, buf, sizeof(buf), &time, &from) >= 0)
		;
}

/* ---- the topology ---- */

/* Create an nlmon device, which shows all netlink messages */
static int netlink_open(void)
{
	int ifindex = st_link_add("nlmon0", "nlmon", 0);
	int fd, err;

	err = ifindex < 0 ? ifindex : st_link_up(ifindex, true);
	if (err)
		return err;
	fd = st_packet_open(ifindex, true);
	err = fd < 0 ? fd : stamp_socket(fd);
	return err ? err : fd;
}

static int peer_open(struct contest *c)
{
	int here = st_netns_fd(), there, fd = -1, err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	there = st_netns_fd();
	err = st_netns_enter(here);
	if (!err)
		err = st_veth_add("v0", "p0", there);
	c->v0 = st_ifindex("v0");
	if (!err)
		err = st_netns_enter(there);
	if (!err)
		fd = st_packet_open(st_ifindex("p0"), true);
	if (!err)
		err = st_netns_enter(here);
	close(here);
	close(there);
	if (!err)
		err = fd < 0 ? fd : stamp_socket(fd);
	return err ? err : fd;
}

/*
 * The number is not in the last byte, where one would give the peer's address.
 */
static void mac_of(enum who who, uint8_t mac[6])
{
	memcpy(mac, ST_MAC_PORT, 6);
	mac[4] = who;
}

static int ports_new(struct contest *c)
{
	char name[IFNAMSIZ];
	int who;

	for (who = 0; who < ALL; who++) {
		snprintf(name, sizeof(name), "vm%d", who + 1);
		c->port[who] = st_port_new(c->control, name, who << 8, 1);
		if (c->port[who] < 0)
			return c->port[who];
		c->fd[who] = st_port_open(c->control, c->port[who], 0);
		if (c->fd[who] < 0)
			return c->fd[who];
	}
	return 0;
}

static void *write_frames(void *arg)
{
	static const struct timespec often = { .tv_nsec = 20000 };
	static const struct timespec seldom = { .tv_nsec = 1000000 };
	struct sched_param fifo = { .sched_priority = 1 };
	struct contest *c = arg;
	uint8_t frame[FRAME], mac[6];
	int target, who;

	/*
	 * The writer must not be delayed by the process that does the attach.
	 */
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &fifo);
	prctl(PR_SET_TIMERSLACK, 1);
	while ((target = __atomic_load_n(&c->target, __ATOMIC_ACQUIRE)) >= 0) {
		for (who = 0; who < ALL; who++) {
			if (c->fd[who] != target)
				continue;
			mac_of(who, mac);
			st_frame(frame, sizeof(frame), ST_MAC_PEER, mac, 1);
			st_fd_write(target, frame, sizeof(frame));
		}
		nanosleep(target ? &often : &seldom, NULL);
	}
	return NULL;
}

static int vlan_add(struct contest *c, enum who who)
{
	struct nlmsghdr *nlh;
	struct st_kind kind;
	char name[IFNAMSIZ];
	char buf[512] = {};

	dev_name(who, name);
	nlh = st_newlink_msg(buf, name);
	mnl_attr_put_u32(nlh, IFLA_LINK, c->v0);
	kind = st_kind_start(nlh, "vlan");
	mnl_attr_put_u16(nlh, IFLA_VLAN_ID, who + 1);
	st_kind_end(nlh, kind);
	return st_talk(nlh, NULL, NULL);
}

/* ---- the rivals of the daemon ---- */

struct bare {
	struct mnl_socket *nl;		/* for notifications */
	struct mnl_socket *talk;	/* for requests */
	char name[IFNAMSIZ];
	int ifindex;
};

static int bare_event(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifm = mnl_nlmsg_get_payload(nlh);
	struct bare *bare = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ifm))
		if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
		    !strcmp(mnl_attr_get_str(attr), bare->name))
			bare->ifindex = ifm->ifi_index;
	return MNL_CB_OK;
}

/* As st_talk(), on an open socket */
static int bare_talk(const struct bare *bare, const struct nlmsghdr *nlh)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t got;

	if (mnl_socket_sendto(bare->talk, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	got = mnl_socket_recvfrom(bare->talk, buf, sizeof(buf));
	if (got < 0 || mnl_cb_run(buf, got, 0, 0, NULL, NULL) < 0)
		return -errno;
	return 0;
}

static int bare_up(const struct bare *bare)
{
	struct ifinfomsg *ifm;
	char buf[256] = {};
	struct nlmsghdr *nlh;

	nlh = st_link_msg(buf, RTM_NEWLINK, 0, bare->ifindex);
	ifm = mnl_nlmsg_get_payload(nlh);
	ifm->ifi_change = IFF_UP;
	ifm->ifi_flags = IFF_UP;
	return bare_talk(bare, nlh);
}

static int bare_child(const struct bare *bare, int port)
{
	char buf[512] = {};
	uint8_t mac[6];

	mac_of(BARE, mac);
	return bare_talk(bare, st_macvlan_msg(buf, "bare", bare->ifindex, mac,
					      port));
}

/* Run the bare loop for one device.  The exit status shows a failure. */
static int bare_run(int port, int ready)
{
	char buf[32768] __attribute__((aligned(8)));
	struct bare bare = {};
	ssize_t got;

	dev_name(BARE, bare.name);
	bare.nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	bare.talk = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!bare.nl || !bare.talk ||
	    mnl_socket_bind(bare.nl, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_bind(bare.talk, 0, MNL_SOCKET_AUTOPID) < 0)
		return 1;
	if (write(ready, "", 1) != 1)
		return 2;
	while (!bare.ifindex) {
		got = mnl_socket_recvfrom(bare.nl, buf, sizeof(buf));
		if (got < 0)
			return 3;
		mnl_cb_run(buf, got, 0, 0, bare_event, &bare);
	}
	if (bare_up(&bare))
		return 4;
	return bare_child(&bare, port) ? 5 : 0;
}

/* The attach of both scripts; $1: name of the device, $2: the port */
#define SCRIPT_ATTACH \
	"attach() { [ -e /sys/class/net/$1 ] && [ ! -e /sys/class/net/mv$1 ] &&" \
	" ip link set $1 up && ip link add mv$1 link $1 address $3 master $2" \
	" type macvlan mode bridge; };"

static void script_run(enum who who, int ready)
{
	char command[1024], name[IFNAMSIZ], attach[64];
	uint8_t mac[6];

	dev_name(who, name);
	mac_of(who, mac);
	snprintf(attach, sizeof(attach),
		 "attach %s vm%d %02x:%02x:%02x:%02x:%02x:%02x", name, who + 1,
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	/* The shell accepts only one digit for a file descriptor. */
	dup2(ready, 9);
	if (who == SCRIPT)
		snprintf(command, sizeof(command),
			 SCRIPT_ATTACH "ip monitor link | while read -r line; do"
			 " echo >&9; case $line in *\" %s@\"*) %s;; esac; done",
			 name, attach);
	else
		snprintf(command, sizeof(command),
			 SCRIPT_ATTACH "while :; do %s; echo >&9; sleep 1; done",
			 attach);
	execlp("sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Start a rival in a process group of its own, which ends with this process */
static pid_t rival_start(struct contest *c, enum who who)
{
	int ready[2], i;
	pid_t pid;
	char byte;

	if (pipe(ready))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (who == BARE)
			_exit(bare_run(c->port[who], ready[1]));
		script_run(who, ready[1]);
	}
	setpgid(pid, pid);
	/*
	 * The first byte shows that the rival has subscribed or begun.  The
	 * rival also has the reading end, so that later writes of the scripts
	 * don't fail.
	 */
	for (i = 0; i < 100; i++) {
		if (who == SCRIPT)
			st_link_up(st_ifindex("other"), !(i % 2));
		if (st_readable(ready[0], 200) > 0)
			break;
	}
	if (i == 100 || read(ready[0], &byte, 1) != 1) {
		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = -ETIMEDOUT;
	}
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static int rival_end(enum who who, pid_t pid)
{
	int status = 0;

	if (who != BARE)
		kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	return who == BARE ? status : 0;
}

/* ---- a round ---- */

/* Time of the kernel's first message about the device, or 0 */
static uint64_t announced(struct contest *c, enum who who)
{
	char buf[32768] __attribute__((aligned(8)));
	struct bare seen = {};
	struct sockaddr_ll from;
	uint64_t time;
	ssize_t got;

	dev_name(who, seen.name);
	while ((got = receive(c->netlink, buf, sizeof(buf), &time, &from)) >= 0) {
		/* Messages of the kernel, not requests to it */
		if (from.sll_pkttype != PACKET_KERNEL)
			mnl_cb_run(buf, got, 0, 0, bare_event, &seen);
		if (seen.ifindex)
			return time;
	}
	return 0;
}

/* Time of the port's first frame at the far end, or 0 */
static uint64_t arrived(struct contest *c, enum who who)
{
	uint64_t deadline = st_now() + DEADLINE * 1000000ULL, time;
	struct sockaddr_ll from;
	uint8_t frame[256], mac[6];
	ssize_t got;

	mac_of(who, mac);
	while (st_now() < deadline) {
		if (st_readable(c->peer, 100) <= 0)
			continue;
		got = receive(c->peer, frame, sizeof(frame), &time, &from);
		if (got > 0 && st_frame_number(frame, got) == 1 &&
		    !memcmp(frame + ETH_ALEN, mac, ETH_ALEN))
			return time;
	}
	return 0;
}

struct state {
	struct contest *c;
	enum who who;
	uint32_t state;
};

static bool has_state(void *arg)
{
	struct state *s = arg;
	struct stabletap_get get;

	return !st_get(s->c->control, s->c->port[s->who], &get) &&
	       get.state == s->state;
}

static int one_round(struct contest *c, enum who who, uint64_t *time)
{
	struct state detached = { c, who, STABLETAP_STATE_DETACHED };
	uint64_t from, to;
	char name[IFNAMSIZ];
	pid_t pid = 0;
	int err;

	/* Only one runs at a time. */
	if (kill(c->daemon.pid, who == DAEMON ? SIGCONT : SIGSTOP))
		return -errno;
	if (who == DAEMON && !daemon_settle(&c->daemon, DEADLINE))
		return -ETIMEDOUT;
	if (who != DAEMON)
		pid = rival_start(c, who);
	if (pid < 0)
		return pid;
	drain(c->netlink);
	drain(c->peer);
	__atomic_store_n(&c->target, c->fd[who], __ATOMIC_RELEASE);
	err = vlan_add(c, who);
	to = err ? 0 : arrived(c, who);
	__atomic_store_n(&c->target, 0, __ATOMIC_RELEASE);
	if (pid && rival_end(who, pid) && !err)
		err = -ECHILD;
	from = announced(c, who);
	if (!err && (!from || to <= from))
		err = -ETIMEDOUT;
	*time = to - from;
	dev_name(who, name);
	st_link_del(st_ifindex(name));
	if (!err && !st_wait(has_state, &detached, DEADLINE))
		err = -EBUSY;
	return err;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* ---- the test ---- */

FIXTURE(latency) {
	struct contest c;
};

FIXTURE_SETUP(latency)
{
	struct contest *c = &self->c;

	/* Load programs and libraries from the host into the cache first. */
	ASSERT_EQ(0, st_sh("stabletapd --version >/dev/null"));
	ASSERT_EQ(0, st_netns_new());
	c->control = st_control_open();
	ASSERT_LE(0, c->control);
	c->netlink = netlink_open();
	ASSERT_LE(0, c->netlink);
	c->peer = peer_open(c);
	ASSERT_LE(0, c->peer);
	ASSERT_EQ(0, ports_new(c));
	ASSERT_LT(0, st_link_add("other", "dummy", 0));
	ASSERT_EQ(0, pthread_create(&c->writer, NULL, write_frames, c));
	ASSERT_EQ(0, daemon_init(&c->daemon));
	ASSERT_EQ(0, daemon_configure(&c->daemon,
				      "[Port vm1]\nCandidate=eth1\n"));
	ASSERT_EQ(0, daemon_start(&c->daemon));
}

FIXTURE_TEARDOWN(latency)
{
	__atomic_store_n(&self->c.target, -1, __ATOMIC_RELEASE);
	pthread_join(self->c.writer, NULL);
	/* A stopped daemon would not end. */
	kill(self->c.daemon.pid, SIGCONT);
	daemon_end(&self->c.daemon);
}

TEST_F(latency, a_frame_flows_soon_after_the_device_has_come)
{
	uint64_t time[ALL][ROUNDS], median[ALL];
	int round, who;

	for (round = 0; round < ROUNDS; round++)
		for (who = 0; who < ALL; who++) {
			if (round >= rounds[who])
				continue;
			ASSERT_EQ(0, one_round(&self->c, who,
					       &time[who][round])) {
				TH_LOG("%d of %d: %s", round, who, st_msg);
			}
		}
	for (who = 0; who < ALL; who++) {
		qsort(time[who], rounds[who], sizeof(time[who][0]), by_time);
		median[who] = time[who][rounds[who] / 2];
		TH_LOG("%s: %.3f ms (%.3f to %.3f)", names[who],
		       median[who] / 1e6, time[who][0] / 1e6,
		       time[who][rounds[who] - 1] / 1e6);
	}
	EXPECT_GE(BOUND * median[BARE], median[DAEMON]);
}

TEST_HARNESS_MAIN
