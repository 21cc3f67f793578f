// SPDX-License-Identifier: GPL-2.0
/* Finds the devices that match a selector. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/selector.h"
#include "model/criteria.h"
#include "model/match.h"
#include "model/tables.h"
#include "util/log.h"

struct match {
	const struct conf *conf;
	struct selection *selections;	/* as conf->selectors */
	size_t selections_n;
	struct base *bases;
	size_t bases_n;
	struct base **buckets;		/* bases that are a plain name */
	size_t buckets_n;		/* a power of two */
	struct base *others;		/* compared with every device */
	bool has_vfs;
};

/* ---- reading ---- */

const struct selection *match_selection(const struct model *m, size_t number)
{
	return &m->match->selections[number];
}

const struct selection *match_candidate(const struct port *port, size_t rank)
{
	return match_selection(port->model,
			       port->conf->candidates.v[rank].selector->number);
}

const struct base *match_base(const struct model *m, size_t number)
{
	return &m->match->bases[number];
}

bool match_selects_device(const struct model *m, size_t number,
			  const struct device *dev)
{
	return idset_has(&m->match->selections[number].match,
			 dev->link.ifindex);
}

bool match_uses_device(const struct device *dev)
{
	return dev->bases.n || dev->matches.n;
}

void match_mark_users(const struct selection *sel)
{
	size_t i;

	for (i = 0; i < sel->users_n; i++)
		port_mark(sel->users[i]);
}

/* ---- bases ---- */

static size_t hash(const struct match *match, const char *name)
{
	size_t h = 5381;

	while (*name)
		h = h * 33 + (unsigned char)*name++;
	return h & (match->buckets_n - 1);
}

static struct base **bucket_of(struct match *match,
			       const struct conf_selector *s)
{
	return s->name && !conf_is_pattern(s->name) ?
	       &match->buckets[hash(match, s->name)] : &match->others;
}

static struct base *base_get(struct match *match,
			     const struct conf_selector *spec)
{
	struct base **bucket = bucket_of(match, spec);
	bool stacks = spec->vlan >= 0;
	struct base *b;

	for (b = *bucket; b; b = b->next)
		if (b->stacks == stacks && criteria_equal(b->spec, spec))
			return b;
	b = &match->bases[match->bases_n];
	b->number = match->bases_n++;
	b->spec = spec;
	b->stacks = stacks;
	b->next = *bucket;
	*bucket = b;
	return b;
}

static void look_up(const struct match *match, const struct device *dev,
		    const char *name, struct idset *out)
{
	const struct base *b = match->buckets[hash(match, name)];

	for (; b; b = b->next)
		if (!strcmp(b->spec->name, name) &&
		    criteria_match(b->spec, b->stacks, dev))
			idset_add(out, (int)b->number);
}

static void find_bases(const struct match *match, const struct device *dev,
		       struct idset *out)
{
	const char *name = NULL;
	const struct base *b;

	if (!device_is_ethernet(&dev->link))
		return;
	while ((name = stabletap_link_next_name(&dev->link, name)))
		look_up(match, dev, name, out);
	for (b = match->others; b; b = b->next)
		if (criteria_match(b->spec, b->stacks, dev))
			idset_add(out, (int)b->number);
}

/* A Wi-Fi station can send only from its own MAC address. */
static void refuse_wifi(struct match *match, struct device *dev,
			struct idset *bases)
{
	size_t i;

	if (!dev->wifi_told)
		log_line(LOG_WARNING, NULL,
			 "%s is a Wi-Fi device, which can't carry a guest's frames: no candidate",
			 dev->link.name);
	dev->wifi_told = true;
	for (i = 0; i < match->bases_n; i++)
		idset_make(&match->bases[i].wifi, dev->link.ifindex,
			   idset_has(bases, (int)i));
	idset_clear(bases);
}

/* ---- selections ---- */

