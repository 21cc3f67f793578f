// SPDX-License-Identifier: GPL-2.0
/*
 * A VF is set up before it is attached (its MAC address, VLAN and so on, as
 * its PF has them) and put back when no port has it.  What it was before is
 * kept by the kernel, too, in an altname of the VF (stabletap_vf_set_up()), so
 * the rule is one and needs no memory: a member that is marked and that no
 * port has is to be put back.  Only a VF that has lost its device in between
 * has lost the mark with it; it is known by the port's MAC address, which its
 * PF still has for it.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <string.h>
#include <syslog.h>

#include "pool.h"

/* Of a VF: its PF and its number there; false: it is none. */
static bool vf_find(const struct daemon *d, const struct stabletap_link *link,
		    const struct stabletap_link **pf, unsigned int *number)
{
	char name[sizeof(link->parent_dev)];
	int n;

	if (!select_physical(link->parent_bus, link->parent_dev, name,
			     sizeof(name)))
		return false;
	n = select_vf_number(link->parent_bus, name, link->parent_dev, 0,
			     CONF_VF_MAX);
	*pf = link_on_bus(d, link->parent_bus, name);
	*number = (unsigned int)n;
	return n >= 0;
}

/*
 * The kernel sends no event when the altnames of a device that is down change,
 * nor when a driver gives it the address that its PF has for it.  Everything
 * else is left to events: with it known, they would be no news.
 */
static void link_refresh(struct daemon *d, int ifindex)
{
	const struct stabletap_link *known;
	struct stabletap_link now, merged;

	known = stabletap_links_find(&d->links, ifindex);
	if (!known || stabletap_link_get(d->st, ifindex, &now))
		return;
	merged = *known;
	memcpy(merged.addr, now.addr, sizeof(merged.addr));
	/* @now's own is all that is its own: they change hands. */
	merged.altnames = now.altnames;
	merged.altnames_len = now.altnames_len;
	if (stabletap_links_put(&d->links, &merged))
		stabletap_link_release(&now);
}

/* -EOPNOTSUPP: its PF tells nothing of its VFs, as some drivers' don't. */
static int vf_get(struct daemon *d, const struct stabletap_link *link, int *pf,
		  struct stabletap_vf *out)
{
	const struct stabletap_link *pf_link = NULL;
	const struct stabletap_vf *vf;
	struct stabletap_vfs vfs;
	unsigned int number;
	int err;

	if (!vf_find(d, link, &pf_link, &number))
		return -ENOTTY;
	/* In another namespace, or going */
	if (!pf_link)
		return -ENXIO;
	*pf = pf_link->ifindex;
	err = stabletap_vf_dump(d->st, *pf, &vfs);
	if (err)
		return err;
	vf = stabletap_vfs_find(&vfs, number);
	if (vf)
		*out = *vf;
	else
		err = vfs.n ? -ENODEV : -EOPNOTSUPP;
	stabletap_vfs_release(&vfs);
	return err;
}

static int flag(enum conf_vf_flag wish, int now)
{
	return wish == CONF_VF_KEEP ? now : wish == CONF_VF_YES;
}

static bool wants_nothing(const struct conf_pool *pool)
{
	return !pool->vf_mac && !pool->vf_vlan &&
	       pool->vf_spoof_check == CONF_VF_KEEP &&
	       pool->vf_trust == CONF_VF_KEEP;
}

static struct stabletap_vf vf_wish(const struct conf_pool *pool,
				   const struct stabletap_vf *now,
				   const uint8_t mac[6])
{
	struct stabletap_vf want = *now;

	if (pool->vf_mac)
		memcpy(want.mac, mac, sizeof(want.mac));
	if (pool->vf_vlan) {
		want.vlan = (uint16_t)pool->vf_vlan;
		want.vlan_proto = ETH_P_8021Q;
	}
	want.spoof_check = flag(pool->vf_spoof_check, now->spoof_check);
	want.trust = flag(pool->vf_trust, now->trust);
	return want;
}

/* What is to be done that a VF suits a port */
struct setup {
	int pf;
	struct stabletap_vf now, want;
	const uint8_t *addr;	/* that of the device itself; NULL: stays */
};

/* 1: there is something to do; @self: the port, @whole: it has all of @link */
static int vf_plan(struct daemon *d, const struct conf_pool *pool,
		   const struct stabletap_link *link,
		   const struct stabletap_link *self, bool whole,
		   struct setup *s)
{
	int err = vf_get(d, link, &s->pf, &s->now);

