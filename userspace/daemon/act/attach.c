// SPDX-License-Identifier: GPL-2.0
/* Attaches, replaces and detaches lowers. */
#include "act/act.h"
#include "act/attach.h"
#include "act/vf.h"
#include "util/log.h"

static bool keeps_lower(enum stabletap_how how)
{
	return how == STABLETAP_HOW_KEEP || how == STABLETAP_HOW_MODE;
}

static enum stabletap_how how_taken(const struct port *port,
				    const struct stabletap_place *p, int err)
{
	/* The refusal came before the old lower was detached. */
	if (err && p->how == STABLETAP_HOW_BREAK && !p->restored)
		return STABLETAP_HOW_SWAP;
	/*
	 * Another process has attached the lower that was kept, and the event
	 * of that is still to come.
	 */
	if (!err && keeps_lower(p->how) && p->lower != (int)port->told.lower)
		return STABLETAP_HOW_SWAP;
	return p->how;
}

static int place(struct act *a, struct port *port, int dev,
		 enum stabletap_mode mode, enum stabletap_how *how)
{
	struct stabletap_place p = {
		.port = port->ifindex, .dev = dev, .mode = mode,
		.flags = port->conf->filter ? STABLETAP_ATTACH_FILTER : 0,
		.swept = true,
	};
	int err;

	if (port->told.lower)
		p.flags |= STABLETAP_ATTACH_REPLACE;
	err = stabletap_place_plan(a->st, &p);
	if (!err)
		err = stabletap_place_run(a->st, &p);
	/*
	 * If another process has attached another lower meanwhile, the run has
	 * made another plan.
	 */
	*how = how_taken(port, &p, err);
	/* If memory is short, it is swept as any child without a master. */
	if (!err && p.leftover)
		idset_add(&a->m->replaced, p.leftover);
	stabletap_place_release(&p);
	return err;
}

int attach_port(struct act *a, struct vf_keeper *vfs, struct port *port,
		struct device *dev, enum stabletap_mode mode,
		enum stabletap_how *how)
{
	int err = vf_prepare(vfs, port, dev, mode);

	*how = STABLETAP_HOW_CHILD;
	if (!err)
		err = place(a, port, dev->link.ifindex, mode, how);
	return err;
}

int detach_port(struct act *a, struct port *port)
{
	return stabletap_place_remove(a->st, port->ifindex,
				      (int)port->told.lower);
}
