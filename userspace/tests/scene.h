/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A model without a kernel: what there is and what happens is told in words.
 *
 *	a			device a is there, up, with carrier
 *	a:down a:nocarrier a:dormant a:gone
 *	a:away			it went to another network namespace
 *	a:master=b a:nomaster	b need not be there
 *	a:mac=52:54:00:00:00:01	its permanent address
 *	a:addr=...		its address, no permanent one
 *	a:addressed		the host has an address on it
 *	a:udev a:noudev		udev has seen it, or not yet (then it is down)
 *	a.5			VLAN 5 on a
 *	a/x			macvlan x on a, somebody else's
 *	a/st9-01		child of port 9 on a, without a master
 *	p			port p is there, down when it is new
 *	p:up
 *	p:on-detach=hold p:frames=9 p:bytes=9 p:time=9
 *	p@a p@a=passthru	it is attached to a, by default in mode bridge
 *	p@none			it has lost its lower
 *	p:gone p:away p:name=q
 *	+500ms +3s		time passes
 *	look=p			the plan is asked, and what it waits for kept
 *	refuse=p,a		an attach to a was refused
 *	pin=p,a prefer=p,a hold-off=p unpin=p failback=p
 *	probe=p,a,answers probe=p,a,fails
 *	made=a.5		the daemon makes VLAN 5 on a
 *	restart			a daemon starts, and lists what there is
 */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H

#include <net/if.h>
#include <net/if_arp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_link.h>

#include "conf/read.h"
#include "model/model.h"
#include "model/pool.h"
#include "model/refusal.h"
#include "model/verdict.h"
#include "plan/device.h"
#include "plan/port.h"
#include "util/clock.h"

#define SCENE_NAMES 2048

static struct {
	struct model m;
	const char *conf;
	uint64_t now;
	int next;			/* ifindex */
	struct {
		char name[STABLETAP_NAME_SIZE];
		int ifindex;
	} names[SCENE_NAMES];
	size_t names_n;
	struct verdict_entry entries[32];
	size_t entries_n;
	const char *wifi;		/* the device that is one */
	const char *raw;		/* the one that udev has not seen */
	const char *pf;			/* of devices called v<n> */
	char told[1024];		/* happenings */
} scene;

/* ---- facts ---- */

static bool scene_driver(const struct stabletap_link *link, char *buf,
			 size_t size)
{
	snprintf(buf, size, "%s", link->kind);
	return true;
}

static bool scene_property(const struct stabletap_link *link, const char *key,
			   char *buf, size_t size)
{
	snprintf(buf, size, "%s-%s", key, link->name);
	return true;
}

static bool scene_wifi(const struct stabletap_link *link)
{
	return scene.wifi && !strcmp(scene.wifi, link->name);
}

static bool scene_initialized(const struct stabletap_link *link)
{
	return !scene.raw || strcmp(scene.raw, link->name) != 0;
}

static bool scene_physical(const struct stabletap_link *link, char *pf,
			   size_t size)
{
	if (!scene.pf || link->name[0] != 'v')
		return false;
	snprintf(pf, size, "0000:%s", scene.pf);
	return true;
}

static int scene_vf_number(const struct stabletap_link *link, const char *pf,
			   int first, int last)
{
	int n = atoi(link->name + 1);

	(void)pf;
	return n >= first && n <= last ? n : -1;
}

static const struct facts scene_facts = {
	.driver = scene_driver, .property = scene_property,
	.is_wifi = scene_wifi, .is_initialized = scene_initialized,
	.physical = scene_physical, .vf_number = scene_vf_number,
};

static uint64_t scene_clock(void)
{
	return scene.now;
}

static void scene_happened(struct port *port, const struct happening *what,
			   void *arg)
{
	size_t len = strlen(scene.told);

	(void)port, (void)arg;
	snprintf(scene.told + len, sizeof(scene.told) - len, "%s%s %s %s>%s %s",
		 len ? "; " : "", what->port, what->event, what->from,
		 what->to, what->why);
}