	if (err == -ENOTTY || (err && wants_nothing(pool)))
		return 0;
	if (err)
		return err;
	s->want = vf_wish(pool, &s->now, self->addr);
	/* The kernel has no macvlan beside its parent with one address. */
	s->addr = pool->vf_mac && whole ? self->addr : NULL;
	return !stabletap_vf_equal(&s->now, &s->want) ||
	       (s->addr && memcmp(link->addr, s->addr, 6) != 0);
}

static int vf_set_up(struct daemon *d, const struct stabletap_link *link,
		     const struct setup *s)
{
	int err = stabletap_vf_set_up(d->st, link, s->pf, &s->now, &s->want,
				      s->addr);

	link_refresh(d, link->ifindex);
	return err;
}

int pools_prepare(struct port *port, int dev, enum stabletap_mode mode)
{
	const struct conf_pool *pool = pool_of(port, dev);
	const struct stabletap_link *link, *self;
	struct daemon *d = port->daemon;
	struct setup s = { 0 };
	int n;

	if (!pool)
		return 0;
	link_refresh(d, dev);
	link = stabletap_links_find(&d->links, dev);
	self = stabletap_links_find(&d->links, port->ifindex);
	if (!link || !self)
		return 0;
	n = vf_plan(d, pool, link, self, port_takes_whole(mode), &s);
	if (n == -EOPNOTSUPP)
		log_port(LOG_WARNING, port,
			 "the PF of %s does not tell what its VFs have, so that could not be put back; VFMAC=no leaves it alone",
			 link->name);
	if (n <= 0)
		return n;
	/* Should this or what follows fail, it is to be put back. */
	pools_look(d, dev);
	return vf_set_up(d, link, &s);
}

void pool_vf_put_back(struct pools *p, struct member *m)
{
	const struct stabletap_link *link;
	struct daemon *d = p->daemon;
	struct stabletap_vf now, was;
	uint8_t addr[6];
	int pf = 0, err;

	link = stabletap_links_find(&d->links, m->ifindex);
	if (m->holder || !link || !stabletap_vf_marked(link, addr, &was)) {
		m->failed = false;
		return;
	}
	/* Not at each event of whatever device */
	if (m->failed && !p->again && !p->check)
		return;
	link_refresh(d, m->ifindex);
	err = vf_get(d, link, &pf, &now);
	if (!err)
		err = stabletap_vf_put_back(d->st, link, pf, &now);
	if (!err) {
		m->failed = false;
		log_port(LOG_INFO, NULL, "VF %s is as it was", link->name);
		link_refresh(d, m->ifindex);
		/* Who waits for it is told when that has been looked at. */
		pools_look(d, m->ifindex);
	} else if (err != -ENODEV && err != -ENXIO) {
		/* Once: it may be so each time. */
		if (!m->failed)
			log_port(LOG_WARNING, NULL,
				 "VF %s can't be put back: %s", link->name,
				 why_not(d, err));
		m->failed = true;
	} else {
		m->failed = false;
	}
}

/*
 * In use: is it still what the port needs?  The port's address may change,
 * the operator's mind, and a PF may forget.  What does not keep what it is
 * given is not given it again before it does.
 */
void pool_vf_mend(struct pools *p, struct member *m)
{
	const struct stabletap_link *link, *lower, *self;
	const struct conf_pool *pool;
	struct daemon *d = p->daemon;
	const struct port *port;
	struct setup s = { 0 };
	bool whole;
	int n;

	port = m->holder ? port_by_ifindex(d, m->holder) : NULL;
	pool = port ? pool_of(port, m->ifindex) : NULL;
	link = stabletap_links_find(&d->links, m->ifindex);
	self = stabletap_links_find(&d->links, m->holder);
	if (!pool || !link || !self)
		return;
	if (memcmp(m->mac, self->addr, sizeof(m->mac)) != 0)
		m->mended = false;
	else if (!p->check && !p->notice)
		return;
	memcpy(m->mac, self->addr, sizeof(m->mac));
	lower = stabletap_links_find(&d->links, (int)self->port.lower);
	whole = lower && (lower == link ||
			  lower->macvlan_mode == MACVLAN_MODE_PASSTHRU);
	n = vf_plan(d, pool, link, self, whole, &s);
	if (n <= 0)
		m->mended = false;
	if (n > 0 && !m->mended) {
		m->mended = true;
		n = vf_set_up(d, link, &s);
		log_port(LOG_NOTICE, port, "VF %s is set up anew%s%s",
			 link->name, n ? ", in part: " : "",
			 n ? why_not(d, n) : "");
	}
}

/* ---- VFs that have lost their device, and the mark with it ---- */

