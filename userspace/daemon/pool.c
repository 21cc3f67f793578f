// SPDX-License-Identifier: GPL-2.0
/*
 * Pools: devices of which each carries one port at a time.
 *
 * Who has which is read off the kernel: the port whose lower a member is, or
 * whose child is on it.  Between an attach and its event the answer is what
 * pools_taken() was told, and nothing is kept longer.  Other uses of a member
 * (a master, a macvlan or VLAN on it, addresses) make it taken as well; one
 * bound to vfio-pci or moved to another namespace has no device here at all.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>

#include "pool.h"

/* After a failure: this long, doubling, up to a minute */
#define RETRY_US 1000000ULL
#define RETRY_DOUBLINGS 6

/* ---- finding ---- */

static int by_ifindex(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

struct member *member_find(const struct table *t, int ifindex)
{
	const struct member key = { .ifindex = ifindex };

	return t->n ? bsearch(&key, t->v, t->n, sizeof(*t->v), by_ifindex) :
	       NULL;
}

const struct conf_pool *pool_of(const struct port *port, int dev)
{
	const struct daemon *d = port->daemon;
	size_t i, number;

	for (i = 0; i < port->conf->candidates_n; i++) {
		number = port->conf->candidates[i].selector;
		if (d->selections[number].pool && select_has(d, number, dev))
			return d->selections[number].pool;
	}
	return NULL;
}

const struct stabletap_link *link_on_bus(const struct daemon *d,
					 const char *bus, const char *dev)
{
	size_t i;

	for (i = 0; i < d->links.n; i++)
		if (!strcmp(d->links.v[i]->parent_dev, dev) &&
		    !strcmp(d->links.v[i]->parent_bus, bus))
			return d->links.v[i];
	return NULL;
}

void pools_each_pf(struct pools *p, pf_fn fn)
{
	const struct daemon *d = p->daemon;
	const struct stabletap_link *pf;
	const struct conf_pool *pool;
	const struct selection *sel;
	size_t i, k, b;

	for (i = 0; i < d->conf->pools_n; i++) {
		pool = &d->conf->pools[i];
		for (k = 0; k < pool->members_n; k++) {
			sel = &d->selections[pool->members[k].selector];
			for (b = 0; sel->spec->vf >= 0 && b < sel->base.n; b++) {
				pf = stabletap_links_find(&d->links,
							  sel->base.v[b]);
				if (pf && *pf->parent_dev)
					fn(p, pool, sel->spec, pf);
			}
		}
	}
}

/* ---- who has what ---- */

static bool is_port(const struct daemon *d, int ifindex)
{
	const struct stabletap_link *link;

	link = stabletap_links_find(&d->links, ifindex);
	return link && stabletap_link_is_port(link);
}

__attribute__((format(printf, 2, 3)))
static void say_taken(struct member *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!*m->why)
		vsnprintf(m->why, sizeof(m->why), fmt, ap);
	va_end(ap);
}

/* What is on a member: a port's child, or what others put there */
static void look_at_upper(const struct daemon *d, const struct table *t,
			  const struct stabletap_link *link)
{
	struct member *m;

	/* IFLA_LINK of these is the other end, not what they stand on. */
	if (!link->link || link->link_netnsid >= 0 ||
	    !strcmp(link->kind, "veth") || !strcmp(link->kind, "netkit"))
		return;
	m = member_find(t, link->link);
	if (!m)
		return;
	if (!stabletap_child_is(link, NULL))
		say_taken(m, "%s is on it", link->name);
	else if (is_port(d, link->master))
		m->holder = link->master;
}

static void look_at_member(const struct daemon *d, struct member *m)
{
	const struct stabletap_link *link, *master;

	link = stabletap_links_find(&d->links, m->ifindex);
	if (!link || !link->master)
		return;
	master = stabletap_links_find(&d->links, link->master);
	if (master && stabletap_link_is_port(master))
		m->holder = link->master;
	else
		say_taken(m, "%s is its master",
			  master ? master->name : "a device");
}

static int look_at_addresses(const struct daemon *d, const struct table *t)
{
	struct member *m;
	int *v = NULL;
	size_t i, n;
	int err;

	err = stabletap_addr_list(d->st, &v, &n);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		m = member_find(t, v[i]);
		if (m)
			say_taken(m, "it has addresses");
	}
	free(v);
	return 0;
}

static bool is_marked(const struct stabletap_link *link)
{
	struct stabletap_vf was;
	uint8_t addr[6];

	return stabletap_vf_marked(link, addr, &was);
}

/*
 * The members of all pools, each once; and what is marked, for the pool that
 * it was set up for may be in the configuration no more.
 */
