// SPDX-License-Identifier: GPL-2.0
/*
 * Twelve ports go from one device to the other, while sixteen processes need
 * the processor: busy loops, or clients of the daemon.  Clients may delay the
 * ports little more than the loops do, though the daemon itself works for them.
 *
 *	p0 p1 .. p11
 *	  \ | /
 *	u0     u1	dummies; the one that the ports are on is deleted
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "harness.h"
#include "st.h"

#define PORTS	12
#define PROCESSES 16	/* of a load */
#define ROUNDS	5	/* for each load; the median counts */
#define TIMEOUT	600	/* s */
#define NOBODY	65534
#define DEADLINE 60000	/* ms */

struct crowd {
	struct daemon daemon;
	int control;
	pid_t load[PROCESSES];
	int on;			/* the ports are on u0 or u1 */
};

/* ---- the load ---- */

/*
 * Each function does one piece of work, which is repeated.  False: it was
 * refused.
 */
static bool loop(void)
{
	volatile int i;

	for (i = 0; i < 10000; i++)
		;
	return true;
}

static bool request(const char *text)
{
	int fd = daemon_ask_only(text);
	bool answered = false;
	char answer[4096];

	if (fd < 0)
		return false;
	while (read(fd, answer, sizeof(answer)) > 0)
		answered = true;
	close(fd);
	return answered;
}

static bool ask(void)
{
	return request("{\"status\": true}\n");
}

/* Connect without a request.  The daemon closes the connection if it is busy. */
static bool connect_only(void)
{
	int fd = daemon_ask_only("");

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Read all events, and each new one, for as long as the daemon sends them. */
static bool follow(void)
{
	static int fd = -1;
	char events[4096];

	if (fd < 0)
		fd = daemon_ask_only("{\"events\": 0, \"follow\": true}\n");
	if (fd < 0)
		return false;
	if (read(fd, events, sizeof(events)) > 0)
		return true;
	/* Follow again: reads of a closed connection would be a busy loop. */
	close(fd);
	fd = -1;
	return false;
}

static const struct load {
	const char *name;
	bool (*work)(void);
	int uid, uid_step;	/* of the first process, and to the next one */
} loads[] = {
	{ .name = "nothing else" },
	{ .name = "busy loops", .work = loop },
	{ .name = "clients of root", .work = ask },
	{ .name = "clients of one user", .work = ask, .uid = NOBODY },
	{ .name = "clients of sixteen users", .work = ask,
	  .uid = NOBODY - PROCESSES, .uid_step = 1 },
	{ .name = "connections without a request", .work = connect_only,
	  .uid = NOBODY },
	{ .name = "followers of events", .work = follow, .uid = NOBODY },
};

#define LOADS	(sizeof(loads) / sizeof(*loads))
#define LOOPS	(&loads[1])

/* The group is still root's, which the socket belongs to in this machine. */
static void become(int uid)
{
	if (setgroups(0, NULL) || setresuid(uid, uid, uid))
		_exit(1);
}

/* A byte to @ready shows that the process has begun, and gets answers. */
static void load_run(const struct load *load, int nr, int ready)
{
	if (load->uid)
		become(load->uid + nr * load->uid_step);
	/* After the change of the user, which clears it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!load->work() || write(ready, "", 1) != 1)
		_exit(2);
	/* The reader sees the end of the pipe if one of the processes fails. */
	close(ready);
	for (;;)
		load->work();
}

static int load_start(struct crowd *c, const struct load *load)
{
	int ready[2], i, err = 0;
	char byte;

	if (!load->work)
		return 0;
	if (pipe(ready))
		return -errno;
	fflush(NULL);
	for (i = 0; i < PROCESSES; i++) {
		c->load[i] = fork();
		if (!c->load[i])
			load_run(load, i, ready[1]);
	}
	close(ready[1]);
	for (i = 0; !err && i < PROCESSES; i++)
		if (c->load[i] < 0 || read(ready[0], &byte, 1) != 1)
			err = -ECHILD;
	close(ready[0]);
	return err;
}

static void load_end(struct crowd *c)
{
	int i;

	for (i = 0; i < PROCESSES; i++) {
		if (c->load[i] <= 0)
			continue;
		kill(c->load[i], SIGKILL);
		waitpid(c->load[i], NULL, 0);
		c->load[i] = 0;
	}
}

/* ---- the ports ---- */

static int device_add(int nr)
{
	char name[IFNAMSIZ];
	int ifindex;

	snprintf(name, sizeof(name), "u%d", nr);
	ifindex = st_link_add(name, "dummy", 0);
	return ifindex < 0 ? ifindex : st_link_up(ifindex, true);
}

static int configure(struct crowd *c)
{
	char text[PORTS * 80];
	size_t len = 0;
	int i;

	for (i = 0; i < PORTS; i++)
		len += snprintf(text + len, sizeof(text) - len,
				"[Port p%d]\nCandidate=u0\nCandidate=u1\nFailback=no\n",
				i);
	return daemon_configure(&c->daemon, "%s", text);
}

/* For are_attached(): the ports are attached since @begin, the last at @end */
struct wanted {
	struct crowd *c;
	uint64_t begin, end;
};

static bool are_attached(void *arg)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	struct wanted *w = arg;
	struct stabletap_get get;
	char name[IFNAMSIZ];
	int i, port;

	/* Not too often: the daemon needs the processor. */
	nanosleep(&nap, NULL);
	for (i = 0; i < PORTS; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		port = st_ifindex(name);
		if (port < 0 || st_get(w->c->control, port, &get) ||
		    get.state != STABLETAP_STATE_ATTACHED ||
		    get.attach_time < w->begin)
			return false;
		if (get.attach_time > w->end)
			w->end = get.attach_time;
	}
	return true;
}

