// SPDX-License-Identifier: GPL-2.0
/*
 * Which devices a selector means.  Kept up to date by events: one event costs
 * a look at each selector, however many ports share it, and only the ports
 * that are concerned look again.
 */
#include <errno.h>
#include <fnmatch.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <syslog.h>
#include <systemd/sd-device.h>
#include <unistd.h>

#include "core.h"

/* As IF_OPER_* of <linux/if.h>, which can't be had beside <net/if.h> */
enum { OPER_UNKNOWN = 0, OPER_UP = 6 };

/* ---- sets of ifindexes ---- */

static size_t set_position(const struct set *s, int ifindex)
{
	size_t i = s->n;

	while (i && s->v[i - 1] >= ifindex)
		i--;
	return i;
}

bool set_has(const struct set *s, int ifindex)
{
	size_t i = set_position(s, ifindex);

	return i < s->n && s->v[i] == ifindex;
}

bool select_means(const struct selection *sel, int ifindex)
{
	return set_has(&sel->match, ifindex);
}

static int set_put(struct set *s, int ifindex)
{
	size_t i = set_position(s, ifindex);
	int *grown;

	if (s->n == s->room) {
		grown = realloc(s->v, (s->room + 8) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->v = grown;
		s->room += 8;
	}
	memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof(*s->v));
	s->v[i] = ifindex;
	s->n++;
	return 0;
}

static void set_drop(struct set *s, int ifindex)
{
	size_t i = set_position(s, ifindex);

	s->n--;
	memmove(&s->v[i], &s->v[i + 1], (s->n - i) * sizeof(*s->v));
}

bool set_make(struct set *s, int ifindex, bool member)
{
	if (set_has(s, ifindex) == member)
		return false;
	if (!member)
		set_drop(s, ifindex);
	else if (set_put(s, ifindex))
		return false;
	return true;
}

/* ---- does a device match? ---- */

bool select_is_device(const struct stabletap_link *link)
{
	return link->type == ARPHRD_ETHER && !(link->flags & IFF_LOOPBACK) &&
	       !stabletap_link_is_port(link) &&
	       !stabletap_child_is(link, NULL);
}

bool select_is_usable(const struct stabletap_link *link)
{
	return link->flags & IFF_UP && link->carrier &&
	       (link->operstate == OPER_UP || link->operstate == OPER_UNKNOWN);
}

static bool is_named(const struct stabletap_link *link, const char *name)
{
	const char *alt = NULL;

	if (!strcmp(link->name, name))
		return true;
	while ((alt = stabletap_link_altname(link, alt)))
		if (!strcmp(alt, name))
			return true;
	return false;
}

static bool name_matches(const char *pattern, const struct stabletap_link *link)
{
	const char *alt = NULL;

	if (!fnmatch(pattern, link->name, 0))
		return true;
	while ((alt = stabletap_link_altname(link, alt)))
		if (!fnmatch(pattern, alt, 0))
			return true;
	return false;
}

/* A device without a permanent address has had its own from the start. */
static bool mac_matches(const uint8_t mac[6], const struct stabletap_link *link)
{
	if (link->perm_addr_len == 6)
		return !memcmp(mac, link->perm_addr, 6);
	return link->addr_len == 6 && !memcmp(mac, link->addr, 6);
}

static bool path_matches(const char *pattern, const struct stabletap_link *link)
{
	char path[sizeof(link->parent_bus) + sizeof(link->parent_dev) + 1];

	if (!*link->parent_dev)
		return false;
	snprintf(path, sizeof(path), "%s-%s", link->parent_bus,
		 link->parent_dev);
	return !fnmatch(pattern, path, 0);
}

static bool driver_matches(const char *pattern,
			   const struct stabletap_link *link)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = { .ifr_data = (char *)&info };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	if (fd < 0)
		return false;
	memcpy(ifr.ifr_name, link->name, sizeof(ifr.ifr_name));
	found = !ioctl(fd, SIOCETHTOOL, &ifr) &&
		!fnmatch(pattern, info.driver, 0);
	close(fd);
	return found;
}

