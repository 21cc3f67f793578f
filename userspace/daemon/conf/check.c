// SPDX-License-Identifier: GPL-2.0
/* Errors that only show when a section, or all of them, have been read. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/check.h"
#include "conf/claim.h"

/* Reports an error of @s, in the line that has @key. */
#define error(d, s, key, text, ...)					\
	conf_error_at(&(d)->r, conf_section_place(s, key), &(s)->fault,	\
		      text, __VA_ARGS__)

/* The same, in the line of candidate @c */
#define error_candidate(d, s, c, text, ...)				\
	conf_error_at(&(d)->r, (c)->at, &(s)->fault, text, __VA_ARGS__)

/* ---- one port ---- */

/* Does @s have another value for @key than the default? */
static bool is_set(const struct conf_section *s, enum conf_key_id key)
{
	char *is = conf_key_text(&conf_keys[key], s->port);
	char *other = conf_key_default(&conf_keys[key]);
	bool set = is && other && strcmp(is, other) != 0;

	free(is);
	free(other);
	return set;
}

/*
 * An empty Probe= or an OnDetach=drop in a drop-in is no error: it switches off
 * what the other keys tune.
 */
static bool is_given(const struct conf_section *s, enum conf_key_id key)
{
	return key == KEY_PROBE || key == KEY_ON_DETACH ?
	       s->said[key].line != 0 : is_set(s, key);
}

/* Stores the first of the section's keys that need each missing one. */
static void find_needs(const struct conf_section *s, enum conf_key_id *first)
{
	enum conf_key_id key, need;
	size_t i;

	for (key = KEY_NONE + 1; key < CONF_KEYS_N; key++) {
		if (!s->said[key].line || !conf_keys[key].needs[0] ||
		    !is_set(s, key))
			continue;
		for (i = 0; i < CONF_NEEDS_MAX; i++) {
			need = conf_keys[key].needs[i];
			if (need && !is_given(s, need) &&
			    (!first[need] ||
			     s->said[key].line < s->said[first[need]].line))
				first[need] = key;
		}
	}
}

/* Reports a key only once, even if it needs two others. */
static void check_needs(struct conf_draft *d, struct conf_section *s)
{
	enum conf_key_id first[CONF_KEYS_N] = { KEY_NONE };
	enum conf_key_id need, last = KEY_NONE;

	find_needs(s, first);
	for (need = KEY_NONE + 1; need < CONF_KEYS_N; need++) {
		if (!first[need] || first[need] == last)
			continue;
		last = first[need];
		error(d, s, last, conf_keys[last].name, "has no effect without "
		      "%s=; add it to port '%s'", conf_keys[need].name,
		      s->name);
	}
}

static void check_probe_source(struct conf_draft *d, struct conf_section *s)
{
	const struct conf_probe *p = &s->port->probe;
	const char *fault = NULL;

	if (!p->source_family)
		return;
	if (p->kind == CONF_PROBE_SCRIPT)
		fault = "is only for 'arp' and 'nd'; pass an argument to the "
			"script instead";
	else if (p->kind == CONF_PROBE_ARP && p->source_family != AF_INET)
		fault = "is an IPv6 address; 'arp' needs an IPv4 address";
	else if (p->kind == CONF_PROBE_ND && p->source_family != AF_INET6)
		fault = "is an IPv4 address; 'nd' needs an IPv6 address";
	if (fault)
		error(d, s, KEY_PROBE_SOURCE, "ProbeSource", "%s", fault);
}

static void check_filter(struct conf_draft *d, struct conf_section *s)
{
	if (s->port->follow_filter && s->said[KEY_FILTER].line &&
	    !s->port->filter)
		error(d, s, KEY_FILTER, "Filter=no", "FollowGuestFilter= needs "
		      "the lists that this switches off; remove one of the "
		      "two");
}

/* ---- a port among ports and pools ---- */

static void unknown_pool(struct conf_draft *d, struct conf_section *s,
			 const struct conf_candidate *c, const char *name)
{
	const char *close = conf_section_closest(d, CONF_POOL, NULL, name);

	if (close)
		error_candidate(d, s, c, name, "there is no such pool; did you "
				"mean '%s'?", close);
	else
		error_candidate(d, s, c, name, "there is no such pool; "
				"describe it in a section [Pool %s]", name);
}

