// SPDX-License-Identifier: GPL-2.0
/*
 * One port: what should it have, what has it, what is the next step?  Asked
 * again whenever something that could change the answer has happened, and
 * answered from what the kernel says only, so that it makes no difference
 * what was done before, by whom, and whether it was finished.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "core.h"

/* After a failure: this long, doubling, up to a minute */
#define RETRY_NS 500000000ULL
#define RETRY_DOUBLINGS 7
/* When somebody else is at it: this long, doubling, up to 2.56 s */
#define AGAIN_NS 20000000ULL
#define AGAIN_DOUBLINGS 7
/* Told when it was attached so long ago, or less, before the daemon started */
#define FRESH_NS 60000000000ULL
/* Ports looked at in one turn of the loop, so that all else has its turn. */
#define TURN 32

struct choice {
	int dev;			/* 0: none */
	size_t rank;			/* lower is better */
	enum stabletap_mode mode;
	bool by_hand;
};

/* ---- finding ports ---- */

static int by_name(const void *key, const void *element)
{
	const struct port *port = element;

	return strcmp(key, port->conf->name);
}

struct port *port_by_name(struct daemon *d, const char *name)
{
	if (!d->ports_n)
		return NULL;
	return bsearch(name, d->ports, d->ports_n, sizeof(*d->ports), by_name);
}

struct port *port_by_ifindex(struct daemon *d, int ifindex)
{
	const struct stabletap_link *link;
	struct port *port;
	size_t i;

	link = stabletap_links_find(&d->links, ifindex);
	if (!link || !stabletap_link_is_port(link))
		return NULL;
	port = port_by_name(d, link->name);
	if (port && port->ifindex == ifindex)
		return port;
	/* It has been renamed this moment. */
	for (i = 0; i < d->ports_n; i++)
		if (d->ports[i].ifindex == ifindex)
			return &d->ports[i];
	return NULL;
}

/* ---- what it has ---- */

/* The device that a lower stands for: a child's parent, or itself */
int device_of(const struct daemon *d, int lower)
{
	const struct stabletap_link *link;

	link = stabletap_links_find(&d->links, lower);
	if (!link)
		return 0;
	return stabletap_child_is(link, NULL) ? link->link : lower;
}

static bool has_mode(const struct daemon *d, int lower,
		     enum stabletap_mode mode)
{
	const struct stabletap_link *link;

	link = stabletap_links_find(&d->links, lower);
	if (!link)
		return false;
	if (!stabletap_child_is(link, NULL))
		return mode == STABLETAP_MODE_DIRECT;
	return mode != STABLETAP_MODE_DIRECT &&
	       !strcmp(stabletap_mode_name(mode),
		       stabletap_macvlan_mode_name(link->macvlan_mode));
}

/* Whether the present lower needs no change but that of its device. */
static bool is_as_wished(const struct port *port, enum stabletap_mode mode)
{
	bool filter = port->told.attach_flags & STABLETAP_ATTACH_FILTER;

	return filter == port->conf->filter &&
	       has_mode(port->daemon, (int)port->told.lower, mode);
}

enum stabletap_mode port_mode(const struct port *port, size_t rank)
{
	const struct conf_candidate *c = &port->conf->candidates[rank];

	return c->mode_set ? c->mode : port->conf->mode;
}

static const struct set *matches(const struct port *port, size_t rank)
{
	const struct conf_candidate *c = &port->conf->candidates[rank];

	return &port->daemon->selections[c->selector].match;
}

static bool means(const struct port *port, size_t rank, int dev)
{
	return select_has(port->daemon, port->conf->candidates[rank].selector,
			  dev);
}

int port_candidate(const struct port *port, int *dev)
{
	size_t i;

	*dev = device_of(port->daemon, (int)port->told.lower);
	for (i = 0; *dev && i < port->conf->candidates_n; i++)
		if (means(port, i, *dev))
			return (int)i;
	return -1;
}

