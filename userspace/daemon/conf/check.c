// SPDX-License-Identifier: GPL-2.0
/* What only the whole shows to be wrong. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/internal.h"

const char *conf_name_fault(const char *name)
{
	const char *p;

	if (strlen(name) >= STABLETAP_NAME_SIZE)
		return "it is longer than 15 bytes";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "it is a directory's";
	if (!strcmp(name, "all") || !strcmp(name, "default"))
		return "the kernel has 'all' and 'default' for itself";
	for (p = name; *p; p++) {
		if (isspace((unsigned char)*p))
			return "it has a blank in it";
		if (strchr("/:%", *p))
			return "'/', ':' and '%' are not for names";
		if (iscntrl((unsigned char)*p))
			return "it has an unprintable byte in it";
	}
	return NULL;
}

const char *conf_pool_name_fault(const char *name)
{
	const char *p;

	if (strlen(name) > 63)
		return "it is longer than 63 bytes";
	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return "only letters, digits, '-', '_' and '.' are "
			       "for those";
	return NULL;
}

/* ---- one port ---- */

/* The place of @key in @d; of the port's head if it was not said. */
static struct conf_said place(const struct conf_draft *d,
			      enum conf_port_key key)
{
	struct conf_said head = { d->port.file, d->port.line };

	return d->said[key].line ? d->said[key] : head;
}

static void needs(struct conf_reader *r, const struct conf_draft *d,
		  enum conf_port_key key, enum conf_port_key other)
{
	conf_wrong_at(r, place(d, key), conf_port_keys[key].name,
		      "has no effect without %s=; add it to port '%s'",
		      conf_port_keys[other].name, d->port.name);
}

static void check_guest(struct conf_reader *r, const struct conf_draft *d,
			bool quiet)
{
	const struct conf_port *port = &d->port;
	const struct {
		enum conf_port_key key;
		bool on;
	} uses[] = {
		{ KEY_GUEST_LINK_DOWN, port->link_down_set },
		{ KEY_GUEST_LINK, port->link_initially_down },
		{ KEY_FOLLOW_GUEST_FILTER, port->follow_filter },
		{ KEY_TRUST_GUEST_MAC, port->trust_mac },
	};
	bool told = false;
	size_t i;

	if (port->qmp_device && !port->qmp_socket)
		needs(r, d, KEY_QMP_DEVICE, KEY_QMP_SOCKET);
	for (i = 0; i < sizeof(uses) / sizeof(*uses); i++) {
		if (!uses[i].on)
			continue;
		told = true;
		if (!port->qmp_socket)
			needs(r, d, uses[i].key, KEY_QMP_SOCKET);
		else if (!port->qmp_device)
			needs(r, d, uses[i].key, KEY_QMP_DEVICE);
	}
	/* What was said of it may have been complained of. */
	if (quiet && port->qmp_socket && !port->qmp_device && !told)
		needs(r, d, KEY_QMP_SOCKET, KEY_QMP_DEVICE);
	if (port->follow_filter && d->said[KEY_FILTER].line && !port->filter)
		conf_wrong_at(r, place(d, KEY_FILTER), "Filter=no",
			      "FollowGuestFilter= fills the very lists that "
			      "this does without; leave out one of the two");
}

