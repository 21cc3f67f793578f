// SPDX-License-Identifier: GPL-2.0
/*
 * stabletapd with many ports on four parents, or on one: when a parent is
 * deleted and comes back, all its ports are attached again; and the time for
 * each port does not grow with their number, and little with the number of their
 * VLANs.
 *
 *	p0 p4 p8 ..	p1 p5 ..	p2 p6 ..	p3 p7 ..
 *	  \ | /		  \ /		  \ /		  \ /
 *	   u0		   u1		   u2		   u3	dummies
 *
 * or, with VLANs, one for all ports of a parent, or one for each port:
 *
 *	p0 p4 p8 ..	 p0     p4     p8 ..
 *	  \ | /		 |      |      |
 *	  u0.1		u0.1   u0.2   u0.3 ..
 *	   |		   \    |    /
 *	   u0		       u0
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "harness.h"
#include "st.h"

#define MOST	1000
#define FLOOD	1000
#define TIMEOUT	1500

#define PARENTS	4
#define TOGGLES	21	/* events of an unrelated device */
#define BATCH	100	/* unrelated devices at a time */
#define GROUP	78
#define TINY	2048	/* netlink socket buffer for one message, bytes */
#define ROOMY	(16 << 20)	/* for all messages of measure_loss() */
#define MEMORY	(16 * 1024)
#define DEADLINE 20000	/* ms; on a busy host this takes 20 times as long */

/* What the ports are on */
enum lowers {
	PARENT,		/* the parent itself */
	SHARED_VLAN,	/* one VLAN of each parent, there from the start */
	OWN_VLAN,	/* a VLAN for each port, there from the start */
	NEW_VLAN,	/* a VLAN for each port, which the daemon makes */
};

struct many {
	struct daemon daemon;
	int control;
	int ports;
	int parents;
	enum lowers lowers;
	uint64_t vlan_cpu;	/* of the test itself, to make a VLAN; ns */
	int other;		/* an unrelated device */
	int port[MOST];		/* ifindexes */
};

/* The measurements, in ns for each port or event */
enum what {
	START_CPU, START_TIME, LOST_CPU, RETURN_CPU, RETURN_TIME, EVENT_CPU,
	WHATS
};

static const char * const what_names[] = {
	"made and attached, CPU time a port",
	"made and attached, time a port",
	"parent lost, CPU time a port",
	"parent lost and back, CPU time a port",
	"parent back, time a port",
	"event of another device, CPU time",
};

static int parent_add(int nr)
{
	char name[IFNAMSIZ];
	int ifindex;

	snprintf(name, sizeof(name), "u%d", nr);
	ifindex = st_link_add(name, "dummy", 0);
	return ifindex < 0 ? ifindex : st_link_up(ifindex, true);
}

static int vlan_of(const struct many *many, int port)
{
	return many->lowers == SHARED_VLAN ? 1 : 1 + port / many->parents;
}

/*
 * Make the VLANs as the daemon would, and measure what that costs the process
 * that does it.
 */
static int vlans_add(struct many *many)
{
	uint64_t cpu = st_clock(CLOCK_PROCESS_CPUTIME_ID);
	int vlans = many->lowers == SHARED_VLAN ? many->parents : many->ports;
	char name[2 * IFNAMSIZ], parent[IFNAMSIZ];
	int i, ifindex, err = 0;

	for (i = 0; !err && i < vlans; i++) {
		snprintf(parent, sizeof(parent), "u%d", i % many->parents);
		snprintf(name, sizeof(name), "%s.%d", parent, vlan_of(many, i));
		ifindex = st_vlan_add(name, st_ifindex(parent),
				      vlan_of(many, i));
		err = ifindex < 0 ? ifindex : st_link_up(ifindex, true);
	}
	many->vlan_cpu = (st_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu) / vlans;
	return err;
}

static void mac_of(int port, uint8_t mac[6])
{
	memcpy(mac, ST_MAC_PORT, 6);
	mac[3] = port >> 8;
	mac[4] = port;
}