static void add_plain(const struct base *b, struct idset *out)
{
	size_t i;

	/* Selections without a VLAN come first. */
	for (i = 0; i < b->selections_n &&
	     b->selections[i]->spec->vlan < 0; i++)
		if (b->selections[i]->spec->vf < 0)
			idset_add(out, (int)b->selections[i]->number);
}

static void add_vlan(const struct base *b, int id, struct idset *out)
{
	size_t low = 0, high = b->selections_n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (b->selections[mid]->spec->vlan < id)
			low = mid + 1;
		else
			high = mid;
	}
	/* The same VLAN can be there twice, with and without "create". */
	for (; low < b->selections_n &&
	     b->selections[low]->spec->vlan == id; low++)
		idset_add(out, (int)b->selections[low]->number);
}

static bool is_any_vf(const struct conf_selector *s)
{
	return !s->vf && s->vf_last == CONF_VF_MAX;
}

static void add_vf(const struct base *b, const struct device *dev,
		   struct idset *out)
{
	const struct conf_selector *s;
	size_t i;

	for (i = 0; i < b->selections_n &&
	     b->selections[i]->spec->vlan < 0; i++) {
		s = b->selections[i]->spec;
		if (s->vf >= 0 &&
		    (is_any_vf(s) ||
		     dev->model->facts->vf_number(&dev->link, dev->pf, s->vf,
						  s->vf_last) >= 0))
			idset_add(out, (int)b->selections[i]->number);
	}
}

static void add_pools(const struct match *match, struct idset *out)
{
	const struct selection *sel;
	struct idset pools = { 0 };
	size_t i, k;

	for (i = 0; i < out->n; i++) {
		sel = &match->selections[out->v[i]];
		for (k = 0; k < sel->pools_n; k++)
			idset_add(&pools, (int)sel->pools[k]->number);
	}
	for (i = 0; i < pools.n; i++)
		idset_add(out, pools.v[i]);
	idset_release(&pools);
}

static void find_selections(const struct match *match,
			    const struct device *dev, struct idset *out)
{
	const struct model *m = dev->model;
	const struct device *on = NULL;
	size_t i;

	for (i = 0; i < dev->bases.n; i++)
		add_plain(&match->bases[dev->bases.v[i]], out);
	if (dev->link.vlan_id && device_below(&dev->link))
		on = model_device(m, dev->link.link);
	for (i = 0; on && i < on->bases.n; i++)
		add_vlan(&match->bases[on->bases.v[i]], dev->link.vlan_id, out);
	on = match->has_vfs && *dev->pf ?
	     model_on_bus(m, dev->link.parent_bus, dev->pf) : NULL;
	for (i = 0; on && i < on->bases.n; i++)
		add_vf(&match->bases[on->bases.v[i]], dev, out);
	add_pools(match, out);
}

/* Updates the selections that the device matches, and marks their users. */
static void place(struct match *match, struct device *dev)
{
	struct idset now = { 0 };
	int ifindex = dev->link.ifindex;
	struct selection *sel;
	size_t i;

	if (device_is_ethernet(&dev->link))
		find_selections(match, dev, &now);
	for (i = 0; i < dev->matches.n; i++) {
		sel = &match->selections[dev->matches.v[i]];
		if (!idset_has(&now, dev->matches.v[i]))
			idset_drop(&sel->match, ifindex);
		match_mark_users(sel);
	}
	for (i = 0; i < now.n; i++) {
		sel = &match->selections[now.v[i]];
		if (idset_make(&sel->match, ifindex, true))
			match_mark_users(sel);
	}
	idset_release(&dev->matches);
	dev->matches = now;
}

/*
 * udev's event causes another evaluation, see watch/udev.c.  The answer needs a
 * read of sysfs, and matters only until the device is set up.
 */
static void take_initialized(struct device *dev)
{
	if (!dev->seen && !(dev->link.flags & IFF_UP) && match_uses_device(dev))
		dev->initialized =
			dev->model->facts->is_initialized(&dev->link);
}

