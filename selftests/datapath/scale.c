// SPDX-License-Identifier: GPL-2.0
/*
 * Many ports on one parent: they leak no memory; creating and deleting them holds
 * RTNL hardly longer than as many macvtaps do, and losing their parent half as
 * long.  scale-long.c is the same test with 1,000 ports.
 *
 *	vm0 -- mv0 --.			tap0 --.
 *	vm1 -- mv1 --+-- d0		tap1 --+-- d0
 *	...        --'			...  --'
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "st.h"
#include "trace.h"

#ifndef PORTS
#define PORTS	100
#define TIMEOUT	TEST_TIMEOUT_DEFAULT
#endif

#define ROUNDS	2	/* the best round counts */
#define GROUP	77
#define DEADLINE 20000	/* ms */

struct many {
	int control;
	int parent;
	int port[PORTS];
	int lower[PORTS];
};

static void mac_of(int nr, uint8_t mac[6])
{
	memcpy(mac, ST_MAC_PORT, 6);
	mac[3] = nr >> 16;
	mac[4] = nr >> 8;
	mac[5] += nr;
}

/* Add a link on a parent, in bridge mode and in GROUP, and set it up */
static int link_add(const char *name, const char *kind, int parent, int nr)
{
	char buf[1024] = {};
	struct nlattr *info, *data;
	struct ifinfomsg *ifm;
	struct nlmsghdr *nlh;
	uint8_t mac[6];

	mac_of(nr, mac);
	nlh = st_link_msg(buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	ifm = mnl_nlmsg_get_payload(nlh);
	ifm->ifi_change = IFF_UP;
	ifm->ifi_flags = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_GROUP, GROUP);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	if (parent)
		mnl_attr_put_u32(nlh, IFLA_LINK, parent);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	if (parent) {
		data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
		mnl_attr_put_u32(nlh, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
		mnl_attr_nest_end(nlh, data);
	}
	mnl_attr_nest_end(nlh, info);
	return st_talk(nlh, NULL, NULL);
}

/* Delete all links of GROUP in one request, as "ip link del group" */
static int group_del(void)
{
	char buf[256] = {};
	struct nlmsghdr *nlh;

	nlh = st_link_msg(buf, RTM_DELLINK, 0, 0);
	mnl_attr_put_u32(nlh, IFLA_GROUP, GROUP);
	return st_talk(nlh, NULL, NULL);
}

static int parent_add(struct many *many)
{
	many->parent = st_link_add("d0", "dummy", 0);
	return many->parent < 0 ? many->parent : st_link_up(many->parent, true);
}

static int ports_add(struct many *many)
{
	char name[IFNAMSIZ];
	int i, err;

	for (i = 0; i < PORTS; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		err = link_add(name, STABLETAP_KIND, 0, i);
		if (err)
			return err;
		many->port[i] = st_ifindex(name);
	}
	return 0;
}

/* Create a child of the parent for each port, already attached */
static int children_add(struct many *many)
{
	char name[IFNAMSIZ];
	uint8_t mac[6];
	int i;

	for (i = 0; i < PORTS; i++) {
		snprintf(name, sizeof(name), "mv%d", i);
		mac_of(i, mac);
		many->lower[i] = st_macvlan_add(name, many->parent, mac,
						many->port[i]);
		if (many->lower[i] < 0)
			return many->lower[i];
	}
	return 0;
}

static int macvtaps_add(struct many *many)
{
	char name[IFNAMSIZ];
	int i, err;

	for (i = 0; i < PORTS; i++) {
		snprintf(name, sizeof(name), "mt%d", i);
		err = link_add(name, "macvtap", many->parent, i);
		if (err)
			return err;
	}
	return 0;
}

static int expect_state(struct many *many, uint32_t state)
{
	struct stabletap_get get;
	int i, err;

	for (i = 0; i < PORTS; i++) {
		err = st_get(many->control, many->port[i], &get);
		if (err)
			return err;
		if (get.state != state)
			return -EBADE;
	}
	return 0;
}

#define WAITS "synchronize_rcu synchronize_rcu_expedited"

FIXTURE(scale) {
	struct many many;
};

FIXTURE_SETUP(scale)
{
	ASSERT_EQ(0, st_netns_new());
	self->many.control = st_control_open();
	ASSERT_LE(0, self->many.control);
}

FIXTURE_TEARDOWN(scale)
{
	trace_end();
	close(self->many.control);
}

/* Create and delete all of them once */
static int turn(struct many *many)
{
	int err, i;

	err = parent_add(many);
	if (!err)
		err = ports_add(many);
	for (i = 0; !err && i < 2; i++) {
		if (i)
			err = parent_add(many);
		if (!err)
			err = children_add(many);
		if (!err)
			err = expect_state(many, STABLETAP_STATE_ATTACHED);
		if (!err)
			err = st_link_del(many->parent);
		if (!err)
			err = expect_state(many, STABLETAP_STATE_DETACHED);
	}
	return err ? err : group_del();
}

/* Kernel memory that can't be reclaimed, kB */
static long memory_used(void)
{
	long total = 0, value;
	char line[256];
	FILE *file;

	file = fopen("/proc/sys/vm/drop_caches", "we");
	if (file) {
		fputs("2", file);
		fclose(file);
	}
	file = fopen("/proc/meminfo", "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "SUnreclaim: %ld", &value) == 1 ||
		    sscanf(line, "Percpu: %ld", &value) == 1)
			total += value;
	fclose(file);
	return total;
}

struct memory {
	long lowest;
	long limit;
};

static bool is_settled(void *arg)
{
	struct memory *memory = arg;
	long used = memory_used();

	if (used < memory->lowest)
		memory->lowest = used;
	return used <= memory->limit;
}

/* Memory in use after RCU and work queues have freed everything */
static long memory_settled(void)
{
	struct memory memory = { .lowest = memory_used() };

	st_wait(is_settled, &memory, 2000);
	return memory.lowest;
}

/*
 * Slabs and per-CPU chunks keep their memory and reach their size in the first
 * turns.  A leak makes memory grow in every pair of turns.  A net device takes
 * some 4 KiB, so the test notices if a tenth of the devices of a pair are left
 * over, or if each port leaks 1 KiB.
 */
TEST_F_TIMEOUT(scale, memory_is_where_it_was_when_all_are_gone, TIMEOUT)
{
	const int pairs = 6;
	struct memory memory;
	bool back = false;
	long before;
	int i;

	ASSERT_EQ(0, turn(&self->many));
	for (i = 0; i < pairs && !back; i++) {
		before = memory_settled();
		ASSERT_EQ(0, turn(&self->many));
		ASSERT_EQ(0, turn(&self->many));
		memory.lowest = memory_used();
		memory.limit = before + 128 + 2 * PORTS * 4 / 10;
		back = st_wait(is_settled, &memory, DEADLINE);
		TH_LOG("%ld kB before, %ld kB after 2 turns with %d ports",
		       before, memory.lowest, PORTS);
	}
	EXPECT_TRUE(back);
}

/*
 * Measures how long other users wait for RTNL: a thread takes RTNL again and
 * again, and records the longest wait.
 */
struct waiter {
	pthread_t thread;
	int socket;
	bool stop;
	uint64_t longest;
};

static void *waiter_run(void *arg)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_name = "lo", .ifr_data = (void *)&info };
	const struct timespec step = { .tv_nsec = 200000 };
	struct waiter *waiter = arg;
	uint64_t start, waited;

	while (!__atomic_load_n(&waiter->stop, __ATOMIC_ACQUIRE)) {
		start = st_now();
		/*
		 * The call may fail: lo has no driver.  It has taken RTNL all
		 * the same.
		 */
		ioctl(waiter->socket, SIOCETHTOOL, &ifr);
		waited = st_now() - start;
		if (waited > waiter->longest)
			waiter->longest = waited;
		nanosleep(&step, NULL);
	}
	return NULL;
}