/* Delete the device that the ports are on.  *@time: until all are attached */
static int fail_over(struct crowd *c, uint64_t *time)
{
	struct wanted w = { .c = c, .begin = st_now() };
	char name[IFNAMSIZ];
	int err;

	snprintf(name, sizeof(name), "u%d", c->on);
	err = st_link_del(st_ifindex(name));
	if (!err && !st_wait(are_attached, &w, DEADLINE))
		err = -ETIMEDOUT;
	*time = w.end - w.begin;
	return err;
}

static int one_round(struct crowd *c, const struct load *load, uint64_t *time)
{
	int err = load_start(c, load);

	if (!err)
		err = fail_over(c, time);
	load_end(c);
	if (!err)
		err = device_add(c->on);
	c->on = !c->on;
	if (!err && !daemon_settle(&c->daemon, DEADLINE))
		err = -ETIMEDOUT;
	return err;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* ---- the test ---- */

FIXTURE(clients) {
	struct crowd c;
};

FIXTURE_SETUP(clients)
{
	struct crowd *c = &self->c;
	struct wanted w = { .c = c };

	/* Load programs and libraries from the host into the cache first. */
	ASSERT_EQ(0, st_sh("stabletapd --version >/dev/null"));
	ASSERT_EQ(0, st_netns_new());
	c->control = st_control_open();
	ASSERT_LE(0, c->control);
	ASSERT_EQ(0, device_add(0));
	ASSERT_EQ(0, device_add(1));
	ASSERT_EQ(0, daemon_init(&c->daemon));
	ASSERT_EQ(0, configure(c));
	ASSERT_EQ(0, daemon_start(&c->daemon));
	ASSERT_TRUE(st_wait(are_attached, &w, DEADLINE));
	ASSERT_TRUE(daemon_settle(&c->daemon, DEADLINE));
}

FIXTURE_TEARDOWN(clients)
{
	load_end(&self->c);
	daemon_end(&self->c.daemon);
}

/* Measure some rounds, in order of their times */
static int measure(struct crowd *c, const struct load *load,
		   uint64_t time[ROUNDS])
{
	/* One round for everything that happens only the first time */
	int err = one_round(c, load, &time[0]), i;

	for (i = 0; !err && i < ROUNDS; i++)
		err = one_round(c, load, &time[i]);
	qsort(time, ROUNDS, sizeof(time[0]), by_time);
	return err;
}

TEST_F_TIMEOUT(clients,
	failover_is_delayed_little_more_by_clients_than_by_busy_loops, TIMEOUT)
{
	uint64_t time[ROUNDS], median, most = 0;
	const struct load *load;

	for (load = loads; load < loads + LOADS; load++) {
		ASSERT_EQ(0, measure(&self->c, load, time)) {
			TH_LOG("beside %s: %s", load->name, st_msg);
		}
		median = time[ROUNDS / 2];
		TH_LOG("beside %s: %.3f ms (%.3f to %.3f)", load->name,
		       median / 1e6, time[0] / 1e6, time[ROUNDS - 1] / 1e6);
		if (load == LOOPS)
			most = median * 3 / 2;
		if (load > LOOPS)
			EXPECT_GE(most, median);
	}
}

TEST_HARNESS_MAIN
