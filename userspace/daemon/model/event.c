// SPDX-License-Identifier: GPL-2.0
/* Updates ports from the kernel's events. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "model/event.h"
#include "model/refusal.h"
#include "model/tables.h"
#include "util/clock.h"
#include "util/log.h"

/* A daemon that starts announces ports attached in this time before. */
#define FRESH_NS (60 * CLOCK_SECOND)

bool port_is_announced(const struct port *port, const struct port_was *was)
{
	const struct stabletap_port_info *now = &port->told;

	if (!now->lower || !port->up)
		return false;
	/* A daemon that was killed may not have announced it. */
	if (was->fresh)
		return now->attach_time + FRESH_NS > port->model->clock();
	return !was->up || now->lower != was->told.lower ||
	       now->attaches != was->told.attaches ||
	       now->replaces != was->told.replaces;
}

void port_note(struct port *port, const char *event, const char *from,
	       const char *to, const char *why, uint64_t detached)
{
	struct happening what = {
		.time = port->model->clock(), .real = clock_real(),
		.detached = detached,
	};

	snprintf(what.port, sizeof(what.port), "%s", port->conf->name);
	snprintf(what.event, sizeof(what.event), "%s", event);
	snprintf(what.from, sizeof(what.from), "%s", from);
	snprintf(what.to, sizeof(what.to), "%s", to);
	snprintf(what.why, sizeof(what.why), "%s", why);
	model_happened(port, &what);
}

static void take_told(struct port *port, const struct stabletap_port_info *now)
{
	struct model *m = port->model;

	m->attached_n -= port->told.lower != 0;
	port->told = *now;
	m->attached_n += port->told.lower != 0;
	/* Of the ports that have lost a lower, the first one comes first. */
	agenda_order(&m->agenda, &port->todo, !now->lower && now->detach_time ?
		     now->detach_time : AGENDA_LAST);
}

static void name_device(struct port *port, uint32_t lower)
{
	struct device *dev = NULL;

	if (!lower)
		port->dev[0] = '\0';
	/*
	 * If the parent went to another namespace, keep the name it had here.
	 */
	else if (device_parent(port->model, (int)lower, &dev) == DEVICE_HERE)
		snprintf(port->dev, sizeof(port->dev), "%s", dev->link.name);
	else if (!*port->dev)
		snprintf(port->dev, sizeof(port->dev), "?");
}

void port_name_device(struct port *port)
{
	name_device(port, port->told.lower);
}

void port_device_moved(struct port *port)
{
	/*
	 * The step under way was planned when the device was down but still
	 * here.
	 */
	if (*port->why)
		snprintf(port->why, sizeof(port->why), "%s", WHY_DEVICE_MOVED);
}

static void set_blackout(struct port *port, uint64_t ns)
{
	port->blackout = ns;
	port->blackout_known = true;
}

/*
 * Several changes may come in one event.  The port's counters show those that
 * its lower alone would not.
 */
static void note_change(struct port *port,
			const struct stabletap_port_info *now)
{
	const struct stabletap_port_info *old = &port->told;
	const char *why = *port->why ? port->why : "not by the daemon";
	char from[STABLETAP_NAME_SIZE];
	uint64_t gap = 0;

	memcpy(from, port->dev, sizeof(from));
	port->dev[0] = '\0';
	name_device(port, now->lower);
	if (old->lower && (now->attaches != old->attaches || !now->lower))
		port_note(port, "detached", from, "",
			  stabletap_reason_name(now->detach_reason), 0);
	if (now->attaches != old->attaches && now->lower) {
		if (now->detach_time)
			gap = now->attach_time - now->detach_time;
		set_blackout(port, gap);
		port_note(port, "attached", "", port->dev, why, gap);
	} else if (now->replaces != old->replaces && now->lower) {
		set_blackout(port, 0);
		port_note(port, "replaced", from, port->dev, why, 0);
	}
}

