// SPDX-License-Identifier: GPL-2.0
/* Leaves out or keeps sections with errors; makes the configuration. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/check.h"
#include "conf/selector.h"
#include "conf/settle.h"
#include "conf/warn.h"

/* ---- the configuration in force ---- */

static const struct conf_port *port_before(const struct conf_draft *d,
					   const char *name)
{
	size_t i;

	for (i = 0; d->before && i < d->before->ports_n; i++)
		if (!strcmp(d->before->ports[i].name, name))
			return &d->before->ports[i];
	return NULL;
}

static const struct conf_pool *pool_before(const struct conf_draft *d,
					   const char *name)
{
	size_t i;

	for (i = 0; d->before && i < d->before->pools_n; i++)
		if (!strcmp(d->before->pools[i].name, name))
			return &d->before->pools[i];
	return NULL;
}

static const void *base_before(const struct conf_draft *d, enum conf_kind kind,
			       const char *name)
{
	switch (kind) {
	case CONF_PORT:
		return port_before(d, name);
	case CONF_POOL:
		return pool_before(d, name);
	case CONF_DAEMON:
		return d->before;
	default:
		return NULL;
	}
}

/* Returns @path in the files of this configuration. */
static const char *file_of(struct conf_draft *d, const char *path)
{
	size_t i;

	for (i = 0; i < d->r.conf->files_n; i++)
		if (!strcmp(d->r.conf->files[i], path))
			return d->r.conf->files[i];
	return conf_file_add(&d->r, path);
}

/* Copies a key: it is written as in a file, and read again. */
static void key_keep(struct conf_draft *d, const struct conf_key *key,
		     void *to, const void *from)
{
	char *text;
	size_t i, len;
	FILE *out;
	bool more;

	for (i = 0, more = true; more; i++) {
		text = NULL;
		out = open_memstream(&text, &len);
		if (!out) {
			d->r.err = -ENOMEM;
			return;
		}
		more = key->type->show(d->before, &key->field, from, i, out);
		fclose(out);
		if (more && text && *text)
			key->type->take(&d->r, &key->field, to, text);
		free(text);
	}
}

static void places_keep(struct conf_draft *d, struct conf_candidate *to,
			size_t n, const struct conf_candidate *from)
{
	size_t i;

	for (i = 0; i < n; i++) {
		to[i].file = file_of(d, from[i].file);
		to[i].line = from[i].line;
	}
}

/* Fills @s, which has the defaults, with the values in force. */
static void fill(struct conf_draft *d, struct conf_section *s, const void *from)
{
	const struct conf_port *port = from;
	const struct conf_pool *pool = from;
	const struct conf_key *key;

	d->r.fault = NULL;
	for (key = conf_keys; key < conf_keys + CONF_KEYS_N; key++)
		if (key->kind == s->kind)
			key_keep(d, key, s->base, from);
	s->kept = true;
	if (d->r.err)
		return;
	if (s->kind == CONF_PORT) {
		s->port->file = file_of(d, port->file);
		s->port->line = port->line;
		places_keep(d, s->port->candidates, s->port->candidates_n,
			    port->candidates);
	} else if (s->kind == CONF_POOL) {
		s->pool->file = file_of(d, pool->file);
		s->pool->line = pool->line;
		places_keep(d, s->pool->members, s->pool->members_n,
			    pool->members);
	}
}

/* Returns the section of @name; a new one if there is none. */
static struct conf_section *revive(struct conf_draft *d, enum conf_kind kind,
				   const char *name)
{
	struct conf_section *s = conf_section_find(d, kind, name);
	const void *from = base_before(d, kind, name);

	if (s || !from)
		return NULL;
	s = conf_section_add(d, kind, name, name);
	if (s)
		fill(d, s, from);
	return s;
}

/* Keeps the pools of a kept port, which the files may no longer have. */
static void keep_pools(struct conf_draft *d, const struct conf_section *s)
{
	const struct conf_selector *sel;
	size_t i;

	for (i = 0; i < s->port->candidates_n && !d->r.err; i++) {
		sel = conf_selector_of(d, &s->port->candidates[i]);
		if (sel->pool)
			revive(d, CONF_POOL, sel->pool);
	}
}

