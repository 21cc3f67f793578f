// SPDX-License-Identifier: GPL-2.0
/* Leaves out or keeps sections with errors; makes the configuration. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/object.h"
#include "conf/selector.h"
#include "conf/settle.h"
#include "conf/warn.h"

/* ---- the configuration in force ---- */

static void *object_before(const struct conf_draft *d, enum conf_kind kind,
			   const char *name)
{
	return d->before ? conf_object_find(d->before, kind, name) : NULL;
}

/* Returns the same place, with the file's name owned by this configuration. */
static struct conf_place place_keep(struct conf_draft *d, struct conf_place at)
{
	char **files = d->r.conf->files;
	size_t i;

	for (i = 0; i < d->r.conf->files_n; i++)
		if (!strcmp(files[i], at.file))
			return (struct conf_place){ files[i], at.line };
	return (struct conf_place){ conf_file_add(&d->r, at.file), at.line };
}

/* Copies a key: it is written as in a file, and read again. */
static void key_keep(struct conf_draft *d, const struct conf_key *key,
		     void *to, const void *from)
{
	char *text = conf_key_lines(key, from), *value, *rest = NULL;

	if (!text)
		d->r.err = -ENOMEM;
	for (value = text ? strtok_r(text, "\n", &rest) : NULL; value;
	     value = strtok_r(NULL, "\n", &rest))
		key->type->take(&d->r, &key->field, to, value);
	free(text);
}

static void places_keep(struct conf_draft *d, enum conf_kind kind, void *to,
			void *from)
{
	struct conf_object was = conf_object(kind, from);
	struct conf_object is = conf_object(kind, to);
	size_t i;

	*is.at = place_keep(d, *was.at);
	for (i = 0; i < is.devices->n; i++)
		is.devices->v[i].at = place_keep(d, was.devices->v[i].at);
}

/* Fills @s, which has the defaults, with the values in force. */
static void fill(struct conf_draft *d, struct conf_section *s, void *from)
{
	const struct conf_key *key;

	d->r.fault = NULL;
	for (key = conf_keys; key < conf_keys + CONF_KEYS_N; key++)
		if (key->kind == s->kind)
			key_keep(d, key, s->base, from);
	s->kept = true;
	if (!d->r.err && s->kind != CONF_DAEMON)
		places_keep(d, s->kind, s->base, from);
}

/*
 * Adds the section in force of @name.  Returns NULL if there is none, or if the
 * files have a section of that name.
 */
static struct conf_section *revive(struct conf_draft *d, enum conf_kind kind,
				   const char *name)
{
	struct conf_section *s = conf_section_find(d, kind, name);
	void *from = object_before(d, kind, name);

	if (s || !from)
		return NULL;
	s = conf_section_add(d, kind, conf_kinds[kind].name, name);
	if (s)
		fill(d, s, from);
	return s;
}

/* Keeps the pools of a kept port, which the files may no longer have. */
static void keep_pools(struct conf_draft *d, const struct conf_section *s)
{
	const struct conf_selector *sel;
	size_t i;

	for (i = 0; i < s->port->candidates.n && !d->r.err; i++) {
		sel = s->port->candidates.v[i].selector;
		if (sel->pool)
			revive(d, CONF_POOL, sel->pool);
	}
}

/* With a head like "[Prot vm1]" keeps the port or pool of that name. */
static bool keep_misspelt(struct conf_draft *d, const char *name)
{
	struct conf_section *port;

	if (conf_section_find(d, CONF_PORT, name) ||
	    conf_section_find(d, CONF_POOL, name))
		return false;
	port = revive(d, CONF_PORT, name);
	if (port)
		keep_pools(d, port);
	return port || revive(d, CONF_POOL, name);
}

/* Replaces @s by the section in force.  Returns false if there is none. */
static bool keep(struct conf_draft *d, struct conf_section *s)
{
	void *from = object_before(d, s->kind, s->name);

	if (s->kind == CONF_OTHER)
		return keep_misspelt(d, s->name);
	conf_keys_reset(s->kind, s->base);
	if (!from)
		return false;
	fill(d, s, from);
	if (s->kind == CONF_PORT)
		keep_pools(d, s);
	return true;
}

/* ---- leaving out ---- */

static void leave_out(struct conf_draft *d, struct conf_section *s)
{
	struct conf *conf = d->r.conf;
	struct conf_left_out *v = conf_grow(&d->r, conf->left_out,
					    conf->left_out_n, sizeof(*v));
	char *section = conf_escape(&d->r, s->title);
	char *why = conf_escape(&d->r, s->fault.why);

	if (v)
		conf->left_out = v;
	if (!v || !section || !why) {
		free(why);
		free(section);
		return;
	}
	v[conf->left_out_n++] = (struct conf_left_out){
		.section = section, .at = s->fault.at, .why = why,
		.kept = keep(d, s),
	};
}

