// SPDX-License-Identifier: GPL-2.0
/* Warnings: values that are possible, but probably not meant. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/selector.h"
#include "conf/warn.h"

/* ---- programs ---- */

/*
 * Returns why the program can't be run, or NULL.  A path that can't be examined
 * is passed over.
 */
static const char *program_fault(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno == EACCES ? NULL : strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "it is not a regular file";
	return st.st_mode & 0111 ? NULL : "it is not executable (chmod +x)";
}

static void warn_of_program(struct conf_draft *d, const struct conf_section *s,
			    enum conf_key_id key, const char *path)
{
	const char *fault = program_fault(path);

	if (fault)
		conf_warn_at(&d->r, conf_section_place(s, key), path,
			     "%s= can't be run: %s", conf_keys[key].name,
			     fault);
}

static void warn_of_programs(struct conf_draft *d, const struct conf_section *s)
{
	const struct conf_port *port = s->port;
	size_t i;

	for (i = 0; port->hooks && port->hooks[i]; i++)
		warn_of_program(d, s, KEY_HOOK, port->hooks[i]);
	if (port->probe.argv)
		warn_of_program(d, s, KEY_PROBE, port->probe.argv[0]);
}

/* ---- devices ---- */

static void warn_of_device(struct conf_draft *d, const struct conf_candidate *c)
{
	const char *name = conf_selector_of(d, c)->name;
	struct conf_place at = conf_candidate_place(c);

	if (name && strchr(name, ','))
		conf_warn_at(&d->r, at, name, "',' is part of the name; give "
			     "each device a line of its own");
	if (name && !strcmp(name, "lo"))
		conf_warn_at(&d->r, at, name, "is the loopback device, which "
			     "can't carry a port");
}

static void warn_of_devices(struct conf_draft *d,
			    const struct conf_candidate *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		warn_of_device(d, &v[i]);
}

/* ---- VLANs of a port's candidates ---- */

#define VLAN_NONE 0
#define VLAN_UNKNOWN (-1)

/* By their names "eth0.5" and "vlan5" are in VLAN 5. */
static int vlan_of_name(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *number = dot ? dot + 1 : name;
	uint64_t id;

	if (!dot && !strncmp(name, "vlan", 4))
		number += 4;
	if (number == name || stabletap_number_parse(number, 10, 4094, &id))
		return VLAN_NONE;
	return (int)id;
}

/* Only the card's driver knows the VLAN of a VF. */
static int vlan_of_device(const struct conf_selector *s)
{
	if (s->vf >= 0)
		return VLAN_UNKNOWN;
	if (s->vlan >= 0)
		return s->vlan;
	return s->name ? vlan_of_name(s->name) : VLAN_NONE;
}

static int vlan_of(const struct conf_draft *d, const struct conf_candidate *c)
{
	const struct conf_selector *s = conf_selector_of(d, c);
	const struct conf_section *pool;

	if (!s->pool)
		return vlan_of_device(s);
	pool = conf_section_find(d, CONF_POOL, s->pool);
	return pool && pool->pool->vf_vlan ? (int)pool->pool->vf_vlan :
					     VLAN_UNKNOWN;
}

static const char *vlan_text(int vlan, char *buf, size_t size)
{
	if (vlan == VLAN_NONE)
		return "untagged";
	snprintf(buf, size, "in VLAN %d", vlan);
	return buf;
}

static void warn_of_vlan(struct conf_draft *d, const struct conf_candidate *a,
			 int x, const struct conf_candidate *b, int y)
{
	char first[160], text[160], was[16], is[16];

	conf_selector_format(conf_selector_of(d, a), first, sizeof(first));
	conf_selector_format(conf_selector_of(d, b), text, sizeof(text));
	conf_warn_at(&d->r, conf_candidate_place(b), text, "is %s, but '%s' is "
		     "%s; unless the network joins the two, the guest's "
		     "network would change with the device",
		     vlan_text(y, is, sizeof(is)), first,
		     vlan_text(x, was, sizeof(was)));
}

static void warn_of_vlans(struct conf_draft *d, const struct conf_port *port)
{
	const struct conf_candidate *first = NULL;
	int expected = VLAN_UNKNOWN, vlan;
	size_t i;

	for (i = 0; i < port->candidates_n; i++) {
		vlan = vlan_of(d, &port->candidates[i]);
		if (vlan == VLAN_UNKNOWN || (first && vlan == expected))
			continue;
		if (first) {
			warn_of_vlan(d, first, expected, &port->candidates[i],
				     vlan);
			return;
		}
		first = &port->candidates[i];
		expected = vlan;
	}
}

/* ---- ports ---- */

static void warn_of_port(struct conf_draft *d, const struct conf_section *s)
{
	const struct conf_port *port = s->port;

	if (!port->candidates_n)
		conf_warn_at(&d->r, conf_section_place(s, KEY_CANDIDATE),
			     s->name, "the port has no Candidate= and will "
			     "stay detached");
	warn_of_devices(d, port->candidates, port->candidates_n);
	warn_of_vlans(d, port);
	warn_of_programs(d, s);
}

