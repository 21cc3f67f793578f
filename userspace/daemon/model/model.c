// SPDX-License-Identifier: GPL-2.0
/* Changes the tables of devices and ports. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/read.h"
#include "conf/selector.h"
#include "model/event.h"
#include "model/history.h"
#include "model/match.h"
#include "model/model.h"
#include "model/pool.h"
#include "model/refusal.h"
#include "util/clock.h"

#define HISTORY_ROOM 1000

/* ---- devices ---- */

static struct device *device_add(struct model *m, int ifindex)
{
	size_t i = model_position(m, ifindex);
	struct device *dev = calloc(1, sizeof(*dev));
	struct device **grown;
	size_t room = m->devices_room ? m->devices_room * 2 : 64;

	if (!dev || agenda_join(&m->agenda, &dev->todo, AGENDA_DEVICE)) {
		free(dev);
		return NULL;
	}
	if (m->devices_n == m->devices_room) {
		grown = reallocarray(m->devices, room, sizeof(struct device *));
		if (!grown) {
			agenda_leave(&m->agenda, &dev->todo);
			free(dev);
			return NULL;
		}
		m->devices = grown;
		m->devices_room = room;
	}
	memmove(&m->devices[i + 1], &m->devices[i],
		(m->devices_n - i) * sizeof(struct device *));
	m->devices[i] = dev;
	m->devices_n++;
	dev->model = m;
	dev->known_since = m->clock();
	dev->link.ifindex = ifindex;
	return dev;
}

static void device_free(struct device *dev)
{
	stabletap_link_release(&dev->link);
	idset_release(&dev->uppers);
	idset_release(&dev->vlan_ids);
	idset_release(&dev->bases);
	idset_release(&dev->matches);
	free(dev->vlans);
	free(dev);
}

/*
 * Device @ifindex is not known.  If others name it, they are searched when it
 * comes, see stack_earlier().
 */
static void await(struct model *m, int ifindex)
{
	const struct stabletap_link *link;
	size_t i;

	for (i = 0; i < m->devices_n; i++) {
		link = &m->devices[i]->link;
		if (device_below(link) == ifindex || link->master == ifindex) {
			idset_add(&m->awaited, ifindex);
			return;
		}
	}
	idset_drop(&m->awaited, ifindex);
}

static void stack(struct model *m, int below, const struct stabletap_link *link,
		  bool on)
{
	struct device *dev = model_device(m, below);
	struct device_vlan *made;

	if (!dev) {
		await(m, below);
		return;
	}
	idset_make(&dev->uppers, link->ifindex, on);
	if (!link->vlan_id)
		return;
	idset_make(&dev->vlan_ids, link->vlan_id, on);
	made = device_vlan(dev, link->vlan_id);
	/* The VLAN has appeared or disappeared, so end its back-off. */
	if (made) {
		retry_reset(&made->retry);
		made->until = 0;
		made->why[0] = '\0';
	}
	agenda_mark(&m->agenda, &dev->todo);
}

/* A device's message may come before that of the device below it. */
static void stack_earlier(struct device *dev)
{
	struct model *m = dev->model;
	size_t i;

	/* Search all devices only if one of them named this ifindex. */
	if (!idset_drop(&m->awaited, dev->link.ifindex))
		return;
	for (i = 0; i < m->devices_n; i++) {
		if (device_below(&m->devices[i]->link) == dev->link.ifindex)
			stack(m, dev->link.ifindex, &m->devices[i]->link, true);
		if (m->devices[i]->link.master == dev->link.ifindex)
			dev->members++;
	}
}

/* A device with members does not match a MAC address, see criteria.c. */
static void count_member(struct model *m, int master, int by)
{
	struct device *dev = model_device(m, master);

	if (!dev) {
		await(m, master);
		return;
	}
	dev->members += (unsigned int)by;
	if (dev->members == (by > 0))
		match_update(dev);
}

