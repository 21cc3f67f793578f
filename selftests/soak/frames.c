// SPDX-License-Identifier: GPL-2.0
/*
 * Millions of frames in both directions with an event every 50 ms.  At the end
 * every frame is accounted for, and the kernel's memory has not grown.
 * vm-timeout: 14400
 *
 * lib/soak.h has a drawing of the topology.  FRAMES: number of frames in each
 * direction.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "bpf.h"
#include "harness.h"
#include "scene.h"
#include "soak.h"
#include "st.h"

#ifndef SOAK_FRAMES
#define SOAK_FRAMES 2000000
#endif
#define SOAK_WARM_UP 26000
#define EVERY_MS 50
#define FRAMES_AN_EVENT 1000	/* at most, in each direction */

/* Events.  Each leaves the port up, on any lower. */

static unsigned int dice;

static unsigned int roll(unsigned int sides)
{
	dice = dice * 1103515245 + 12345;
	return (dice >> 16) % sides;
}

/* Let frames flow in the new state. */
static void dwell(void)
{
	const struct timespec step = { .tv_nsec = (1 + roll(20)) * 1000000L };

	nanosleep(&step, NULL);
}

static int replace(struct soak *s)
{
	int lower = (s->current + 1 + roll(SOAK_LOWERS - 1)) % SOAK_LOWERS;

	return soak_attach(s, lower, STABLETAP_ATTACH_REPLACE);
}

static int detach_and_attach(struct soak *s)
{
	int lower = s->current, err;

	err = soak_attach(s, SOAK_NONE, 0);
	dwell();
	return err ? err : soak_attach(s, lower, 0);
}

static int nomaster_and_master(struct soak *s)
{
	int lower = s->lower[s->current], err;

	err = st_link_master(lower, 0);
	dwell();
	return err ? err : st_link_master(lower, s->port);
}

/* Delete a device while it is the port's lower */
static int delete_lower(struct soak *s, enum soak_lower lower)
{
	int err = 0;

	if (s->current != lower)
		err = soak_attach(s, lower, STABLETAP_ATTACH_REPLACE);
	dwell();
	if (!err)
		err = soak_delete(s, lower);
	dwell();
	if (!err)
		err = soak_make(s, lower);
	return err ? err : soak_attach(s, lower, 0);
}

static int delete_macvlan(struct soak *s)
{
	return delete_lower(s, SOAK_MV0);
}

static int delete_dummy(struct soak *s)
{
	return delete_lower(s, SOAK_D0);
}

static int delete_veth(struct soak *s)
{
	return delete_lower(s, SOAK_V1);
}

static int change_mac(struct soak *s)
{
	uint8_t mac[6];
	int err;

	memcpy(mac, s->mac, 6);
	mac[4] = roll(256);
	err = st_link_mac(s->port, mac);
	if (err)
		return err;
	/*
	 * Senders that read the address during the change send to an unused
	 * address.
	 */
	memcpy(s->mac, mac, 6);
	if (s->current == SOAK_MV0)
		return 0;
	return st_link_mac(s->lower[SOAK_MV0], mac);
}

static int change_mtu(struct soak *s)
{
	int err = st_link_mtu(s->port, 1280 + roll(220));

	dwell();
	return err ? err : st_link_mtu(s->port, 1500);
}

/* The lower's MTU may become smaller than the port's. */
static int change_lower_mtu(struct soak *s)
{
	int err = st_link_mtu(s->lower[s->current], 1280);

	dwell();
	return err ? err : st_link_mtu(s->lower[s->current], 1500);
}

static int change_filter(struct soak *s)
{
	static const char *const group = "33:33:00:00:00:99";
	uint32_t back = s->current == SOAK_MV0 ? 0 : STABLETAP_ATTACH_PROMISC;
	int err;

	err = soak_attach(s, s->current, STABLETAP_ATTACH_REPLACE |
			  STABLETAP_ATTACH_FILTER);
	if (!err)
		err = st_sh("ip maddress add %s dev vm1", group);
	dwell();
	if (!err)
		err = st_sh("ip maddress del %s dev vm1", group);
	return err ? err : soak_attach(s, s->current,
				       STABLETAP_ATTACH_REPLACE | back);
}