static void print_port(FILE *conf, const struct many *many, int i)
{
	uint8_t mac[6];

	mac_of(i, mac);
	fprintf(conf, "[Port p%d]\nMACAddress=%02x:%02x:%02x:%02x:%02x:%02x\n",
		i, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	fprintf(conf, "Candidate=name=u%d", i % many->parents);
	if (many->lowers != PARENT)
		fprintf(conf, " vlan=%d create", vlan_of(many, i));
	fputc('\n', conf);
}

static int configure(struct many *many)
{
	char *text = NULL;
	size_t len;
	FILE *conf = open_memstream(&text, &len);
	int err, i;

	if (!conf)
		return -errno;
	for (i = 0; i < many->ports; i++)
		print_port(conf, many, i);
	err = fclose(conf) ? -errno : 0;
	if (!err)
		err = daemon_configure(&many->daemon, "%s", text);
	free(text);
	return err;
}

static int many_new(struct many *many, int ports, int parents,
		    enum lowers lowers)
{
	int err, i;

	memset(many, 0, sizeof(*many));
	many->control = -1;
	many->ports = ports;
	many->parents = parents;
	many->lowers = lowers;
	err = daemon_init(&many->daemon);
	if (!err)
		err = st_netns_new();
	if (err)
		return err;
	many->control = st_control_open();
	if (many->control < 0)
		return many->control;
	for (i = 0; i < parents; i++) {
		err = parent_add(i);
		if (err)
			return err;
	}
	if (lowers == SHARED_VLAN || lowers == OWN_VLAN)
		err = vlans_add(many);
	if (err)
		return err;
	many->other = st_link_add("other", "dummy", 0);
	return many->other < 0 ? many->other : 0;
}

static void many_end(struct many *many)
{
	daemon_end(&many->daemon);
	if (many->control > 0)
		close(many->control);
	many->control = -1;
}

/* For are_attached(): has each selected port been attached @attaches times? */
struct wanted {
	struct many *many;
	int first, step;
	uint64_t attaches;
	int next;		/* all before are attached */
	uint64_t end;		/* time of the last attach */
};

static bool are_attached(void *arg)
{
	struct wanted *w = arg;
	struct stabletap_get get;
	char name[IFNAMSIZ];
	int *port;

	for (; w->next < w->many->ports; w->next += w->step) {
		port = &w->many->port[w->next];
		if (*port <= 0) {
			snprintf(name, sizeof(name), "p%d", w->next);
			*port = st_ifindex(name);
		}
		if (*port <= 0 || st_get(w->many->control, *port, &get) ||
		    get.state != STABLETAP_STATE_ATTACHED ||
		    get.attaches != w->attaches)
			return false;
		if (get.attach_time > w->end)
			w->end = get.attach_time;
	}
	return true;
}

/* Wait for ports @first, @first + @step ...; *@end: time of the last attach */
static int wait_attached(struct many *many, int first, int step,
			 uint64_t attaches, uint64_t *end)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	struct wanted w = {
		.many = many, .first = first, .step = step,
		.attaches = attaches, .next = first,
	};
	uint64_t deadline = st_now() + DEADLINE * 1000000ULL;

	/* Poll rarely, to leave the processor to the daemon */
	while (!are_attached(&w)) {
		if (st_now() > deadline)
			return -ETIMEDOUT;
		nanosleep(&nap, NULL);
	}
	if (end)
		*end = w.end;
	return 0;
}

static int settle(struct many *many)
{
	return daemon_settle(&many->daemon, DEADLINE) ? 0 : -ETIMEDOUT;
}

/*
 * The daemon gets all ports by a reload.  The time of its start can't be
 * measured, because it depends on reading files from the host.
 */