static void check_probe(struct conf_reader *r, const struct conf_draft *d)
{
	static const enum conf_port_key uses[] = {
		KEY_PROBE_SOURCE, KEY_PROBE_INTERVAL, KEY_PROBE_TIMEOUT,
		KEY_PROBE_MISSES, KEY_PROBE_ANSWERS,
	};
	const struct conf_probe *p = &d->port.probe;
	size_t i;

	/* An empty one, in a drop-in, may well switch off what they tune. */
	for (i = 0; i < sizeof(uses) / sizeof(*uses); i++)
		if (d->said[uses[i]].line && !d->said[KEY_PROBE].line)
			needs(r, d, uses[i], KEY_PROBE);
	if (!p->source_family)
		return;
	if (p->kind == CONF_PROBE_SCRIPT)
		conf_wrong_at(r, place(d, KEY_PROBE_SOURCE), "ProbeSource",
			      "is for 'arp' and 'nd'; give the script an "
			      "argument");
	else if (p->kind == CONF_PROBE_ARP && p->source_family != AF_INET)
		conf_wrong_at(r, place(d, KEY_PROBE_SOURCE), "ProbeSource",
			      "is an IPv6 address; 'arp' asks from one of "
			      "IPv4");
	else if (p->kind == CONF_PROBE_ND && p->source_family != AF_INET6)
		conf_wrong_at(r, place(d, KEY_PROBE_SOURCE), "ProbeSource",
			      "is an IPv4 address; 'nd' asks from one of "
			      "IPv6");
}

/* What follows from what was said and what was not */
static void imply(struct conf_draft *d)
{
	struct conf_port *port = &d->port;
	struct conf_probe *probe = &port->probe;

	/* A program costs more than a frame. */
	if (!probe->interval)
		probe->interval = (probe->kind == CONF_PROBE_SCRIPT ? 10 : 1) *
				  1000000000ULL;
	if (!probe->limit)
		probe->limit = probe->interval;

	if (port->follow_filter)
		port->filter = true;
	/* A group that may do nothing is never what is meant. */
	if (port->group && !port->perm)
		port->perm = 0660;
}

/* ---- the ports together ---- */

/* A port's wish for a device, from the device's side */
struct claim {
	const struct conf_draft *draft;
	const struct conf_candidate *candidate;
};

static bool claims_whole(const struct claim *c)
{
	enum stabletap_mode mode = c->candidate->mode_set ?
				   c->candidate->mode : c->draft->port.mode;

	return mode == STABLETAP_MODE_DIRECT || mode == STABLETAP_MODE_PASSTHRU;
}

static int by_selector(const void *a, const void *b)
{
	const struct claim *x = a;
	const struct claim *y = b;
	int order;

	if (x->candidate->selector != y->candidate->selector)
		return x->candidate->selector < y->candidate->selector ? -1 : 1;
	order = memcmp(x->draft->port.mac, y->draft->port.mac,
		       sizeof(x->draft->port.mac));
	if (order)
		return order;
	return strcmp(x->draft->port.name, y->draft->port.name);
}

/* Does it mean one device, not any of several? */
static bool is_single(const struct conf_selector *s)
{
	return s->mac_set || (s->path && !conf_is_pattern(s->path)) ||
	       (s->name && !conf_is_pattern(s->name));
}

/* Claims of one selector, those with one MAC address side by side */
static void check_claims(struct conf_reader *r, const struct claim *v,
			 size_t n)
{
	size_t number = v->candidate->selector;
	const struct conf_selector *s = &r->conf->selectors[number];
	char text[160];
	size_t i;

	conf_selector_format(s, text, sizeof(text));
	for (i = 0; i < n; i++) {
		const struct claim *other = i ? &v[i - 1] : &v[1];
		const struct conf_port *port = &v[i].draft->port;
		struct conf_said at = {
			v[i].candidate->file, v[i].candidate->line,
		};

		if (i && port->mac_set && other->draft->port.mac_set &&
		    !memcmp(port->mac, other->draft->port.mac,
			    sizeof(port->mac)))
			conf_wrong_at(r, at, text, "ports '%s' and '%s' have "
				      "one MAC address and can't both be on "
				      "it; give one another MACAddress=",
				      other->draft->port.name, port->name);
		else if (n > 1 && claims_whole(&v[i]) && is_single(s))
			conf_warn_at(r, at, text, "port '%s' takes it whole, "
				     "so '%s' can't have it at that time",
				     port->name, other->draft->port.name);
	}
}

