// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's network needs five things: the module, the daemon, the port's
 * section in the configuration, the device, the guest.  In every order of these
 * the final state is the same, and after each step everything exists that can
 * exist by then.
 *
 *	guest - fd - vm1 - st*-* (child) - v0 ==== veth0 - packet socket
 *
 * The guest is this process, driving vhost-net, or QEMU, whose NIC this process
 * drives.  A guest that starts before the port exists waits for the port and
 * opens it at once.
 *
 * vm-timeout: 1800
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "harness.h"
#include "pair.h"
#include "qemu.h"
#include "qnic.h"
#include "st.h"

#define TIMEOUT		1200	/* seconds */
#define DEADLINE	ST_DEADLINE	/* ms */
#define FRAME_LEN	100
#define SLOT		4
#define MAC		"52:54:00:00:00:01"	/* ST_MAC_PORT */

/* The steps; an order is a string of these letters */
#define MODULE		'M'
#define DAEMON		'D'
#define PORT		'P'
#define DEVICE		'V'
#define GUEST		'G'
#define STEPS		5
#define ALL		"MDPVG"

FIXTURE(order) {
	struct daemon daemon;
	struct pair pair;
	struct qemu qemu;
	struct qnic nic;
	char done[STEPS + 1];	/* the steps that are done */
	bool open;		/* the guest has its fd */
	int control;
	int port;
	int lower;
	int p0;			/* other end of v0 */
	int peer;		/* packet socket on p0 */
	uint32_t number;	/* number of the last frame */
	/* The state at the end of this order, and of the first one */
	struct {
		json_t *told;			/* daemon, devices */
		struct stabletap_get port;	/* from the kernel */
		struct stabletap_stats stats;	/* likewise */
	} end, first;
};

FIXTURE_VARIANT(order) {
	bool qemu;
	const char *orders;	/* NULL: all orders */
};

FIXTURE_VARIANT_ADD(order, vhost) {
	.orders = NULL,
};

#ifndef EACH_ORDER
/*
 * Starting QEMU takes long: only orders in which each step is once the first
 * and once the last.
 */
FIXTURE_VARIANT_ADD(order, qemu) {
	.qemu = true,
	.orders = "MDPVG DPVGM PVGMD VGMDP GMDPV",
};
#endif

/* ---- the guest ---- */

static int guest_open(FIXTURE_DATA(order) *self, bool qemu)
{
	int fd, err;

	if (!qemu)
		return pair_open(&self->pair, self->control, self->port);
	fd = st_port_open(self->control, self->port, 0);
	if (fd < 0)
		return fd;
	err = qemu_start(&self->qemu, &fd, 1,
			 "-netdev tap,id=n0,fd=%d,vhost=on "
			 "-device virtio-net-pci,id=d0,netdev=n0,addr=%d,"
			 "mac=" MAC ",disable-legacy=on,romfile=", fd, SLOT);
	close(fd);
	if (!err)
		err = qnic_init(&self->nic, &self->qemu, SLOT);
	return err ? err : qnic_start(&self->nic);
}

static int guest_close(FIXTURE_DATA(order) *self, bool qemu)
{
	int err = 0;

	if (!qemu) {
		pair_close(&self->pair);
	} else {
		err = qemu_quit(&self->qemu);
		qemu_kill(&self->qemu);
	}
	self->open = false;
	return err;
}

static int guest_send(FIXTURE_DATA(order) *self, bool qemu,
		      const uint8_t *frame, size_t len)
{
	int err;

	if (qemu)
		return qnic_send(&self->nic, 0, frame, len);
	err = pair_send(&self->pair, frame, len);
	if (err)
		return err;
	ring_kick(self->pair.ring[TX]);
	return pair_sent(&self->pair) ? 0 : -ETIMEDOUT;
}

struct arrival {
	FIXTURE_DATA(order) *self;
	bool qemu;
};

/* Read all frames.  Returns true if the expected one was among them. */
static bool has_arrived(void *arg)
{
	const struct arrival *a = arg;
	struct ring *ring = a->self->pair.ring[RX];
	uint8_t frame[PAIR_BUFFER];
	int len;

	for (;;) {
		if (a->qemu)
			len = qnic_receive(&a->self->nic, frame, sizeof(frame));
		else if (ring_ready(ring))
			len = pair_receive(&a->self->pair, frame,
					   sizeof(frame));
		else
			len = 0;
		if (len <= 0)
			return false;
		if (st_frame_number(frame, len) == a->self->number)
			return true;
	}
}