static bool is_zero(const uint8_t mac[6])
{
	static const uint8_t none[6];

	return !memcmp(mac, none, sizeof(none));
}

static bool is_ports(const struct daemon *d, const uint8_t mac[6])
{
	size_t i;

	for (i = 0; i < d->ports_n; i++)
		if (d->ports[i].conf->mac_set &&
		    !memcmp(d->ports[i].conf->mac, mac, 6))
			return true;
	for (i = 0; i < d->links.n; i++)
		if (stabletap_link_is_port(d->links.v[i]) &&
		    !memcmp(d->links.v[i]->addr, mac, 6))
			return true;
	return false;
}

const char *pool_vf_name(const struct stabletap_link *pf, unsigned int n,
			 char *buf, size_t size)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/virtfn%u",
		 pf->parent_bus, pf->parent_dev, n);
	return select_target(path, buf, size) ? buf : NULL;
}

static void clear_stray(struct pools *p, const struct conf_pool *pool,
			const struct stabletap_link *pf,
			const struct stabletap_vf *now)
{
	struct stabletap_vf want = *now;
	struct daemon *d = p->daemon;
	const struct stabletap_link *link;
	const struct member *m;
	struct stabletap_vf was;
	uint8_t addr[6];
	char name[64];

	if (is_zero(now->mac) || !is_ports(d, now->mac) ||
	    !pool_vf_name(pf, now->number, name, sizeof(name)))
		return;
	link = link_on_bus(d, pf->parent_bus, name);
	m = link ? member_find(&p->members, link->ifindex) : NULL;
	/* With the mark it is known better what it was. */
	if ((m && m->holder) || (link && stabletap_vf_marked(link, addr, &was)))
		return;
	memset(want.mac, 0, sizeof(want.mac));
	if (pool->vf_vlan)
		want.vlan = want.qos = 0;
	want.spoof_check = flag(pool->vf_spoof_check == CONF_VF_KEEP ?
				CONF_VF_KEEP : CONF_VF_YES, now->spoof_check);
	want.trust = flag(pool->vf_trust == CONF_VF_KEEP ?
			  CONF_VF_KEEP : CONF_VF_NO, now->trust);
	if (!stabletap_vf_change(d->st, pf->ifindex, now, &want))
		log_port(LOG_INFO, NULL, "VF %u of %s has a port's address no more",
			 now->number, pf->name);
}

void pool_vf_clear_strays(struct pools *p, const struct conf_pool *pool,
			  const struct conf_selector *s,
			  const struct stabletap_link *pf)
{
	struct stabletap_vfs vfs;
	size_t i;

	if (!pool->vf_mac || stabletap_vf_dump(p->daemon->st, pf->ifindex,
					       &vfs))
		return;
	for (i = 0; i < vfs.n; i++)
		if ((int)vfs.v[i].number >= s->vf &&
		    (int)vfs.v[i].number <= s->vf_last)
			clear_stray(p, pool, pf, &vfs.v[i]);
	stabletap_vfs_release(&vfs);
}

/* ---- what is told ---- */

/* A VF that has no device here: who has it? */
static const char *vf_user(const char *bus, const char *name, char *buf,
			   size_t size)
{
	char path[160];
	char driver[32];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/driver", bus,
		 name);
	if (!select_target(path, driver, sizeof(driver)))
		return "no driver has it";
	if (!strncmp(driver, "vfio", 4) || !strcmp(driver, "pci-stub"))
		snprintf(buf, size, "it is bound to %s", driver);
	else
		snprintf(buf, size, "driver %s has it, elsewhere", driver);
	return buf;
}

json_t *pool_vf_absent_json(const struct daemon *d,
			    const struct conf_pool *pool)
{
	const struct stabletap_link *pf;
	json_t *list = json_array();
	const struct selection *sel;
	char name[64], why[64];
	size_t k, b;
	int n;

	for (k = 0; k < pool->members_n; k++) {
		sel = &d->selections[pool->members[k].selector];
		for (b = 0; sel->spec->vf >= 0 && b < sel->base.n; b++) {
			pf = stabletap_links_find(&d->links, sel->base.v[b]);
			for (n = sel->spec->vf; pf && n <= sel->spec->vf_last;
			     n++) {
				if (!pool_vf_name(pf, (unsigned int)n, name,
						  sizeof(name)))
					break;
				if (link_on_bus(d, pf->parent_bus, name))
					continue;
				json_array_append_new(list, json_pack(
					"{s:s, s:b, s:s}", "name", name,
					"usable", 0, "taken",
					vf_user(pf->parent_bus, name, why,
						sizeof(why))));
			}
		}
	}
	return list;
}
