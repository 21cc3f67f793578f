// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that refused to be attached.  Each is tried again after a pause that
 * doubles, and earlier if a change may have removed the obstacle.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/refusal.h"
#include "model/tables.h"
#include "util/clock.h"
#include "util/log.h"

/*
 * An attempt causes events.  If these ended the refusal at once, attempts would
 * follow each other without a pause.  So this is the least time between two.
 */
static const struct retry_pace apart = {
	.first = 100 * CLOCK_MS, .most = 1600 * CLOCK_MS,
};

struct refusal *port_refusal(const struct port *port, int dev)
{
	size_t i;

	for (i = 0; i < port->refusals_n; i++)
		if (port->refusals[i].dev == dev)
			return &port->refusals[i];
	return NULL;
}

static struct refusal *add(struct port *port, struct device *dev)
{
	struct refusal *grown = reallocarray(port->refusals,
					     port->refusals_n + 1,
					     sizeof(*grown));

	if (!grown)
		return NULL;
	port->refusals = grown;
	grown += port->refusals_n++;
	*grown = (struct refusal){ .dev = dev->link.ifindex };
	dev->refused++;
	port->model->refusals_n++;
	return grown;
}

int port_refused(struct port *port, struct device *dev, const char *why,
		 uint64_t now, bool *news)
{
	struct refusal *r = port_refusal(port, dev->link.ifindex);

	if (!r)
		r = add(port, dev);
	if (!r)
		return -ENOMEM;
	*news = log_is_new_cause(r->why, sizeof(r->why), why);
	r->tried = now;
	r->until = now + retry_after(&r->retry, &retry_refused);
	return 0;
}

void port_refusal_drop(struct port *port, int ifindex)
{
	struct refusal *r = port_refusal(port, ifindex);
	struct device *dev = model_device(port->model, ifindex);

	if (!r)
		return;
	if (dev)
		dev->refused--;
	port->model->refusals_n--;
	*r = port->refusals[--port->refusals_n];
}

void port_refusals_clear(struct port *port)
{
	while (port->refusals_n)
		port_refusal_drop(port, port->refusals[0].dev);
}

/* ---- the end of refusals ---- */

static void end_one(struct refusal *r)
{
	struct retry attempts = { .failures = r->retry.failures - 1 };
	uint64_t soonest = r->tried + retry_after(&attempts, &apart);

	if (r->until > soonest)
		r->until = soonest;
}

void port_refusals_end(struct port *port)
{
	size_t i;

	for (i = 0; i < port->refusals_n; i++)
		end_one(&port->refusals[i]);
	port_mark(port);
}

/* Ends refusals of @dev from attempts after @since; 0: all of them. */
static void end(struct model *m, const struct device *dev, uint64_t since)
{
	struct refusal *r;
	size_t i;

	for (i = 0; dev && dev->refused && i < m->ports_n; i++) {
		r = port_refusal(m->ports[i], dev->link.ifindex);
		if (!r || r->tried <= since)
			continue;
		end_one(r);
		port_mark(m->ports[i]);
	}
}

static void end_below(struct model *m, const struct stabletap_link *link,
		      uint64_t since)
{
	int below = device_below(link);

	if (below)
		end(m, model_device(m, below), since);
}

/* Such a child carries no frames: it is new, about to be removed, or orphaned. */
static bool is_lone_child(const struct stabletap_link *link)
{
	return !link->master && stabletap_child_is(link, NULL);
}

/* An attempt switches these on and off. */
#define TRANSIENT_FLAGS ((unsigned int)(IFF_PROMISC | IFF_ALLMULTI))

static bool is_transient(const struct stabletap_link *old,
			 const struct stabletap_link *now)
{
	struct stabletap_link copy;

	if (!old)
		return false;
	copy = *now;
	copy.flags = (now->flags & ~TRANSIENT_FLAGS) |
		     (old->flags & TRANSIENT_FLAGS);
	return !device_is_news(old, &copy);
}

static void end_of_members(struct model *m, const struct device *master)
{
	size_t i;

	for (i = 0; master->members && i < m->devices_n; i++)
		if (m->devices[i]->link.master == master->link.ifindex)
			end(m, m->devices[i], 0);
}

void refusals_end(struct model *m, const struct device *dev,
		  const struct stabletap_link *old)
{
	const struct stabletap_link *now = &dev->link;

	if (!m->refusals_n || is_transient(old, now))
		return;
	/* An attempt that makes a child must not cause the next. */
	if (is_lone_child(now) && (!old || is_lone_child(old)))
		return;
	end(m, dev, 0);
	end_below(m, now, 0);
	end_of_members(m, dev);
	if (old)
		end_below(m, old, 0);
}

/*
 * The child that an attempt made and removed again becomes known only after
 * that attempt, and its end must not cause the next.  An orphaned child that
 * was known before may have been in the attempt's way.
 */
void refusals_end_gone(struct model *m, const struct stabletap_link *old,
		       uint64_t known_since)
{
	if (m->refusals_n)
		end_below(m, old, is_lone_child(old) ? known_since : 0);
}