static void check_devices(struct conf_reader *r)
{
	struct claim *v;
	size_t i, k, n = 0;

	for (i = 0; i < r->drafts_n; i++)
		n += r->drafts[i].port.candidates_n;
	v = calloc(n + 1, sizeof(*v));
	if (!v) {
		r->err = -ENOMEM;
		return;
	}
	n = 0;
	for (i = 0; i < r->drafts_n; i++)
		for (k = 0; k < r->drafts[i].port.candidates_n; k++)
			v[n++] = (struct claim){
				&r->drafts[i],
				&r->drafts[i].port.candidates[k],
			};
	qsort(v, n, sizeof(*v), by_selector);
	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n; k++)
			if (v[k].candidate->selector !=
			    v[i].candidate->selector)
				break;
		check_claims(r, &v[i], k - i);
	}
	free(v);
}

/* The drafts themselves stay in the order of the files. */
struct ref {
	const struct conf_draft *draft;
};

static int by_name(const void *a, const void *b)
{
	const struct ref *x = a;
	const struct ref *y = b;

	return strcmp(x->draft->port.name, y->draft->port.name);
}

static int name_is(const void *name, const void *b)
{
	const struct ref *y = b;

	return strcmp(name, y->draft->port.name);
}

/* ---- pools ---- */

static void unknown_pool(struct conf_reader *r, struct conf_said at,
			 const char *name)
{
	const char **words = calloc(r->pools_n + 1, sizeof(*words));
	const char *close;
	size_t i;

	if (!words) {
		r->err = -ENOMEM;
		return;
	}
	for (i = 0; i < r->pools_n; i++)
		words[i] = r->pools[i].pool.name;
	close = conf_closest(name, words);
	if (close)
		conf_wrong_at(r, at, name, "there is no such pool; did you "
			      "mean '%s'?", close);
	else
		conf_wrong_at(r, at, name, "there is no such pool; describe "
			      "it in a section [Pool %s]", name);
	free(words);
}

/* How many ports ask for pool @name? */
static size_t count_users(struct conf_reader *r, const char *name)
{
	const struct conf_selector *s;
	size_t i, k, n = 0;

	for (i = 0; i < r->drafts_n; i++) {
		const struct conf_port *port = &r->drafts[i].port;

		for (k = 0; k < port->candidates_n; k++) {
			s = &r->conf->selectors[port->candidates[k].selector];
			n += s->pool && !strcmp(s->pool, name);
		}
	}
	return n;
}

static void check_pool(struct conf_reader *r, const struct conf_pool_draft *d,
		       bool quiet)
{
	const struct conf_pool *pool = &d->pool;
	struct conf_said head = { pool->file, pool->line };
	size_t i, users, n = 0;

	for (i = 0; i < pool->members_n; i++)
		n += r->conf->selectors[pool->members[i].selector].vf >= 0;
	if (!pool->members_n && !quiet)
		conf_wrong_at(r, head, pool->name, "the pool has no Member=; "
			      "say what it is made of");
	if (pool->vf_count && !n && pool->members_n)
		conf_wrong_at(r, d->said[KEY_VF_COUNT],
			      conf_pool_keys[KEY_VF_COUNT].name, "no member is "
			      "described as a VF; say of which device they "
			      "are to be made, as in 'Member=name=eth0 vf=*'");
	if (!pool->vf_mac && pool->vf_spoof_check == CONF_VF_YES)
		conf_warn_at(r, d->said[KEY_VF_SPOOF_CHECK],
			     conf_pool_keys[KEY_VF_SPOOF_CHECK].name, "with "
			     "VFMAC=no the VF may not send from the port's "
			     "MAC address");
	users = count_users(r, pool->name);
	if (!users)
		conf_warn_at(r, head, pool->name, "no port asks for the pool, "
			     "by Candidate=pool=%s", pool->name);
	else if (pool->vf_count && n == 1 && pool->members_n == 1 &&
		 users > pool->vf_count)
		conf_warn_at(r, d->said[KEY_VF_COUNT], pool->name, "%zu ports "
			     "ask for one of %u VFs; some will wait", users,
			     pool->vf_count);
}