static int table_fill(const struct daemon *d, struct table *t)
{
	const struct set *s;
	size_t i, k, n = 0;

	for (i = 0; i < d->conf->pools_n; i++)
		n += d->selections[d->conf->pools[i].selector].match.n;
	for (i = 0; i < d->links.n; i++)
		n += is_marked(d->links.v[i]);
	t->n = 0;
	t->v = calloc(n + 1, sizeof(*t->v));
	if (!t->v)
		return -ENOMEM;
	for (i = 0; i < d->conf->pools_n; i++) {
		s = &d->selections[d->conf->pools[i].selector].match;
		for (k = 0; k < s->n; k++)
			t->v[t->n++].ifindex = s->v[k];
	}
	for (i = 0; i < d->links.n; i++)
		if (is_marked(d->links.v[i]))
			t->v[t->n++].ifindex = d->links.v[i]->ifindex;
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_ifindex);
	for (i = 0, n = 0; i < t->n; i++)
		if (!n || t->v[n - 1].ifindex != t->v[i].ifindex)
			t->v[n++] = t->v[i];
	t->n = n;
	return 0;
}

static int table_make(struct daemon *d, struct table *t)
{
	const struct stabletap_link *link;
	size_t i;
	int err = table_fill(d, t);

	if (err || !t->n)
		return err;
	for (i = 0; i < d->links.n; i++)
		look_at_upper(d, t, d->links.v[i]);
	for (i = 0; i < t->n; i++)
		look_at_member(d, &t->v[i]);
	err = look_at_addresses(d, t);
	if (err) {
		free(t->v);
		return err;
	}
	for (i = 0; i < t->n; i++) {
		struct member *m = &t->v[i];

		link = stabletap_links_find(&d->links, m->ifindex);
		m->marked = is_marked(link);
		if (m->holder)
			m->why[0] = '\0';
		else if (!vfs_made(d, link))
			say_taken(m, "its PF is making VFs");
		else if (m->marked)
			say_taken(m, "it is to be put back first");
	}
	return 0;
}

static bool is_free(const struct member *m)
{
	return m && !m->holder && !*m->why;
}

bool pools_allow(const struct port *port, int dev)
{
	const struct pools *p = port->daemon->pools;
	const struct member *m = p ? member_find(&p->members, dev) : NULL;

	/* Of what has not been looked at nobody knows that it is free. */
	if (!m)
		return !p || !pool_of(port, dev);
	if (m->holder)
		return m->holder == port->ifindex;
	/*
	 * What others have on it is no matter to who shares it with them; the
	 * address and VLAN of the port that had it are.
	 */
	return !*m->why || (!m->marked && !pool_of(port, dev));
}

void pools_taken(struct port *port, int dev)
{
	struct pools *p = port->daemon->pools;
	struct member *m = p ? member_find(&p->members, dev) : NULL;

	if (!m)
		return;
	m->holder = port->ifindex;
	m->why[0] = '\0';
}

/* ---- looking ---- */

/* Let those look again who may want what has become free. */
static void tell_freed(const struct pools *p, const struct table *old)
{
	struct daemon *d = p->daemon;
	size_t i, k, number;

	for (i = 0; i < d->conf->pools_n; i++) {
		number = d->conf->pools[i].selector;
		for (k = 0; k < p->members.n; k++) {
			const struct member *m = &p->members.v[k];

			if (is_free(m) &&
			    !is_free(member_find(old, m->ifindex)) &&
			    select_has(d, number, m->ifindex))
				break;
		}
		if (k < p->members.n)
			select_tell(d, number);
	}
}

/* What is known of members by having looked before */
static void inherit(const struct pools *p, const struct table *old)
{
	size_t i;

	for (i = 0; i < p->members.n; i++) {
		struct member *m = &p->members.v[i];
		const struct member *before = member_find(old, m->ifindex);

		if (!before || before->holder != m->holder)
			continue;
		memcpy(m->mac, before->mac, sizeof(m->mac));
		m->mended = before->mended;
		m->failed = before->failed;
	}
}

/* Look again after a pause, which grows. */
static void look_later(struct pools *p)
{
	sd_event_source_set_time_relative(p->retry, RETRY_US << p->retries);
	sd_event_source_set_enabled(p->retry, SD_EVENT_ONESHOT);
	if (p->retries < RETRY_DOUBLINGS)
		p->retries++;
}

static int on_work(sd_event_source *s, void *arg)
{
	struct pools *p = arg;
	struct table old = p->members;
	bool failed = false;
	size_t i;
	int err = table_make(p->daemon, &p->members);

	(void)s;
	if (err) {
		p->members = old;
		log_port(LOG_WARNING, NULL, "can't look at the pools: %s",
			 strerror(-err));
		look_later(p);
		return 0;
	}
	inherit(p, &old);
	pools_each_pf(p, pool_make_vfs);
	for (i = 0; i < p->members.n; i++) {
		pool_vf_put_back(p, &p->members.v[i]);
		pool_vf_mend(p, &p->members.v[i]);
		failed |= p->members.v[i].failed;
	}
	if (!failed)
		p->retries = 0;
	else if (!sd_event_source_get_enabled(p->retry, NULL))
		look_later(p);
	if (p->check)
		pools_each_pf(p, pool_vf_clear_strays);
	p->check = false;
	p->notice = false;
	p->again = false;
	tell_freed(p, &old);
	free(old.v);
	return 0;
}

static void look(struct pools *p)
{
	sd_event_source_set_enabled(p->work, SD_EVENT_ONESHOT);
}

