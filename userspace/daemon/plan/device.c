// SPDX-License-Identifier: GPL-2.0
/* Plans a device that a candidate names: set it up once, make its VLANs. */
#include <net/if.h>

#include "model/match.h"
#include "model/model.h"
#include "plan/delay.h"
#include "plan/device.h"

/*
 * A device that was just made or plugged in is down, and doesn't show whether it
 * has carrier.  It is set up once: if the operator sets it down later, it stays
 * down.
 */
static void plan_set_up(const struct device *dev, struct device_step *step,
			uint64_t now)
{
	if (dev->seen || dev->link.flags & IFF_UP)
		return;
	/* Before Linux 6.2, udev can't rename a device that is up. */
	if (!dev->initialized)
		return;
	if (dev->up_until > now)
		delay_look_at(&step->look_again_at, dev->up_until);
	else
		step->what = DEVICE_SET_UP;
}

/* May VLAN @id be made on it now? */
static bool may_make(const struct device *dev, int id,
		     struct device_step *step, uint64_t now)
{
	const struct device_vlan *v = device_vlan(dev, id);

	if (!v || v->until <= now)
		return true;
	delay_look_at(&step->look_again_at, v->until);
	return false;
}

static void plan_vlans(const struct device *dev, struct device_step *step,
		       uint64_t now)
{
	const struct conf_selector *s;
	const struct base *b;
	size_t i, k;

	for (i = 0; i < dev->bases.n; i++) {
		b = match_base(dev->model, (size_t)dev->bases.v[i]);
		for (k = 0; b->stacks && k < b->selections_n; k++) {
			s = b->selections[k]->spec;
			if (!s->vlan_create || s->vlan < 0 ||
			    idset_has(&dev->vlan_ids, s->vlan) ||
			    !may_make(dev, s->vlan, step, now))
				continue;
			step->what = DEVICE_MAKE_VLAN;
			step->vlan = s->vlan;
			return;
		}
	}
}

struct device_step plan_device(const struct device *dev, uint64_t now)
{
	struct device_step step = { .what = DEVICE_NOTHING };

	if (!match_uses_device(dev))
		return step;
	if (*dev->pf && dev->vfs != VFS_MADE) {
		if (dev->vfs == VFS_UNKNOWN)
			step.what = DEVICE_AWAIT_VFS;
		return step;
	}
	plan_set_up(dev, &step, now);
	if (step.what == DEVICE_NOTHING && dev->link.flags & IFF_UP)
		plan_vlans(dev, &step, now);
	return step;
}