static bool carries(const struct port *port, int dev)
{
	const struct stabletap_link *link;

	link = stabletap_links_find(&port->daemon->links, dev);
	return link && select_is_usable(link);
}

static struct refusal *refusal_of(const struct port *port, int dev)
{
	size_t i;

	for (i = 0; i < port->refusals_n; i++)
		if (port->refusals[i].dev == dev)
			return &port->refusals[i];
	return NULL;
}

/* Worth trying: it carries, and has not refused just now */
static bool usable(const struct port *port, int dev)
{
	const struct refusal *r = refusal_of(port, dev);

	return (!r || r->until <= now_ns()) && carries(port, dev);
}

/*
 * Can it be had so?  The kernel would put a child of a macvlan beside it, on
 * its parent.
 */
static bool bears(const struct port *port, int dev, enum stabletap_mode mode)
{
	const struct stabletap_link *link;

	link = stabletap_links_find(&port->daemon->links, dev);
	if (!link || !pools_allow(port, dev))
		return false;
	/* With a master it is another port's, a bridge's or a bond's. */
	if (mode == STABLETAP_MODE_DIRECT)
		return !link->master || link->master == port->ifindex;
	return !stabletap_link_is_macvlan(link);
}

static bool can_be_had(const struct port *port, int dev,
		       enum stabletap_mode mode)
{
	return usable(port, dev) && bears(port, dev, mode);
}

/* What is not known yet speaks for the present device, and against others. */
static bool leads_anywhere(const struct port *port, int dev,
			   enum stabletap_mode mode, int present)
{
	enum probe_verdict v = probe_verdict(port, dev, port_takes_whole(mode));

	return v == PROBE_ANSWERS || (v == PROBE_UNKNOWN && dev == present);
}

/* ---- what it should have ---- */

/* Of devices that one candidate means, the present one before others */
static int usable_of(const struct port *port, size_t rank, int present)
{
	const struct set *s = matches(port, rank);
	enum stabletap_mode mode = port_mode(port, rank);
	size_t i;

	if (present && means(port, rank, present) &&
	    can_be_had(port, present, mode) &&
	    leads_anywhere(port, present, mode, present))
		return present;
	for (i = 0; i < s->n; i++)
		if (can_be_had(port, s->v[i], mode) &&
		    leads_anywhere(port, s->v[i], mode, present))
			return s->v[i];
	return 0;
}

/*
 * By none can what is asked for be reached, so all of them are as good as
 * carrier can tell.  The port stays where it is if it can; if it can't, it
 * goes to the best, once it is known that none is better.
 */
static struct choice unproven(const struct port *port, int present)
{
	struct choice first = { 0 };
	bool several = false, pending = false;
	enum stabletap_mode mode;
	const struct set *s;
	size_t i, k;

	for (i = 0; i < port->conf->candidates_n; i++) {
		s = matches(port, i);
		mode = port_mode(port, i);
		for (k = 0; k < s->n; k++) {
			if (!can_be_had(port, s->v[k], mode))
				continue;
			if (s->v[k] == present)
				return (struct choice){ .dev = present,
					.rank = i, .mode = mode };
			several |= first.dev && first.dev != s->v[k];
			pending |= probe_verdict(port, s->v[k],
						 port_takes_whole(mode)) ==
				   PROBE_UNKNOWN;
			if (!first.dev)
				first = (struct choice){ .dev = s->v[k],
					.rank = i, .mode = mode };
		}
	}
	if (several && pending)
		first.dev = 0;
	return first;
}

/* What the operator asked for by hand: any device, also one of no candidate */
static struct choice overridden(struct port *port, int present)
{
	const struct override *o = &port->override;
	struct choice choice = { .mode = port->conf->mode };
	const struct stabletap_link *link = NULL;
	size_t i;