static int start(struct many *many, int rcvbuf, uint64_t cost[WHATS])
{
	uint64_t cpu, begin, end = 0;
	char bytes[16];
	int err;

	snprintf(bytes, sizeof(bytes), "%d", rcvbuf);
	setenv("STABLETAPD_RCVBUF", bytes, 1);
	err = daemon_start(&many->daemon);
	if (!err)
		err = settle(many);
	cpu = daemon_cpu(&many->daemon);
	begin = st_now();
	if (!err)
		err = configure(many);
	if (!err)
		err = wait_attached(many, 0, 1, 1, &end);
	cost[START_TIME] = (end - begin) / many->ports;
	if (!err)
		err = settle(many);
	cost[START_CPU] = (daemon_cpu(&many->daemon) - cpu) / many->ports;
	return err;
}

/*
 * Wait for the ports on u0, which have been attached @attaches times.  The ports
 * on the other parents were not touched.
 */
static int wait_back(struct many *many, uint64_t attaches, uint64_t *end)
{
	int err = wait_attached(many, 0, PARENTS, attaches, end), i;

	for (i = 1; !err && i < PARENTS; i++)
		err = wait_attached(many, i, PARENTS, 1, NULL);
	return err ? err : settle(many);
}

static int measure_return(struct many *many, uint64_t cost[WHATS])
{
	int back = (many->ports + PARENTS - 1) / PARENTS;
	uint64_t cpu = daemon_cpu(&many->daemon);
	uint64_t begin = 0, end = 0;
	int err;

	err = st_link_del(st_ifindex("u0"));
	if (!err)
		err = settle(many);
	/* The parent comes back as a new device of the same name. */
	if (!err) {
		begin = st_now();
		err = parent_add(0);
	}
	if (!err)
		err = wait_back(many, 2, &end);
	cost[RETURN_TIME] = (end - begin) / back;
	cost[RETURN_CPU] = (daemon_cpu(&many->daemon) - cpu) / back;
	return err;
}

/*
 * The daemon is stopped meanwhile, and reads all messages in one turn.  In how
 * many turns it reads them otherwise depends on how often the deletion waits,
 * which is not the daemon's cost.
 */
