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
/* When somebody else is at it */
#define AGAIN_NS 20000000ULL
/* Ports looked at in one turn of the loop, so that all else has its turn. */
#define TURN 32

#define FAILED_MAX (sizeof(((struct port *)0)->failed) / sizeof(int))

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
static int device_of(const struct daemon *d, int lower)
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

static bool is_in(const struct set *s, int ifindex)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i] == ifindex)
			return true;
	return false;
}

static enum stabletap_mode mode_of(const struct port *port, size_t rank)
{
	const struct conf_candidate *c = &port->conf->candidates[rank];

	return c->mode_set ? c->mode : port->conf->mode;
}

static const struct set *matches(const struct port *port, size_t rank)
{
	const struct conf_candidate *c = &port->conf->candidates[rank];

	return &port->daemon->selections[c->selector].match;
}

int port_candidate(const struct port *port, int *dev)
{
	size_t i;

	*dev = device_of(port->daemon, (int)port->told.lower);
	for (i = 0; *dev && i < port->conf->candidates_n; i++)
		if (is_in(matches(port, i), *dev))
			return (int)i;
	return -1;
}

static bool carries(const struct port *port, int dev)
{
	const struct stabletap_link *link;

	link = stabletap_links_find(&port->daemon->links, dev);
	return link && select_is_usable(link);
}

/* Worth trying: it carries, and has not refused just now */
static bool usable(const struct port *port, int dev)
{
	size_t i;

	for (i = 0; i < port->failed_n; i++)
		if (port->failed[i] == dev)
			return false;
	return carries(port, dev);
}

/*
 * Can it be had so?  The kernel would put a child of a macvlan beside it, on
 * its parent.
 */
static bool bears(const struct port *port, int dev, enum stabletap_mode mode)
{
	const struct stabletap_link *link;

	link = stabletap_links_find(&port->daemon->links, dev);
	if (!link)
		return false;
	/* With a master it is another port's, a bridge's or a bond's. */
	if (mode == STABLETAP_MODE_DIRECT)
		return !link->master || link->master == port->ifindex;
	return !stabletap_link_is_macvlan(link);
}

/* ---- what it should have ---- */

/* Of devices that one candidate means, the present one before others */
static int usable_of(const struct port *port, size_t rank, int present)
{
	const struct set *s = matches(port, rank);
	enum stabletap_mode mode = mode_of(port, rank);
	size_t i;

	if (present && is_in(s, present) && usable(port, present) &&
	    bears(port, present, mode))
		return present;
	for (i = 0; i < s->n; i++)
		if (usable(port, s->v[i]) && bears(port, s->v[i], mode))
			return s->v[i];
	return 0;
}

/* What the operator asked for by hand: any device, also one of no candidate */
static struct choice overridden(const struct port *port)
{
	const struct override *o = &port->override;
	struct choice choice = { .mode = port->conf->mode };
	const struct stabletap_link *link = NULL;
	size_t i;

	if (o->pin || o->prefer)
		link = select_named(port->daemon, o->dev);
	/* As its candidate has it, if it is one's. */
	for (i = 0; link && i < port->conf->candidates_n; i++)
		if (is_in(matches(port, i), link->ifindex)) {
			choice.mode = mode_of(port, i);
			break;
		}
	choice.by_hand = true;
	if (link && select_is_device(link) && usable(port, link->ifindex) &&
	    bears(port, link->ifindex, choice.mode))
		choice.dev = link->ifindex;
	return choice;
}

static struct choice best(const struct port *port, int present)
{
	struct choice choice = overridden(port);
	size_t i;

	if (choice.dev || port->override.pin)
		return choice;
	choice.by_hand = false;
	for (i = 0; i < port->conf->candidates_n; i++) {
		choice.dev = usable_of(port, i, present);
		if (!choice.dev)
			continue;
		choice.rank = i;
		choice.mode = mode_of(port, i);
		break;
	}
	return choice;
}

/* A candidate's VLAN that is to be made, devices that are down */
static void prepare_devices(struct port *port)
{
	const struct stabletap_link *link;
	const struct selection *sel;
	struct daemon *d = port->daemon;
	size_t i, k;

	for (i = 0; i < port->conf->candidates_n; i++) {
		sel = &d->selections[port->conf->candidates[i].selector];
		if (sel->spec->vlan_create && !sel->match.n)
			for (k = 0; k < sel->base.n; k++) {
				link = stabletap_links_find(&d->links,
							    sel->base.v[k]);
				if (link && link->flags & IFF_UP)
					act_vlan(d, link, sel->spec->vlan);
			}
	}
}

/* ---- the next step ---- */

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

static void retry_later(struct port *port, uint64_t now)
{
	port->retry_at = now + (RETRY_NS << port->failures);
	port_look_at(port, port->retry_at);
	if (port->failures < RETRY_DOUBLINGS)
		port->failures++;
}

