// SPDX-License-Identifier: GPL-2.0
/*
 * A configuration becomes the one in force.  What a port's new section still
 * has of the old one goes on: nothing is detached for a reload.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "conf/diff.h"
#include "conf/read.h"
#include "conf/selector.h"
#include "core.h"

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	port_dirty(arg);
	return 0;
}

static int port_init(struct daemon *d, struct port *port,
		     const struct conf_port *conf)
{
	int err;

	port->daemon = d;
	port->conf = conf;
	err = sd_event_add_time(d->loop, &port->timer, CLOCK_BOOTTIME, 0, 1000,
				on_time, port);
	if (err >= 0)
		err = sd_event_source_set_enabled(port->timer, SD_EVENT_OFF);
	if (err >= 0)
		err = filter_init(port);
	return err < 0 ? err : guest_init(port);
}

/* Are they to be on the same devices, likewise? */
static bool same_wishes(const struct conf *a, const struct conf_port *x,
			const struct conf *b, const struct conf_port *y)
{
	size_t i;

	if (x->mode != y->mode || x->filter != y->filter ||
	    x->candidates_n != y->candidates_n)
		return false;
	for (i = 0; i < x->candidates_n; i++) {
		const struct conf_candidate *p = &x->candidates[i];
		const struct conf_candidate *q = &y->candidates[i];

		if (p->mode_set != q->mode_set || p->mode != q->mode ||
		    !conf_selector_equal(&a->selectors[p->selector],
					 &b->selectors[q->selector]))
			return false;
	}
	return true;
}

/* Of the port as it was before the reload: what is known, no resources */
static void port_inherit(struct port *port, const struct conf *conf,
			 const struct port *old, const struct conf *before)
{
	if (same_wishes(conf, port->conf, before, old->conf)) {
		port->stuck = old->stuck;
		port->better = old->better;
		port->better_since = old->better_since;
	}
	port->override = old->override;
	port->ifindex = old->ifindex;
	port->was_there = old->was_there;
	port->told = old->told;
	port->up = old->up;
	port->unusable_since = old->unusable_since;
	port->absent_since = old->absent_since;
	memcpy(port->dev, old->dev, sizeof(port->dev));
	memcpy(port->why, old->why, sizeof(port->why));
}

static void ports_free(struct port *ports, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		guest_free(&ports[i]);
		filter_free(&ports[i]);
		sd_event_source_disable_unref(ports[i].timer);
		free(ports[i].refusals);
	}
	free(ports);
}

/* Ports of the new configuration, in the place of the old ones */
static int ports_make(struct daemon *d, struct conf *conf)
{
	struct daemon old = *d;
	const struct port *before;
	size_t i;
	int err = 0;

	d->conf = conf;
	d->dirty = NULL;
	d->attached_n = 0;
	d->by_hand_n = 0;
	d->selections = NULL;
	d->selections_n = 0;
	d->pools = NULL;
	d->ports_n = conf->ports_n;
	d->ports = calloc(conf->ports_n + 1, sizeof(*d->ports));
	if (!d->ports)
		err = -ENOMEM;
	for (i = 0; !err && i < d->ports_n; i++) {
		before = port_by_name(&old, conf->ports[i].name);
		d->ports[i].conf = &conf->ports[i];
		if (before)
			port_inherit(&d->ports[i], conf, before, old.conf);
		d->attached_n += d->ports[i].told.lower != 0;
		d->by_hand_n += override_is(&d->ports[i].override);
		err = port_init(d, &d->ports[i], &conf->ports[i]);
	}
	if (!err)
		err = select_init(d);
	if (err) {
		select_free(d);
		if (d->ports)
			ports_free(d->ports, d->ports_n);
		*d = old;
		return err;
	}
	for (i = 0; i < old.ports_n; i++) {
		guest_hand_over(&old.ports[i]);
		if (!port_by_name(d, old.ports[i].conf->name))
			filter_leave(&old.ports[i]);
	}
	metrics_moved(d, old.conf);
	select_free(&old);
	ports_free(old.ports, old.ports_n);
	conf_free(old.conf);
	return 0;
}

/* Sections with errors don't count; the others do. */
static void tell_left_out(const struct conf *conf, int errors)
{
	size_t i;

	for (i = 0; conf && i < conf->left_out_n; i++) {
		const struct conf_left_out *left = &conf->left_out[i];

		log_port(LOG_ERR, NULL, "section [%s] is left out%s: %s:%u: %s",
			 left->section, left->kept ?
			 ", and what was in force stays so" : "", left->file,
			 left->line, left->why);
	}
	if (errors > 0)
		log_port(LOG_ERR, NULL,
			 "the configuration has %d error%s; 'stabletapd --check' reports them",
			 errors, errors == 1 ? "" : "s");
}

int load(struct daemon *d, FILE *out)
{
	const struct stabletap_link *link;
	struct conf *conf = NULL;
	size_t i;
	int n;

	n = conf_read(NULL, d->conf_file, d->conf, out, &conf);
	if (n > 0 && !conf) {
		log_port(LOG_ERR, NULL, "can't read the whole configuration%s",
			 d->conf ? "; the one before stays in force" :
			 "; 'stabletapd --check' reports what is missing");
		return -ENOEXEC;
	}
	tell_left_out(conf, n);
	if (n < 0) {
		log_port(LOG_ERR, NULL, "can't read %s: %s", d->conf_file ?
			 d->conf_file : "the configuration", strerror(-n));
		return n == -ENOMEM ? n : -ENOEXEC;
	}
	if (d->conf)
		conf_diff(d->conf, conf, out);
	n = ports_make(d, conf);
	if (n) {
		conf_free(conf);
		/* When it starts, that is told as the end of it. */
		if (d->conf)
			log_port(LOG_ERR, NULL,
				 "can't take the configuration: %s; the one before stays in force",
				 strerror(-n));
		return n;
	}
	for (i = 0; i < d->ports_n; i++) {
		override_read(&d->ports[i]);
		link = stabletap_links_find(&d->links, d->ports[i].ifindex);
		if (link)
			port_say_differences(&d->ports[i], link);
		/* No event will do it for one that is gone. */
		else if (d->ports[i].absent_since)
			guest_update(&d->ports[i]);
	}
	return 0;
}

void unload(struct daemon *d)
{
	size_t i;

	for (i = 0; i < d->ports_n; i++)
		filter_leave(&d->ports[i]);
	select_free(d);
	ports_free(d->ports, d->ports_n);
	conf_free(d->conf);
	d->ports = NULL;
	d->ports_n = 0;
	d->conf = NULL;
}