static void restack(struct model *m, const struct stabletap_link *old,
		    const struct stabletap_link *now)
{
	int was = old ? device_below(old) : 0, is = now ? device_below(now) : 0;
	uint16_t vlan_was = old ? old->vlan_id : 0;
	uint16_t vlan_is = now ? now->vlan_id : 0;

	if (was != is || vlan_was != vlan_is) {
		if (was)
			stack(m, was, old, false);
		if (is)
			stack(m, is, now, true);
	}
	was = old ? old->master : 0;
	is = now ? now->master : 0;
	if (was != is) {
		if (was)
			count_member(m, was, -1);
		if (is)
			count_member(m, is, 1);
	}
}

static void refresh_pools(struct model *m, const struct stabletap_link *old,
			  const struct stabletap_link *now)
{
	const struct stabletap_link *v[] = { old, now };
	struct device *dev;
	size_t i;

	for (i = 0; i < 2; i++) {
		dev = v[i] ? model_device(m, device_below(v[i])) : NULL;
		if (dev)
			pool_refresh(dev);
	}
	dev = now ? model_device(m, now->ifindex) : NULL;
	if (dev)
		pool_refresh(dev);
}

/*
 * Marks ports whose override names the device, which need not be a candidate.
 */
static void mark_by_hand(struct model *m, const struct stabletap_link *old,
			 const struct stabletap_link *now)
{
	const struct override *o;
	size_t i;

	for (i = 0; m->by_hand_n && i < m->ports_n; i++) {
		o = &m->ports[i]->override;
		if (*o->dev &&
		    ((old && stabletap_link_is_named(old, o->dev)) ||
		     (now && stabletap_link_is_named(now, o->dev))))
			port_mark(m->ports[i]);
	}
}

/* A port can be created as soon as its name is free. */
static void free_name(struct model *m, const struct stabletap_link *old,
		      const struct stabletap_link *now)
{
	struct port *port = model_port(m, old->name);

	if (!port || port->ifindex || !port->create_retry.failures ||
	    port->create_until == PORT_NO_MODULE ||
	    (now && !strcmp(old->name, now->name)))
		return;
	port->create_until = 0;
	port_mark(port);
}

static void update_port(struct device *dev)
{
	struct port *port = dev->port;

	if (port && strcmp(port->conf->name, dev->link.name) != 0)
		port_gone(port, PORT_RENAMED, dev->link.name);
	port = model_port(dev->model, dev->link.name);
	if (port)
		port_update(port, dev);
}

/* Was the device put on another one, or did the one below it move away? */
static bool is_restacked(const struct stabletap_link *old,
			 const struct stabletap_link *now)
{
	return old->link != now->link ||
	       old->link_netnsid != now->link_netnsid;
}

static void mark_upper(struct model *m, const struct stabletap_link *old,
		       const struct stabletap_link *now)
{
	struct port *port = now->master ? model_port_at(m, now->master) : NULL;

	if (port && old && (is_restacked(old, now) ||
			    old->macvlan_mode != now->macvlan_mode))
		port_mark(port);
}

/* Returns the port whose lower is the device, or NULL. */
static struct port *port_over(const struct device *lower)
{
	struct port *port = model_port_at(lower->model, lower->link.master);

	return port && (int)port->told.lower == lower->link.ifindex ? port :
								     NULL;
}

/* Calls @fn for each port whose lower is the device or a child on it. */
static void for_ports_on(const struct device *dev, void (*fn)(struct port *))
{
	struct port *port = port_over(dev);
	const struct device *child;
	size_t i;

	if (port)
		fn(port);
	for (i = 0; i < dev->uppers.n; i++) {
		child = model_device(dev->model, dev->uppers.v[i]);
		port = child ? port_over(child) : NULL;
		if (port)
			fn(port);
	}
}

/* Messages may come in any order: port before lower, child before parent. */
static void name_ports_on(const struct device *dev,
			  const struct stabletap_link *old)
{
	if (!old || old->master != dev->link.master ||
	    is_restacked(old, &dev->link) ||
	    strcmp(old->name, dev->link.name) != 0)
		for_ports_on(dev, port_name_device);
}