/* @property: "KEY=pattern".  Before udev has seen the device it has none. */
static bool property_matches(const char *property,
			     const struct stabletap_link *link)
{
	const char *equals = strchr(property, '=');
	sd_device *dev = NULL;
	const char *value;
	bool found = false;
	char key[128];

	if (!equals || (size_t)(equals - property) >= sizeof(key) ||
	    sd_device_new_from_ifindex(&dev, link->ifindex) < 0)
		return false;
	memcpy(key, property, (size_t)(equals - property));
	key[equals - property] = '\0';
	if (sd_device_get_property_value(dev, key, &value) >= 0)
		found = !fnmatch(equals + 1, value, 0);
	sd_device_unref(dev);
	return found;
}

bool select_target(const char *path, char *name, size_t size)
{
	char target[256];
	const char *last;
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	last = strrchr(target, '/');
	return (size_t)snprintf(name, size, "%s", last ? last + 1 : target) <
	       size;
}

bool select_physical(const char *bus, const char *dev, char *pf, size_t size)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/physfn", bus, dev);
	return *dev && select_target(path, pf, size);
}

int select_vf_number(const char *bus, const char *pf, const char *dev,
		     int first, int last)
{
	char path[160];
	char name[64];
	int n;

	for (n = first; n <= last; n++) {
		snprintf(path, sizeof(path),
			 "/sys/bus/%s/devices/%s/virtfn%d", bus, pf, n);
		if (!select_target(path, name, sizeof(name)))
			return -1;
		if (!strcmp(name, dev))
			return n;
	}
	return -1;
}

/* A client's frames all have the card's own address: no use to a guest. */
static bool is_wifi(const struct stabletap_link *link)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/phy80211", link->name);
	return !access(path, F_OK);
}

/* All but VLAN and VF; what asks the kernel or udev comes last. */
static bool base_matches(const struct conf_selector *s,
			 const struct stabletap_link *link)
{
	return select_is_device(link) &&
	       (!s->name || name_matches(s->name, link)) &&
	       (!s->mac_set || mac_matches(s->mac, link)) &&
	       (!s->path || path_matches(s->path, link)) &&
	       (!s->phys_port ||
		!fnmatch(s->phys_port, link->phys_port_name, 0)) &&
	       (!s->driver || driver_matches(s->driver, link)) &&
	       (!s->property || property_matches(s->property, link));
}

static bool vlan_matches(const struct selection *sel,
			 const struct stabletap_link *link)
{
	return !strcmp(link->kind, "vlan") && link->link_netnsid < 0 &&
	       link->vlan_id == sel->spec->vlan &&
	       set_has(&sel->base, link->link);
}

/* Is it a VF of such a number of one of the base devices? */
static bool vf_matches(const struct daemon *d, const struct selection *sel,
		       const struct stabletap_link *link)
{
	const struct conf_selector *s = sel->spec;
	const struct stabletap_link *pf;
	char name[sizeof(link->parent_dev)];
	size_t i;

	if (!sel->base.n ||
	    !select_physical(link->parent_bus, link->parent_dev, name,
			     sizeof(name)))
		return false;
	for (i = 0; i < sel->base.n; i++) {
		pf = stabletap_links_find(&d->links, sel->base.v[i]);
		if (pf && !strcmp(pf->parent_dev, name) &&
		    ((!s->vf && s->vf_last == CONF_VF_MAX) ||
		     select_vf_number(link->parent_bus, name, link->parent_dev,
				      s->vf, s->vf_last) >= 0))
			return true;
	}
	return false;
}

bool select_has(const struct daemon *d, size_t number, int ifindex)
{
	return set_has(&d->selections[number].match, ifindex);
}

static bool pool_matches(const struct daemon *d, const struct conf_pool *pool,
			 const struct stabletap_link *link)
{
	size_t i;

	for (i = 0; i < pool->members_n; i++)
		if (select_has(d, pool->members[i].selector, link->ifindex))
			return true;
	return false;
}

