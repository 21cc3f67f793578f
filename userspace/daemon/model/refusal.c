// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that would not be attached.  Each is tried again after a pause that
 * doubles, and as soon as something changes that may have been in the way.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/refusal.h"
#include "model/tables.h"
#include "util/clock.h"

/*
 * An attempt may have events of its own, by which it must not end its own
 * refusal again and again; so attempts are so far apart, whatever happens.
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
	*news = strncmp(r->why, why, sizeof(r->why) - 1) != 0;
	snprintf(r->why, sizeof(r->why), "%s", why);
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

/* ---- what may have been in the way ---- */

static void end(struct model *m, const struct device *dev)
{
	struct retry attempts;
	struct refusal *r;
	uint64_t soonest;
	size_t i;

	for (i = 0; dev && dev->refused && i < m->ports_n; i++) {
		r = port_refusal(m->ports[i], dev->link.ifindex);
		if (!r)
			continue;
		attempts.failures = r->retry.failures - 1;
		soonest = r->tried + retry_after(&attempts, &apart);
		if (r->until > soonest)
			r->until = soonest;
		port_mark(m->ports[i]);
	}
}

/*
 * A child that an attempt made and removed again carried nothing: were that
 * an event, each attempt would cause the next.
 */
static bool is_attempt(const struct stabletap_link *old,
		       const struct stabletap_link *now)
{
	const struct stabletap_link *any = now ? now : old;

	return stabletap_child_is(any, NULL) && !(old && old->master) &&
	       !(now && now->master);
}

static void end_at(struct model *m, int ifindex)
{
	if (ifindex)
		end(m, model_device(m, ifindex));
}

/* An attempt switches these on and off. */
#define TRANSIENT_FLAGS ((unsigned int)(IFF_PROMISC | IFF_ALLMULTI))

static bool is_transient(const struct stabletap_link *old,
			 const struct stabletap_link *now)
{
	struct stabletap_link copy;

	if (!old || !now)
		return false;
	copy = *now;
	copy.flags = (now->flags & ~TRANSIENT_FLAGS) |
		     (old->flags & TRANSIENT_FLAGS);
	return !device_is_news(old, &copy);
}

static void end_of_members(struct model *m, const struct device *master)
{
	size_t i;

	for (i = 0; master && master->members && i < m->devices_n; i++)
		if (m->devices[i]->link.master == master->link.ifindex)
			end(m, m->devices[i]);
}

void refusals_end(struct model *m, const struct device *dev,
		  const struct stabletap_link *old,
		  const struct stabletap_link *now)
{
	if (!m->refusals_n || is_attempt(old, now) ||
	    is_transient(old, now))
		return;
	if (now) {
		end(m, dev);
		end_at(m, device_below(now));
		end_of_members(m, dev);
	}
	if (old)
		end_at(m, device_below(old));
}