/* If two sections have the same name, it is unknown which one is meant. */
static void settle_double(struct conf_draft *d, struct conf_section *s)
{
	s->doubled = false;
	if (object_before(d, s->kind, s->name))
		keep(d, s);
}

/*
 * Each section that is left out or replaced by the one in force can cause an
 * error in another one.  The loop ends, because no section is settled twice.
 */
static void settle_errors(struct conf_draft *d)
{
	size_t i;

	do {
		/* keep() can add sections, which have no errors. */
		for (i = 0; i < d->n && !d->r.err; i++) {
			struct conf_section *s = d->v[i];

			if (s->fault.why && !s->settled) {
				s->settled = true;
				s->doubled = false;
				leave_out(d, s);
			} else if (s->doubled) {
				settle_double(d, s);
			}
		}
	} while (!d->r.err && conf_check(d));
}

/* ---- defaults that depend on other keys ---- */

static void imply(struct conf_port *port)
{
	struct conf_probe *probe = &port->probe;

	/* A program costs more than a frame, so it is run less often. */
	if (!probe->interval)
		probe->interval = (probe->kind == CONF_PROBE_SCRIPT ? 10 : 1) *
				  1000000000ULL;
	if (!probe->limit)
		probe->limit = probe->interval;
	/* Without Mode= the group would have no access. */
	if (port->group && !port->perm)
		port->perm = 0660;
	if (port->follow_filter)
		port->filter = true;
	/* A module that can't hold would refuse them. */
	if (port->on_detach != STABLETAP_ON_DETACH_HOLD) {
		port->hold_frames = 0;
		port->hold_bytes = 0;
		port->hold_time = CONF_SPAN_NONE;
	}
}

/* ---- the configuration ---- */

/* Compares two ports, or two pools: both begin with their name. */
static int by_name(const void *a, const void *b)
{
	char *const *x = a, *const *y = b;

	_Static_assert(!offsetof(struct conf_port, name) &&
		       !offsetof(struct conf_pool, name), "see above");
	return strcmp(*x, *y);
}

/* "pool=NAME", even if no port has that candidate */
static void add_selector(struct conf_draft *d, struct conf_pool *pool)
{
	struct conf_selector s = CONF_SELECTOR_NONE;

	s.pool = conf_copy(&d->r, pool->name);
	pool->selector = conf_selector_intern(&d->r, &s);
	if (pool->selector)
		pool->selector->used = true;
}

/* Moves the section's port or pool to the list. */
static void add_object(struct conf_draft *d, struct conf_section *s)
{
	struct conf_candidates *list = conf_object(s->kind, s->base).devices;
	struct conf *conf = d->r.conf;
	size_t i;

	for (i = 0; i < list->n; i++)
		list->v[i].selector->used = true;
	if (s->kind == CONF_PORT) {
		imply(s->port);
		conf->ports[conf->ports_n++] = *s->port;
	} else {
		add_selector(d, s->pool);
		conf->pools[conf->pools_n++] = *s->pool;
	}
	free(s->base);
	s->base = NULL;
}

static void collect(struct conf_draft *d)
{
	struct conf *conf = d->r.conf;
	size_t i;

	conf->ports = calloc(d->n + 1, sizeof(*conf->ports));
	conf->pools = calloc(d->n + 1, sizeof(*conf->pools));
	if (!conf->ports || !conf->pools) {
		d->r.err = -ENOMEM;
		return;
	}
	for (i = 0; i < d->n; i++)
		if (conf_section_is_valid(d->v[i], CONF_PORT) ||
		    conf_section_is_valid(d->v[i], CONF_POOL))
			add_object(d, d->v[i]);
	qsort(conf->ports, conf->ports_n, sizeof(*conf->ports), by_name);
	qsort(conf->pools, conf->pools_n, sizeof(*conf->pools), by_name);
}

/* Drops the selectors of emptied lists and of sections left out. */
static void drop_unused(struct conf *conf)
{
	size_t i, n = 0;

	for (i = 0; i < conf->selectors_n; i++) {
		struct conf_selector *s = conf->selectors[i];

		if (s->used) {
			s->number = n;
			conf->selectors[n++] = s;
		} else {
			conf_selector_release(s);
			free(s);
		}
	}
	conf->selectors_n = n;
}

void conf_settle(struct conf_draft *d)
{
	settle_errors(d);
	if (!d->r.err)
		conf_warn(d);
	if (!d->r.err)
		collect(d);
	if (!d->r.err)
		drop_unused(d->r.conf);
}