static const struct model_ops scene_ops = { .happened = scene_happened };

/* ---- names and devices ---- */

static int *scene_index(const char *name)
{
	size_t i;

	for (i = 0; i < scene.names_n; i++)
		if (!strcmp(scene.names[i].name, name))
			return &scene.names[i].ifindex;
	if (scene.names_n == SCENE_NAMES)
		abort();
	snprintf(scene.names[scene.names_n].name, STABLETAP_NAME_SIZE, "%s",
		 name);
	scene.names[scene.names_n].ifindex = 0;
	return &scene.names[scene.names_n++].ifindex;
}

static struct device *scene_device(const char *name)
{
	return model_device(&scene.m, *scene_index(name));
}

static struct port *scene_port(const char *name)
{
	struct port *port = model_port(&scene.m, name);

	if (!port)
		abort();
	return port;
}

/* The link as it is known, or a new one */
static struct stabletap_link scene_link(const char *name)
{
	int *ifindex = scene_index(name);
	struct device *dev = model_device(&scene.m, *ifindex);
	struct stabletap_link link = {
		.type = ARPHRD_ETHER, .flags = IFF_UP, .carrier = true,
		.link_netnsid = -1, .mtu = 1500, .addr_len = 6,
		.operstate = 6,
	};

	if (dev)
		return dev->link;
	*ifindex = ++scene.next;
	link.ifindex = *ifindex;
	memset(&link.addr, 0xaa, 6);
	link.addr[5] = (uint8_t)*ifindex;
	snprintf(link.name, sizeof(link.name), "%s", name);
	snprintf(link.kind, sizeof(link.kind), "dummy");
	return link;
}

static void scene_put(const struct stabletap_link *link)
{
	if (model_link(&scene.m, link))
		abort();
}

static void scene_gone(const char *name, enum port_end end)
{
	int *ifindex = scene_index(name);

	model_link_gone(&scene.m, *ifindex, end);
	*ifindex = 0;
}

static void scene_mac(const char *text, uint8_t mac[6])
{
	if (stabletap_mac_parse(text, mac))
		abort();
}

/* Children of a device that is in another namespace now say so. */
static void scene_away(const char *name)
{
	int ifindex = *scene_index(name);
	struct stabletap_link link;
	size_t i;

	scene_gone(name, PORT_MOVED);
	for (i = 0; i < scene.m.devices_n; i++) {
		link = scene.m.devices[i]->link;
		if (device_below(&link) != ifindex)
			continue;
		link.link_netnsid = 3;
		scene_put(&link);
	}
}

static bool scene_option(struct stabletap_port_info *port, const char *what)
{
	if (!strncmp(what, "on-detach=", 10))
		return !stabletap_on_detach_parse(what + 10, &port->on_detach);
	if (!strncmp(what, "frames=", 7))
		port->hold_frames = (uint32_t)atoi(what + 7);
	else if (!strncmp(what, "bytes=", 6))
		port->hold_bytes = strtoull(what + 6, NULL, 10);
	else if (!strncmp(what, "time=", 5))
		port->hold_time = (uint32_t)atoi(what + 5);
	else
		return false;
	return true;
}

static void scene_addressed(const char *name)
{
	struct idset set = { 0 };

	idset_add(&set, *scene_index(name));
	model_addresses(&scene.m, &set);
	idset_release(&set);
}

