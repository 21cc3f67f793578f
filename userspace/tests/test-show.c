// SPDX-License-Identifier: GPL-2.0
/* The output of show, and the events of monitor. */
#include <stdlib.h>
#include <net/if.h>
#include <linux/if_link.h>

#include "changes.h"
#include "tap.h"
#include "text.h"
#include "view.h"

#define SECOND 1000000000ull

static struct stabletap_link make_port(void)
{
	struct stabletap_link l = {
		.ifindex = 12, .name = "vm1", .kind = STABLETAP_KIND,
		.flags = IFF_UP, .mtu = 9000, .addr_len = 6,
		.addr = { 0x52, 0x54, 0, 1, 2, 3 },
	};

	return l;
}

static struct view make_view(const struct stabletap_link *port,
			     const struct stabletap_link *lower,
			     const struct stabletap_link *parent,
			     const struct stabletap_holder *holder)
{
	struct view v = {
		.link = port, .lower = lower, .parent = parent,
		.holders = holder, .holders_n = 1, .now = 1000 * SECOND,
		.get = {
			.name = "vm1", .node = "tap12", .major = 240,
			.minor = 1, .perm = 0600, .queues = 4,
			.open_queues = 2, .lower = 13, .lower_mtu = 1500,
			.state = STABLETAP_STATE_ATTACHED,
			.lower_kind = STABLETAP_LOWER_MACVLAN,
			.detach_reason = STABLETAP_REASON_LOWER_GONE,
			.detach_time = 988 * SECOND, .last_lower = "st12-9f",
			.attaches = 2, .losses = 1,
		},
		.stats = { .tx_packets = 5, .rx_ring = 3 },
	};

	return v;
}

static void test_view(struct tap *t)
{
	struct stabletap_link port = make_port();
	struct stabletap_link lower = {
		.ifindex = 13, .name = "st12-a3", .kind = "macvlan",
		.macvlan_mode = MACVLAN_MODE_VEPA, .link = 2,
	};
	struct stabletap_link parent = { .ifindex = 2, .name = "eth0" };
	struct stabletap_holder holder = { 1, 4711, 2, "qemu" };
	struct view v = make_view(&port, &lower, &parent, &holder);
	struct cli cli = { 0 };
	size_t size = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	view_text(&cli, &v, f);
	fclose(f);
	is_str(t, text,
	       "vm1: state attached lower st12-a3 mode vepa dev eth0\n"
	       "    link up address 52:54:00:01:02:03 mtu 9000 on-detach drop\n"
	       "    node /dev/tap12 owner root group root perm 0600 queues 2/4\n"
	       "    open in qemu pid 4711\n"
	       "    last detach lower-gone 12.0s ago from st12-9f\n"
	       "    warning: the lower's MTU 1500 is below the port's 9000: "
	       "larger frames are dropped\n", "a port as text");
	free(text);

	text = NULL;
	f = open_memstream(&text, &size);
	if (!f)
		return;
	view_brief(&v, f);
	fclose(f);
	is_str(t, text, "vm1              attached   up   52:54:00:01:02:03 "
	       "st12-a3@eth0         2/4\n", "a port in brief");
	free(text);

	text = NULL;
	f = open_memstream(&text, &size);
	if (!f)
		return;
	port.flags = 0;
	strcpy(v.last_device, "eth9");
	view_brief(&v, f);
	view_text(&cli, &v, f);
	fclose(f);
	ok(t, strstr(text, " attached   down "), "a port that is down");
	ok(t, strstr(text, "lower-gone 12.0s ago from eth9\n"),
	   "a last child is named by its device");
	free(text);
}

static void expect_hold(struct tap *t, const struct view *v, const char *want,
			const char *name)
{
	struct cli cli = { 0 };
	size_t size = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);
	char *end;

	if (!f)
		return;
	view_text(&cli, v, f);
	fclose(f);
	end = strstr(text, "    node ");
	if (end)
		*end = '\0';
	is_str(t, strstr(text, "on-detach"), want, name);
	free(text);
}

static void test_hold(struct tap *t)
{
	struct stabletap_link port = make_port();
	struct stabletap_holder holder = { 1, 4711, 2, "qemu" };
	struct view v = make_view(&port, NULL, NULL, &holder);
	json_int_t frames = 0, bytes = 0, time_ms = 0, held = 0, held_bytes = 0;
	struct cli cli = { 0 };
	json_t *o;

	v.get.hold_frames = 1024;
	v.get.hold_bytes = 4294967296;
	v.get.hold_time = 10000;
	expect_hold(t, &v, "on-detach drop\n",
		    "a port that drops shows no bounds");
	v.get.on_detach = STABLETAP_ON_DETACH_HOLD;
	expect_hold(t, &v, "on-detach hold frames 1024 bytes 4294967296 time "
		    "10000\n", "one that holds does");
	v.get.held_frames = 12;
	v.get.held_bytes = 9216;
	expect_hold(t, &v, "on-detach hold frames 1024 bytes 4294967296 time "
		    "10000\n    held 12 frames 9216 bytes\n",
		    "and how much it holds");
	o = view_json(&cli, &v);
	ok(t, !json_unpack(o, "{s:{s:I, s:I, s:I, s:I, s:I}}", "hold",
			   "frames", &frames, "bytes", &bytes, "time_ms",
			   &time_ms, "held_frames", &held, "held_bytes",
			   &held_bytes) && frames == 1024 &&
	   bytes == 4294967296 && time_ms == 10000 && held == 12 &&
	   held_bytes == 9216, "all of it is in JSON");
	json_decref(o);
}