	if (override_is(o))
		link = select_named(port->daemon, o->dev);
	port->by_hand_dev = link ? link->ifindex : 0;
	/* As its candidate has it, if it is one's. */
	for (i = 0; link && i < port->conf->candidates_n; i++)
		if (means(port, i, link->ifindex)) {
			choice.mode = port_mode(port, i);
			break;
		}
	choice.by_hand = true;
	if (!link || !select_is_device(link) ||
	    !can_be_had(port, link->ifindex, choice.mode))
		return choice;
	/* One that is no candidate is not asked by. */
	if (o->pin || i == port->conf->candidates_n ||
	    leads_anywhere(port, link->ifindex, choice.mode, present))
		choice.dev = link->ifindex;
	return choice;
}

static struct choice best(struct port *port, int present)
{
	struct choice choice = overridden(port, present);
	size_t i;

	if (choice.dev || port->override.pin)
		return choice;
	choice.by_hand = false;
	for (i = 0; i < port->conf->candidates_n; i++) {
		choice.dev = usable_of(port, i, present);
		if (!choice.dev)
			continue;
		choice.rank = i;
		choice.mode = port_mode(port, i);
		return choice;
	}
	return unproven(port, present);
}

/* What could be had is to be known when it is needed. */
static void prepare_probes(struct port *port)
{
	enum stabletap_mode mode;
	const struct set *s;
	size_t i, k;

	if (port->conf->probe.kind == CONF_PROBE_NONE)
		return;
	for (i = 0; i < port->conf->candidates_n; i++) {
		s = matches(port, i);
		mode = port_mode(port, i);
		for (k = 0; k < s->n; k++)
			if (carries(port, s->v[k]) &&
			    bears(port, s->v[k], mode))
				probe_want(port, s->v[k],
					   port_takes_whole(mode));
	}
}

/* ---- the next step ---- */

static void note(struct port *port, const char *event, const char *from,
		 const char *to, const char *why, uint64_t detached)
{
	struct happening what = { .time = now_ns(), .detached = detached };
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_REALTIME, &ts);
	what.real = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	snprintf(what.port, sizeof(what.port), "%s", port->conf->name);
	snprintf(what.event, sizeof(what.event), "%s", event);
	snprintf(what.from, sizeof(what.from), "%s", from);
	snprintf(what.to, sizeof(what.to), "%s", to);
	snprintf(what.why, sizeof(what.why), "%s", why);
	history_add(port->daemon->history, &what);
	if (detached)
		log_port(LOG_NOTICE, port, "%s%s%s%s%s: %s, without a lower for %.3f s",
			 event, *from ? " from " : "", from, *to ? " to " : "",
			 to, why, (double)detached / 1e9);
	else
		log_port(LOG_NOTICE, port, "%s%s%s%s%s: %s", event,
			 *from ? " from " : "", from, *to ? " to " : "", to,
			 why);
	if (port->conf->hooks)
		hooks_run(port->daemon->hooks, port->conf->hooks, &what,
			  port->conf->hook_limit);
}

void port_note(struct port *port, const char *event, const char *why)
{
	note(port, event, "", "", why, 0);
}

void port_look_at(struct port *port, uint64_t when)
{
	uint64_t set = 0;
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(port->timer, &enabled);
	sd_event_source_get_time(port->timer, &set);
	if (enabled != SD_EVENT_OFF && set <= when / 1000)
		return;
	sd_event_source_set_time(port->timer, when / 1000);
	sd_event_source_set_enabled(port->timer, SD_EVENT_ONESHOT);
}

uint64_t retry_ns(unsigned int failures)
{
	return RETRY_NS << (failures < RETRY_DOUBLINGS ? failures :
			    RETRY_DOUBLINGS);
}

static uint64_t again_after(unsigned int *again)
{
	uint64_t wait = AGAIN_NS << (*again < AGAIN_DOUBLINGS ? *again :
				     AGAIN_DOUBLINGS);

	++*again;
	return wait;
}