/* ---- pools ---- */

/* Counts the ports that name the pool. */
static size_t count_users(const struct conf_draft *d, const char *name)
{
	const struct conf_selector *sel;
	size_t i, k, n = 0;

	for (i = 0; i < d->n; i++) {
		const struct conf_section *s = d->v[i];

		for (k = 0; s->kind == CONF_PORT && k < s->port->candidates_n;
		     k++) {
			sel = conf_selector_of(d, &s->port->candidates[k]);
			n += sel->pool && !strcmp(sel->pool, name);
		}
	}
	return n;
}

static void warn_of_pool(struct conf_draft *d, const struct conf_section *s)
{
	const struct conf_pool *pool = s->pool;
	size_t users = count_users(d, s->name);

	if (!pool->vf_mac && pool->vf_spoof_check == CONF_VF_YES)
		conf_warn_at(&d->r, conf_section_place(s, KEY_VF_SPOOF_CHECK),
			     "VFSpoofCheck", "with VFMAC=no the VF may not "
			     "send from the port's MAC address");
	if (!users)
		conf_warn_at(&d->r, s->at, s->name, "no port uses the pool; "
			     "add 'Candidate=pool=%s' to one", s->name);
	else if (pool->vf_count && pool->members_n == 1 &&
		 users > pool->vf_count)
		conf_warn_at(&d->r, conf_section_place(s, KEY_VF_COUNT),
			     s->name, "%zu ports use the pool, but VFCount is "
			     "%u; some ports will wait", users, pool->vf_count);
	warn_of_devices(d, pool->members, pool->members_n);
}

/* ---- one device for several ports ---- */

/* A port's wish for a device, from the device's side */
struct claim {
	const struct conf_section *port;
	const struct conf_candidate *candidate;
};

static int by_selector(const void *a, const void *b)
{
	const struct claim *x = a;
	const struct claim *y = b;

	if (x->candidate->selector != y->candidate->selector)
		return x->candidate->selector < y->candidate->selector ? -1 : 1;
	return strcmp(x->port->name, y->port->name);
}

static bool claims_whole(const struct claim *c)
{
	enum stabletap_mode mode = c->candidate->mode_set ?
				   c->candidate->mode : c->port->port->mode;

	return mode == STABLETAP_MODE_DIRECT || mode == STABLETAP_MODE_PASSTHRU;
}

/* Does it mean one device, not any of several? */
static bool is_single(const struct conf_selector *s)
{
	return s->mac_set || (s->path && !conf_is_pattern(s->path)) ||
	       (s->name && !conf_is_pattern(s->name));
}

/* @v: all claims to one device */
static void warn_of_claims(struct conf_draft *d, const struct claim *v,
			   size_t n)
{
	const struct conf_selector *s = conf_selector_of(d, v->candidate);
	struct conf_place at;
	char text[160];
	size_t i;

	if (n < 2 || !is_single(s))
		return;
	conf_selector_format(s, text, sizeof(text));
	for (i = 0; i < n; i++) {
		if (!claims_whole(&v[i]) || v[i].port->kept)
			continue;
		at = conf_candidate_place(v[i].candidate);
		conf_warn_at(&d->r, at, text, "port '%s' uses the whole "
			     "device, so '%s' can't use it at the same time",
			     v[i].port->name, v[i ? i - 1 : 1].port->name);
	}
}

static size_t claims_collect(const struct conf_draft *d, struct claim *v)
{
	size_t i, k, n = 0;

	for (i = 0; i < d->n; i++) {
		const struct conf_section *s = d->v[i];

		if (s->kind != CONF_PORT || !conf_section_is_valid(s))
			continue;
		for (k = 0; k < s->port->candidates_n; k++, n++)
			if (v)
				v[n] = (struct claim){
					s, &s->port->candidates[k],
				};
	}
	return n;
}

static void warn_of_sharing(struct conf_draft *d)
{
	size_t i, k, n = claims_collect(d, NULL);
	struct claim *v = calloc(n + 1, sizeof(*v));

	if (!v) {
		d->r.err = -ENOMEM;
		return;
	}
	claims_collect(d, v);
	qsort(v, n, sizeof(*v), by_selector);
	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n; k++)
			if (v[k].candidate->selector !=
			    v[i].candidate->selector)
				break;
		warn_of_claims(d, &v[i], k - i);
	}
	free(v);
}

void conf_warn(struct conf_draft *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (conf_section_is_new(d->v[i], CONF_PORT))
			warn_of_port(d, d->v[i]);
	for (i = 0; i < d->n; i++)
		if (conf_section_is_new(d->v[i], CONF_POOL))
			warn_of_pool(d, d->v[i]);
	warn_of_sharing(d);
}