static int lower_down(struct soak *s)
{
	int err = st_link_up(s->lower[s->current], false);

	dwell();
	return err ? err : st_link_up(s->lower[s->current], true);
}

/* Set the far ends of all veths down, one after the other. */
static int lose_carrier(struct soak *s)
{
	int i, err = st_netns_enter(s->there);

	for (i = 0; i < SOAK_VETHS && !err; i++) {
		err = st_link_up(s->peer[i], false);
		dwell();
		if (!err)
			err = st_link_up(s->peer[i], true);
	}
	return st_netns_enter(s->here) ?: err;
}

static int rename_lower(struct soak *s)
{
	const char *name = soak_name(s->current);
	int lower = s->lower[s->current], err;

	err = st_link_up(lower, false);
	if (!err)
		err = st_sh("ip link set %s name other9 && "
			    "ip link set other9 name %s", name, name);
	return err ? err : st_link_up(lower, true);
}

/*
 * The kernel replaces a device's transmit queue by noop_qdisc while it adds or
 * removes a clsact, as with a change of the queue length (below).
 */
static int tc_rules(struct soak *s)
{
	const char *lower = soak_name(s->current);
	int err;

	soak_hold_writers(s);
	err = st_sh("tc qdisc add dev vm1 clsact");
	soak_let_write(s);
	if (!err)
		err = st_sh("tc qdisc add dev %s clsact && "
			    "for dev in vm1 %s; do for hook in egress ingress; do "
			    "tc filter add dev $dev $hook matchall action pass || exit; "
			    "done; done", lower, lower);
	dwell();
	soak_hold_writers(s);
	if (!err)
		err = st_sh("tc qdisc del dev vm1 clsact");
	soak_let_write(s);
	return err ? err : st_sh("tc qdisc del dev %s clsact", lower);
}

static int nft_rules(struct soak *s)
{
	int err;

	err = st_sh("nft 'add table netdev soak; "
		    "add chain netdev soak a { type filter hook ingress devices = { vm1, v0, v2 } priority 0; }; "
		    "add rule netdev soak a counter'");
	dwell();
	return err ? err : st_sh("nft delete table netdev soak");
}

/* Open packet sockets that receive every frame; sometimes run tcpdump */
static int snoop(struct soak *s)
{
	int port = st_packet_open(s->port, true);
	int lower = st_packet_open(s->lower[s->current], true);
	int err = port < 0 ? port : lower < 0 ? lower : 0;

	if (!err && !roll(4))
		err = st_sh("timeout 3 tcpdump -c 50 -i vm1 -w /dev/null "
			    "2>/dev/null || :");
	dwell();
	close(port);
	close(lower);
	return err;
}

static int detach_queue(struct soak *s)
{
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };
	int i, err = 0;

	for (i = 0; i < 2 && !err; i++)
		err = ioctl(s->fd[i], TUNSETQUEUE, &ifr) ? -errno : 0;
	dwell();
	ifr.ifr_flags = IFF_ATTACH_QUEUE;
	for (i = 0; i < 2 && !err; i++)
		err = ioctl(s->fd[i], TUNSETQUEUE, &ifr) ? -errno : 0;
	return err;
}

static int change_offloads(struct soak *s)
{
	int err = ioctl(s->fd[0], TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4);

	if (!err)
		err = st_sh("ethtool -K vm1 tso off gso off && "
			    "ethtool -K vm1 tso on gso on");
	dwell();
	return err ? err : ioctl(s->fd[0], TUNSETOFFLOAD, 0);
}

/*
 * Shrink the ring under traffic.  During this the kernel replaces the transmit
 * queue of any device by noop_qdisc, which drops frames without counting them,
 * so no frame is written.
 */
static int change_queue_length(struct soak *s)
{
	int err;

	soak_hold_writers(s);
	err = st_link_txqlen(s->port, 4 + roll(12));
	soak_let_write(s);
	dwell();
	soak_hold_writers(s);
	if (!err)
		err = st_link_txqlen(s->port, 500);
	soak_let_write(s);
	return err;
}

static int port_down(struct soak *s)
{
	int err = soak_port_up(s, false);

	dwell();
	return err ? err : soak_port_up(s, true);
}

static int kill_readers(struct soak *s)
{
	int err = soak_kill_reader(s, 0);

	return err ? err : soak_kill_reader(s, 1);
}