static bool selection_matches(const struct daemon *d,
			      const struct selection *sel,
			      const struct stabletap_link *link)
{
	if (!select_is_device(link))
		return false;
	if (sel->pool)
		return pool_matches(d, sel->pool, link);
	if (sel->spec->vlan >= 0)
		return vlan_matches(sel, link);
	if (sel->spec->vf >= 0)
		return vf_matches(d, sel, link);
	return set_has(&sel->base, link->ifindex);
}

/* ---- keeping up ---- */

static void tell_users(struct daemon *d, const struct selection *sel)
{
	size_t i;

	for (i = 0; i < sel->users_n; i++)
		port_dirty(&d->ports[sel->users[i]]);
}

void select_tell(struct daemon *d, size_t number)
{
	tell_users(d, &d->selections[number]);
}

/* It may be no candidate of theirs, and what they go by is its name. */
static void tell_by_hand(struct daemon *d, int ifindex,
			 const struct stabletap_link *link)
{
	const struct override *o;
	size_t i;

	for (i = 0; d->by_hand_n && i < d->ports_n; i++) {
		o = &d->ports[i].override;
		if (override_is(o) &&
		    (d->ports[i].by_hand_dev == ifindex ||
		     (link && is_named(link, o->dev))))
			port_dirty(&d->ports[i]);
	}
}

/* Where there is udev, it may want to rename a device before it is up. */
static bool is_left_alone(const struct daemon *d,
			  const struct stabletap_link *link)
{
	sd_device *dev = NULL;
	bool initialized = true;

	if (!d->udev || sd_device_new_from_ifindex(&dev, link->ifindex) < 0)
		return true;
	initialized = sd_device_get_is_initialized(dev) != 0;
	sd_device_unref(dev);
	return initialized;
}

static void up_later(struct daemon *d)
{
	uint64_t wait = retry_ns(d->up_failures++);

	sd_event_source_set_time_relative(d->up, wait / 1000);
	sd_event_source_set_enabled(d->up, SD_EVENT_ONESHOT);
}

/*
 * A device that nobody has set up yet, just made or plugged in, can't show
 * whether it has carrier.  Once only: who sets it down later means it.
 */
static void bring_up(struct daemon *d, const struct stabletap_link *link)
{
	int err = 0;

	if (set_has(&d->seen, link->ifindex) || !vfs_made(d, link))
		return;
	if (!(link->flags & IFF_UP)) {
		if (!is_left_alone(d, link))
			return;
		err = stabletap_link_set_up(d->st, link->ifindex, true);
	}
	if (!err) {
		set_put(&d->seen, link->ifindex);
		set_make(&d->refused, link->ifindex, false);
		return;
	}
	/* It has gone, as its event will tell. */
	if (err == -ENODEV)
		return;
	if (!set_make(&d->refused, link->ifindex, true))
		return;
	log_port(LOG_WARNING, NULL,
		 "%s can't be set up: %s; tried again from time to time",
		 link->name, why_not(d, err));
	/* What it waits for, say a reset's end, need not be an event of it. */
	d->up_failures = 0;
	up_later(d);
}

/* True if that is a change */
static bool make_base(struct daemon *d, struct selection *sel, int ifindex,
		      const struct stabletap_link *link)
{
	bool is = link && !sel->pool && base_matches(sel->spec, link);
	bool wifi = is && is_wifi(link);

	if (wifi) {
		if (!set_has(&d->seen, ifindex))
			log_port(LOG_WARNING, NULL,
				 "%s is a Wi-Fi device, which can't carry a guest's frames: no candidate",
				 link->name);
		set_make(&d->seen, ifindex, true);
		is = false;
	}
	set_make(&sel->wifi, ifindex, wifi);
	if (is)
		bring_up(d, link);
	return set_make(&sel->base, ifindex, is);
}

/* True if it is one */
static bool make_match(struct daemon *d, struct selection *sel, int ifindex,
		       const struct stabletap_link *link)
{
	bool is = link && selection_matches(d, sel, link);

	if (is)
		bring_up(d, link);
	set_make(&sel->match, ifindex, is);
	return is;
}

/* With another base any device may match, or match no more. */
static void rescan(struct daemon *d, struct selection *sel)
{
	size_t i;

	for (i = 0; i < d->links.n; i++)
		make_match(d, sel, d->links.v[i]->ifindex, d->links.v[i]);
}