static int measure_loss(struct many *many, uint64_t cost[WHATS])
{
	/* The kernel reports a lost carrier up to a second later. */
	const struct timespec carriers = { .tv_sec = 2 };
	int back = (many->ports + PARENTS - 1) / PARENTS;
	uint64_t cpu = daemon_cpu(&many->daemon);
	int err;

	kill(many->daemon.pid, SIGSTOP);
	err = st_link_del(st_ifindex("u0"));
	nanosleep(&carriers, NULL);
	kill(many->daemon.pid, SIGCONT);
	if (!err)
		err = settle(many);
	cost[LOST_CPU] = (daemon_cpu(&many->daemon) - cpu) / back;
	if (!err)
		err = parent_add(0);
	return err < 0 ? err : wait_back(many, 3, NULL);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * The median excludes deferred work of the kernel that runs on the daemon's
 * time.
 */
static int measure_event(struct many *many, uint64_t cost[WHATS])
{
	const struct timespec nap = { .tv_nsec = 20000000 };
	uint64_t used[TOGGLES], cpu;
	int i, err = 0;

	for (i = 0; !err && i < TOGGLES; i++) {
		cpu = daemon_cpu(&many->daemon);
		err = st_link_up(many->other, !(i % 2));
		do {
			nanosleep(&nap, NULL);
			used[i] = daemon_cpu(&many->daemon) - cpu;
		} while (!used[i]);
	}
	qsort(used, TOGGLES, sizeof(*used), by_number);
	cost[EVENT_CPU] = used[TOGGLES / 2];
	return err;
}

static int measure(struct many *many, int ports, enum lowers lowers,
		   uint64_t cost[WHATS])
{
	int err = many_new(many, ports, PARENTS, lowers);

	if (!err)
		err = start(many, ROOMY, cost);
	if (!err)
		err = measure_return(many, cost);
	if (!err)
		err = measure_loss(many, cost);
	if (!err)
		err = measure_event(many, cost);
	return err;
}

/* For how long the ports of a parent have no lower when it is deleted, ns */
struct outage {
	uint64_t shortest, longest;
	uint64_t each;		/* from the parent's return, divided by ports */
};

static int parent_replace(uint64_t *back)
{
	int err = st_link_del(st_ifindex("u0"));

	if (!err)
		err = parent_add(0);
	*back = st_clock(CLOCK_BOOTTIME);
	return err;
}

static int read_outages(struct many *many, uint64_t back,
			struct outage *outage)
{
	struct stabletap_get get;
	uint64_t time, last = back;
	int i, err;

	*outage = (struct outage){ .shortest = UINT64_MAX };
	for (i = 0; i < many->ports; i++) {
		err = st_get(many->control, many->port[i], &get);
		if (err)
			return err;
		time = get.attach_time - get.detach_time;
		if (time < outage->shortest)
			outage->shortest = time;
		if (time > outage->longest)
			outage->longest = time;
		if (get.attach_time > last)
			last = get.attach_time;
	}
	outage->each = (last - back) / many->ports;
	return 0;
}

/* What any manager has to do: make a child for each port. */
static int children_add(struct many *many)
{
	int parent = st_ifindex("u0"), i, child = 0;
	char name[IFNAMSIZ];
	uint8_t mac[6];

	for (i = 0; child >= 0 && i < many->ports; i++) {
		snprintf(name, sizeof(name), "mv%d", i);
		mac_of(i, mac);
		child = st_macvlan_add(name, parent, mac, many->port[i]);
	}
	return child < 0 ? child : 0;
}

static int measure_outages(struct many *many, int ports, struct outage *outage)
{
	uint64_t cost[WHATS], back;
	int err = many_new(many, ports, 1, PARENT);

	if (!err)
		err = start(many, ROOMY, cost);
	if (!err)
		err = parent_replace(&back);
	if (!err)
		err = wait_attached(many, 0, 1, 2, NULL);
	if (!err)
		err = settle(many);
	return err ? err : read_outages(many, back, outage);
}

/*
 * The same ports without the daemon.  The kernel deletes children in the order
 * in which they were made, so the second round has one order for both.
 */
static int measure_bare(struct many *many, struct outage *outage)
{
	uint64_t back = 0;
	int i, err = 0;

	daemon_stop(&many->daemon);
	for (i = 0; !err && i < 2; i++) {
		err = parent_replace(&back);
		if (!err)
			err = children_add(many);
	}
	if (!err)
		err = wait_attached(many, 0, 1, 4, NULL);
	return err ? err : read_outages(many, back, outage);
}

FIXTURE(many) {
	struct many many;
};

FIXTURE_SETUP(many)
{
	/* Load programs and libraries from the host into the cache first. */
	ASSERT_EQ(0, st_sh("stabletapd --version >/dev/null"));
	/*
	 * Without the module 8021q the kernel ignores the filter of a request
	 * for VLANs, and sends all devices.  This shows if the daemon makes
	 * such a request for each port.
	 */
	ASSERT_EQ(0, st_sh("[ ! -e /sys/module/8021q ] || rmmod 8021q"));
}

FIXTURE_TEARDOWN(many)
{
	many_end(&self->many);
}

/*
 * CPU time is that of the daemon, in user space and in system calls.  Time is
 * the time until the last port is attached, divided by the number of ports.
 */
TEST_F_TIMEOUT(many, the_cost_of_a_port_does_not_grow_with_their_number,
	       TIMEOUT)
{
	static const int sizes[] = { 10, 100, MOST };
	uint64_t cost[3][WHATS], least;
	struct many *many = &self->many;
	long memory = 0;
	int i, k;

	/* One run for everything that happens only the first time */
	ASSERT_EQ(0, measure(many, sizes[0], PARENT, cost[0]));
	many_end(many);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, measure(many, sizes[i], PARENT, cost[i])) {
			TH_LOG("%d ports: %s", sizes[i], st_msg);
		}
		memory = daemon_memory(&many->daemon);
		EXPECT_LT(0, memory);
		EXPECT_GT(MEMORY, memory);
		many_end(many);
	}
	TH_LOG("%-36s %10d %10d %10d ports", "", sizes[0], sizes[1], sizes[2]);
	for (k = 0; k < WHATS; k++) {
		TH_LOG("%-36s %10.3f %10.3f %10.3f ms", what_names[k],
		       cost[0][k] / 1e6, cost[1][k] / 1e6, cost[2][k] / 1e6);
		least = cost[0][k] < cost[1][k] ? cost[0][k] : cost[1][k];
		EXPECT_GE(least * 3 / 2, cost[1][k]);
		EXPECT_GE(least * 3 / 2, cost[2][k]);
	}
	TH_LOG("most memory, %d ports: %ld KiB", MOST, memory);
}

