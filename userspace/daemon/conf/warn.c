// SPDX-License-Identifier: GPL-2.0
/* Warnings: values that are possible, but probably not meant. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/claim.h"
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

static void warn_of_program(struct conf_draft *d, struct conf_place at,
			    enum conf_key_id key, const char *path)
{
	const char *fault = program_fault(path);

	if (fault)
		conf_warn_at(&d->r, at, path, "%s= can't be run: %s",
			     conf_keys[key].name, fault);
}

static void warn_of_programs(struct conf_draft *d, const struct conf_section *s)
{
	const struct conf_port *port = s->port;
	size_t i;

	for (i = 0; port->hooks && port->hooks[i]; i++)
		warn_of_program(d, port->hook_places[i], KEY_HOOK,
				port->hooks[i]);
	if (port->probe.argv)
		warn_of_program(d, conf_section_place(s, KEY_PROBE), KEY_PROBE,
				port->probe.argv[0]);
}

/* ---- devices ---- */

static void warn_of_devices(struct conf_draft *d,
			    const struct conf_candidates *list)
{
	const struct conf_candidate *c;
	const char *name;
	size_t i;

	for (i = 0; i < list->n; i++) {
		c = &list->v[i];
		name = c->selector->name;
		if (name && strchr(name, ','))
			conf_warn_at(&d->r, c->at, name, "',' is part of the "
				     "name; give each device a line of its "
				     "own");
		if (name && !strcmp(name, "lo"))
			conf_warn_at(&d->r, c->at, name, "is the loopback "
				     "device, which can't carry a port");
	}
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
	const struct conf_selector *s = c->selector;
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

	conf_selector_format(a->selector, first, sizeof(first));
	conf_selector_format(b->selector, text, sizeof(text));
	conf_warn_at(&d->r, b->at, text, "is %s, but '%s' is %s; unless the "
		     "network joins the two, the guest's network would change "
		     "with the device", vlan_text(y, is, sizeof(is)), first,
		     vlan_text(x, was, sizeof(was)));
}

static void warn_of_vlans(struct conf_draft *d,
			  const struct conf_candidates *list)
{
	const struct conf_candidate *c, *first = NULL;
	int expected = VLAN_UNKNOWN, vlan;
	size_t i;

	for (i = 0; i < list->n; i++) {
		c = &list->v[i];
		vlan = vlan_of(d, c);
		if (vlan == VLAN_UNKNOWN || (first && vlan == expected))
			continue;
		if (first) {
			warn_of_vlan(d, first, expected, c, vlan);
			return;
		}
		first = c;
		expected = vlan;
	}
}

/* ---- ports ---- */

static void warn_of_port(struct conf_draft *d, const struct conf_section *s)
{
	const struct conf_port *port = s->port;

	if (!port->candidates.n)
		conf_warn_at(&d->r, conf_section_place(s, KEY_CANDIDATE),
			     s->name, "the port has no Candidate= and will "
			     "stay detached");
	warn_of_devices(d, &port->candidates);
	warn_of_vlans(d, &port->candidates);
	warn_of_programs(d, s);
}

/* ---- pools ---- */

static void count_users(const struct conf_draft *d,
			const struct conf_port *port)
{
	struct conf_section *pool;
	const char *name;
	size_t i;

	for (i = 0; i < port->candidates.n; i++) {
		name = port->candidates.v[i].selector->pool;
		pool = name ? conf_section_find(d, CONF_POOL, name) : NULL;
		if (pool)
			pool->users++;
	}
}

static void warn_of_pool(struct conf_draft *d, const struct conf_section *s)
{
	const struct conf_pool *pool = s->pool;

	if (!pool->vf_mac && pool->vf_spoof_check == CONF_VF_YES)
		conf_warn_at(&d->r, conf_section_place(s, KEY_VF_SPOOF_CHECK),
			     "VFSpoofCheck", "with VFMAC=no the VF may not "
			     "send from the port's MAC address");
	if (!s->users)
		conf_warn_at(&d->r, s->at, s->name, "no port uses the pool; "
			     "add 'Candidate=pool=%s' to one", s->name);
	else if (pool->vf_count && pool->members.n == 1 &&
		 s->users > pool->vf_count)
		conf_warn_at(&d->r, conf_section_place(s, KEY_VF_COUNT),
			     s->name, "%zu ports use the pool, but VFCount is "
			     "%u; some ports will wait", s->users,
			     pool->vf_count);
	warn_of_devices(d, &pool->members);
}

void conf_warn(struct conf_draft *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		if (conf_section_is_valid(d->v[i], CONF_PORT))
			count_users(d, d->v[i]->port);
		if (conf_section_is_new(d->v[i], CONF_PORT))
			warn_of_port(d, d->v[i]);
	}
	for (i = 0; i < d->n; i++)
		if (conf_section_is_new(d->v[i], CONF_POOL))
			warn_of_pool(d, d->v[i]);
	conf_claims_warn(d);
}