static void take_facts(struct device *dev, const struct stabletap_link *old)
{
	if (old && !strcmp(old->parent_dev, dev->link.parent_dev))
		return;
	if (!*dev->link.parent_dev ||
	    !dev->model->facts->physical(&dev->link, dev->pf, sizeof(dev->pf)))
		dev->pf[0] = '\0';
}

/* The device is new (@old NULL) or has changed. */
static void device_update(struct device *dev, const struct stabletap_link *old)
{
	struct model *m = dev->model;

	take_facts(dev, old);
	if (!old)
		stack_earlier(dev);
	/* The cause that kept it from being set up may be gone. */
	dev->up_until = 0;
	restack(m, old, &dev->link);
	idset_make(&m->orphans, dev->link.ifindex, !dev->link.master &&
		   stabletap_child_is(&dev->link, NULL));
	refusals_end(m, dev, old);
	if (dev->port && old && (old->mtu != dev->link.mtu ||
				 memcmp(old->addr, dev->link.addr, 6) != 0))
		port_refusals_end(dev->port);
	if (stabletap_link_is_port(&dev->link))
		update_port(dev);
	else
		match_update(dev);
	refresh_pools(m, old, &dev->link);
	mark_by_hand(m, old, &dev->link);
	if (old)
		free_name(m, old, &dev->link);
	mark_upper(m, old, &dev->link);
	name_ports_on(dev, old);
	MODEL_TELL(m, device_changed, dev, old);
}

static int copy_link(const struct stabletap_link *from,
		     struct stabletap_link *to)
{
	*to = *from;
	to->altnames = NULL;
	if (!from->altnames_len)
		return 0;
	to->altnames = malloc(from->altnames_len);
	if (!to->altnames)
		return -ENOMEM;
	memcpy(to->altnames, from->altnames, from->altnames_len);
	return 0;
}

int model_link(struct model *m, const struct stabletap_link *link)
{
	struct device *dev = model_device(m, link->ifindex);
	struct stabletap_link copy, old;
	bool is_new;

	if (dev && !device_is_news(&dev->link, link)) {
		MODEL_TELL(m, device_noticed, dev);
		return 0;
	}
	if (dev && device_is_other(&dev->link, link)) {
		model_link_gone(m, link->ifindex, PORT_DELETED);
		dev = NULL;
	}
	if (copy_link(link, &copy))
		return -ENOMEM;
	is_new = !dev;
	if (!dev)
		dev = device_add(m, link->ifindex);
	if (!dev) {
		stabletap_link_release(&copy);
		return -ENOMEM;
	}
	old = dev->link;
	dev->link = copy;
	device_update(dev, is_new ? NULL : &old);
	stabletap_link_release(&old);
	return 0;
}

void model_link_gone(struct model *m, int ifindex, enum port_end end)
{
	struct device *dev = model_device(m, ifindex);
	struct stabletap_link old;
	uint64_t known_since;
	bool is_named;
	size_t i;

	if (!dev)
		return;
	if (dev->port)
		port_gone(dev->port, end, NULL);
	if (dev->claim)
		port_claim_end(dev->claim);
	for (i = 0; dev->refused && i < m->ports_n; i++)
		port_refusal_drop(m->ports[i], ifindex);
	if (end == PORT_MOVED)
		for_ports_on(dev, port_device_moved);
	match_forget(dev);
	MODEL_TELL(m, device_gone, dev);
	i = model_position(m, ifindex);
	m->devices_n--;
	memmove(&m->devices[i], &m->devices[i + 1],
		(m->devices_n - i) * sizeof(struct device *));
	agenda_leave(&m->agenda, &dev->todo);
	idset_drop(&m->orphans, ifindex);
	idset_drop(&m->replaced, ifindex);
	old = dev->link;
	known_since = dev->known_since;
	/* What is on it may stay, and the device may return. */
	is_named = dev->uppers.n || dev->members;
	memset(&dev->link, 0, sizeof(dev->link));
	device_free(dev);
	if (is_named)
		await(m, ifindex);
	restack(m, &old, NULL);
	refusals_end_gone(m, &old, known_since);
	refresh_pools(m, &old, NULL);
	mark_by_hand(m, &old, NULL);
	free_name(m, &old, NULL);
	stabletap_link_release(&old);
}