/* With a head like "[Prot vm1]" keep the port or pool of that name. */
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
	const void *from = base_before(d, s->kind, s->name);

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
		.section = section, .file = s->fault.at.file,
		.line = s->fault.at.line, .why = why, .kept = keep(d, s),
	};
}

/* If two sections have the same name, it is unknown which one is meant. */
static void settle_double(struct conf_draft *d, struct conf_section *s)
{
	s->doubled = false;
	if (base_before(d, s->kind, s->name))
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
}

/* ---- the configuration ---- */

static int by_port_name(const void *a, const void *b)
{
	const struct conf_port *x = a;
	const struct conf_port *y = b;

	return strcmp(x->name, y->name);
}

static int by_pool_name(const void *a, const void *b)
{
	const struct conf_pool *x = a;
	const struct conf_pool *y = b;

	return strcmp(x->name, y->name);
}

/* Moves the section's object to the list. */
static void add_port(struct conf_draft *d, struct conf_section *s)
{
	struct conf *conf = d->r.conf;

	imply(s->port);
	conf->ports[conf->ports_n++] = *s->port;
	free(s->port);
	s->port = NULL;
}

static void add_pool(struct conf_draft *d, struct conf_section *s)
{
	struct conf *conf = d->r.conf;
	ssize_t number = conf_selector_of_pool(&d->r, s->name);

	if (number < 0)
		return;
	s->pool->selector = (size_t)number;
	conf->pools[conf->pools_n++] = *s->pool;
	free(s->pool);
	s->pool = NULL;
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
	for (i = 0; i < d->n; i++) {
		if (!conf_section_is_valid(d->v[i]))
			continue;
		if (d->v[i]->kind == CONF_PORT)
			add_port(d, d->v[i]);
		else if (d->v[i]->kind == CONF_POOL)
			add_pool(d, d->v[i]);
	}
	qsort(conf->ports, conf->ports_n, sizeof(*conf->ports), by_port_name);
	qsort(conf->pools, conf->pools_n, sizeof(*conf->pools), by_pool_name);
}

/* ---- selectors ---- */

static void mark(const struct conf_candidate *v, size_t n, size_t *to)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[v[i].selector] = 1;
}

static void renumber(struct conf_candidate *v, size_t n, const size_t *to)
{
	size_t i;

	for (i = 0; i < n; i++)
		v[i].selector = to[v[i].selector];
}

static void mark_used(const struct conf *conf, size_t *to)
{
	size_t i;

	for (i = 0; i < conf->ports_n; i++)
		mark(conf->ports[i].candidates, conf->ports[i].candidates_n,
		     to);
	for (i = 0; i < conf->pools_n; i++) {
		mark(conf->pools[i].members, conf->pools[i].members_n, to);
		to[conf->pools[i].selector] = 1;
	}
}

/* Drops the selectors of emptied lists and of sections left out. */
static void drop_unused(struct conf_draft *d)
{
	struct conf *conf = d->r.conf;
	size_t *to = calloc(conf->selectors_n + 1, sizeof(*to));
	size_t i, n = 0;

	if (!to) {
		d->r.err = -ENOMEM;
		return;
	}
	mark_used(conf, to);
	for (i = 0; i < conf->selectors_n; i++) {
		if (!to[i]) {
			conf_selector_release(&conf->selectors[i]);
			continue;
		}
		conf->selectors[n] = conf->selectors[i];
		to[i] = n++;
	}
	conf->selectors_n = n;
	for (i = 0; i < conf->ports_n; i++)
		renumber(conf->ports[i].candidates,
			 conf->ports[i].candidates_n, to);
	for (i = 0; i < conf->pools_n; i++) {
		renumber(conf->pools[i].members, conf->pools[i].members_n, to);
		conf->pools[i].selector = to[conf->pools[i].selector];
	}
	free(to);
}

void conf_settle(struct conf_draft *d)
{
	settle_errors(d);
	if (!d->r.err)
		conf_warn(d);
	if (!d->r.err)
		collect(d);
	if (!d->r.err)
		drop_unused(d);
}