/* @dev has refused: not for a while, each time longer. */
static void refusal_put(struct port *port, int dev, uint64_t now)
{
	struct refusal *r = refusal_of(port, dev);
	struct refusal *grown;

	if (!r) {
		grown = realloc(port->refusals, (port->refusals_n + 1) *
				sizeof(*grown));
		/* Then it is the timer below that keeps it from looping. */
		if (!grown) {
			port_look_at(port, now + RETRY_NS);
			return;
		}
		port->refusals = grown;
		r = &grown[port->refusals_n++];
		*r = (struct refusal){ .dev = dev };
	}
	r->until = now + retry_ns(r->failures++);
	/* The next best, meanwhile */
	port_dirty(port);
}

static void refusal_drop(struct port *port, struct refusal *r)
{
	*r = port->refusals[--port->refusals_n];
}

/* Of devices that are gone nothing is kept; for the others' time, a timer. */
static void refusals_look(struct port *port)
{
	uint64_t now = now_ns();
	struct refusal *r;
	size_t i;

	for (i = port->refusals_n; i-- > 0;) {
		r = &port->refusals[i];
		if (!stabletap_links_find(&port->daemon->links, r->dev))
			refusal_drop(port, r);
		else if (r->until > now)
			port_look_at(port, r->until);
	}
}

/*
 * The port's device stays; the next event will not show that anything has
 * happened.
 */
static void mode_changed(struct port *port)
{
	note(port, "changed", port->dev, port->dev, port->why, 0);
	port->why[0] = '\0';
}

static int step_attach(struct port *port, const struct choice *to,
		       const char *why)
{
	uint64_t now = now_ns();
	enum stabletap_how how;
	struct refusal *r;
	int err;

	snprintf(port->why, sizeof(port->why), "%s", why);
	err = act_attach(port, to->dev, to->mode, &how);
	if (!err) {
		r = refusal_of(port, to->dev);
		if (r)
			refusal_drop(port, r);
		port->again = 0;
		port->better_since = 0;
		port->unusable_since = 0;
		if (how == STABLETAP_HOW_MODE || how == STABLETAP_HOW_KEEP)
			mode_changed(port);
		return 0;
	}
	port->why[0] = '\0';
	if (err == -EAGAIN) {
		port_look_at(port, now + again_after(&port->again));
		return err;
	}
	/* A leftover with the port's address may be in the way. */
	sweep_due(port->daemon);
	/* Once cut off in vain is enough, as long as it works as it is. */
	if (how == STABLETAP_HOW_BREAK)
		port->stuck = to->dev;
	refusal_put(port, to->dev, now);
	return err;
}

static int create(struct port *port)
{
	uint64_t now = now_ns();
	int err;

	/* The timer may have been for something sooner. */
	if (port->retry_at > now) {
		port_look_at(port, port->retry_at);
		return 0;
	}
	err = act_create(port);
	if (!err) {
		port->failures = 0;
		port->retry_at = 0;
		return 0;
	}
	/* Without the module there is nothing to try again: /dev will tell. */
	if (err == -ENODEV)
		return 0;
	port->retry_at = now + retry_ns(port->failures++);
	port_look_at(port, port->retry_at);
	return err;
}

/* Has @since been so for @delay?  Otherwise look again when it has. */
static bool is_over(struct port *port, uint64_t *since, uint64_t delay)
{
	uint64_t now = now_ns();

	if (!*since)
		*since = now;
	if (now >= *since + delay)
		return true;
	port_look_at(port, *since + delay);
	return false;
}

/* The port has a lower that is of no use: to the next one, if there is. */
static int on_unusable(struct port *port, const struct choice *to, int dev,
		       const char *why)
{
	port->better_since = 0;
	if (!port->unusable_since)
		port->unusable_since = now_ns();
	if (!to->dev || to->dev == dev ||
	    !is_over(port, &port->unusable_since, port->conf->loss_delay))
		return 0;
	return step_attach(port, to, why);
}

