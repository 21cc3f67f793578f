// SPDX-License-Identifier: GPL-2.0
/* Finds the best device for a port. */
#include <string.h>

#include "model/lower.h"
#include "model/match.h"
#include "model/model.h"
#include "model/verdict.h"
#include "plan/delay.h"
#include "plan/rank.h"

/* ---- one device ---- */

/* Can the device be attached, as far as the model shows? */
static bool can_attach(const struct rank_view *v, const struct device *dev,
		       enum stabletap_mode mode)
{
	/* What the present device has refused is a change of its mode. */
	return device_is_usable(&dev->link) &&
	       (dev == v->present ||
		!delay_is_refused(v->port, dev, v->now)) &&
	       port_can_use(v->port, dev, mode);
}

static enum verdict_word word(const struct port *port,
			      const struct device *dev,
			      enum stabletap_mode mode)
{
	const struct verdict_entry *e;

	if (port->conf->probe.kind == CONF_PROBE_NONE)
		return VERDICT_ANSWERS;
	e = verdict_find(dev->verdicts, &port->conf->probe,
			 port_takes_whole(mode));
	return e ? e->verdict.word : VERDICT_UNKNOWN;
}

bool rank_passes_probe(const struct rank_view *v, const struct device *dev,
		       enum stabletap_mode mode)
{
	enum verdict_word w = word(v->port, dev, mode);

	return w == VERDICT_ANSWERS ||
	       (w == VERDICT_UNKNOWN && dev == v->present);
}

static bool is_good(const struct rank_view *v, const struct device *dev,
		    enum stabletap_mode mode)
{
	return can_attach(v, dev, mode) && rank_passes_probe(v, dev, mode);
}

/* ---- all of them ---- */

/*
 * Returns a good device of one candidate, the present one before others.
 * @settled: not a VLAN that was created again a short time ago, see delay.h.
 */
static const struct device *good_one(const struct rank_view *v, size_t rank,
				     bool settled)
{
	const struct idset *s = &match_candidate(v->port, rank)->match;
	enum stabletap_mode mode = port_mode(v->port, rank);
	const struct device *dev;
	size_t i;

	if (v->present && idset_has(s, v->present->link.ifindex) &&
	    is_good(v, v->present, mode))
		return v->present;
	for (i = 0; i < s->n; i++) {
		dev = model_device(v->port->model, s->v[i]);
		if (dev && is_good(v, dev, mode) &&
		    !(settled && delay_is_remade(v->port, dev, v->now)))
			return dev;
	}
	return NULL;
}

/* Returns the device of an override, which need not be a candidate. */
static struct choice by_hand(const struct rank_view *v)
{
	const struct port *port = v->port;
	const struct override *o = &port->override;
	struct choice c = { .by_hand = true };
	const struct device *dev = NULL;

	if (o->kind == OVERRIDE_PIN || o->kind == OVERRIDE_PREFER)
		dev = model_device_named(port->model, o->dev);
	if (!dev || !device_is_ethernet(&dev->link))
		return c;
	c.mode = port_mode_on(port, dev);
	if (!can_attach(v, dev, c.mode))
		return c;
	/* No probes are sent through a device that is no candidate. */
	if (o->kind == OVERRIDE_PIN || port_candidate(port, dev) < 0 ||
	    rank_passes_probe(v, dev, c.mode))
		c.dev = dev;
	return c;
}

/* The choice among devices of which none passes the probe */
struct unproven {
	struct choice first;
	bool several;
	bool pending;
};

/* Takes in one device.  Returns true if it is the present one: stay there. */
static bool look_at_unproven(const struct rank_view *v, size_t rank,
			     const struct device *dev, struct unproven *u)
{
	enum stabletap_mode mode = port_mode(v->port, rank);

	if (!can_attach(v, dev, mode))
		return false;
	if (dev == v->present || !u->first.dev)
		u->first = (struct choice){ .dev = dev, .rank = rank,
					    .mode = mode };
	u->several |= u->first.dev != dev;
	u->pending |= word(v->port, dev, mode) == VERDICT_UNKNOWN;
	return dev == v->present;
}

/*
 * The target answers through no device, so carrier decides.  The port stays on
 * its device if that has carrier.  Otherwise it gets the best one, once all
 * results are known.
 */
static struct choice unproven(const struct rank_view *v)
{
	struct unproven u = { .several = false };
	const struct device *dev;
	const struct idset *s;
	size_t i, k;

	for (i = 0; i < v->port->conf->candidates.n; i++) {
		s = &match_candidate(v->port, i)->match;
		for (k = 0; k < s->n; k++) {
			dev = model_device(v->port->model, s->v[k]);
			if (dev && look_at_unproven(v, i, dev, &u))
				return u.first;
		}
	}
	if (u.several && u.pending)
		u.first.dev = NULL;
	return u.first;
}

static struct choice by_rank(const struct rank_view *v, bool settled)
{
	struct choice c = { .dev = NULL };
	size_t i;

	for (i = 0; i < v->port->conf->candidates.n; i++) {
		c.dev = good_one(v, i, settled);
		if (!c.dev)
			continue;
		c.rank = i;
		c.mode = port_mode(v->port, i);
		break;
	}
	return c;
}

struct choice rank_best(const struct rank_view *v)
{
	struct choice c = by_hand(v);

	if (c.dev || v->port->override.kind == OVERRIDE_PIN)
		return c;
	/* A VLAN that was created again must first exist for a while. */
	c = by_rank(v, !v->port->told.lower);
	if (!c.dev && !v->port->told.lower)
		c = by_rank(v, false);
	return c.dev ? c : unproven(v);
}