/*
 * A port whose pool is left out is left out, too.  Without the members the
 * daemon would move the port off the one that it may be on, while the card
 * still sends frames for the port's MAC address there.
 */
static void check_pool_of(struct conf_draft *d, struct conf_section *s,
			  const struct conf_candidate *c, const char *name)
{
	const struct conf_section *pool = conf_section_find(d, CONF_POOL, name);

	if (!pool)
		unknown_pool(d, s, c, name);
	else if (pool->settled && !pool->kept)
		error_candidate(d, s, c, name, "the pool has an error in "
				"%s:%u, so port '%s' is left out, too",
				pool->fault.at.file, pool->fault.at.line,
				s->name);
}

/* A port can't be the lower of a port: the kernel refuses it. */
static void check_not_a_port(struct conf_draft *d, struct conf_section *s,
			     const struct conf_candidate *c, const char *name)
{
	struct conf_section *other = conf_section_find(d, CONF_PORT, name);

	if (!other)
		return;
	if (!s->kept)
		error_candidate(d, s, c, name, "is a port; a candidate is the "
				"device below one");
	else if (conf_section_is_new(other, CONF_PORT))
		conf_error_at(&d->r, other->at, &other->fault, name, "is a "
			      "candidate of port '%s', and can't be a port",
			      s->name);
}

static void check_candidates(struct conf_draft *d, struct conf_section *s)
{
	const struct conf_candidates *list = &s->port->candidates;
	const struct conf_candidate *c;
	size_t i;

	for (i = 0; i < list->n; i++) {
		c = &list->v[i];
		if (c->selector->pool && !s->kept)
			check_pool_of(d, s, c, c->selector->pool);
		else if (c->selector->name)
			check_not_a_port(d, s, c, c->selector->name);
	}
}

static void check_port(struct conf_draft *d, struct conf_section *s)
{
	check_needs(d, s);
	check_probe_source(d, s);
	check_filter(d, s);
}

/* ---- pools ---- */

static void check_pool(struct conf_draft *d, struct conf_section *s)
{
	const struct conf_pool *pool = s->pool;
	size_t i, vfs = 0;

	for (i = 0; i < pool->members.n; i++)
		vfs += pool->members.v[i].selector->vf >= 0;
	if (!pool->members.n)
		error(d, s, KEY_NONE, s->name, "the pool has no Member=; say "
		      "what it is made of");
	else if (pool->vf_count && !vfs)
		error(d, s, KEY_VF_COUNT, "VFCount", "no member is a VF; say "
		      "on which device to create them, as in 'Member=name=eth0 "
		      "vf=*'");
}

/* ---- all sections ---- */

int conf_check(struct conf_draft *d)
{
	int before = d->r.errors;
	size_t i;

	for (i = 0; i < d->n; i++)
		if (conf_section_is_new(d->v[i], CONF_PORT))
			check_port(d, d->v[i]);
		else if (conf_section_is_new(d->v[i], CONF_POOL))
			check_pool(d, d->v[i]);
	for (i = 0; i < d->n; i++)
		if (conf_section_is_valid(d->v[i], CONF_PORT))
			check_candidates(d, d->v[i]);
	conf_claims_check(d);
	return d->r.errors - before;
}

int conf_check_features(const struct conf *conf, uint64_t features, FILE *out)
{
	struct conf_reader r = { .out = out };
	size_t i;

	for (i = 0; i < conf->ports_n; i++) {
		const struct conf_port *port = &conf->ports[i];

		if (port->on_detach == STABLETAP_ON_DETACH_HOLD &&
		    !(features & STABLETAP_FEATURE_HOLD))
			conf_error_at(&r, port->at, NULL, "OnDetach=hold",
				      "the loaded module can't hold frames, "
				      "and would refuse port '%s'; load a "
				      "newer one, or write 'OnDetach=drop'",
				      port->name);
	}
	return r.errors;
}