static bool has_vlan(const struct selection *sel, int base)
{
	const struct stabletap_link *link;
	size_t i;

	for (i = 0; i < sel->match.n; i++) {
		link = stabletap_links_find(&sel->daemon->links,
					    sel->match.v[i]);
		if (link && link->link == base)
			return true;
	}
	return false;
}

static int on_vlan_timer(sd_event_source *s, uint64_t usec, void *arg);

/* The VLAN on each base that is up and lacks it, if it is to be made */
static void make_vlans(struct selection *sel)
{
	const struct stabletap_link *link;
	struct daemon *d = sel->daemon;
	int err = 0;
	size_t i;

	if (!sel->spec->vlan_create || sel->timer)
		return;
	for (i = 0; i < sel->base.n; i++) {
		link = stabletap_links_find(&d->links, sel->base.v[i]);
		if (!link || !(link->flags & IFF_UP) ||
		    has_vlan(sel, link->ifindex))
			continue;
		if (act_vlan(d, link, sel->spec->vlan, sel->failures))
			err = -1;
	}
	if (err)
		sd_event_add_time_relative(d->loop, &sel->timer, CLOCK_BOOTTIME,
					   retry_ns(sel->failures) / 1000,
					   1000, on_vlan_timer, sel);
	sel->failures = err ? sel->failures + 1 : 0;
}

static int on_vlan_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	struct selection *sel = arg;

	(void)s, (void)usec;
	sel->timer = sd_event_source_disable_unref(sel->timer);
	make_vlans(sel);
	return 0;
}

/* Other devices match @sel; so do they the pools that it is a member of. */
static void rescan_pools(struct daemon *d, const struct selection *sel)
{
	size_t number = (size_t)(sel - d->selections);
	struct selection *pool;
	size_t i, k;

	for (i = 0; i < d->selections_n; i++) {
		pool = &d->selections[i];
		for (k = 0; pool->pool && k < pool->pool->members_n; k++)
			if (pool->pool->members[k].selector == number)
				break;
		if (!pool->pool || k == pool->pool->members_n)
			continue;
		rescan(d, pool);
		tell_users(d, pool);
	}
}

static void selection_update(struct daemon *d, struct selection *sel,
			     int ifindex, const struct stabletap_link *link)
{
	bool was = set_has(&sel->match, ifindex);
	bool changed = make_base(d, sel, ifindex, link);
	bool is = make_match(d, sel, ifindex, link);

	if (changed && (sel->spec->vlan >= 0 || sel->spec->vf >= 0)) {
		rescan(d, sel);
		rescan_pools(d, sel);
	}
	/* A device that failed is no reason to let another one wait. */
	if (changed)
		sel->timer = sd_event_source_disable_unref(sel->timer);
	/* It may be up only now, or have lost its VLAN. */
	if (was || changed || set_has(&sel->base, ifindex))
		make_vlans(sel);
	if (was || is || changed)
		tell_users(d, sel);
}

static bool is_asked_for(const struct daemon *d, int ifindex)
{
	size_t i;

	for (i = 0; i < d->selections_n; i++)
		if (set_has(&d->selections[i].base, ifindex) ||
		    set_has(&d->selections[i].match, ifindex))
			return true;
	return false;
}

void select_initialized(struct daemon *d, const struct stabletap_link *link)
{
	if (is_asked_for(d, link->ifindex))
		bring_up(d, link);
}

static int on_up(sd_event_source *s, uint64_t usec, void *arg)
{
	const struct stabletap_link *link;
	struct daemon *d = arg;
	size_t i;
	int dev;

	(void)s, (void)usec;
	for (i = d->refused.n; i-- > 0;) {
		dev = d->refused.v[i];
		link = stabletap_links_find(&d->links, dev);
		if (link && is_asked_for(d, dev))
			bring_up(d, link);
		else
			set_make(&d->refused, dev, false);
	}
	if (d->refused.n)
		up_later(d);
	return 0;
}

