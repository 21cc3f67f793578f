// SPDX-License-Identifier: GPL-2.0
/*
 * Plans one port: compares the wish with the present state, and returns the
 * next step.  The port is planned again whenever the result could differ.  The
 * plan depends only on the configuration and the kernel's present state, so it
 * does not matter what was done before, by whom, or whether it was completed.
 */
#include <string.h>

#include "model/lower.h"
#include "model/match.h"
#include "model/model.h"
#include "model/verdict.h"
#include "plan/delay.h"
#include "plan/port.h"
#include "plan/rank.h"
#include "util/clock.h"

/*
 * The message of a port's new lower may come before that of the lower itself.
 */
#define UNKNOWN_NS CLOCK_SECOND

struct plan {
	struct rank_view view;
	struct choice to;
	struct step *step;
	int rank;		/* of the present device; -1: no candidate */
};

/* ---- the present lower ---- */

static bool has_mode(const struct port *port, enum stabletap_mode mode)
{
	const struct device *lower;

	lower = model_device(port->model, (int)port->told.lower);
	if (!lower)
		return false;
	if (!stabletap_child_is(&lower->link, NULL))
		return mode == STABLETAP_MODE_DIRECT;
	return mode != STABLETAP_MODE_DIRECT &&
	       !strcmp(stabletap_mode_name(mode),
		       stabletap_macvlan_mode_name(lower->link.macvlan_mode));
}

/* Are mode and filter of the present lower as configured? */
static bool is_as_wished(const struct port *port, enum stabletap_mode mode)
{
	bool filter = port->told.attach_flags & STABLETAP_ATTACH_FILTER;

	return filter == port->conf->filter && has_mode(port, mode);
}

/* ---- the steps ---- */

static void attach(struct plan *p, const char *why)
{
	p->step->what = STEP_ATTACH;
	p->step->device = p->to.dev->link.ifindex;
	p->step->mode = p->to.mode;
	p->step->why = why;
}

static void plan_create(const struct port *port, struct step *step,
			uint64_t now)
{
	/*
	 * While the module is missing, no attempt is made; a watch on /dev ends
	 * that.
	 */
	if (port->create_until == PORT_NO_MODULE)
		return;
	if (port->create_until > now)
		delay_look_at(&step->look_again_at, port->create_until);
	else
		step->what = STEP_CREATE;
}

/* Returns true if the port itself has a step, which comes before its lower. */
static bool plan_self(const struct port *port, struct step *step, uint64_t now)
{
	if (!port->ifindex) {
		plan_create(port, step, now);
		return true;
	}
	if (port->set_up_due && port->up_until <= now) {
		step->what = STEP_SET_UP;
		return true;
	}
	/* Until the next attempt, the plan goes on. */
	if (port->set_up_due)
		delay_look_at(&step->look_again_at, port->up_until);
	if (!port_options_due(port).options)
		return false;
	if (port->options_until <= now) {
		step->what = STEP_SET_OPTIONS;
		return true;
	}
	delay_look_at(&step->look_again_at, port->options_until);
	return false;
}

/* The present lower is not usable: move to another device, if there is one. */
static void plan_unusable(struct plan *p, uint64_t delay, const char *why)
{
	struct port_waits *w = &p->step->waits;

	w->better_since = 0;
	if (!w->unusable_since)
		w->unusable_since = p->view.now;
	if (!p->to.dev || p->to.dev == p->view.present ||
	    !delay_is_over(&p->step->look_again_at, &w->unusable_since, delay,
			   p->view.now))
		return;
	attach(p, why);
}

static const struct verdict *verdict_of(const struct plan *p,
					const struct device *dev,
					enum stabletap_mode mode)
{
	const struct verdict_entry *e;

	e = verdict_find(dev->verdicts, &p->view.port->conf->probe,
			 port_takes_whole(mode));
	return e ? &e->verdict : NULL;
}

/* The present lower has carrier, but its probe fails, and another passes. */
static void plan_silent(struct plan *p)
{
	const struct port *port = p->view.port;
	const struct verdict *present, *other = NULL;

	present = verdict_of(p, p->view.present,
			     port_mode(port, (size_t)p->rank));
	if (p->to.dev)
		other = verdict_of(p, p->to.dev, p->to.mode);
	/* The results don't allow a move yet: wait for more. */
	if (present && other && !verdict_allows_move(other, present)) {
		p->step->awaits_probes = true;
		p->to.dev = NULL;
	}
	plan_unusable(p, port->conf->loss_delay, "probe failed");
}