/* ---- the steps ---- */

static bool is_done(FIXTURE_DATA(order) *self, char step)
{
	return strchr(self->done, step);
}

static int declare(FIXTURE_DATA(order) *self)
{
	return daemon_configure(&self->daemon, "[Port vm1]\n"
				"MACAddress=" MAC "\nCandidate=v0\n");
}

/* Create v0 down, as drivers do; the daemon sets it up. */
static int plug(FIXTURE_DATA(order) *self)
{
	int v0 = st_link_add("v0", "veth", 0), err;

	if (v0 < 0)
		return v0;
	self->p0 = st_ifindex("veth0");
	err = st_link_up(self->p0, true);
	if (err)
		return err;
	self->peer = st_packet_open(self->p0, false);
	return self->peer < 0 ? self->peer : 0;
}

static int take_step(FIXTURE_DATA(order) *self, char step)
{
	self->done[strlen(self->done)] = step;
	switch (step) {
	case MODULE:
		return st_module_load();
	case DAEMON:
		return daemon_start(&self->daemon);
	case PORT:
		return declare(self);
	case DEVICE:
		return plug(self);
	default:
		return 0;	/* The guest waits. */
	}
}

static bool has_port(void *arg)
{
	return st_ifindex("vm1") > 0;
}

static bool is_up(void *arg)
{
	unsigned int flags = 0;

	st_link_state(*(int *)arg, NULL, &flags, NULL, NULL);
	return flags & IFF_UP;
}

static bool is_attached(void *arg)
{
	FIXTURE_DATA(order) *self = arg;
	struct stabletap_get get;

	return !st_get(self->control, self->port, &get) &&
	       get.state == STABLETAP_STATE_ATTACHED;
}

/* After each step, check that everything exists that can exist, and no more. */
static int look(FIXTURE_DATA(order) *self, bool qemu)
{
	struct stabletap_get get;
	int err;

	if (!is_done(self, MODULE) || !is_done(self, DAEMON) ||
	    !is_done(self, PORT))
		return has_port(NULL) ? -EEXIST : 0;
	if (!st_wait(has_port, NULL, DEADLINE))
		return -ENODEV;
	self->port = st_ifindex("vm1");
	if (self->control < 0)
		self->control = st_control_open();
	if (is_done(self, GUEST) && !self->open) {
		err = guest_open(self, qemu);
		if (err)
			return err;
		self->open = true;
	}
	if (!st_wait(is_up, &self->port, DEADLINE))
		return -ENETDOWN;
	if (is_done(self, DEVICE))
		return st_wait(is_attached, self, DEADLINE) ? 0 : -ETIMEDOUT;
	err = st_get(self->control, self->port, &get);
	return err ? err : get.state == STABLETAP_STATE_DETACHED ? 0 : -EISCONN;
}

/* ---- the final state ---- */

static int flows_both_ways(FIXTURE_DATA(order) *self, bool qemu)
{
	struct arrival arrival = { self, qemu };
	uint8_t frame[FRAME_LEN], got[2048];
	ssize_t len;
	int err;

	if (!st_wait_up(self->p0, DEADLINE))
		return -ENETDOWN;
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT,
		 ++self->number);
	err = guest_send(self, qemu, frame, sizeof(frame));
	if (err)
		return err;
	do {
		if (st_readable(self->peer, DEADLINE) != 1)
			return -ECOMM;
		len = read(self->peer, got, sizeof(got));
	} while (st_frame_number(got, len) != self->number);

	st_frame(frame, sizeof(frame), ST_MAC_PORT, ST_MAC_PEER,
		 ++self->number);
	if (st_packet_send(self->peer, self->p0, frame, sizeof(frame)) < 0)
		return -EIO;
	return st_wait(has_arrived, &arrival, DEADLINE) ? 0 : -ENODATA;
}

/* Number of devices by name; all children count as "child" */
static json_t *devices(void)
{
	struct if_nameindex *all = if_nameindex(), *one;
	json_t *names = json_object();
	const char *name;
	int n;

	for (one = all; one && one->if_index; one++) {
		name = strncmp(one->if_name, "st", 2) ? one->if_name : "child";
		n = json_integer_value(json_object_get(names, name));
		json_object_set_new(names, name, json_integer(n + 1));
	}
	if (all)
		if_freenameindex(all);
	return names;
}