/* Applies the words behind the colon. */
static void scene_change(const char *name, const char *what)
{
	struct stabletap_link link;

	if (!strcmp(what, "gone") || !strcmp(what, "away")) {
		if (!strcmp(what, "gone") || model_port(&scene.m, name))
			scene_gone(name, strcmp(what, "away") ? PORT_DELETED :
				   PORT_MOVED);
		else
			scene_away(name);
		return;
	}
	if (!strcmp(what, "addressed")) {
		scene_addressed(name);
		return;
	}
	link = scene_link(name);
	if (!strcmp(what, "down") || !strcmp(what, "noudev"))
		link.flags &= ~(unsigned int)IFF_UP;
	else if (!strcmp(what, "up"))
		link.flags |= IFF_UP;
	else if (!strcmp(what, "nocarrier"))
		link.carrier = false;
	else if (!strcmp(what, "dormant"))
		link.operstate = 5;
	else if (!strncmp(what, "master=", 7))
		link.master = *scene_index(what + 7) ?: 999;
	else if (!strcmp(what, "nomaster"))
		link.master = 0;
	else if (!strncmp(what, "mac=", 4))
		scene_mac(what + 4, link.perm_addr), link.perm_addr_len = 6;
	else if (!strncmp(what, "addr=", 5))
		scene_mac(what + 5, link.addr);
	else if (!strncmp(what, "name=", 5))
		snprintf(link.name, sizeof(link.name), "%s", what + 5);
	else if (strcmp(what, "udev") != 0 && !scene_option(&link.port, what))
		abort();
	if (!strcmp(what, "noudev"))
		scene.raw = name;
	if (!strcmp(what, "udev"))
		scene.raw = NULL;
	scene_put(&link);
	if (!strcmp(what, "udev"))
		model_facts_changed(&scene.m, link.ifindex);
}

static void scene_stacked(const char *name, const char *below, const char *kind)
{
	struct stabletap_link link = scene_link(name);

	link.link = *scene_index(below);
	snprintf(link.kind, sizeof(link.kind), "%s", kind);
	if (!strncmp(name, "st", 2))
		link.group = STABLETAP_CHILD_GROUP;
	if (!strcmp(kind, "vlan"))
		link.vlan_id = (uint16_t)atoi(strrchr(name, '.') + 1);
	memcpy(link.addr, scene_device(below)->link.addr, 6);
	scene_put(&link);
}

/* ---- ports ---- */

static struct stabletap_link scene_port_link(const char *name)
{
	struct stabletap_link link = scene_link(name);

	if (scene_device(name))
		return link;
	link.flags = 0;
	snprintf(link.kind, sizeof(link.kind), "%s", STABLETAP_KIND);
	link.port.state = STABLETAP_STATE_DETACHED;
	return link;
}

/* The child of @port on @below; its name is the mark. */
static int scene_child(const struct stabletap_link *port, const char *below,
		       const char *mode)
{
	struct stabletap_link link;
	char name[STABLETAP_NAME_SIZE];

	snprintf(name, sizeof(name), "st%d-%02x", port->ifindex,
		 (unsigned int)scene.next & 0xff);
	link = scene_link(name);
	link.link = *scene_index(below);
	link.group = STABLETAP_CHILD_GROUP;
	link.master = port->ifindex;
	snprintf(link.kind, sizeof(link.kind), "macvlan");
	link.macvlan_mode = !strcmp(mode, "passthru") ?
			    MACVLAN_MODE_PASSTHRU :
			    !strcmp(mode, "vepa") ? MACVLAN_MODE_VEPA :
			    MACVLAN_MODE_BRIDGE;
	scene_put(&link);
	return link.ifindex;
}

static void scene_let_go(const struct stabletap_link *port)
{
	struct device *lower = model_device(&scene.m, (int)port->port.lower);
	struct stabletap_link link;

	if (!lower)
		return;
	link = lower->link;
	if (stabletap_child_is(&link, NULL)) {
		model_link_gone(&scene.m, link.ifindex, PORT_DELETED);
		return;
	}
	link.master = 0;
	scene_put(&link);
}