/* The VLANs on the device and its VFs may have begun or ceased to match. */
static void place_others(struct match *match, struct device *dev)
{
	struct model *m = dev->model;
	struct device *other;
	size_t i;

	for (i = 0; i < dev->uppers.n; i++) {
		other = model_device(m, dev->uppers.v[i]);
		if (!other || !other->link.vlan_id)
			continue;
		place(match, other);
		take_initialized(other);
		agenda_mark(&m->agenda, &other->todo);
	}
	for (i = 0; match->has_vfs && *dev->link.parent_dev &&
	     i < m->devices_n; i++) {
		other = m->devices[i];
		if (*other->pf &&
		    !strcmp(other->pf, dev->link.parent_dev) &&
		    !strcmp(other->link.parent_bus, dev->link.parent_bus)) {
			place(match, other);
			take_initialized(other);
			agenda_mark(&m->agenda, &other->todo);
		}
	}
}

static void set_bases(struct match *match, struct device *dev,
		      struct idset *now)
{
	size_t i;

	for (i = 0; i < dev->bases.n; i++)
		if (!idset_has(now, dev->bases.v[i]))
			idset_drop(&match->bases[dev->bases.v[i]].devices,
				   dev->link.ifindex);
	for (i = 0; i < now->n; i++)
		idset_add(&match->bases[now->v[i]].devices, dev->link.ifindex);
	idset_release(&dev->bases);
	dev->bases = *now;
}

void match_update(struct device *dev)
{
	struct match *match = dev->model->match;
	struct idset bases = { 0 };
	bool changed;

	if (!match)
		return;
	find_bases(match, dev, &bases);
	if (dev->wifi_told || (bases.n && dev->model->facts->is_wifi(&dev->link)))
		refuse_wifi(match, dev, &bases);
	changed = !idset_equal(&bases, &dev->bases);
	set_bases(match, dev, &bases);
	place(match, dev);
	if (changed)
		place_others(match, dev);
	if (!match_uses_device(dev))
		return;
	/*
	 * A device that is up need not be set up.  If it is set down later, the
	 * operator did that.
	 */
	if (dev->link.flags & IFF_UP && (!*dev->pf || dev->vfs == VFS_MADE))
		dev->seen = true;
	take_initialized(dev);
	agenda_mark(&dev->model->agenda, &dev->todo);
}

void match_forget(struct device *dev)
{
	struct match *match = dev->model->match;
	struct idset nothing = { 0 };
	struct selection *sel;
	size_t i;

	if (!match)
		return;
	for (i = 0; dev->wifi_told && i < match->bases_n; i++)
		idset_drop(&match->bases[i].wifi, dev->link.ifindex);
	for (i = 0; i < dev->matches.n; i++) {
		sel = &match->selections[dev->matches.v[i]];
		idset_drop(&sel->match, dev->link.ifindex);
		match_mark_users(sel);
	}
	idset_release(&dev->matches);
	if (!dev->bases.n)
		return;
	set_bases(match, dev, &nothing);
	place_others(match, dev);
}

/* ---- beginning and end ---- */

/* Returns @v with room for one more than @n; it grows at powers of two. */
static void *grow(void *v, size_t n)
{
	if (n & (n - 1))
		return v;
	return reallocarray(v, n ? 2 * n : 1, sizeof(void *));
}

static int add_user(struct selection *sel, struct port *port)
{
	struct port **grown;

	/* The candidates of one port are added one after the other. */
	if (sel->users_n && sel->users[sel->users_n - 1] == port)
		return 0;
	grown = grow(sel->users, sel->users_n);
	if (!grown)
		return -ENOMEM;
	sel->users = grown;
	sel->users[sel->users_n++] = port;
	return 0;
}

static int add_to(struct selection ***list, size_t *n, struct selection *sel)
{
	struct selection **grown = grow(*list, *n);

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[(*n)++] = sel;
	return 0;
}

