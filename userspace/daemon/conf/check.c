// SPDX-License-Identifier: GPL-2.0
/* Errors that only show when a section, or all of them, have been read. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/check.h"
#include "conf/selector.h"

/* Report an error of @s, in the line that has @key. */
#define wrong(d, s, key, text, ...)					\
	conf_wrong_at(&(d)->r, conf_section_place(s, key), &(s)->fault,	\
		      text, __VA_ARGS__)

/* The same, in the line of candidate @c */
#define wrong_candidate(d, s, c, text, ...)				\
	conf_wrong_at(&(d)->r, conf_candidate_place(c), &(s)->fault,	\
		      text, __VA_ARGS__)

/* ---- one port ---- */

/* Does @s have another value for @key than the default? */
static bool is_set(struct conf_draft *d, const struct conf_section *s,
		   enum conf_key_id key)
{
	struct conf_port blank = { 0 };
	char *is, *other;
	bool set;

	conf_keys_reset(CONF_PORT, &blank);
	is = conf_key_text(&conf_keys[key], d->r.conf, s->port);
	other = conf_key_text(&conf_keys[key], d->r.conf, &blank);
	set = is && other && strcmp(is, other) != 0;
	free(is);
	free(other);
	return set;
}

static bool needs(enum conf_key_id key, enum conf_key_id other)
{
	size_t i;

	for (i = 0; i < CONF_NEEDS_MAX; i++)
		if (conf_keys[key].needs[i] == other)
			return true;
	return false;
}

/*
 * Returns the first key in the files that needs @missing.  An empty Probe= in a
 * drop-in is no error: it switches off what the other keys tune.
 */
static enum conf_key_id first_in_need(struct conf_draft *d,
				      const struct conf_section *s,
				      enum conf_key_id missing)
{
	enum conf_key_id key, first = KEY_NONE;

	if (missing == KEY_PROBE ? s->said[missing].line != 0 :
				   is_set(d, s, missing))
		return KEY_NONE;
	for (key = KEY_NONE + 1; key < CONF_KEYS_N; key++)
		if (needs(key, missing) && s->said[key].line &&
		    is_set(d, s, key) &&
		    (!first || s->said[key].line < s->said[first].line))
			first = key;
	return first;
}