/* The module's clock is read before ours, or should be. */
static void test_age(struct tap *t)
{
	struct stabletap_link port = make_port();
	struct view v = make_view(&port, NULL, NULL, NULL);
	struct cli cli = { .details = true };
	size_t size = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);
	double ago = -1;
	json_t *o;

	if (!f)
		return;
	v.holders_n = 0;
	v.now = v.get.detach_time - 1;
	v.get.attach_time = v.get.detach_time;
	view_text(&cli, &v, f);
	fclose(f);
	ok(t, strstr(text, "lower-gone 0.0s ago") &&
	   strstr(text, "attached 0.0s ago"),
	   "a time in the future is 0.0s ago");
	free(text);
	o = view_json(&cli, &v);
	ok(t, !json_unpack(o, "{s:{s:F}}", "last_detach", "seconds_ago",
			   &ago) && ago < 0.1 && ago > -0.1,
	   "in JSON, too");
	json_decref(o);
}

static void test_json(struct tap *t)
{
	struct stabletap_link port = make_port();
	struct stabletap_holder holder = { 1, 4711, 2, "qemu" };
	struct view v = make_view(&port, NULL, NULL, &holder);
	struct cli cli = { .stats = true };
	json_t *o = view_json(&cli, &v);
	const char *dev = "";
	const char *perm = "";
	int pid = 0, ifindex = 0, packets = 0;
	const char *mtu = "", *module = "";
	double ago = 0;
	int err;

	err = json_unpack(o, "{s:{s:i}, s:s, s:[{s:i}], s:{s:F}, s:{s:i}}",
			  "lower", "ifindex", &ifindex, "perm", &perm,
			  "holders", "pid", &pid, "last_detach",
			  "seconds_ago", &ago, "stats", "tx_packets", &packets);
	ok(t, !err && ifindex == 13 && pid == 4711 && packets == 5 &&
	   ago > 11.9 && ago < 12.1, "a port as JSON has its values");
	is_str(t, perm, "0600", "perm is a string of octal digits");
	ok(t, json_unpack(o, "{s:{s:s}}", "lower", "ifname", &dev) != 0,
	   "a lower that has gone meanwhile has no name");
	json_decref(o);
	v.module = "the wrong one";
	o = view_json(&cli, &v);
	ok(t, !json_unpack(o, "{s:[s,s!]}", "warnings", &mtu, &module),
	   "there are two warnings");
	is_str(t, module, "the wrong one", "one of them is of the module");
	json_decref(o);
}

static void test_json_text(struct tap *t)
{
	static const char *const texts[][2] = {
		{ "", "" },
		{ "d\303\266rte", "d\303\266rte" },
		{ "\366k", "?k" },
		{ "\303", "?" },
		{ "\303\266\303", "\303\266?" },
		{ "\360\237\220\247\360\237\220", "\360\237\220\247???" },
		{ "\377\n", "?\n" },
	};
	json_t *value;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		value = stabletap_json_text(texts[i][0]);
		is_str(t, json_string_value(value), texts[i][1],
		       "bytes become a JSON string");
		json_decref(value);
	}
}

static void test_bad_names(struct tap *t)
{
	struct stabletap_link port = make_port();
	struct stabletap_link lower = { .ifindex = 13, .name = "e\366" };
	struct stabletap_holder holder = { 1, 4711, 2, "q\366" };
	struct view v = make_view(&port, &lower, NULL, &holder);
	struct cli cli = { 0 };
	const char *name = "", *dev = "", *comm = "", *last = "";
	json_t *o;

	strcpy(port.name, "v\366");
	strcpy(v.get.last_lower, "l\366");
	o = view_json(&cli, &v);
	ok(t, !json_unpack(o, "{s:s, s:{s:s}, s:[{s:s}], s:{s:s}}", "port",
			   &name, "lower", "ifname", &dev, "holders",
			   "command", &comm, "last_detach", "lower", &last),
	   "names that are no UTF-8 don't lose their keys");
	is_str(t, name, "v?", "nor the rest of the port's name");
	is_str(t, dev, "e?", "nor of the lower's");
	is_str(t, comm, "q?", "nor of a holder's");
	is_str(t, last, "l?", "nor of the last lower's");
	json_decref(o);
}

