// SPDX-License-Identifier: GPL-2.0
/*
 * A VF gets the settings for a port (MAC address, VLAN and so on) in its PF
 * before it is attached, and is restored when no port has it.  The previous
 * settings are kept in an altname of the VF's device, the mark
 * (stabletap_vf_set_up()).  So one rule suffices and needs no memory: restore
 * each member that is marked and has no port.  A VF whose device was removed in
 * between has lost its mark.  Such a VF is recognised by the port's MAC address
 * in the PF.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#include "act/act.h"
#include "act/sriov.h"
#include "act/vf.h"
#include "model/match.h"
#include "model/pool.h"
#include "util/log.h"
#include "util/priority.h"
#include "util/retry.h"

struct vf_keeper {
	struct act *act;
	struct sriov *sriov;
	bool check;		/* read the settings of VFs from the PFs ... */
	bool notice;		/* ... of VFs in use only */
	bool again;		/* the back-off after a failure is over */
	bool failed;		/* a VF could not be restored */
	struct retry retry;
	sd_event_source *work;
	sd_event_source *timer;
};

static void look(struct vf_keeper *k)
{
	sd_event_source_set_enabled(k->work, SD_EVENT_ONESHOT);
}

/* ---- present settings ---- */

/*
 * The kernel sends no event when the altnames of a device change while it is
 * down, or when a driver takes over the address that the PF has set.  So these
 * two are read.  All else is left to events: if it were updated here, the
 * events would bring no change, and be ignored.
 */
static void refresh(struct vf_keeper *k, struct device *dev)
{
	struct stabletap_link now, merged;

	if (stabletap_link_get(k->act->st, dev->link.ifindex, &now))
		return;
	merged = dev->link;
	memcpy(merged.addr, now.addr, sizeof(merged.addr));
	merged.altnames = now.altnames;
	merged.altnames_len = now.altnames_len;
	if (device_is_news(&dev->link, &merged))
		model_link(k->act->m, &merged);
	stabletap_link_release(&now);
}

/* -EOPNOTSUPP: the PF's driver does not report its VFs' settings. */
static int get(struct vf_keeper *k, const struct device *dev, int *pf_ifindex,
	       struct stabletap_vf *out)
{
	const struct model *m = k->act->m;
	const struct stabletap_vf *vf;
	const struct device *pf;
	struct stabletap_vfs vfs;
	int number, err;

	number = *dev->pf ? m->facts->vf_number(&dev->link, dev->pf, 0,
						CONF_VF_MAX) : -1;
	if (number < 0)
		return -ENOTTY;
	pf = model_on_bus(m, dev->link.parent_bus, dev->pf);
	/* The PF is in another namespace, or going. */
	if (!pf)
		return -ENXIO;
	*pf_ifindex = pf->link.ifindex;
	err = stabletap_vf_dump(k->act->st, *pf_ifindex, &vfs);
	if (err)
		return err;
	vf = stabletap_vfs_find(&vfs, (unsigned int)number);
	if (vf)
		*out = *vf;
	else
		err = vfs.n ? -ENODEV : -EOPNOTSUPP;
	stabletap_vfs_release(&vfs);
	return err;
}

/* ---- wanted settings ---- */

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