/* A device with an XDP program is refused, and the old lower stays. */
static int refused_for_xdp(struct soak *s)
{
	int lower = s->current == SOAK_V0 ? SOAK_V1 : SOAK_V0;
	int prog = bpf_load(BPF_PROG_TYPE_XDP, XDP_PASS), err;

	if (prog < 0)
		return prog;
	err = bpf_xdp_set(s->lower[lower], prog);
	close(prog);
	if (err)
		return err;
	err = st_attach(s->control, s->port, s->lower[lower],
			STABLETAP_ATTACH_REPLACE);
	if (bpf_xdp_set(s->lower[lower], -1))
		return -EIO;
	return err == -ETXTBSY ? 0 : err ? err : -EPROTO;
}

static int refused_frames(struct soak *s)
{
	uint8_t frame[13] = {};
	int err;

	err = st_fd_write(s->fd[0], frame, sizeof(frame));
	__atomic_fetch_add(&s->refused, 1, __ATOMIC_RELAXED);
	return err == -EINVAL ? 0 : -EPROTO;
}

static int promiscuous_port(struct soak *s)
{
	int err = st_sh("ip link set vm1 promisc on allmulticast on");

	dwell();
	return err ? err : st_sh("ip link set vm1 promisc off allmulticast off");
}

/*
 * Move the lower to another namespace, which detaches it, and attach it again.
 */
static int move_lower(struct soak *s)
{
	int err = 0;

	if (s->current != SOAK_V1)
		err = soak_attach(s, SOAK_V1, STABLETAP_ATTACH_REPLACE);
	if (!err)
		err = st_link_netns(s->lower[SOAK_V1], s->away);
	if (err || st_netns_enter(s->away))
		return err ? err : -EIO;
	err = st_link_netns(st_ifindex("v1"), s->here);
	if (err || st_netns_enter(s->here))
		return err ? err : -EIO;
	s->lower[SOAK_V1] = st_ifindex("v1");
	return soak_attach(s, SOAK_V1, 0);
}

/* Move the port to another namespace and back; it is then down and detached. */
static int move_port(struct soak *s)
{
	int lower = s->current, err;

	err = soak_port_up(s, false);
	if (!err)
		err = st_link_netns(s->port, s->away);
	if (err || st_netns_enter(s->away))
		return err ? err : -EIO;
	dwell();
	err = st_link_netns(st_ifindex("vm1"), s->here);
	if (err || st_netns_enter(s->here))
		return err ? err : -EIO;
	s->port = st_ifindex("vm1");
	err = soak_port_up(s, true);
	return err ? err : soak_attach(s, lower, 0);
}

static const struct event {
	const char *name;
	int (*run)(struct soak *s);
} events[] = {
	{ "replace by another lower", replace },
	{ "detach, attach", detach_and_attach },
	{ "nomaster, master", nomaster_and_master },
	{ "macvlan deleted, made anew", delete_macvlan },
	{ "dummy deleted, made anew", delete_dummy },
	{ "veth deleted, made anew", delete_veth },
	{ "MAC change", change_mac },
	{ "MTU change", change_mtu },
	{ "the lower's MTU", change_lower_mtu },
	{ "filter mode", change_filter },
	{ "lower down, up", lower_down },
	{ "carrier loss", lose_carrier },
	{ "lower renamed", rename_lower },
	{ "tc on both", tc_rules },
	{ "nft on both", nft_rules },
	{ "packet sockets, tcpdump", snoop },
	{ "queues detached, attached", detach_queue },
	{ "offloads", change_offloads },
	{ "queue length", change_queue_length },
	{ "port down, up", port_down },
	{ "readers killed", kill_readers },
	{ "attach refused for XDP", refused_for_xdp },
	{ "bad frame", refused_frames },
	{ "promiscuous port", promiscuous_port },
	{ "lower moved, fetched", move_lower },
	{ "port moved, fetched", move_port },
};

#define EVENTS ARRAY_SIZE(events)

struct count {
	unsigned int runs[EVENTS];
	unsigned int total;
};