static void plan_failback(struct plan *p)
{
	const struct port *port = p->view.port;
	struct port_waits *w = &p->step->waits;

	if (port->failback) {
		attach(p, "failback by hand");
		return;
	}
	if (port->conf->failback == CONF_FAILBACK_NO)
		return;
	if (w->better_since && w->better != p->to.rank)
		w->better_since = 0;
	w->better = p->to.rank;
	if (delay_is_over(&p->step->look_again_at, &w->better_since,
			  port->conf->failback_delay, p->view.now))
		attach(p, "failback");
}

/* The present lower is usable: is there a better one? */
static void plan_usable(struct plan *p)
{
	const struct port *port = p->view.port;

	p->step->waits.unusable_since = 0;
	if (!p->to.dev || p->to.dev == p->view.present)
		p->step->waits.better_since = 0;
	if (!p->to.dev)
		return;
	if (p->to.dev == p->view.present) {
		if (p->step->stuck != p->to.dev->link.ifindex &&
		    !delay_is_refused(port, p->to.dev, p->view.now) &&
		    !is_as_wished(port, p->to.mode))
			attach(p, "mode");
		return;
	}
	if (p->to.by_hand)
		attach(p, "by hand");
	else if (p->rank < 0)
		attach(p, "no candidate");
	/* Otherwise the better ones have refused the port. */
	else if (p->to.rank < (size_t)p->rank)
		plan_failback(p);
}

static void plan_detached(struct plan *p)
{
	const struct verdict *v;

	p->step->waits = (struct port_waits){ 0 };
	if (!p->to.dev)
		return;
	v = p->to.by_hand ? NULL : verdict_of(p, p->to.dev, p->to.mode);
	attach(p, v && v->word == VERDICT_FAILS ? "none answers" : "usable");
}

/* Is the present device a candidate, or the one that is pinned or preferred? */
static bool is_wanted(const struct plan *p)
{
	const struct override *o = &p->view.port->override;

	return p->rank >= 0 || (o->kind != OVERRIDE_NONE &&
		stabletap_link_is_named(&p->view.present->link, o->dev));
}

static void plan_attached(struct plan *p, enum device_where where)
{
	const struct port *port = p->view.port;
	const struct device *present = p->view.present;
	uint64_t delay = port->conf->loss_delay;

	if (where == DEVICE_AWAY)
		plan_unusable(p, delay, WHY_DEVICE_MOVED);
	else if (!present)
		plan_unusable(p, delay > UNKNOWN_NS ? delay : UNKNOWN_NS,
			      "lower unknown");
	else if (!device_is_usable(&present->link))
		plan_unusable(p, is_wanted(p) ? delay : 0, "lower down");
	else if (p->rank >= 0 && p->to.dev != present && !p->to.by_hand &&
		 !rank_passes_probe(&p->view, present,
				    port_mode(port, (size_t)p->rank)))
		plan_silent(p);
	else
		plan_usable(p);
}

static void plan_held_off(const struct port *port, struct step *step)
{
	step->waits = (struct port_waits){ 0 };
	if (port->told.lower) {
		step->what = STEP_DETACH;
		step->why = "held off by hand";
	}
}

struct step plan_port(const struct port *port, uint64_t now)
{
	struct step step = { .waits = port->waits, .stuck = port->stuck };
	struct plan p = { .view = { .port = port, .now = now },
			  .step = &step };
	enum device_where where = DEVICE_HERE;
	struct device *present = NULL;

	if (plan_self(port, &step, now))
		return step;
	if (port->override.kind == OVERRIDE_HOLD_OFF) {
		plan_held_off(port, &step);
		return step;
	}
	delay_until_retry(port, &step.look_again_at, now);
	if (port->told.lower)
		where = device_parent(port->model, (int)port->told.lower,
				      &present);
	p.view.present = present;
	p.rank = port_candidate(port, present);
	if (!present || present->link.ifindex != step.stuck)
		step.stuck = 0;
	p.to = rank_best(&p.view);
	if (port->told.lower)
		plan_attached(&p, where);
	else
		plan_detached(&p);
	return step;
}