struct hold {
	int64_t time;		/* longest wait of the other thread, ns */
	int64_t waits;		/* waits for grace periods under RTNL */
};

/* Measure how RTNL is held during @doing */
static int hold_measure(int (*doing)(struct many *many), struct many *many,
			struct hold *hold)
{
	struct waiter waiter = {};
	int err;

	err = trace_clear();
	if (err)
		return err;
	waiter.socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	err = -pthread_create(&waiter.thread, NULL, waiter_run, &waiter);
	if (err)
		return err;
	err = doing(many);
	__atomic_store_n(&waiter.stop, true, __ATOMIC_RELEASE);
	pthread_join(waiter.thread, NULL);
	close(waiter.socket);
	hold->time = waiter.longest;
	hold->waits = trace_calls();
	return err;
}

static int delete_parent(struct many *many)
{
	return st_link_del(many->parent);
}

static int delete_group(struct many *many)
{
	(void)many;
	return group_del();
}

/* Does the machine count instructions? */
static bool is_exact(void)
{
	return getenv("STABLETAP_ICOUNT");
}

/*
 * Let IPv6 give the new links their addresses.  Before that, the time that their
 * deletion takes varies.
 */
static void let_links_age(void)
{
	const struct timespec age = { .tv_sec = 3 };

	if (is_exact())
		nanosleep(&age, NULL);
}