void model_facts_changed(struct model *m, int ifindex)
{
	struct device *dev = model_device(m, ifindex);

	if (!dev || stabletap_link_is_port(&dev->link))
		return;
	match_update(dev);
	pool_refresh(dev);
	MODEL_TELL(m, device_changed, dev, &dev->link);
}

void model_addresses(struct model *m, const struct idset *devices)
{
	struct device *dev;
	bool addressed;
	size_t i;

	for (i = 0; i < m->devices_n; i++) {
		dev = m->devices[i];
		addressed = idset_has(devices, dev->link.ifindex);
		if (addressed == dev->addressed)
			continue;
		dev->addressed = addressed;
		pool_refresh(dev);
	}
}

/* ---- ports ---- */

void model_override(struct port *port, const struct override *o)
{
	struct model *m = port->model;

	m->by_hand_n -= port->override.kind != OVERRIDE_NONE;
	port->override = *o;
	m->by_hand_n += o->kind != OVERRIDE_NONE;
	port_mark(port);
}

void model_mark_all(struct model *m)
{
	size_t i;

	for (i = 0; i < m->devices_n; i++)
		if (match_uses_device(m->devices[i]))
			agenda_mark(&m->agenda, &m->devices[i]->todo);
	for (i = 0; i < m->ports_n; i++)
		port_mark(m->ports[i]);
}

static struct port *port_new(struct model *m, const struct conf_port *conf)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port || agenda_join(&m->agenda, &port->todo, AGENDA_PORT)) {
		free(port);
		return NULL;
	}
	port->model = m;
	port->conf = conf;
	return port;
}

static void port_free(struct port *port)
{
	struct model *m = port->model;
	struct device *dev = model_device(m, port->ifindex);

	m->attached_n -= port->told.lower != 0;
	m->by_hand_n -= port->override.kind != OVERRIDE_NONE;
	if (dev && dev->port == port)
		dev->port = NULL;
	port_claim_end(port);
	port_refusals_clear(port);
	free(port->refusals);
	free(port->guest.vlans);
	agenda_leave(&m->agenda, &port->todo);
	free(port);
}

/* Frees an unused table and its first @n ports. */
static void free_new(struct port **ports, const struct conf *conf, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ports[i]->conf == &conf->ports[i])
			port_free(ports[i]);
	free(ports);
}

/* Returns the ports of @conf, present and new ones; NULL: no memory. */
static struct port **ports_for(struct model *m, const struct conf *conf)
{
	struct port **ports = calloc(conf->ports_n + 1, sizeof(struct port *));
	size_t i;

	for (i = 0; ports && i < conf->ports_n; i++) {
		ports[i] = model_port(m, conf->ports[i].name);
		if (!ports[i])
			ports[i] = port_new(m, &conf->ports[i]);
		if (ports[i])
			continue;
		free_new(ports, conf, i);
		return NULL;
	}
	return ports;
}

/* Do two versions of a section want the same devices, in the same modes? */
static bool same_wishes(const struct conf_port *x, const struct conf_port *y)
{
	size_t i;

	if (x->mode != y->mode || x->filter != y->filter ||
	    x->candidates.n != y->candidates.n)
		return false;
	for (i = 0; i < x->candidates.n; i++) {
		const struct conf_candidate *p = &x->candidates.v[i];
		const struct conf_candidate *q = &y->candidates.v[i];

		if (p->mode_set != q->mode_set || p->mode != q->mode ||
		    !conf_selector_equal(p->selector, q->selector))
			return false;
	}
	return true;
}

/* Drops the state of a port that its new section makes obsolete. */
static void port_reconfigure(struct port *port, const struct conf_port *now)
{
	bool same = same_wishes(port->conf, now);

	port->conf = now;
	/* The kernel may accept the new section. */
	port->create_until = 0;
	retry_reset(&port->create_retry);
	port->options_until = 0;
	retry_reset(&port->options_retry);
	if (same)
		return;
	port->stuck = 0;
	port->waits.better_since = 0;
	port_refusals_clear(port);
}

