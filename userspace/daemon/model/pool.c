// SPDX-License-Identifier: GPL-2.0
/* Pools: which port has which member. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/match.h"
#include "model/pool.h"
#include "model/tables.h"

static const struct selection *pool_selection(const struct device *dev,
					      size_t i)
{
	const struct selection *sel;

	sel = match_selection(dev->model, (size_t)dev->matches.v[i]);
	return sel->pool ? sel : NULL;
}

/* Is the device a member of any pool? */
static bool is_member(const struct device *dev)
{
	size_t i;

	for (i = 0; i < dev->matches.n; i++)
		if (pool_selection(dev, i))
			return true;
	return false;
}

const struct conf_pool *pool_of(const struct port *port,
				const struct device *dev)
{
	const struct selection *sel;
	size_t i;

	for (i = 0; i < port->conf->candidates.n; i++) {
		sel = match_candidate(port, i);
		if (sel->pool && idset_has(&sel->match, dev->link.ifindex))
			return sel->pool;
	}
	return NULL;
}

/* ---- the holder ---- */

__attribute__((format(printf, 2, 3)))
static void taken(struct pool_use *use, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!*use->why)
		vsnprintf(use->why, sizeof(use->why), fmt, ap);
	va_end(ap);
}

/* Returns @ifindex if it is a port's, or 0. */
static int port_index(const struct model *m, int ifindex)
{
	const struct device *dev = ifindex ? model_device(m, ifindex) : NULL;

	return dev && stabletap_link_is_port(&dev->link) ? ifindex : 0;
}

static void look_at_uppers(const struct device *dev, struct pool_use *use)
{
	const struct device *upper;
	size_t i;

	for (i = 0; i < dev->uppers.n; i++) {
		upper = model_device(dev->model, dev->uppers.v[i]);
		if (!upper)
			continue;
		if (!stabletap_child_is(&upper->link, NULL))
			taken(use, "%s is on it", upper->link.name);
		else if (port_index(dev->model, upper->link.master))
			use->holder = upper->link.master;
	}
}

static void look_at_master(const struct device *dev, struct pool_use *use)
{
	const struct device *master;

	if (!dev->link.master)
		return;
	if (port_index(dev->model, dev->link.master)) {
		use->holder = dev->link.master;
		return;
	}
	master = model_device(dev->model, dev->link.master);
	taken(use, "%s is its master", master ? master->link.name : "a device");
}

void pool_use(const struct device *dev, struct pool_use *use)
{
	memset(use, 0, sizeof(*use));
	look_at_uppers(dev, use);
	look_at_master(dev, use);
	if (dev->claim)
		use->holder = dev->claim->ifindex;
	if (use->holder) {
		use->why[0] = '\0';
		return;
	}
	if (dev->addressed)
		taken(use, "it has addresses");
	if (*dev->pf && dev->vfs != VFS_MADE)
		taken(use, "its PF is making VFs");
	else if (device_is_marked(&dev->link))
		taken(use, "its settings must be restored first");
}

bool pool_allows(const struct port *port, const struct device *dev)
{
	bool asked = pool_of(port, dev);
	bool marked = device_is_marked(&dev->link);
	struct pool_use use;

	if (!asked && !marked && !is_member(dev))
		return true;
	pool_use(dev, &use);
	if (use.holder)
		return use.holder == port->ifindex;
	/*
	 * A port that shares the device may ignore its other users, but not a
	 * previous port's address or VLAN.
	 */
	return !*use.why || (!marked && !asked);
}

/* ---- members that become free ---- */

void pool_refresh(struct device *dev)
{
	const struct model *m = dev->model;
	struct pool_use use;
	bool was = dev->free;
	int holder = dev->holder;
	size_t i;

	if (!dev->matches.n && !was)
		return;
	dev->free = false;
	dev->holder = 0;
	if (!is_member(dev))
		return;
	pool_use(dev, &use);
	dev->holder = use.holder;
	dev->free = !use.holder && !*use.why;
	/*
	 * Ports that don't want it as a member had to wait for its holder, too,
	 * but need not wait for its other uses.
	 */
	if ((!dev->free || was) && (!holder || holder == dev->holder))
		return;
	for (i = 0; i < dev->matches.n; i++)
		match_mark_users(match_selection(m, (size_t)dev->matches.v[i]));
	for (i = 0; m->by_hand_n && i < m->ports_n; i++)
		if (stabletap_link_is_named(&dev->link, m->ports[i]->override.dev))
			port_mark(m->ports[i]);
}