static int step_attach(struct port *port, const struct choice *to,
		       const char *why)
{
	uint64_t now = now_ns();
	int err;

	/* So many have refused that it makes no sense before then. */
	if (port->failed_n == FAILED_MAX)
		return 0;
	snprintf(port->why, sizeof(port->why), "%s", why);
	err = act_attach(port, to->dev, to->mode);
	if (!err) {
		port->failures = 0;
		port->again = 0;
		port->retry_at = 0;
		port->failed_n = 0;
		port->better_since = 0;
		port->unusable_since = 0;
		return 0;
	}
	if (err == -EAGAIN) {
		port_look_at(port, now + (AGAIN_NS << port->again));
		if (port->again < RETRY_DOUBLINGS)
			port->again++;
		return err;
	}
	/* The next best, meanwhile; all of them again when the time is over */
	if (!port->failed_n)
		retry_later(port, now);
	port->failed[port->failed_n++] = to->dev;
	port_dirty(port);
	return err;
}

static int create(struct port *port)
{
	uint64_t now = now_ns();
	int err;

	if (port->retry_at > now)
		return 0;
	err = act_create(port);
	if (!err) {
		port->failures = 0;
		port->retry_at = 0;
		return 0;
	}
	/* Without the module there is nothing to try again: /dev will tell. */
	if (err == -ENODEV)
		return 0;
	retry_later(port, now);
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

/* The port has a lower that does not carry: to the next one, if there is. */
static int on_unusable(struct port *port, const struct choice *to, int dev)
{
	port->better_since = 0;
	if (!port->unusable_since)
		port->unusable_since = now_ns();
	if (!to->dev || to->dev == dev ||
	    !is_over(port, &port->unusable_since, port->conf->loss_delay))
		return 0;
	return step_attach(port, to, "lower down");
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
		if (has_mode(port->daemon, (int)port->told.lower, to->mode))
			return 0;
		return step_attach(port, to, "mode");
	}
	if (to->by_hand)
		return step_attach(port, to, "by hand");
	if (rank < 0)
		return step_attach(port, to, "no candidate");
	/* One that is no better is all that is left: the best has refused. */
	if (port->conf->failback == CONF_FAILBACK_NO ||
	    to->rank >= (size_t)rank)
		return 0;
	if (port->better_since && port->better != to->rank)
		port->better_since = 0;
	port->better = to->rank;
	if (!is_over(port, &port->better_since, port->conf->failback_delay))
		return 0;
	return step_attach(port, to, "failback");
}

int reconcile_port(struct port *port)
{
	uint64_t now = now_ns();
	struct choice to;
	int rank, dev;

	/* The timer may have been for something sooner. */
	if (port->retry_at > now)
		port_look_at(port, port->retry_at);
	if (!port->ifindex)
		return create(port);
	if (port->retry_at <= now)
		port->failed_n = 0;
	prepare_devices(port);
	rank = port_candidate(port, &dev);
	to = best(port, dev);
	if (!port->told.lower)
		return to.dev ? step_attach(port, &to, "usable") : 0;
	if (!carries(port, dev))
		return on_unusable(port, &to, dev);
	return on_usable(port, &to, dev, rank);
}

/* ---- when to look ---- */

void port_dirty(struct port *port)
{
	struct daemon *d = port->daemon;

	if (port->dirty)
		return;
	port->dirty = true;
	d->dirty_n++;
	sd_event_source_set_enabled(d->work, SD_EVENT_ONESHOT);
}

static int on_work(sd_event_source *s, void *arg)
{
	struct daemon *d = arg;
	size_t i, n = 0;

	(void)s;
	for (i = 0; i < d->ports_n && d->dirty_n && n < TURN; i++) {
		if (!d->ports[i].dirty)
			continue;
		d->ports[i].dirty = false;
		d->dirty_n--;
		n++;
		reconcile_port(&d->ports[i]);
	}
	if (d->dirty_n)
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
	return err < 0 ? err : 0;
}

/* ---- what has happened ---- */

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

static void port_gone(struct port *port)
{
	if (!port->ifindex)
		return;
	note(port, "deleted", port->dev, "", "", 0);
	guest_detached(port);
	memset(&port->told, 0, sizeof(port->told));
	port->dev[0] = '\0';
	port->ifindex = 0;
	port->was_there = true;
	port->retry_at = 0;
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

void port_event(struct port *port, const struct stabletap_link *link)
{
	struct stabletap_port_info old = port->told;
	bool fresh;

	if (!link || (port->ifindex && port->ifindex != link->ifindex))
		port_gone(port);
	if (!link)
		return;

	fresh = !port->ifindex;
	port->ifindex = link->ifindex;
	if (fresh) {
		/* What it has is not news; what comes from now on is. */
		old = link->port;
		if (link->port.lower)
			name_device(port, link->port.lower, port->dev);
	} else if (old.lower != link->port.lower ||
		   old.attaches != link->port.attaches ||
		   old.replaces != link->port.replaces) {
		port_changed(port, &link->port);
	}
	port->told = link->port;
	if (link->port.lower && (fresh || old.lower != link->port.lower))
		guest_attached(port, link);
	else if (!link->port.lower && (fresh || old.lower))
		guest_detached(port);
	if (old.lower != link->port.lower)
		port->why[0] = '\0';
	port_dirty(port);
}