/* ---- events ---- */

struct record {
	char text[256];
};

static const char *name_of(int ifindex, void *arg)
{
	(void)arg;
	return ifindex == 13 ? "st12-a3" : "eth9";
}

static void on_event(const char *event, const struct stabletap_link *port,
		     json_t *fields, void *arg)
{
	struct record *r = arg;
	size_t used = strlen(r->text);
	const char *lower = "";

	(void)port;
	json_unpack(fields, "{s:s}", "lower", &lower);
	snprintf(r->text + used, sizeof(r->text) - used, "%s%s%s%s",
		 used ? " " : "", event, *lower ? "=" : "", lower);
	json_decref(fields);
}

static void expect(struct tap *t, const struct stabletap_link *old,
		   const struct stabletap_link *new, const char *want,
		   const char *name)
{
	struct record r = { "" };

	changes_tell(old, new, name_of, on_event, &r);
	is_str(t, r.text, want, name);
}

static struct stabletap_link attached(struct stabletap_link l, uint32_t lower)
{
	l.port.lower = lower;
	l.port.state = STABLETAP_STATE_ATTACHED;
	l.port.attaches++;
	return l;
}

static struct stabletap_link detached(struct stabletap_link l)
{
	l.port.lower = 0;
	l.port.state = STABLETAP_STATE_DETACHED;
	l.port.detach_reason = STABLETAP_REASON_LOWER_GONE;
	strcpy(l.port.last_lower, "eth0");
	return l;
}

static void test_events(struct tap *t)
{
	struct stabletap_link a = make_port();
	struct stabletap_link b = attached(a, 13);
	struct stabletap_link c;

	expect(t, NULL, &a, "added", "a port comes");
	expect(t, NULL, &b, "added attached=st12-a3",
	       "a port comes with a lower");
	expect(t, &a, NULL, "deleted", "a port goes");
	expect(t, &a, &a, "", "the same again is no event");
	expect(t, &a, &b, "attached=st12-a3", "a lower comes");
	c = detached(b);
	expect(t, &b, &c, "detached=eth0", "a lower goes");
	c = attached(detached(b), 14);
	expect(t, &b, &c, "detached=eth0 attached=eth9",
	       "a lower went and another came between two looks");
	c = attached(detached(b), 13);
	expect(t, &b, &c, "detached=eth0 attached=st12-a3",
	       "a lower went and came back under the same index");
	c = detached(attached(a, 13));
	expect(t, &a, &c, "attached=eth0 detached=eth0",
	       "a lower came and went between two looks");
	c = b;
	c.port.lower = 14;
	c.port.replaces++;
	expect(t, &b, &c, "replaced=eth9", "a lower is replaced");
	c = b;
	c.port.state = STABLETAP_STATE_LOWER_DOWN;
	expect(t, &b, &c, "lower-down=st12-a3", "a lower loses its carrier");
	expect(t, &c, &b, "lower-up=st12-a3", "a lower's carrier is back");
	expect(t, &a, &c, "attached=st12-a3 lower-down=st12-a3",
	       "a lower comes without carrier");
	strcpy(c.port.last_lower, "e\366");
	c.port.lower = 0;
	expect(t, &b, &c, "detached=e?", "a lower goes that is no UTF-8");
	c = a;
	strcpy(c.name, "vm2");
	c.mtu = 1500;
	c.addr[5] = 9;
	c.flags = 0;
	expect(t, &a, &c, "renamed address mtu down",
	       "name, address, MTU and link change at once");
	c = a;
	c.port.on_detach = STABLETAP_ON_DETACH_HOLD;
	expect(t, &a, &c, "on-detach", "on-detach changes");
	c.port.hold_frames = 1;
	expect(t, &a, &c, "on-detach hold", "and a bound with it");
	b = c;
	b.port.hold_bytes = 1;
	expect(t, &c, &b, "hold", "a bound of memory changes");
	c = b;
	c.port.hold_time = 1;
	expect(t, &b, &c, "hold", "a bound of time changes");
	b = attached(a, 13);
	c = b;
	c.port.attach_flags = STABLETAP_ATTACH_FILTER;
	expect(t, &b, &c, "filter=st12-a3", "the filter mode changes");
	b = c;
	c.port.attach_flags |= STABLETAP_ATTACH_INCOMPLETE;
	expect(t, &b, &c, "filter-incomplete=st12-a3",
	       "the lower has no memory for an address");
}

int main(void)
{
	struct tap t = { 0 };

	test_view(&t);
	test_hold(&t);
	test_age(&t);
	test_json(&t);
	test_json_text(&t);
	test_bad_names(&t);
	test_events(&t);
	return tap_end(&t);
}