/* What the port has carries, but leads nowhere, and another one does. */
static int on_silent(struct port *port, const struct choice *to, int dev,
		     int rank)
{
	bool whole = port_takes_whole(port_mode(port, (size_t)rank));
	struct choice where = *to;

	if (where.dev && !probe_lets_go(port, dev, whole, to->dev,
					port_takes_whole(to->mode)))
		where.dev = 0;
	return on_unusable(port, &where, dev, "probe failed");
}

/* The port has a lower that carries: is there a better one? */
static int on_usable(struct port *port, const struct choice *to, int dev,
		     int rank)
{
	port->unusable_since = 0;
	if (!to->dev)
		return 0;
	if (to->dev == dev) {
		port->better_since = 0;
		if (port->stuck == dev || is_as_wished(port, to->mode))
			return 0;
		return step_attach(port, to, "mode");
	}
	if (to->by_hand)
		return step_attach(port, to, "by hand");
	if (rank < 0)
		return step_attach(port, to, "no candidate");
	/* One that is no better is all that is left: the best has refused. */
	if (to->rank >= (size_t)rank)
		return 0;
	if (port->failback)
		return step_attach(port, to, "failback by hand");
	if (port->conf->failback == CONF_FAILBACK_NO)
		return 0;
	if (port->better_since && port->better != to->rank)
		port->better_since = 0;
	port->better = to->rank;
	if (!is_over(port, &port->better_since, port->conf->failback_delay))
		return 0;
	return step_attach(port, to, "failback");
}

/* The port has no lower. */
static int on_detached(struct port *port, const struct choice *to)
{
	if (!to->dev)
		return 0;
	if (!to->by_hand && probe_verdict(port, to->dev,
					  port_takes_whole(to->mode)) ==
			    PROBE_FAILS)
		return step_attach(port, to, "none answers");
	return step_attach(port, to, "usable");
}

static int step(struct port *port)
{
	struct choice to;
	int rank, dev;

	if (!port->ifindex)
		return create(port);
	refusals_look(port);
	prepare_probes(port);
	rank = port_candidate(port, &dev);
	if (dev != port->stuck)
		port->stuck = 0;
	to = best(port, dev);
	if (!port->told.lower)
		return on_detached(port, &to);
	if (!carries(port, dev))
		return on_unusable(port, &to, dev, "lower down");
	if (rank >= 0 && to.dev != dev && !to.by_hand &&
	    !leads_anywhere(port, dev, port_mode(port, (size_t)rank), dev))
		return on_silent(port, &to, dev, rank);
	return on_usable(port, &to, dev, rank);
}

static void look(struct port *port)
{
	int err = step(port);

	/*
	 * It is a wish of this moment: where there is nothing better, or that
	 * refuses, it is gone.
	 */
	if (err != -EAGAIN)
		port->failback = false;
}

/* ---- when to look ---- */

void port_dirty(struct port *port)
{
	struct daemon *d = port->daemon;

	if (port->dirty)
		return;
	port->dirty = true;
	metrics_due(d);
	port->next_dirty = NULL;
	if (d->dirty)
		d->dirty_last->next_dirty = port;
	else
		d->dirty = port;
	d->dirty_last = port;
	sd_event_source_set_enabled(d->work, SD_EVENT_ONESHOT);
}

void sweep_due(struct daemon *d)
{
	d->sweep_due = true;
	sd_event_source_set_enabled(d->work, SD_EVENT_ONESHOT);
}

static int on_sweep(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	sweep_due(arg);
	return 0;
}

/* Does the table show a child that no port uses? */
static bool has_orphan(const struct daemon *d)
{
	const struct stabletap_link *link;
	size_t i;

	for (i = 0; i < d->links.n; i++) {
		link = d->links.v[i];
		if (!link->master && stabletap_child_is(link, NULL))
			return true;
	}
	return false;
}