/*
 * All ports lose their one parent, and it is back at once.  The longest outage
 * can't be bounded by twice the shortest: the kernel takes longer to make a
 * macvlan than to delete one, so the last port of many waits longer even if a
 * bare loop makes their children.  What the daemon adds is its order, and its
 * own work: the port that lost its lower first gets one first.
 */
TEST_F_TIMEOUT(many, the_last_port_back_waits_little_longer_than_the_first,
	       TIMEOUT)
{
	static const int sizes[] = { 10, 100, MOST };
	struct outage outage[3], bare[3];
	struct many *many = &self->many;
	uint64_t least;
	int i;

	/* One run for everything that happens only the first time */
	ASSERT_EQ(0, measure_outages(many, sizes[0], outage));
	many_end(many);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, measure_outages(many, sizes[i], &outage[i])) {
			TH_LOG("%d ports: %s", sizes[i], st_msg);
		}
		ASSERT_EQ(0, measure_bare(many, &bare[i])) {
			TH_LOG("%d ports: %s", sizes[i], st_msg);
		}
		many_end(many);
		TH_LOG("%4d ports without a lower for %.1f to %.1f ms, %.3f ms each; by a bare loop %.1f to %.1f ms, %.3f ms each",
		       sizes[i], outage[i].shortest / 1e6,
		       outage[i].longest / 1e6, outage[i].each / 1e6,
		       bare[i].shortest / 1e6, bare[i].longest / 1e6,
		       bare[i].each / 1e6);
		EXPECT_GE(outage[i].shortest * 8 / 3, outage[i].longest);
		EXPECT_GE(bare[i].longest * 3 / 2, outage[i].longest);
	}
	least = outage[0].each < outage[1].each ? outage[0].each :
						  outage[1].each;
	EXPECT_GE(least * 3 / 2, outage[1].each);
	EXPECT_GE(least * 3 / 2, outage[2].each);
}

/* Create unrelated devices, up, and delete them at once. */
static int flood(int first)
{
	struct nlmsghdr *nlh;
	char buf[256] = {};
	char name[IFNAMSIZ];
	int i, ifindex, group = GROUP;

	for (i = 0; i < BATCH; i++) {
		snprintf(name, sizeof(name), "n%d", first + i);
		ifindex = st_link_add(name, "dummy", 0);
		if (ifindex < 0)
			return ifindex;
		nlh = st_link_msg(buf, RTM_NEWLINK, 0, ifindex);
		mnl_attr_put_u32(nlh, IFLA_GROUP, group);
		if (st_talk(nlh, NULL, NULL) || st_link_up(ifindex, true))
			return -EIO;
	}
	memset(buf, 0, sizeof(buf));
	nlh = st_link_msg(buf, RTM_DELLINK, 0, 0);
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
	return st_talk(nlh, NULL, NULL);
}