static bool is_changed(const struct stabletap_port_info *old,
		       const struct stabletap_port_info *now)
{
	return old->lower != now->lower || old->attaches != now->attaches ||
	       old->replaces != now->replaces;
}

/* The state in which a port is first seen is no event; later changes are. */
static void first_seen(struct port *port, const struct stabletap_link *link)
{
	uint64_t ago = port->model->clock() - (link->port.lower ?
					       link->port.attach_time :
					       link->port.detach_time);

	port->event_until = 0;
	port->create_why[0] = '\0';
	port->dev[0] = '\0';
	name_device(port, link->port.lower);
	/*
	 * The port is new, or the process that made it died before setting it
	 * up.
	 */
	port->set_up_due = !(link->flags & IFF_UP) && !link->port.attaches &&
			   !port->conf->quiet;
	retry_reset(&port->up_retry);
	port->up_until = 0;
	retry_reset(&port->options_retry);
	port->options_until = 0;
	port->since = clock_real();
	if (link->port.lower || link->port.detach_time)
		port->since -= ago;
	port->blackout_known = false;
}

void port_update(struct port *port, struct device *dev)
{
	const struct stabletap_link *link = &dev->link;
	struct port_was was;

	if (port->ifindex && port->ifindex != link->ifindex)
		port_gone(port, PORT_DELETED, NULL);
	was = (struct port_was){ .fresh = !port->ifindex, .up = port->up,
				 .told = port->told };
	port->ifindex = link->ifindex;
	dev->port = port;
	if (was.fresh) {
		first_seen(port, link);
	} else if (is_changed(&port->told, &link->port)) {
		note_change(port, &link->port);
		if (link->port.lower != port->told.lower)
			port->waits = (struct port_waits){ 0 };
		/*
		 * After a detach the reason is kept: the next attach may be
		 * under way.
		 */
		if (link->port.lower)
			port->why[0] = '\0';
		port->since = clock_real();
		port->event_until = 0;
	} else if (port->told.state != link->port.state) {
		port->since = clock_real();
	}
	take_told(port, &link->port);
	if (port_attachments(port) > port->claim_count)
		port_claim_end(port);
	port->up = link->flags & IFF_UP;
	port->set_up_due &= !port->up;
	if (port->told.lower)
		port->absent_since = 0;
	else if (!port->absent_since)
		port->absent_since = port->model->clock();
	model_port_changed(port, &was);
	port_mark(port);
}

static void note_end(struct port *port, enum port_end end, const char *name)
{
	char why[64] = "";

	if (end == PORT_RENAMED) {
		snprintf(why, sizeof(why), "renamed to %s", name);
		log_line(LOG_WARNING, port->conf->name,
			 "was renamed to %s: that port keeps its lower, but is no longer managed; a new port is made",
			 name);
	} else if (end == PORT_MOVED) {
		snprintf(why, sizeof(why), "to another network namespace");
	} else if (end == PORT_LOST) {
		snprintf(why, sizeof(why),
			 "or moved away, while events were lost");
	}
	port_note(port, end == PORT_MOVED ? "moved" : "deleted", port->dev, "",
		  why, 0);
}

void port_gone(struct port *port, enum port_end end, const char *name)
{
	static const struct stabletap_port_info nothing;
	struct port_was was = { .up = port->up, .told = port->told };
	struct device *dev;

	if (!port->ifindex)
		return;
	dev = model_device(port->model, port->ifindex);
	if (dev && dev->port == port)
		dev->port = NULL;
	note_end(port, end, name);
	take_told(port, &nothing);
	port_claim_end(port);
	port_refusals_clear(port);
	if (!port->absent_since)
		port->absent_since = port->model->clock();
	port->dev[0] = '\0';
	port->ifindex = 0;
	port->up = false;
	port->was_there = true;
	port->end = end;
	port->create_until = port->remade_until;
	port->waits = (struct port_waits){ 0 };
	port->event_until = 0;
	port->since = clock_real();
	model_port_changed(port, &was);
	port_mark(port);
}