/* Ports refer to selectors of the present configuration by number. */
static void tell_dropped(struct model *m, struct port **now, size_t now_n)
{
	struct port *port;
	size_t i;

	for (i = 0; i < m->ports_n; i++) {
		port = m->ports[i];
		if (ports_find(now, now_n, port->conf->name) != port)
			MODEL_TELL(m, port_dropped, port);
	}
}

static void free_dropped(struct model *m, struct port **old, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (model_port(m, old[i]->conf->name) != old[i])
			port_free(old[i]);
	free(old);
}

/* Devices hold numbers of bases and selections of the old index. */
static void rematch(struct model *m, struct match *match)
{
	struct device *dev;
	size_t i;

	match_free(m->match);
	m->match = match;
	for (i = 0; i < m->devices_n; i++) {
		dev = m->devices[i];
		idset_clear(&dev->bases);
		idset_clear(&dev->matches);
		dev->free = false;
	}
	for (i = 0; i < m->devices_n; i++)
		if (!stabletap_link_is_port(&m->devices[i]->link))
			match_update(m->devices[i]);
}

/* Finds net devices that existed before the port's section. */
static void take_over(struct model *m)
{
	struct port *port;
	size_t i;

	for (i = 0; i < m->devices_n; i++) {
		if (!stabletap_link_is_port(&m->devices[i]->link))
			continue;
		port = model_port(m, m->devices[i]->link.name);
		if (port && !port->ifindex)
			port_update(port, m->devices[i]);
	}
}

/* Stores the old sections of ports that are not new in @before. */
static void reconfigure_ports(struct model *m, const struct conf_port **before)
{
	const struct conf_port *now;
	size_t i;

	for (i = 0; i < m->ports_n; i++) {
		now = &m->conf->ports[i];
		if (m->ports[i]->conf == now)
			continue;
		before[i] = m->ports[i]->conf;
		port_reconfigure(m->ports[i], now);
	}
}

int model_configure(struct model *m, struct conf *conf)
{
	struct port **ports = ports_for(m, conf), **old_ports = m->ports;
	const struct conf_port **before;
	struct match *match;
	struct conf *old = m->conf;
	size_t i, old_n = m->ports_n;

	match = ports ? match_new(conf, ports, conf->ports_n) : NULL;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	before = calloc(conf->ports_n + 1, sizeof(*before));
	if (!match || !before) {
		if (ports)
			free_new(ports, conf, conf->ports_n);
		match_free(match);
		free(before);
		return -ENOMEM;
	}
	tell_dropped(m, ports, conf->ports_n);
	m->conf = conf;
	m->ports = ports;
	m->ports_n = conf->ports_n;
	reconfigure_ports(m, before);
	rematch(m, match);
	free_dropped(m, old_ports, old_n);
	for (i = 0; i < m->ports_n; i++)
		MODEL_TELL(m, port_configured, ports[i], before[i]);
	take_over(m);
	for (i = 0; i < m->devices_n; i++)
		pool_refresh(m->devices[i]);
	MODEL_TELL(m, configured, old);
	model_mark_all(m);
	free(before);
	conf_free(old);
	return 0;
}

/* ---- beginning and end ---- */

int model_init(struct model *m, const struct facts *facts)
{
	memset(m, 0, sizeof(*m));
	m->facts = facts;
	m->clock = clock_boot;
	m->started = clock_real();
	agenda_init(&m->agenda);
	m->history = history_new(HISTORY_ROOM);
	return m->history ? 0 : -ENOMEM;
}

void model_release(struct model *m)
{
	size_t i;

	for (i = 0; i < m->ports_n; i++)
		port_free(m->ports[i]);
	free(m->ports);
	for (i = 0; i < m->devices_n; i++)
		device_free(m->devices[i]);
	free(m->devices);
	match_free(m->match);
	idset_release(&m->orphans);
	idset_release(&m->replaced);
	idset_release(&m->awaited);
	agenda_release(&m->agenda);
	history_free(m->history);
	conf_free(m->conf);
	memset(m, 0, sizeof(*m));
}