enum kind { MACVTAPS, PORTS_CHILDREN, KINDS };
enum step { MAKE, LOSE, DELETE, STEPS };

static const char * const step_names[] = {
	"making them", "deleting their parent", "deleting them by group",
};

static int make_ports(struct many *many)
{
	int err = ports_add(many);

	return err ? err : children_add(many);
}

/*
 * Create the links, delete the parent; create them again, delete them by group.
 */
static int measure(struct many *many, enum kind kind, struct hold hold[STEPS])
{
	int (*make)(struct many *many) = kind == MACVTAPS ? macvtaps_add :
							    make_ports;
	int err;

	err = parent_add(many);
	if (!err)
		err = hold_measure(make, many, &hold[MAKE]);
	let_links_age();
	if (!err)
		err = hold_measure(delete_parent, many, &hold[LOSE]);
	if (!err)
		err = parent_add(many);
	if (!err)
		err = kind == MACVTAPS ? macvtaps_add(many) :
					 children_add(many);
	let_links_age();
	if (!err)
		err = hold_measure(delete_group, many, &hold[DELETE]);
	return err ? err : st_link_del(many->parent);
}

static void keep_least(struct hold *best, const struct hold *hold)
{
	if (hold->time < best->time)
		best->time = hold->time;
	if (hold->waits < best->waits)
		best->waits = hold->waits;
}

/*
 * Ports and macvtaps take turns in one machine; the best round of each counts,
 * because other activity can only make a round longer.  RTNL is mostly held
 * during waits for grace periods, and their number is compared everywhere.  The
 * time is compared only if the machine counts instructions
 * (selftests/bench/rtnl), because on a busy host it means nothing.  Links are
 * created one at a time.
 */
TEST_F_TIMEOUT(scale, rtnl_is_held_hardly_longer_than_for_macvtaps, TIMEOUT)
{
	struct hold best[KINDS][STEPS], once[STEPS], *mine, *theirs;
	int round, kind, step, tracer;
	int64_t limit;

	tracer = trace_begin(WAITS);
	if (tracer == -EOPNOTSUPP)
		SKIP(return, NO_TRACER);
	ASSERT_EQ(0, tracer);
	for (round = 0; round < ROUNDS; round++)
		for (kind = 0; kind < KINDS; kind++) {
			ASSERT_EQ(0, measure(&self->many, kind, once)) {
				TH_LOG("%s", st_msg);
			}
			for (step = 0; step < STEPS; step++)
				if (round)
					keep_least(&best[kind][step],
						   &once[step]);
				else
					best[kind][step] = once[step];
		}

	for (step = 0; step < STEPS; step++) {
		theirs = &best[MACVTAPS][step];
		mine = &best[PORTS_CHILDREN][step];
		TH_LOG("RTNL held while %s: %d macvtaps %.1f ms, ports %.1f ms; waits %lld, %lld",
		       step_names[step], PORTS, theirs->time / 1e6,
		       mine->time / 1e6, (long long)theirs->waits,
		       (long long)mine->waits);
		/* Ports stay when their parent goes: only macvlans go. */
		limit = step == LOSE ? theirs->time / 2 : theirs->time * 5 / 4;
		if (is_exact())
			EXPECT_GE(limit, mine->time);
		if (step != MAKE) {
			EXPECT_LT(0, theirs->waits);
			EXPECT_GE(theirs->waits * 5 / 4, mine->waits);
		}
	}
}

/*
 * The wait before a lower is freed.  A second one is needed only if a device is
 * closed.  After a replace a work item waits.
 */
TEST_F(scale, one_wait_serves_a_detach_that_closes_nothing_and_none_a_replace)
{
	struct many *many = &self->many;
	int d0 = st_link_add("d0", "dummy", 0);
	int d1 = st_link_add("d1", "dummy", 0);
	int port = st_port_new(many->control, "vm1", 1, 1);
	int tracer;

	ASSERT_LT(0, d0);
	ASSERT_LT(0, d1);
	ASSERT_LT(0, port);
	ASSERT_EQ(0, st_link_up(d0, true));
	ASSERT_EQ(0, st_link_up(d1, true));
	tracer = trace_begin(WAITS);
	if (tracer == -EOPNOTSUPP)
		SKIP(return, NO_TRACER);
	ASSERT_EQ(0, tracer);

	ASSERT_EQ(0, st_attach(many->control, port, d0, 0));
	ASSERT_EQ(0, trace_clear());
	ASSERT_EQ(0, st_attach(many->control, port, d1,
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_EQ(0, trace_calls());
	ASSERT_EQ(0, trace_clear());
	ASSERT_EQ(0, st_detach(many->control, port));
	EXPECT_EQ(1, trace_calls());
}

TEST_HARNESS_MAIN