static void scene_attach(const char *name, const char *to)
{
	struct stabletap_link link = scene_port_link(name), old, dev;
	char below[STABLETAP_NAME_SIZE];
	const char *mode = strchr(to, '=') ? strchr(to, '=') + 1 : "bridge";

	snprintf(below, sizeof(below), "%.*s", (int)strcspn(to, "="), to);
	old = link;
	if (!strcmp(below, "none")) {
		link.port.lower = 0;
		link.port.detach_time = scene.now;
		link.port.losses++;
	} else if (!strcmp(mode, "direct")) {
		dev = scene_link(below);
		dev.master = link.ifindex;
		scene_put(&dev);
		link.port.lower = (uint32_t)dev.ifindex;
	} else {
		link.port.lower = (uint32_t)scene_child(&link, below, mode);
	}
	if (link.port.lower && old.port.lower)
		link.port.replaces++;
	else if (link.port.lower)
		link.port.attaches++;
	if (link.port.lower)
		link.port.attach_time = scene.now;
	link.flags |= IFF_UP;
	link.port.state = link.port.lower ? STABLETAP_STATE_ATTACHED :
			  STABLETAP_STATE_DETACHED;
	scene_put(&link);
	if (old.port.lower && old.port.lower != link.port.lower)
		scene_let_go(&old);
}

/* ---- the operator, and answers ---- */

static void scene_override(const char *port, enum override_kind kind,
			   const char *dev)
{
	struct override o = { .kind = kind };

	snprintf(o.dev, sizeof(o.dev), "%s", dev);
	model_override(scene_port(port), &o);
}

static void scene_probe(const char *name, const char *dev, const char *word)
{
	struct port *port = scene_port(name);
	struct device *d = scene_device(dev);
	struct verdict_entry *e;
	bool answers = !strcmp(word, "answers");
	unsigned int i;

	e = (struct verdict_entry *)verdict_find(d->verdicts,
						 &port->conf->probe, false);
	if (!e) {
		e = &scene.entries[scene.entries_n++];
		*e = (struct verdict_entry){ .next = d->verdicts,
					     .spec = &port->conf->probe };
		d->verdicts = e;
	}
	for (i = 0; i < (answers ? port->conf->probe.answers :
			 port->conf->probe.misses); i++)
		verdict_settle(&e->verdict, &port->conf->probe,
			       scene.now += CLOCK_SECOND, answers);
}

/* The plan is pure: it has to do without facts. */
static inline struct device_step scene_look_at_device(const char *name)
{
	struct device_step step;

	scene.m.facts = NULL;
	step = plan_device(scene_device(name), scene.now);
	scene.m.facts = &scene_facts;
	return step;
}

/* As the engine does, but that no step is taken */
static inline struct step scene_look(const char *name)
{
	struct port *port = scene_port(name);
	struct step step;

	scene.m.facts = NULL;
	step = plan_port(port, scene.now);
	scene.m.facts = &scene_facts;
	port->waits = step.waits;
	port->stuck = step.stuck;
	return step;
}

static void scene_refuse(const char *port, const char *dev)
{
	bool news;

	if (port_refused(scene_port(port), scene_device(dev), "no", scene.now,
			 &news))
		abort();
}

static void scene_made(const char *name)
{
	char below[STABLETAP_NAME_SIZE];
	struct device_vlan *v;

	snprintf(below, sizeof(below), "%.*s", (int)strcspn(name, "."), name);
	v = device_vlan_make(scene_device(below), atoi(strchr(name, '.') + 1));
	v->made = scene.now;
	scene_stacked(name, below, "vlan");
}

/* ---- the daemon ---- */

/* With sections that are left out because of @errors */
static struct conf *scene_conf(const char *text, int errors)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	FILE *advice = fopen("/dev/null", "we");
	struct conf *conf = NULL;

	if (!in || !advice ||
	    conf_read_stream(in, "scene", scene.m.conf, advice,
			     &conf) != errors)
		abort();
	fclose(in);
	fclose(advice);
	return conf;
}

static void scene_configure(const char *text)
{
	scene.conf = text;
	if (model_configure(&scene.m, scene_conf(text, 0)))
		abort();
}

static inline void scene_misconfigure(const char *text, int errors)
{
	if (model_configure(&scene.m, scene_conf(text, errors)))
		abort();
}

static void scene_model(void)
{
	if (model_init(&scene.m, &scene_facts))
		abort();
	scene.m.clock = scene_clock;
	model_watch(&scene.m, &scene_ops, NULL);
}