/* Report a key only once, even if it needs two others. */
static void check_needs(struct conf_draft *d, struct conf_section *s)
{
	static const enum conf_key_id needed[] = {
		KEY_PROBE, KEY_QMP_SOCKET, KEY_QMP_DEVICE,
	};
	enum conf_key_id key, last = KEY_NONE;
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		key = first_in_need(d, s, needed[i]);
		if (!key || key == last)
			continue;
		last = key;
		wrong(d, s, key, conf_keys[key].name, "has no effect without "
		      "%s=; add it to port '%s'", conf_keys[needed[i]].name,
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
		wrong(d, s, KEY_PROBE_SOURCE, "ProbeSource", "%s", fault);
}

static void check_filter(struct conf_draft *d, struct conf_section *s)
{
	if (s->port->follow_filter && s->said[KEY_FILTER].line &&
	    !s->port->filter)
		wrong(d, s, KEY_FILTER, "Filter=no", "FollowGuestFilter= needs "
		      "the lists that this switches off; remove one of the "
		      "two");
}

/* ---- a port among ports and pools ---- */

static void unknown_pool(struct conf_draft *d, struct conf_section *s,
			 const struct conf_candidate *c, const char *name)
{
	const char **words = calloc(d->n + 1, sizeof(*words));
	const char *close;
	size_t i, n = 0;

	if (!words) {
		d->r.err = -ENOMEM;
		return;
	}
	for (i = 0; i < d->n; i++)
		if (d->v[i]->kind == CONF_POOL)
			words[n++] = d->v[i]->name;
	close = conf_closest(name, words);
	if (close)
		wrong_candidate(d, s, c, name, "there is no such pool; did you "
				"mean '%s'?", close);
	else
		wrong_candidate(d, s, c, name, "there is no such pool; "
				"describe it in a section [Pool %s]", name);
	free(words);
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
		wrong_candidate(d, s, c, name, "the pool has an error in "
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
		wrong_candidate(d, s, c, name, "is a port; a candidate is the "
				"device below one");
	else if (conf_section_is_new(other, CONF_PORT))
		conf_wrong_at(&d->r, other->at, &other->fault, name, "is a "
			      "candidate of port '%s', and can't be a port",
			      s->name);
}

static void check_candidates(struct conf_draft *d, struct conf_section *s)
{
	const struct conf_port *port = s->port;
	size_t i;

	for (i = 0; i < port->candidates_n; i++) {
		const struct conf_candidate *c = &port->candidates[i];
		const struct conf_selector *sel = conf_selector_of(d, c);

		if (sel->pool && !s->kept)
			check_pool_of(d, s, c, sel->pool);
		else if (sel->name)
			check_not_a_port(d, s, c, sel->name);
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

	for (i = 0; i < pool->members_n; i++)
		vfs += conf_selector_of(d, &pool->members[i])->vf >= 0;
	if (!pool->members_n)
		wrong(d, s, KEY_NONE, s->name, "the pool has no Member=; say "
		      "what it is made of");
	else if (pool->vf_count && !vfs)
		wrong(d, s, KEY_VF_COUNT, "VFCount", "no member is a VF; say "
		      "on which device to create them, as in 'Member=name=eth0 "
		      "vf=*'");
}

/* ---- claims of two ports on the same thing ---- */

/* A port's claim on a device, or on the NIC of a guest */
struct claim {
	struct conf_section *port;
	const struct conf_candidate *candidate;	/* NULL: on a NIC */
};

/* Kept sections come first, so that the error is found in the new one. */
static int by_port(const struct claim *x, const struct claim *y)
{
	if (x->port->kept != y->port->kept)
		return x->port->kept ? -1 : 1;
	return strcmp(x->port->name, y->port->name);
}

static int by_device(const struct claim *x, const struct claim *y)
{
	size_t a = x->candidate->selector, b = y->candidate->selector;

	if (a != b)
		return a < b ? -1 : 1;
	return memcmp(x->port->port->mac, y->port->port->mac,
		      sizeof(x->port->port->mac));
}

static int by_device_and_port(const void *a, const void *b)
{
	int order = by_device(a, b);

	return order ? order : by_port(a, b);
}

static int by_nic(const struct claim *x, const struct claim *y)
{
	int order = strcmp(x->port->port->qmp_socket,
			   y->port->port->qmp_socket);

	return order ? order : strcmp(x->port->port->qmp_device,
				      y->port->port->qmp_device);
}

static int by_nic_and_port(const void *a, const void *b)
{
	int order = by_nic(a, b);

	return order ? order : by_port(a, b);
}

static void two_on_a_device(struct conf_draft *d, const struct claim *first,
			    const struct claim *c)
{
	const struct conf_selector *s = conf_selector_of(d, c->candidate);
	char text[160];

	conf_selector_format(s, text, sizeof(text));
	wrong_candidate(d, c->port, c->candidate, text, "ports '%s' and '%s' "
			"have the same MAC address and can't both be on this "
			"device; change one MACAddress=", first->port->name,
			c->port->name);
}

static void two_on_a_nic(struct conf_draft *d, const struct claim *first,
			 const struct claim *c)
{
	wrong(d, c->port, KEY_QMP_DEVICE, c->port->port->qmp_device,
	      "ports '%s' and '%s' are for the same NIC of the same guest; "
	      "change one QMPDevice=", first->port->name, c->port->name);
}

/* The first of several equal claims is right; the others are errors. */
static void judge(struct conf_draft *d, const struct claim *v, size_t n,
		  int (*order)(const struct claim *, const struct claim *),
		  void (*complain)(struct conf_draft *, const struct claim *,
				   const struct claim *))
{
	const struct claim *first = v;
	const struct claim *c;

	for (c = v + 1; c < v + n; c++) {
		if (!conf_section_is_valid(first->port) || order(first, c) != 0)
			first = c;
		else if (conf_section_is_new(c->port, CONF_PORT))
			complain(d, first, c);
	}
}

static void check_devices(struct conf_draft *d, struct claim *v)
{
	size_t i, k, n = 0;

	for (i = 0; i < d->n; i++) {
		struct conf_section *s = d->v[i];

		/* Ports without MACAddress= get different random addresses. */
		if (s->kind != CONF_PORT || !conf_section_is_valid(s) ||
		    !s->port->mac_set)
			continue;
		for (k = 0; k < s->port->candidates_n; k++)
			v[n++] = (struct claim){ s, &s->port->candidates[k] };
	}
	qsort(v, n, sizeof(*v), by_device_and_port);
	judge(d, v, n, by_device, two_on_a_device);
}

/* A NIC of a guest can belong to one port only. */
static void check_nics(struct conf_draft *d, struct claim *v)
{
	size_t i, n = 0;

	for (i = 0; i < d->n; i++) {
		struct conf_section *s = d->v[i];

		if (s->kind == CONF_PORT && conf_section_is_valid(s) &&
		    s->port->qmp_socket && s->port->qmp_device)
			v[n++] = (struct claim){ s, NULL };
	}
	qsort(v, n, sizeof(*v), by_nic_and_port);
	judge(d, v, n, by_nic, two_on_a_nic);
}

static void check_claims(struct conf_draft *d)
{
	struct claim *v;
	size_t i, n = 0;

	for (i = 0; i < d->n; i++)
		if (d->v[i]->kind == CONF_PORT)
			n += 1 + d->v[i]->port->candidates_n;
	v = calloc(n + 1, sizeof(*v));
	if (!v) {
		d->r.err = -ENOMEM;
		return;
	}
	check_nics(d, v);
	check_devices(d, v);
	free(v);
}

/* ---- all sections ---- */

int conf_check(struct conf_draft *d)
{
	int before = d->r.wrong;
	size_t i;

	for (i = 0; i < d->n; i++)
		if (conf_section_is_new(d->v[i], CONF_PORT))
			check_port(d, d->v[i]);
		else if (conf_section_is_new(d->v[i], CONF_POOL))
			check_pool(d, d->v[i]);
	for (i = 0; i < d->n; i++)
		if (d->v[i]->kind == CONF_PORT &&
		    conf_section_is_valid(d->v[i]))
			check_candidates(d, d->v[i]);
	check_claims(d);
	return d->r.wrong - before;
}

int conf_check_features(const struct conf *conf, uint64_t features, FILE *out)
{
	struct conf_reader r = { .out = out };
	size_t i;

	for (i = 0; i < conf->ports_n; i++) {
		const struct conf_port *port = &conf->ports[i];
		struct conf_place at = { port->file, port->line };

		if (port->on_detach == STABLETAP_ON_DETACH_HOLD &&
		    !(features & STABLETAP_FEATURE_HOLD))
			conf_wrong_at(&r, at, NULL, "OnDetach=hold", "the "
				      "loaded module can't hold frames, and "
				      "would refuse port '%s'; load a newer "
				      "one, or write 'OnDetach=drop'",
				      port->name);
	}
	return r.wrong;
}