static void sweep(struct daemon *d)
{
	uint64_t wait;
	int err;

	d->sweep_due = false;
	err = has_orphan(d) ? act_sweep(d) : 0;
	if (!err) {
		d->sweep_again = 0;
		return;
	}
	/* The command is at it: what it has made may not be one. */
	if (err == -EAGAIN)
		wait = again_after(&d->sweep_again);
	else
		wait = retry_ns(d->sweep_again++);
	sd_event_source_set_time_relative(d->sweep, wait / 1000);
	sd_event_source_set_enabled(d->sweep, SD_EVENT_ONESHOT);
}

static int on_work(sd_event_source *s, void *arg)
{
	struct daemon *d = arg;
	struct port *port;
	int n;

	(void)s;
	if (d->sweep_due)
		sweep(d);
	for (n = 0; d->dirty && n < TURN; n++) {
		port = d->dirty;
		d->dirty = port->next_dirty;
		port->dirty = false;
		look(port);
	}
	if (d->dirty)
		sd_event_source_set_enabled(d->work, SD_EVENT_ONESHOT);
	return 0;
}

int reconcile_start(struct daemon *d)
{
	int err = sd_event_add_defer(d->loop, &d->work, on_work, d);

	if (err >= 0)
		/* After all that is there to be read has been. */
		err = sd_event_source_set_priority(d->work,
						   SD_EVENT_PRIORITY_IDLE);
	if (err >= 0)
		err = sd_event_add_time(d->loop, &d->sweep, CLOCK_BOOTTIME, 0,
					1000, on_sweep, d);
	if (err >= 0)
		err = sd_event_source_set_enabled(d->sweep, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}

/* ---- what has happened ---- */

/* From now on this is what it has. */
static void take_told(struct port *port, const struct stabletap_port_info *now)
{
	port->daemon->attached_n -= port->told.lower != 0;
	port->told = *now;
	port->daemon->attached_n += port->told.lower != 0;
}

/* Has it another name now, and lives on? */
static const char *renamed_to(const struct port *port)
{
	const struct stabletap_link *link;

	link = stabletap_links_find(&port->daemon->links, port->ifindex);
	return link && stabletap_link_is_port(link) &&
	       strcmp(link->name, port->conf->name) != 0 ? link->name : NULL;
}

static void port_gone(struct port *port)
{
	static const struct stabletap_port_info nothing;
	char why[sizeof("renamed to ") + STABLETAP_NAME_SIZE] = "";
	const char *name;

	if (!port->ifindex)
		return;
	name = renamed_to(port);
	if (name) {
		snprintf(why, sizeof(why), "renamed to %s", name);
		log_port(LOG_WARNING, port,
			 "was renamed to %s, which goes on and is no longer looked after; another is made",
			 name);
	}
	note(port, "deleted", port->dev, "", why, 0);
	filter_port_event(port, NULL);
	announcer_stop(port->daemon->announcer, port->ifindex);
	take_told(port, &nothing);
	if (!port->absent_since)
		port->absent_since = now_ns();
	port->dev[0] = '\0';
	port->ifindex = 0;
	port->was_there = !name;
	port->retry_at = 0;
	guest_update(port);
	port_dirty(port);
}

/* Events of lowers may come after those of the port. */
static void name_device(const struct port *port, uint32_t lower,
			char name[STABLETAP_NAME_SIZE])
{
	const struct stabletap_link *link;
	int dev = device_of(port->daemon, (int)lower);

	link = stabletap_links_find(&port->daemon->links, dev);
	snprintf(name, STABLETAP_NAME_SIZE, "%s", link ? link->name : "?");
}

void port_device(const struct port *port, char name[STABLETAP_NAME_SIZE])
{
	name[0] = '\0';
	if (port->told.lower)
		name_device(port, port->told.lower, name);
}

/* The port's counters tell what two looks at its lower alone would hide. */
static void port_changed(struct port *port,
			 const struct stabletap_port_info *now)
{
	const struct stabletap_port_info *old = &port->told;
	const char *why = *port->why ? port->why : "not by the daemon";
	char from[STABLETAP_NAME_SIZE];
	uint64_t gap = 0;

	memcpy(from, port->dev, sizeof(from));
	if (now->lower)
		name_device(port, now->lower, port->dev);
	else
		port->dev[0] = '\0';
	if (old->lower && (now->attaches != old->attaches || !now->lower))
		note(port, "detached", from, "",
		     stabletap_reason_name(now->detach_reason), 0);
	if (now->attaches != old->attaches && now->lower) {
		if (now->detach_time)
			gap = now->attach_time - now->detach_time;
		note(port, "attached", "", port->dev, why, gap);
	} else if (now->replaces != old->replaces && now->lower) {
		note(port, "replaced", from, port->dev, why, 0);
	}
}

static void differs(const struct port *port, const char *key, bool really)
{
	if (really)
		log_port(LOG_WARNING, port,
			 "%s= is not what it was made with, and counts when it is made anew",
			 key);
}

/* The configuration says what a port is made with, not what it becomes. */
void port_say_differences(const struct port *port,
			  const struct stabletap_link *link)
{
	const struct conf_port *c = port->conf;
	const struct stabletap_port_info *p = &link->port;

	differs(port, "MACAddress", c->mac_set && link->addr_len == 6 &&
		memcmp(c->mac, link->addr, 6) != 0);
	differs(port, "MTUBytes", c->mtu && c->mtu != link->mtu);
	differs(port, "Queues", c->queues && c->queues != p->queues);
	differs(port, "Owner", c->owner != p->owner);
	differs(port, "Group", c->group != p->group);
	differs(port, "Mode", c->perm && c->perm != p->perm);
	differs(port, "OnDetach", c->on_detach != p->on_detach);
}

/* A port that was made just now, or whose maker died before he set it up */
static void set_up(const struct port *port, const struct stabletap_link *link)
{
	struct daemon *d = port->daemon;
	int err;

	if (link->flags & IFF_UP || link->port.attaches || port->conf->quiet)
		return;
	err = stabletap_link_set_up(d->st, link->ifindex, true);
	if (err)
		log_port(LOG_ERR, port, "can't be set up: %s", strerror(-err));
}

/* Does it carry where nobody has been told yet? */
static bool is_news(const struct port *port, const struct stabletap_link *link,
		    bool fresh)
{
	const struct stabletap_port_info *now = &link->port;

	if (!now->lower || !(link->flags & IFF_UP))
		return false;
	/* A daemon that was killed may have owed it. */
	if (fresh)
		return now->attach_time + FRESH_NS > now_ns();
	return !port->up || now->lower != port->told.lower ||
	       now->attaches != port->told.attaches;
}

void port_event(struct port *port, const struct stabletap_link *link)
{
	const struct stabletap_port_info *old = &port->told;
	bool fresh, news;

	if (!link || (port->ifindex && port->ifindex != link->ifindex))
		port_gone(port);
	if (!link)
		return;

	fresh = !port->ifindex;
	port->ifindex = link->ifindex;
	news = is_news(port, link, fresh);
	if (fresh) {
		/* What it has is not news; what comes from now on is. */
		if (link->port.lower)
			name_device(port, link->port.lower, port->dev);
		set_up(port, link);
		port_say_differences(port, link);
	} else if (old->lower != link->port.lower ||
		   old->attaches != link->port.attaches ||
		   old->replaces != link->port.replaces) {
		port_changed(port, &link->port);
		/* That of the next attach may be under way. */
		if (link->port.lower)
			port->why[0] = '\0';
	}
	take_told(port, &link->port);
	filter_port_event(port, link);
	port->up = link->flags & IFF_UP;
	if (port->told.lower)
		port->absent_since = 0;
	else if (!port->absent_since)
		port->absent_since = now_ns();
	if (news)
		guest_announce(port, link);
	else if (!port->told.lower)
		announcer_stop(port->daemon->announcer, port->ifindex);
	guest_update(port);
	port_dirty(port);
}