static int by_vlan(const void *a, const void *b)
{
	const struct selection *x = *(struct selection *const *)a;
	const struct selection *y = *(struct selection *const *)b;

	return x->spec->vlan - y->spec->vlan;
}

static int fill_bases(struct match *match)
{
	struct selection *sel;
	struct base *b;
	size_t i;
	int err = 0;

	for (i = 0; i < match->selections_n && !err; i++) {
		sel = &match->selections[i];
		if (sel->pool)
			continue;
		b = base_get(match, sel->spec);
		sel->base = b;
		match->has_vfs |= sel->spec->vf >= 0;
		err = add_to(&b->selections, &b->selections_n, sel);
	}
	for (i = 0; i < match->bases_n && !err; i++)
		qsort(match->bases[i].selections, match->bases[i].selections_n,
		      sizeof(struct selection *), by_vlan);
	return err;
}

static struct selection *selection_of(const struct match *match,
				      const struct conf_selector *s)
{
	return &match->selections[s->number];
}

static int fill_pools(struct match *match, const struct conf *conf)
{
	const struct conf_pool *pool;
	struct selection *member;
	size_t i, k;
	int err = 0;

	for (i = 0; i < conf->pools_n; i++)
		selection_of(match, conf->pools[i].selector)->pool =
			&conf->pools[i];
	for (i = 0; i < conf->pools_n; i++) {
		pool = &conf->pools[i];
		for (k = 0; k < pool->members.n && !err; k++) {
			member = selection_of(match,
					      pool->members.v[k].selector);
			err = add_to(&member->pools, &member->pools_n,
				     selection_of(match, pool->selector));
		}
	}
	return err;
}

static int fill_users(struct match *match, struct port **ports, size_t n,
		      const struct conf *conf)
{
	const struct conf_candidates *c;
	size_t i, k;
	int err = 0;

	for (i = 0; i < n; i++) {
		c = &conf->ports[i].candidates;
		for (k = 0; k < c->n && !err; k++)
			err = add_user(selection_of(match, c->v[k].selector),
				       ports[i]);
	}
	return err;
}

static int match_fill(struct match *match, const struct conf *conf,
		      struct port **ports, size_t ports_n)
{
	size_t n = conf->selectors_n, i;
	int err;

	match->conf = conf;
	match->buckets_n = 1;
	while (match->buckets_n < n)
		match->buckets_n *= 2;
	match->selections = calloc(n + 1, sizeof(*match->selections));
	match->bases = calloc(n + 1, sizeof(*match->bases));
	match->buckets = calloc(match->buckets_n, sizeof(struct base *));
	if (!match->selections || !match->bases || !match->buckets)
		return -ENOMEM;
	match->selections_n = n;
	for (i = 0; i < n; i++) {
		match->selections[i].number = i;
		match->selections[i].spec = conf->selectors[i];
	}
	err = fill_pools(match, conf);
	if (!err)
		err = fill_bases(match);
	return err ? err : fill_users(match, ports, ports_n, conf);
}

struct match *match_new(const struct conf *conf, struct port **ports,
			size_t ports_n)
{
	struct match *match = calloc(1, sizeof(*match));

	if (match && match_fill(match, conf, ports, ports_n)) {
		match_free(match);
		return NULL;
	}
	return match;
}

void match_free(struct match *match)
{
	size_t i;

	if (!match)
		return;
	for (i = 0; i < match->selections_n; i++) {
		idset_release(&match->selections[i].match);
		free(match->selections[i].users);
		free(match->selections[i].pools);
	}
	for (i = 0; i < match->bases_n; i++) {
		idset_release(&match->bases[i].devices);
		idset_release(&match->bases[i].wifi);
		free(match->bases[i].selections);
	}
	free(match->selections);
	free(match->bases);
	free(match->buckets);
	free(match);
}