TEST_F_TIMEOUT(many, a_flood_of_other_devices_loses_no_event_and_no_port, TIMEOUT)
{
	struct many *many = &self->many;
	uint64_t cost[WHATS];
	int i;

	ASSERT_EQ(0, many_new(many, MOST, PARENTS, PARENT));
	ASSERT_EQ(0, start(many, TINY, cost));
	for (i = 0; i < FLOOD; i += BATCH) {
		if (i + BATCH >= FLOOD)
			ASSERT_EQ(0, st_link_del(st_ifindex("u1")));
		ASSERT_EQ(0, flood(i)) {
			TH_LOG("%s", st_msg);
		}
		if (i + BATCH >= FLOOD)
			ASSERT_LE(0, parent_add(1));
	}
	ASSERT_EQ(0, flood(i));
	/*
	 * The ports are back on the parent that came back during the flood, the
	 * others are untouched.
	 */
	for (i = 0; i < PARENTS; i++)
		EXPECT_EQ(0, wait_attached(many, i, PARENTS, 1 + (i == 1),
					   NULL));
	ASSERT_EQ(0, settle(many));
	for (i = 0; i < PARENTS; i++)
		EXPECT_EQ(0, wait_attached(many, i, PARENTS, 1 + (i == 1),
					   NULL));
	EXPECT_TRUE(daemon_said(&many->daemon, "events were lost"));
	TH_LOG("CPU time %.3f ms", daemon_cpu(&many->daemon) / 1e6);
}

/*
 * The daemon may need half as much again for ports that have VLANs of their own
 * as for ports that share one.  If it makes these VLANs, it needs in addition
 * what anybody needs to make them.
 *
 * This test is the last: its VLANs keep the module 8021q loaded.
 */
TEST_F_TIMEOUT(many, a_vlan_for_each_port_costs_little_more_than_a_shared_one,
	       TIMEOUT)
{
	static const int sizes[] = { 10, 100, MOST };
	uint64_t shared[WHATS], own[WHATS], made[WHATS], vlan;
	struct many *many = &self->many;
	int i, k;

	ASSERT_EQ(0, st_sh("modprobe 8021q"));
	/* One run for everything that happens only the first time */
	ASSERT_EQ(0, measure(many, sizes[0], NEW_VLAN, made));
	many_end(many);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, measure(many, sizes[i], SHARED_VLAN, shared)) {
			TH_LOG("%d ports, shared: %s", sizes[i], st_msg);
		}
		many_end(many);
		ASSERT_EQ(0, measure(many, sizes[i], OWN_VLAN, own)) {
			TH_LOG("%d ports, own: %s", sizes[i], st_msg);
		}
		vlan = many->vlan_cpu;
		many_end(many);
		ASSERT_EQ(0, measure(many, sizes[i], NEW_VLAN, made)) {
			TH_LOG("%d ports, new: %s", sizes[i], st_msg);
		}
		many_end(many);
		TH_LOG("%4d ports; a VLAN costs %.3f %10s %10s %10s VLAN",
		       sizes[i], vlan / 1e6, "shared", "own", "new");
		for (k = 0; k < WHATS; k++)
			TH_LOG("%-36s %10.3f %10.3f %10.3f ms", what_names[k],
			       shared[k] / 1e6, own[k] / 1e6, made[k] / 1e6);
		EXPECT_GE(shared[START_CPU] * 3 / 2, own[START_CPU]);
		EXPECT_GE(shared[START_CPU] * 3 / 2 + vlan, made[START_CPU]);
		EXPECT_GE(shared[LOST_CPU] * 3 / 2, own[LOST_CPU]);
		EXPECT_GE(shared[LOST_CPU] * 3 / 2, made[LOST_CPU]);
		/* A lost parent's VLANs are made again when it is back. */
		EXPECT_GE(shared[RETURN_CPU] * 3 / 2 + vlan, own[RETURN_CPU]);
		EXPECT_GE(shared[RETURN_CPU] * 3 / 2 + vlan, made[RETURN_CPU]);
		EXPECT_GE(shared[EVENT_CPU] * 3 / 2, own[EVENT_CPU]);
		EXPECT_GE(shared[EVENT_CPU] * 3 / 2, made[EVENT_CPU]);
	}
}

TEST_HARNESS_MAIN