static struct stabletap_vf wish(const struct conf_pool *pool,
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

/* The changes that a VF needs for a port */
struct setup {
	int pf;
	struct stabletap_vf now, want;
	const uint8_t *addr;	/* the device's own; NULL: unchanged */
};

/* Returns 1 if settings must change.  @whole: port @self uses @dev whole. */
static int plan_setup(struct vf_keeper *k, const struct conf_pool *pool,
		      const struct device *dev, const struct device *self,
		      bool whole, struct setup *s)
{
	int err = get(k, dev, &s->pf, &s->now);

	if (err == -ENOTTY || (err && wants_nothing(pool)))
		return 0;
	if (err)
		return err;
	s->want = wish(pool, &s->now, self->link.addr);
	/* The kernel refuses a macvlan with its parent's address. */
	s->addr = pool->vf_mac && whole ? self->link.addr : NULL;
	return !stabletap_vf_equal(&s->now, &s->want) ||
	       (s->addr && memcmp(dev->link.addr, s->addr, 6) != 0);
}

static int set_up(struct vf_keeper *k, struct device *dev,
		  const struct setup *s)
{
	struct stabletap *st = k->act->st;
	struct stabletap_kept kept;
	int err = stabletap_vf_set_up(st, &dev->link, s->pf, &s->now, &s->want,
				      s->addr);

	stabletap_message_keep(st, &kept);
	refresh(k, dev);
	stabletap_message_put_back(st, &kept);
	return err;
}

int vf_prepare(struct vf_keeper *k, struct port *port, struct device *dev,
	       enum stabletap_mode mode)
{
	const struct conf_pool *pool = pool_of(port, dev);
	const struct device *self;
	struct setup s = { 0 };
	int n;

	if (!pool || !*dev->pf)
		return 0;
	refresh(k, dev);
	self = model_device(k->act->m, port->ifindex);
	if (!self)
		return -ENODEV;
	n = plan_setup(k, pool, dev, self, port_takes_whole(mode), &s);
	if (n == -EOPNOTSUPP && !dev->vf.silent)
		log_line(LOG_WARNING, port->conf->name,
			 "the PF of %s does not report its VFs' settings, which could not be restored later; set VFMAC=no in its pool to use it unchanged",
			 dev->link.name);
	dev->vf.silent = n == -EOPNOTSUPP;
	if (n <= 0)
		return n;
	/* If this or the attach fails, the VF must be restored. */
	look(k);
	return set_up(k, dev, &s);
}

/* ---- restoring ---- */

/* Restores a marked VF that no port has. */
static void put_back(struct vf_keeper *k, struct device *dev)
{
	struct stabletap_vf now, was;
	struct pool_use use;
	uint8_t addr[6];
	int pf = 0, err;

	pool_use(dev, &use);
	if (use.holder || !stabletap_vf_marked(&dev->link, addr, &was)) {
		dev->vf.failed = false;
		return;
	}
	/* After a failure, retry by the timer and not at every event. */
	if (dev->vf.failed && !k->again && !k->check) {
		k->failed = true;
		return;
	}
	refresh(k, dev);
	err = get(k, dev, &pf, &now);
	if (!err)
		err = stabletap_vf_put_back(k->act->st, &dev->link, pf, &now);
	if (!err) {
		log_line(LOG_INFO, NULL, "VF %s has its previous settings again", dev->link.name);
		refresh(k, dev);
		/*
		 * The VF's pool is refreshed when its event shows that it is
		 * free.
		 */
		look(k);
	} else if (err == -ENODEV || err == -ENXIO) {
		err = 0;
	} else if (!dev->vf.failed) {
		/* Log the first failure only. */
		log_line(LOG_WARNING, NULL, "can't restore the settings of VF %s: %s",
			 dev->link.name, act_why(k->act, err));
	}
	dev->vf.failed = err;
	k->failed |= err != 0;
}

/* ---- mending ---- */

static bool is_used_whole(const struct device *dev, const struct device *self)
{
	const struct device *lower;

	lower = model_device(dev->model, (int)self->link.port.lower);
	return lower && (lower == dev ||
			 lower->link.macvlan_mode == MACVLAN_MODE_PASSTHRU);
}

/*
 * Repeats lost settings of a VF in use: the port's address or the configuration
 * may have changed, or the PF may have lost them.  If the PF does not keep a
 * setting, it is requested once, and again only after the PF had it.
 */
static void mend(struct vf_keeper *k, struct device *dev)
{
	const struct conf_pool *pool;
	const struct device *self;
	const struct port *port;
	struct pool_use use;
	struct setup s = { 0 };
	int n;

	pool_use(dev, &use);
	self = use.holder ? model_device(k->act->m, use.holder) : NULL;
	port = self ? self->port : NULL;
	pool = port ? pool_of(port, dev) : NULL;
	if (!pool || !*dev->pf)
		return;
	if (memcmp(dev->vf.mac, self->link.addr, sizeof(dev->vf.mac)) != 0)
		dev->vf.mended = false;
	else if (!k->check && !k->notice)
		return;
	memcpy(dev->vf.mac, self->link.addr, sizeof(dev->vf.mac));
	n = plan_setup(k, pool, dev, self, is_used_whole(dev, self), &s);
	if (n <= 0)
		dev->vf.mended = false;
	if (n <= 0 || dev->vf.mended)
		return;
	dev->vf.mended = true;
	n = set_up(k, dev, &s);
	log_line(LOG_NOTICE, port->conf->name, "VF %s is set up again%s%s",
		 dev->link.name, n ? ", in part: " : "",
		 n ? act_why(k->act, n) : "");
}

/* ---- VFs whose device is gone, and the mark with it ---- */

static bool is_zero(const uint8_t mac[6])
{
	static const uint8_t none[6];

	return !memcmp(mac, none, sizeof(none));
}

static bool is_a_ports(const struct model *m, const uint8_t mac[6])
{
	const struct device *dev;
	size_t i;

	for (i = 0; i < m->ports_n; i++)
		if (m->ports[i]->conf->mac_set &&
		    !memcmp(m->ports[i]->conf->mac, mac, 6))
			return true;
	for (i = 0; i < m->devices_n; i++) {
		dev = m->devices[i];
		if (stabletap_link_is_port(&dev->link) &&
		    !memcmp(dev->link.addr, mac, 6))
			return true;
	}
	return false;
}

/* Is the VF in use, or does it have a mark? */
static bool is_accounted_for(const struct device *dev)
{
	struct pool_use use;

	if (!dev)
		return false;
	pool_use(dev, &use);
	return use.holder || device_is_marked(&dev->link);
}

static void clear_stray(struct vf_keeper *k, const struct conf_pool *pool,
			const struct device *pf,
			const struct stabletap_vf *now)
{
	struct model *m = k->act->m;
	struct stabletap_vf want = *now;
	char name[64];

	if (is_zero(now->mac) || !is_a_ports(m, now->mac) ||
	    !m->facts->vf_name(&pf->link, (int)now->number, name,
			       sizeof(name)) ||
	    is_accounted_for(model_on_bus(m, pf->link.parent_bus, name)))
		return;
	memset(want.mac, 0, sizeof(want.mac));
	if (pool->vf_vlan)
		want.vlan = want.qos = 0;
	if (pool->vf_spoof_check != CONF_VF_KEEP)
		want.spoof_check = flag(CONF_VF_YES, now->spoof_check);
	if (pool->vf_trust != CONF_VF_KEEP)
		want.trust = flag(CONF_VF_NO, now->trust);
	if (!stabletap_vf_change(k->act->st, pf->link.ifindex, now, &want))
		log_line(LOG_INFO, NULL,
			 "cleared a port's address from VF %u of %s",
			 now->number, pf->link.name);
}

static void clear_strays(struct vf_keeper *k, const struct conf_pool *pool,
			 const struct conf_selector *s,
			 const struct device *pf)
{
	struct stabletap_vfs vfs;
	size_t i;

	if (!pool->vf_mac || stabletap_vf_dump(k->act->st, pf->link.ifindex,
					       &vfs))
		return;
	for (i = 0; i < vfs.n; i++)
		if ((int)vfs.v[i].number >= s->vf &&
		    (int)vfs.v[i].number <= s->vf_last)
			clear_stray(k, pool, pf, &vfs.v[i]);
	stabletap_vfs_release(&vfs);
}

/* ---- evaluation ---- */

static void look_at_pf(struct vf_keeper *k, const struct conf_pool *pool,
		       const struct selection *sel, int ifindex)
{
	struct device *pf = model_device(k->act->m, ifindex);

	if (!pf || !*pf->link.parent_dev)
		return;
	sriov_make(k->sriov, pool, pf);
	if (k->check)
		clear_strays(k, pool, sel->spec, pf);
}

static void look_at_pool(struct vf_keeper *k, const struct conf_pool *pool)
{
	const struct selection *sel;
	size_t i, b;

	for (i = 0; i < pool->members.n; i++) {
		sel = match_selection(k->act->m,
				      pool->members.v[i].selector->number);
		for (b = 0; sel->spec->vf >= 0 && b < sel->base->devices.n; b++)
			look_at_pf(k, pool, sel, sel->base->devices.v[b]);
	}
}

/*
 * Evaluates members and marked VFs: the configuration may no longer have the
 * pool that a VF was set up for.
 */
static void look_at_devices(struct vf_keeper *k)
{
	struct model *m = k->act->m;
	struct device *dev;
	size_t i;

	for (i = 0; i < m->devices_n; i++) {
		dev = m->devices[i];
		if (!*dev->pf)
			continue;
		put_back(k, dev);
		if (dev->matches.n)
			mend(k, dev);
	}
}

static void look_later(struct vf_keeper *k)
{
	sd_event_source_set_time_relative(k->timer,
		retry_after(&k->retry, &retry_refused) / 1000);
	sd_event_source_set_enabled(k->timer, SD_EVENT_ONESHOT);
}

static int on_work(sd_event_source *s, void *arg)
{
	struct vf_keeper *k = arg;
	struct model *m = k->act->m;
	size_t i;

	(void)s;
	k->failed = false;
	look_at_devices(k);
	for (i = 0; m->conf && i < m->conf->pools_n; i++)
		look_at_pool(k, &m->conf->pools[i]);
	if (!k->failed)
		retry_reset(&k->retry);
	else if (!sd_event_source_get_enabled(k->timer, NULL))
		look_later(k);
	k->check = false;
	k->notice = false;
	k->again = false;
	return 0;
}

static int on_again(sd_event_source *s, uint64_t usec, void *arg)
{
	struct vf_keeper *k = arg;

	(void)s, (void)usec;
	k->again = true;
	look(k);
	return 0;
}

/* ---- events ---- */

static bool is_pf(const struct device *dev)
{
	const struct base *b;
	size_t i, k;

	for (i = 0; i < dev->bases.n; i++) {
		b = match_base(dev->model, (size_t)dev->bases.v[i]);
		for (k = 0; k < b->selections_n; k++)
			if (b->selections[k]->spec->vf >= 0)
				return true;
	}
	return false;
}

/* Without pools and marks there is nothing to do. */
static bool is_of_interest(const struct vf_keeper *k, const struct device *dev)
{
	return k->act->m->conf && (k->act->m->conf->pools_n ||
				   device_is_marked(&dev->link));
}

static void on_device(struct device *dev, const struct stabletap_link *old,
		      void *arg)
{
	struct vf_keeper *k = arg;

	(void)old;
	if (!is_of_interest(k, dev))
		return;
	k->check |= is_pf(dev);
	if (*dev->pf || is_pf(dev) || stabletap_link_is_port(&dev->link) ||
	    stabletap_child_is(&dev->link, NULL))
		look(k);
}

static void on_gone(struct device *dev, void *arg)
{
	struct vf_keeper *k = arg;

	if (!is_of_interest(k, dev))
		return;
	/* When a VF's device goes, its PF may keep the port's settings. */
	k->check |= *dev->pf != '\0';
	look(k);
}

static void on_notice(struct device *dev, void *arg)
{
	struct vf_keeper *k = arg;

	if (!is_of_interest(k, dev) || !is_pf(dev))
		return;
	/*
	 * When a VF is changed by hand, the kernel sends only an unchanged
	 * RTM_NEWLINK for the PF.  On such a message, check only VFs in use: a
	 * VF without a port may just have been given a port's address, for a
	 * guest that has both.
	 */
	k->notice = true;
	look(k);
}

static void on_configured(const struct conf *before, void *arg)
{
	struct vf_keeper *k = arg;
	size_t i;

	(void)before;
	for (i = 0; i < k->act->m->devices_n; i++)
		k->act->m->devices[i]->vf.tried = false;
	k->check = true;
	look(k);
}

static void on_dropped(struct port *port, void *arg)
{
	(void)port;
	look(arg);
}

/* ---- start and stop ---- */

int vf_keeper_start(struct act *a, struct sriov *sriov,
		    struct vf_keeper **out)
{
	static const struct model_ops ops = {
		.device_changed = on_device, .device_gone = on_gone,
		.device_noticed = on_notice, .configured = on_configured,
		.port_dropped = on_dropped,
	};
	struct vf_keeper *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	k->act = a;
	k->sriov = sriov;
	*out = k;
	model_watch(a->m, &ops, k);
	err = sd_event_add_defer(a->loop, &k->work, on_work, k);
	if (err >= 0)
		err = sd_event_source_set_priority(k->work, PRIORITY_VFS);
	if (err >= 0)
		err = sd_event_source_set_enabled(k->work, SD_EVENT_OFF);
	if (err >= 0)
		err = sd_event_add_time_relative(a->loop, &k->timer,
						 CLOCK_MONOTONIC, 0, 0,
						 on_again, k);
	if (err >= 0)
		err = sd_event_source_set_enabled(k->timer, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}

void vf_keeper_stop(struct vf_keeper *k)
{
	if (!k)
		return;
	sd_event_source_disable_unref(k->work);
	sd_event_source_disable_unref(k->timer);
	free(k);
}