/* Remove the values that differ in every run. */
static void strip(json_t *value)
{
	static const char *const keys[] = {
		"ifindex", "instance", "resyncs", "since", "time",
	};
	const char *key;
	json_t *inner;
	void *next;
	size_t i;

	json_array_foreach(value, i, inner)
		strip(inner);
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		json_object_del(value, keys[i]);
	json_object_foreach_safe(value, next, key, inner)
		strip(inner);
}

/*
 * Record the whole state, the port's last, after the daemon has become idle.
 * Values that differ in every run are removed.
 */
static int look_at_all(FIXTURE_DATA(order) *self)
{
	struct stabletap_get *port = &self->end.port;
	json_t *told = json_object();
	int err;

	json_object_set_new(told, "devices", devices());
	json_object_set_new(told, "events", daemon_events("vm1"));
	json_object_set_new(told, "status", daemon_ask("{\"status\": true}"));
	strip(told);
	json_decref(self->end.told);
	self->end.told = told;
	err = st_get(self->control, self->port, port);
	if (!err)
		err = st_stats(self->control, self->port, &self->end.stats);
	self->lower = port->lower;
	port->msg = 0;
	port->port = 0;
	memset(port->node, 0, sizeof(port->node));
	port->major = 0;
	port->minor = 0;
	port->lower = 0;
	port->attach_time = 0;
	return err;
}

static const char *text_of(const json_t *value)
{
	static char text[2][8192];
	static int n;

	n = !n;
	text[n][json_dumpb(value, text[n], sizeof(text[n]) - 1,
			   JSON_SORT_KEYS)] = 0;
	return text[n];
}

/* Check the final state */
static int is_right(FIXTURE_DATA(order) *self)
{
	const char *event = "", *why = "", *to = "", *dev = "", *state = "";
	const struct stabletap_stats *stats = &self->end.stats;
	const struct stabletap_get *port = &self->end.port;
	int lo = 0, v0 = 0, p0 = 0, vm1 = 0, children = 0;
	unsigned int flags;
	uint8_t mac[6];
	int master;

	if (port->state != STABLETAP_STATE_ATTACHED ||
	    port->lower_kind != STABLETAP_LOWER_MACVLAN ||
	    port->attaches != 1 || port->replaces || port->losses ||
	    port->open_queues != 1 || stats->tx_packets != 1 ||
	    stats->rx_packets != 1)
		return -EPROTO;
	if (st_link_state(self->port, NULL, &flags, mac, NULL) ||
	    !(flags & IFF_UP) || memcmp(mac, ST_MAC_PORT, 6))
		return -ENETDOWN;
	if (st_link_state(self->lower, NULL, &flags, mac, &master) ||
	    !(flags & IFF_UP) || memcmp(mac, ST_MAC_PORT, 6) ||
	    master != self->port)
		return -EADDRNOTAVAIL;
	if (json_unpack(self->end.told, "{s:{s:i, s:i, s:i, s:i, s:i !}, "
			"s:[{s:s, s:s, s:s}!], s:{s:[{s:s, s:s}!]}}",
			"devices", "lo", &lo, "v0", &v0, "veth0", &p0,
			"vm1", &vm1, "child", &children,
			"events", "event", &event, "to", &to, "why", &why,
			"status", "ports", "state", &state, "dev", &dev))
		return -EBADMSG;
	if (lo + v0 + p0 + vm1 + children != 5 || strcmp(event, "attached") ||
	    strcmp(to, "v0") || strcmp(why, "usable") || strcmp(dev, "v0") ||
	    strcmp(state, "attached"))
		return -EBADMSG;
	return 0;
}

/* Returns true if the state is that of the first order. */
static bool is_the_same(FIXTURE_DATA(order) *self)
{
	if (!self->first.told) {
		self->first = self->end;
		json_incref(self->first.told);
	}
	return json_equal(self->first.told, self->end.told) &&
	       !memcmp(&self->first.port, &self->end.port,
		       sizeof(self->end.port)) &&
	       !memcmp(&self->first.stats, &self->end.stats,
		       sizeof(self->end.stats));
}

static bool is_unloaded(void *arg)
{
	int *err = arg;

	*err = st_module_unload();
	return *err != -EWOULDBLOCK;
}

/*
 * Restore the state before the first step.  Returns 0, or the error of a step.
 */
static int clear(FIXTURE_DATA(order) *self, bool qemu)
{
	int err = 0, ret = 0;

	if (self->open)
		ret = guest_close(self, qemu);
	if (self->daemon.pid && daemon_stop(&self->daemon))
		ret = -ECHILD;
	if (self->peer >= 0)
		close(self->peer);
	st_link_del(st_ifindex("v0"));
	if (self->control >= 0) {
		ret = ret ?: st_port_delete(self->control, self->port, 0);
		close(self->control);
	}
	if (!st_wait(is_unloaded, &err, DEADLINE) || (err && err != -ENOENT))
		ret = ret ?: err;
	self->peer = -1;
	self->control = -1;
	memset(self->done, 0, sizeof(self->done));
	return ret;
}