static void check_pools(struct conf_reader *r, bool quiet)
{
	size_t i, k;

	for (i = 0; i < r->pools_n; i++)
		check_pool(r, &r->pools[i], quiet);
	for (i = 0; i < r->drafts_n; i++) {
		const struct conf_port *port = &r->drafts[i].port;

		for (k = 0; k < port->candidates_n; k++) {
			const struct conf_candidate *c = &port->candidates[k];
			const char *name = r->conf->selectors[c->selector].pool;
			struct conf_said at = { c->file, c->line };
			size_t p;

			for (p = 0; name && p < r->pools_n; p++)
				if (!strcmp(r->pools[p].pool.name, name))
					break;
			if (name && p == r->pools_n)
				unknown_pool(r, at, name);
		}
	}
}

/* The kernel puts no port below a port. */
static void check_candidates(struct conf_reader *r, const struct ref *sorted,
			     const struct conf_draft *d, bool quiet)
{
	const struct conf_port *port = &d->port;
	size_t i;

	for (i = 0; i < port->candidates_n; i++) {
		const struct conf_candidate *c = &port->candidates[i];
		const struct conf_selector *s =
			&r->conf->selectors[c->selector];
		struct conf_said at = { c->file, c->line };

		if (s->name && bsearch(s->name, sorted, r->drafts_n,
				       sizeof(*sorted), name_is))
			conf_wrong_at(r, at, s->name, "is a port; a candidate "
				      "is the device below one");
	}
	/* Its only one may have been complained of. */
	if (!port->candidates_n && quiet)
		conf_warn_at(r, place(d, KEY_CANDIDATE), port->name,
			     "the port has no Candidate= and will stay "
			     "detached");
}

static bool same_guest(const struct conf_port *a, const struct conf_port *b)
{
	return !strcmp(a->qmp_socket, b->qmp_socket) &&
	       !strcmp(a->qmp_device, b->qmp_device);
}

static int by_guest(const void *a, const void *b)
{
	const struct conf_port *x = &((const struct ref *)a)->draft->port;
	const struct conf_port *y = &((const struct ref *)b)->draft->port;
	int order = strcmp(x->qmp_socket, y->qmp_socket);

	if (!order)
		order = strcmp(x->qmp_device, y->qmp_device);
	return order ? order : by_name(a, b);
}

/* One NIC of one guest is behind one port; @v is made use of. */
static void check_nics(struct conf_reader *r, struct ref *v)
{
	size_t i, n = 0;

	for (i = 0; i < r->drafts_n; i++)
		if (r->drafts[i].port.qmp_socket &&
		    r->drafts[i].port.qmp_device)
			v[n++].draft = &r->drafts[i];
	qsort(v, n, sizeof(*v), by_guest);
	for (i = 1; i < n; i++) {
		const struct conf_draft *a = v[i - 1].draft;
		const struct conf_draft *b = v[i].draft;

		if (same_guest(&a->port, &b->port))
			conf_wrong_at(r, place(b, KEY_QMP_DEVICE),
				      b->port.qmp_device,
				      "ports '%s' and '%s' have one NIC of one "
				      "guest; give one another QMPDevice=",
				      a->port.name, b->port.name);
	}
}

void conf_check(struct conf_reader *r)
{
	struct ref *v = calloc(r->drafts_n + 1, sizeof(*v));
	bool quiet = !r->wrong;
	size_t i;

	if (!v) {
		r->err = -ENOMEM;
		return;
	}
	for (i = 0; i < r->drafts_n; i++)
		v[i].draft = &r->drafts[i];
	qsort(v, r->drafts_n, sizeof(*v), by_name);
	for (i = 0; i < r->drafts_n; i++) {
		check_guest(r, &r->drafts[i], quiet);
		check_probe(r, &r->drafts[i]);
		imply(&r->drafts[i]);
		check_candidates(r, v, &r->drafts[i], quiet);
	}
	check_nics(r, v);
	check_pools(r, !quiet);
	free(v);
	check_devices(r);
}