int select_start(struct daemon *d)
{
	int err = sd_event_add_time(d->loop, &d->up, CLOCK_BOOTTIME, 0, 1000,
				    on_up, d);

	if (err >= 0)
		err = sd_event_source_set_enabled(d->up, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}

void select_update(struct daemon *d, int ifindex,
		   const struct stabletap_link *link)
{
	size_t i;

	if (!link) {
		set_make(&d->seen, ifindex, false);
		set_make(&d->refused, ifindex, false);
		set_make(&d->made, ifindex, false);
	}
	/* Pools last: they are made of the others. */
	for (i = 0; i < d->selections_n; i++)
		if (!d->selections[i].pool)
			selection_update(d, &d->selections[i], ifindex, link);
	for (i = 0; i < d->selections_n; i++)
		if (d->selections[i].pool)
			selection_update(d, &d->selections[i], ifindex, link);
	tell_by_hand(d, ifindex, link);
	probes_update(d, ifindex, link);
	pools_look(d, ifindex);
}

static void forget_gone(const struct daemon *d, struct set *s)
{
	size_t i;

	for (i = s->n; i-- > 0;)
		if (!stabletap_links_find(&d->links, s->v[i]))
			set_drop(s, s->v[i]);
}

void select_all(struct daemon *d)
{
	struct selection *sel;
	size_t i, k;

	forget_gone(d, &d->seen);
	forget_gone(d, &d->refused);
	forget_gone(d, &d->made);
	for (i = 0; i < d->selections_n; i++) {
		sel = &d->selections[i];
		sel->match.n = 0;
		sel->base.n = 0;
		sel->wifi.n = 0;
		for (k = 0; k < d->links.n; k++)
			make_base(d, sel, d->links.v[k]->ifindex,
				  d->links.v[k]);
		rescan(d, sel);
		make_vlans(sel);
		tell_users(d, sel);
	}
	for (i = 0; i < d->selections_n; i++)
		if (d->selections[i].pool)
			rescan(d, &d->selections[i]);
	probes_update_all(d);
	pools_look(d, 0);
}

const struct stabletap_link *select_named(const struct daemon *d,
					  const char *name)
{
	size_t i;

	for (i = 0; i < d->links.n; i++)
		if (is_named(d->links.v[i], name))
			return d->links.v[i];
	return NULL;
}

/* ---- beginning and end ---- */

static int add_user(struct selection *sel, size_t port)
{
	size_t *grown;
	size_t n = sel->users_n;

	/* Candidates of one port stand together. */
	if (n && sel->users[n - 1] == port)
		return 0;
	/* Grown by doubling: at each power of two. */
	if (!(n & (n - 1))) {
		grown = realloc(sel->users, (n ? n * 2 : 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		sel->users = grown;
	}
	sel->users[n] = port;
	sel->users_n++;
	return 0;
}

int select_init(struct daemon *d)
{
	const struct conf_port *conf;
	size_t i, k;
	int err;

	d->selections = calloc(d->conf->selectors_n + 1,
			       sizeof(*d->selections));
	if (!d->selections)
		return -ENOMEM;
	d->selections_n = d->conf->selectors_n;
	for (i = 0; i < d->selections_n; i++) {
		d->selections[i].daemon = d;
		d->selections[i].spec = &d->conf->selectors[i];
	}
	for (i = 0; i < d->conf->pools_n; i++)
		d->selections[d->conf->pools[i].selector].pool =
			&d->conf->pools[i];
	for (i = 0; i < d->ports_n; i++) {
		conf = d->ports[i].conf;
		for (k = 0; k < conf->candidates_n; k++) {
			err = add_user(&d->selections[conf->candidates[k].selector],
				       i);
			if (err)
				return err;
		}
	}
	return pools_init(d);
}

void select_free(struct daemon *d)
{
	size_t i;

	pools_free(d);
	for (i = 0; i < d->selections_n; i++) {
		free(d->selections[i].match.v);
		free(d->selections[i].base.v);
		free(d->selections[i].wifi.v);
		free(d->selections[i].users);
		sd_event_source_disable_unref(d->selections[i].timer);
	}
	free(d->selections);
	d->selections = NULL;
	d->selections_n = 0;
}