/* The kernel lists devices by ifindex: most ports before their lowers. */
static void scene_restart(void)
{
	struct stabletap_link *links;
	size_t n = scene.m.devices_n, i;

	links = calloc(n + 1, sizeof(*links));
	if (!links)
		abort();
	for (i = 0; i < n; i++)
		links[i] = scene.m.devices[i]->link;
	model_release(&scene.m);
	scene_model();
	scene_configure(scene.conf);
	for (i = 0; i < n; i++)
		scene_put(&links[i]);
	free(links);
}

/* ---- words ---- */

/* VERB=PORT,ARGUMENT[,ARGUMENT] */
static bool scene_verb(char *word)
{
	char *verb = strtok(word, "="), *port = strtok(NULL, ","), *a, *b;

	a = strtok(NULL, ",");
	b = strtok(NULL, "");
	if (!strcmp(verb, "look"))
		scene_look(port);
	else if (!strcmp(verb, "refuse"))
		scene_refuse(port, a);
	else if (!strcmp(verb, "pin"))
		scene_override(port, OVERRIDE_PIN, a);
	else if (!strcmp(verb, "prefer"))
		scene_override(port, OVERRIDE_PREFER, a);
	else if (!strcmp(verb, "hold-off"))
		scene_override(port, OVERRIDE_HOLD_OFF, "");
	else if (!strcmp(verb, "unpin"))
		scene_override(port, OVERRIDE_NONE, "");
	else if (!strcmp(verb, "failback"))
		scene_port(port)->failback = true;
	else if (!strcmp(verb, "probe"))
		scene_probe(port, a, b);
	else if (!strcmp(verb, "made"))
		scene_made(port);
	else
		return false;
	return true;
}

static void scene_time(const char *text)
{
	char *unit;
	uint64_t n = strtoull(text, &unit, 10);

	scene.now += n * (!strcmp(unit, "ms") ? CLOCK_MS : CLOCK_SECOND);
}

static void scene_word(const char *word)
{
	char copy[96], *at;
	struct stabletap_link link;

	snprintf(copy, sizeof(copy), "%s", word);
	if (*word == '+') {
		scene_time(word + 1);
	} else if (!strcmp(word, "restart")) {
		scene_restart();
	} else if ((at = strchr(copy, '@'))) {
		*at = '\0';
		scene_attach(copy, at + 1);
	} else if ((at = strchr(copy, ':')) &&
		   (!strchr(copy, '=') || strchr(copy, '=') > at)) {
		*at = '\0';
		scene_change(copy, at + 1);
	} else if (strchr(copy, '=')) {
		if (!scene_verb(copy))
			abort();
	} else if ((at = strchr(copy, '/'))) {
		*at = '\0';
		scene_stacked(at + 1, copy, "macvlan");
	} else if ((at = strrchr(copy, '.'))) {
		*at = '\0';
		scene_stacked(word, copy, "vlan");
	} else {
		link = model_port(&scene.m, word) ? scene_port_link(word) :
						    scene_link(word);
		if (!model_port(&scene.m, word)) {
			link.flags |= IFF_UP;
			link.carrier = true;
			link.operstate = 6;
		}
		scene_put(&link);
	}
}

static inline void scene_play(const char *words)
{
	char copy[96];
	size_t len;

	while (*(words += strspn(words, " "))) {
		len = strcspn(words, " ");
		snprintf(copy, sizeof(copy), "%.*s", (int)len, words);
		scene_word(copy);
		words += len;
	}
}

/* ---- beginning and end ---- */

static void scene_clear(void)
{
	memset(&scene, 0, sizeof(scene));
	scene.now = 1000 * CLOCK_SECOND;
	scene_model();
}

static inline void scene_begin(const char *conf)
{
	scene_clear();
	scene_configure(conf);
}

static void scene_end(void)
{
	model_release(&scene.m);
}

#endif /* TESTS_SCENE_H */