static bool is_pf(const struct daemon *d, int ifindex)
{
	const struct selection *sel;
	size_t i;

	for (sel = d->selections; sel < d->selections + d->selections_n; sel++)
		for (i = 0; sel->spec->vf >= 0 && i < sel->base.n; i++)
			if (sel->base.v[i] == ifindex)
				return true;
	return false;
}

void pools_look(struct daemon *d, int ifindex)
{
	const struct stabletap_link *link;
	struct pools *p = d->pools;
	struct member *m;

	if (!p)
		return;
	link = stabletap_links_find(&d->links, ifindex);
	/*
	 * Where there are no pools, a mark alone is of interest: to look is to
	 * go through all devices.
	 */
	if (ifindex && !d->conf->pools_n && !p->members.n &&
	    (!link || !is_marked(link)))
		return;
	m = member_find(&p->members, ifindex);
	/* A VF's device that goes may leave something behind in its PF. */
	if (!ifindex || is_pf(d, ifindex) || (m && !link))
		p->check = true;
	look(p);
}

void pools_notice(struct daemon *d, int ifindex)
{
	if (!d->pools || !d->conf->pools_n || !is_pf(d, ifindex))
		return;
	/*
	 * No reason to take a port's address from a VF that no port has: it
	 * may just have been given it, for a guest that has both.
	 */
	d->pools->notice = true;
	look(d->pools);
}

static int on_addrs(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct pools *p = arg;

	(void)s, (void)fd, (void)revents;
	if (stabletap_addr_monitor_read(p->addrs))
		look(p);
	return 0;
}

static int on_retry(sd_event_source *s, uint64_t usec, void *arg)
{
	struct pools *p = arg;

	(void)s, (void)usec;
	p->again = true;
	look(p);
	return 0;
}

/* ---- what is told ---- */

static json_t *member_json(const struct daemon *d, int ifindex)
{
	const struct stabletap_link *link, *holder;
	const struct member *m = member_find(&d->pools->members, ifindex);
	json_t *o;

	link = stabletap_links_find(&d->links, ifindex);
	if (!link)
		return NULL;
	o = json_pack("{s:o, s:b}", "name", stabletap_json_text(link->name),
		      "usable", select_is_usable(link));
	holder = m ? stabletap_links_find(&d->links, m->holder) : NULL;
	if (holder)
		json_object_set_new(o, "port",
				    stabletap_json_text(holder->name));
	else if (m && *m->why)
		json_object_set_new(o, "taken", stabletap_json_text(m->why));
	return o;
}

json_t *pools_json(const struct daemon *d)
{
	json_t *list = json_array();
	const struct set *s;
	size_t i, k;

	for (i = 0; d->pools && i < d->conf->pools_n; i++) {
		const struct conf_pool *pool = &d->conf->pools[i];
		json_t *members = json_array();
		json_t *absent = pool_vf_absent_json(d, pool);

		s = &d->selections[pool->selector].match;
		for (k = 0; k < s->n; k++)
			json_array_append_new(members, member_json(d, s->v[k]));
		json_array_extend(members, absent);
		json_decref(absent);
		json_array_append_new(list, json_pack("{s:s, s:o}", "pool",
						      pool->name, "members",
						      members));
	}
	return list;
}

/* ---- beginning and end ---- */

static int pools_start(struct pools *p)
{
	sd_event *loop = p->daemon->loop;
	int err = sd_event_add_defer(loop, &p->work, on_work, p);

	if (err >= 0)
		err = sd_event_source_set_enabled(p->work, SD_EVENT_OFF);
	/* After all events, and before the ports that are to look. */
	if (err >= 0)
		err = sd_event_source_set_priority(p->work,
						   SD_EVENT_PRIORITY_IDLE - 1);
	if (err >= 0)
		err = sd_event_add_time_relative(loop, &p->retry,
						 CLOCK_MONOTONIC, 0, 0,
						 on_retry, p);
	if (err >= 0)
		err = sd_event_source_set_enabled(p->retry, SD_EVENT_OFF);
	if (err < 0 || !p->daemon->conf->pools_n)
		return err < 0 ? err : 0;
	err = stabletap_addr_monitor_open(&p->addrs);
	if (err >= 0)
		err = sd_event_add_io(loop, &p->addrs_io,
				      stabletap_monitor_fd(p->addrs), EPOLLIN,
				      on_addrs, p);
	return err < 0 ? err : 0;
}

int pools_init(struct daemon *d)
{
	d->pools = calloc(1, sizeof(*d->pools));
	if (!d->pools)
		return -ENOMEM;
	d->pools->daemon = d;
	return pools_start(d->pools);
}

void pools_free(struct daemon *d)
{
	struct pools *p = d->pools;

	if (!p)
		return;
	sd_event_source_disable_unref(p->work);
	sd_event_source_disable_unref(p->retry);
	sd_event_source_disable_unref(p->addrs_io);
	stabletap_monitor_close(p->addrs);
	free(p->members.v);
	free(p->tried);
	free(p);
	d->pools = NULL;
}