static void at_next_tick(uint64_t *tick)
{
	struct timespec ts;

	*tick += EVERY_MS * 1000000ULL;
	if (*tick < st_now()) {
		*tick = st_now();
		return;
	}
	ts.tv_sec = *tick / 1000000000ULL;
	ts.tv_nsec = *tick % 1000000000ULL;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* Run each event once, in an order that varies, until all frames were sent */
static int run_events(struct soak *s, struct count *count)
{
	uint64_t tick = st_now(), last = tick;
	unsigned int i, which;
	int err;

	memset(count, 0, sizeof(*count));
	do {
		unsigned int first = roll(EVENTS), step = 1 + 2 * roll(6);

		/* 26 events: every odd step but 13 meets each of them. */
		for (i = 0; i < EVENTS; i++) {
			which = (first + i * step) % EVENTS;
			soak_allow(s, FRAMES_AN_EVENT);
			err = events[which].run(s);
			if (err) {
				printf("# event \"%s\": %s; %s\n",
				       events[which].name, strerror(-err),
				       st_msg);
				return err;
			}
			count->runs[which]++;
			count->total++;
			at_next_tick(&tick);
		}
		if (st_now() - last > 60 * 1000000000ULL) {
			last = st_now();
			printf("# %u events, %u frames written, %u sent\n",
			       count->total, s->next_tx, s->next_rx);
			fflush(stdout);
		}
	} while (!soak_is_done(s));
	return 0;
}

static int soak(uint32_t frames, struct count *count, bool print)
{
	struct soak_ledger ledger;
	struct soak s;
	uint64_t start;
	int err, events_err, bad;

	err = soak_new(&s, frames);
	if (!err)
		err = soak_start(&s);
	if (err) {
		printf("# can't begin: %s; %s\n", strerror(-err), st_msg);
		return err;
	}
	start = st_now();
	events_err = run_events(&s, count);
	err = soak_settle(&s, &ledger);
	if (err)
		printf("# some frames are not found: %s\n", strerror(-err));
	if (print) {
		printf("# %u frames each way in %llu s\n", frames,
		       (st_now() - start) / 1000000000ULL);
		soak_print(&ledger);
	}
	bad = soak_check(&s, &ledger);
	soak_end(&s);
	return events_err ? events_err : err ? err : bad;
}

struct settled {
	const struct soak_memory *before;
	struct soak_memory *now;
	char name[64];
	long objects, kib, may;
};

/* Deferred memory is freed after a while, namespaces by a worker. */
static bool memory_is_back(void *arg)
{
	struct settled *settled = arg;

	free(settled->now);
	settled->now = soak_memory();
	settled->objects = soak_memory_grown(settled->before, settled->now,
					     settled->name, &settled->kib);
	return settled->objects < settled->may && settled->kib < 2048;
}

static int module_users(void)
{
	char buf[32] = "";
	int fd = open("/sys/module/stabletap/refcnt", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) < 0)
		return -1;
	close(fd);
	return atoi(buf);
}

FIXTURE(soak) {
};

FIXTURE_SETUP(soak)
{
}

FIXTURE_TEARDOWN(soak)
{
}

TEST_F_TIMEOUT(soak, every_frame_is_accounted_for_and_no_memory_leaks,
	       14400)
{
	const char *asked = getenv("FRAMES");
	uint32_t frames = asked && *asked ? strtoul(asked, NULL, 10) :
					    SOAK_FRAMES;
	struct settled settled = {};
	struct count count;
	int users = module_users();
	unsigned int i;

	if (!soak_can_audit())
		SKIP(return, "no histogram triggers in this kernel");
	ASSERT_EQ(0, soak(SOAK_WARM_UP, &count, false));
	/* Memory that is allocated once and kept has been allocated by now. */
	settled.before = soak_memory();
	ASSERT_NE(NULL, settled.before);

	EXPECT_EQ(0, soak(frames, &count, true));
	TH_LOG("%u events of %zu kinds", count.total, EVENTS);
	for (i = 0; i < EVENTS; i++) {
		EXPECT_LT(0, count.runs[i]) {
			TH_LOG("%s", events[i].name);
		}
	}

	settled.may = 30;
	EXPECT_TRUE(st_wait(memory_is_back, &settled, ST_DEADLINE));
	TH_LOG("grown: %ld KiB; most objects: %ld more in %s", settled.kib,
	       settled.objects, settled.name);
	EXPECT_EQ(users, module_users());
}

TEST_HARNESS_MAIN