/* ---- orders ---- */

#ifndef EACH_ORDER
/*
 * A waiting guest has no effect.  So orders that differ only in when the guest
 * began to wait are equivalent.  Of these only the last is run: the guest
 * starts just before the step that creates its port.
 */
static bool is_one_of_its_kind(const char *order)
{
	const char *guest = strchr(order, GUEST), *step;
	int left = 0;

	for (step = guest + 1; *step; step++)
		left += *step != DEVICE;
	return !left || (left == 1 && guest[1] != DEVICE);
}
#else
static bool is_one_of_its_kind(const char *order)
{
	return true;
}
#endif

/*
 * Write all permutations of the letters from @at on that are to be run.
 * Returns their number.
 */
static int permute(char *order, int at, char (*out)[STEPS + 1], int n)
{
	char step;
	int i;

	if (at == STEPS) {
		if (is_one_of_its_kind(order))
			strcpy(out[n++], order);
		return n;
	}
	for (i = at; i < STEPS; i++) {
		step = order[i];
		order[i] = order[at];
		order[at] = step;
		n = permute(order, at + 1, out, n);
		order[at] = order[i];
		order[i] = step;
	}
	return n;
}

FIXTURE_SETUP(order)
{
	int err;

	if (!getenv("STABLETAP_KO"))
		SKIP(return, "STABLETAP_KO, the module's path, is not set");
	self->control = -1;
	self->peer = -1;
	ASSERT_EQ(0, st_netns_new());
	ASSERT_EQ(0, st_sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1 "
			   "net.ipv6.conf.all.disable_ipv6=1"));
	ASSERT_EQ(0, st_link_up(st_ifindex("lo"), true));
	ASSERT_EQ(0, daemon_init(&self->daemon));
	/* Namespaces of earlier tests may still be in cleanup. */
	ASSERT_TRUE(st_wait(is_unloaded, &err, DEADLINE));
	ASSERT_EQ(0, err);
}

FIXTURE_TEARDOWN(order)
{
	clear(self, variant->qemu);
	daemon_end(&self->daemon);
	json_decref(self->end.told);
	json_decref(self->first.told);
	EXPECT_EQ(0, st_module_load());
}

static void try_order(struct __test_metadata *_metadata,
		      FIXTURE_DATA(order) *self, const char *order, bool qemu)
{
	const char *step;

	/* Begin with an empty configuration. */
	ASSERT_EQ(0, daemon_configure(&self->daemon, "%s", ""));
	for (step = order; *step; step++) {
		ASSERT_EQ(0, take_step(self, *step)) {
			TH_LOG("%s: step %c", order, *step);
		}
		ASSERT_EQ(0, look(self, qemu)) {
			TH_LOG("%s: after step %c: %s", order, *step,
			       daemon_log(&self->daemon));
		}
	}
	ASSERT_EQ(0, flows_both_ways(self, qemu)) {
		TH_LOG("%s: %s", order, daemon_log(&self->daemon));
	}
	ASSERT_EQ(0, look_at_all(self));
	ASSERT_EQ(0, is_right(self)) {
		TH_LOG("%s: %s: %s", order, text_of(self->end.told),
		       daemon_log(&self->daemon));
	}
	ASSERT_TRUE(is_the_same(self)) {
		TH_LOG("%s: %s; the first: %s", order,
		       text_of(self->end.told), text_of(self->first.told));
	}
	ASSERT_EQ(0, clear(self, qemu)) {
		TH_LOG("%s: while restoring the state", order);
	}
}

TEST_F_TIMEOUT(order, each_order_ends_in_the_same_state, TIMEOUT)
{
	char orders[120][STEPS + 1], all[] = ALL, *order, *some;
	int i, n;

	if (variant->orders) {
		some = strdup(variant->orders);
		for (order = strtok(some, " "); order; order = strtok(NULL, " "))
			try_order(_metadata, self, order, variant->qemu);
		free(some);
		return;
	}
	n = permute(all, 0, orders, 0);
	for (i = 0; i < n; i++)
		try_order(_metadata, self, orders[i], variant->qemu);
	TH_LOG("%d orders", n);
}

TEST_HARNESS_MAIN
