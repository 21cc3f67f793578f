// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches a device: creates the child for it, keeps the order in which no
 * frame is lost, and undoes the steps if one fails.
 *
 * If the process dies at any step, it leaves at most a child without a master,
 * which stabletap_child_sweep() finds by its mark.
 */
#include <errno.h>
#include <string.h>
#include <net/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>

#include "claim.h"
#include "internal.h"

#define FILTER_FLAGS (STABLETAP_ATTACH_PROMISC | STABLETAP_ATTACH_FILTER)

static uint32_t macvlan_mode(enum stabletap_mode mode)
{
	switch (mode) {
	case STABLETAP_MODE_VEPA:
		return MACVLAN_MODE_VEPA;
	case STABLETAP_MODE_PRIVATE:
		return MACVLAN_MODE_PRIVATE;
	case STABLETAP_MODE_PASSTHRU:
		return MACVLAN_MODE_PASSTHRU;
	default:
		return MACVLAN_MODE_BRIDGE;
	}
}

static bool wants_alone(enum stabletap_mode mode)
{
	return mode == STABLETAP_MODE_PASSTHRU || mode == STABLETAP_MODE_DIRECT;
}

/* ---- the plan ---- */

static enum stabletap_how how_direct(const struct stabletap_place *p)
{
	const struct stabletap_link *old = &p->old_link;
	int parent = stabletap_link_parent(old);

	if (old->ifindex == p->dev)
		return STABLETAP_HOW_KEEP;
	/* The old child holds the receive handler of its parent. */
	if (parent == p->dev)
		return STABLETAP_HOW_BREAK;
	/* Two macvlans of one parent can't both have the port's MAC address. */
	if (parent && parent == stabletap_link_parent(&p->dev_link))
		return STABLETAP_HOW_BREAK;
	return STABLETAP_HOW_SWAP;
}

static enum stabletap_how how_child(const struct stabletap_place *p)
{
	const struct stabletap_link *old = &p->old_link;
	uint32_t mode = macvlan_mode(p->mode);

	/* The port itself holds the receive handler of a direct lower. */
	if (old->ifindex == p->parent)
		return STABLETAP_HOW_BREAK;
	if (stabletap_link_parent(old) != p->parent)
		return STABLETAP_HOW_SWAP;
	if (old->macvlan_mode == mode)
		return STABLETAP_HOW_KEEP;
	/* A macvlan that is no child must not be changed. */
	if (!stabletap_child_is(old, NULL))
		return STABLETAP_HOW_BREAK;
	if (mode == MACVLAN_MODE_PASSTHRU ||
	    old->macvlan_mode == MACVLAN_MODE_PASSTHRU)
		return STABLETAP_HOW_BREAK;
	return STABLETAP_HOW_MODE;
}

static enum stabletap_how choose_how(const struct stabletap_place *p)
{
	bool direct = p->mode == STABLETAP_MODE_DIRECT;

	if (!p->old_link.ifindex) {
		/*
		 * An attach by rtnetlink, as part of the child's creation, has
		 * no flags.
		 */
		if (direct || (p->flags & FILTER_FLAGS))
			return STABLETAP_HOW_SWAP;
		return STABLETAP_HOW_CHILD;
	}
	return direct ? how_direct(p) : how_child(p);
}

int stabletap_place_plan(struct stabletap *st, struct stabletap_place *p)
{
	int err;

	stabletap_link_release(&p->port_link);
	stabletap_link_release(&p->dev_link);
	stabletap_link_release(&p->old_link);

	err = stabletap_port_get(st, p->port, &p->state);
	if (err)
		return err;
	err = stabletap_link_get(st, p->port, &p->port_link);
	if (err)
		return err;
	err = stabletap_link_get(st, p->dev, &p->dev_link);
	if (err)
		return err;
	if (p->state.lower) {
		err = stabletap_link_get(st, (int)p->state.lower, &p->old_link);
		/* The lower may have gone just now: then there is none. */
		if (err && err != -ENODEV)
			return err;
	}

	/* The kernel puts a macvlan on a macvlan onto that one's parent. */
	p->parent = stabletap_link_parent(&p->dev_link);
	if (!p->parent)
		p->parent = p->dev;
	p->how = choose_how(p);
	return 0;
}

/* ---- the steps ---- */

/* Deletes a lower if it is a child; other macvlans stay. */
static int discard(struct stabletap *st, const struct stabletap_link *lower)
{
	int err;

	if (!stabletap_child_is(lower, NULL))
		return 0;
	err = stabletap_link_delete(st, lower->ifindex);
	return err == -ENODEV ? 0 : err;
}

/* Removes the new child, and keeps the message of the failure. */
static void undo_child(struct stabletap *st, int child)
{
	struct stabletap_kept kept;

	stabletap_message_keep(st, &kept);
	stabletap_link_delete(st, child);
	stabletap_message_put_back(st, &kept);
}

static int make_child(struct stabletap *st, const struct stabletap_place *p,
		      bool attach, int *lower)
{
	return stabletap_child_create(st, &p->port_link, p->parent,
				      p->parent == p->dev ? p->dev_link.name :
							    NULL,
				      macvlan_mode(p->mode), attach, lower);
}

static int place_child(struct stabletap *st, struct stabletap_place *p)
{
	return make_child(st, p, true, &p->lower);
}

/* Prepares the new lower, attaches or replaces, then removes the old one. */
static int place_swap(struct stabletap *st, struct stabletap_place *p)
{
	bool child = p->mode != STABLETAP_MODE_DIRECT;
	int lower = p->dev;
	int err;

	if (child) {
		err = make_child(st, p, false, &lower);
		if (err)
			return err;
	}
	err = stabletap_port_attach(st, p->port, lower, p->flags);
	if (err) {
		if (child)
			undo_child(st, lower);
		return err;
	}
	st_fault("attached");
	p->lower = lower;
	if (!p->old_link.ifindex)
		return 0;
	/* Without a wait, the port still receives through the old child. */
	if (st->no_wait ? stabletap_child_is(&p->old_link, NULL) :
			  discard(st, &p->old_link) != 0)
		p->leftover = p->old_link.ifindex;
	return 0;
}

/* Keeps the lower: a REPLACE by the same lower only sets its flags. */
static int place_keep(struct stabletap *st, struct stabletap_place *p)
{
	p->lower = p->old_link.ifindex;
	return stabletap_port_attach(st, p->port, p->lower, p->flags);
}

static int place_mode(struct stabletap *st, struct stabletap_place *p)
{
	int lower = p->old_link.ifindex;
	struct stabletap_kept kept;
	int err;

	err = stabletap_macvlan_set_mode(st, lower, macvlan_mode(p->mode));
	if (err)
		return err;
	st_fault("mode-changed");
	err = place_keep(st, p);
	if (err) {
		stabletap_message_keep(st, &kept);
		stabletap_macvlan_set_mode(st, lower,
					   p->old_link.macvlan_mode);
		stabletap_message_put_back(st, &kept);
	}
	return err;
}

/* Attaches the old lower again after a failed BREAK. */
static int restore(struct stabletap *st, const struct stabletap_place *p,
		   bool deleted)
{
	const struct stabletap_link *old = &p->old_link;
	uint32_t flags = p->state.attach_flags & FILTER_FLAGS;
	int lower = old->ifindex;
	int err;

	/*
	 * The kernel reports a macvlan's default as a flag that it does not
	 * accept.
	 */
	if (p->state.lower_kind == STABLETAP_LOWER_MACVLAN)
		flags &= STABLETAP_ATTACH_FILTER;
	if (deleted) {
		err = stabletap_child_create(st, &p->port_link, old->link, NULL,
					     old->macvlan_mode, false, &lower);
		if (err)
			return err;
	}
	err = stabletap_port_attach(st, p->port, lower, flags);
	if (err && deleted)
		undo_child(st, lower);
	return err;
}

/* Refuses if the device has other macvlans than the old lower. */
static int check_alone(struct stabletap *st, const struct stabletap_place *p)
{
	struct stabletap_links vlans = { 0 };
	const struct stabletap_link *l;
	size_t i;
	int err = stabletap_link_dump(st, "macvlan", &vlans);

	if (err < 0)
		return err;
	err = 0;
	for (i = 0; i < vlans.n && !err; i++) {
		l = vlans.v[i];
		if (stabletap_link_parent(l) == p->parent &&
		    l->ifindex != p->old_link.ifindex)
			err = -EBUSY;
	}
	stabletap_links_release(&vlans);
	if (err)
		st_message_set(st, "'%s' has other macvlans, and mode %s wants it alone",
			       p->dev_link.name, stabletap_mode_name(p->mode));
	return err;
}

/* The old lower is gone, so attach as for a port without a lower. */
static int place_fresh(struct stabletap *st, struct stabletap_place *p)
{
	struct stabletap_place fresh = *p;
	int err;

	memset(&fresh.old_link, 0, sizeof(fresh.old_link));
	fresh.flags &= ~STABLETAP_ATTACH_REPLACE;
	fresh.how = choose_how(&fresh);
	err = fresh.how == STABLETAP_HOW_CHILD ? place_child(st, &fresh) :
						 place_swap(st, &fresh);
	p->lower = fresh.lower;
	return err;
}

static void put_back(struct stabletap *st, struct stabletap_place *p,
		     bool deleted)
{
	struct stabletap_kept kept;

	stabletap_message_keep(st, &kept);
	p->restored = restore(st, p, deleted);
	if (!p->restored)
		p->restored = 1;
	stabletap_message_put_back(st, &kept);
}

static int place_break(struct stabletap *st, struct stabletap_place *p)
{
	bool child = stabletap_child_is(&p->old_link, NULL);
	int err = 0;

	/* Check this before the old lower is detached. */
	if (wants_alone(p->mode))
		err = check_alone(st, p);
	if (err)
		return err;
	err = stabletap_port_detach(st, p->port, p->old_link.ifindex);
	/*
	 * The lower was deleted meanwhile, or the port, as the next plan will
	 * find.
	 */
	if (err == -ENODEV)
		err = -ESTALE;
	if (err)
		return err;
	st_fault("detached");
	if (child)
		err = discard(st, &p->old_link);
	st_fault("old-deleted");
	if (err) {
		put_back(st, p, false);
		return err;
	}
	err = place_fresh(st, p);
	/* Another process has given the port a lower: plan again with that. */
	if (err == -EEXIST)
		return -ESTALE;
	if (err)
		put_back(st, p, child);
	return err;
}

/* ---- refusals ---- */

static bool has_passthru(struct stabletap *st, int parent)
{
	struct stabletap_links vlans = { 0 };
	bool found = false;
	size_t i;

	stabletap_link_dump(st, "macvlan", &vlans);
	for (i = 0; i < vlans.n; i++)
		if (stabletap_link_parent(vlans.v[i]) == parent &&
		    vlans.v[i]->macvlan_mode == MACVLAN_MODE_PASSTHRU)
			found = true;
	stabletap_links_release(&vlans);
	/* Clear the message of an interrupted dump. */
	st_message_clear(st);
	return found;
}

/* macvlan refuses without a message, so find the reason. */
static void explain(struct stabletap *st, const struct stabletap_place *p,
		    int err)
{
	const struct stabletap_link *dev = &p->dev_link;
	uint32_t mtu = p->port_link.mtu;

	if (*st->msg || p->mode == STABLETAP_MODE_DIRECT)
		return;
	if (err == -EBUSY)
		st_message_set(st, "the device has a master or a receive "
			       "handler already (bridge, bond, Open vSwitch, "
			       "a port ...)");
	else if (err == -EADDRINUSE)
		st_message_set(st, "the device, or a macvlan on it, has the "
			       "port's MAC address");
	else if (err != -EINVAL)
		return;
	else if (dev->type != ARPHRD_ETHER || dev->flags & IFF_LOOPBACK)
		st_message_set(st, "it is no Ethernet device");
	else if (mtu > dev->mtu && p->dev == p->parent)
		st_message_set(st, "the device's MTU %u is below the port's %u",
			       dev->mtu, mtu);
	else if (has_passthru(st, p->parent))
		st_message_set(st, "a macvlan in passthru mode has the device "
			       "for itself");
	else if (p->mode == STABLETAP_MODE_PASSTHRU)
		st_message_set(st, "passthru mode wants the device without "
			       "other macvlans");
}

/*
 * Number of plans that are made because the lower changed meanwhile.  Each
 * change is another process's success, so this is the number of processes that
 * can work on one port at the same time.
 */
#define PLAN_ATTEMPTS 16

/* Returns how often a port has got a lower. */
static uint64_t count_lowers(const struct stabletap_get *state)
{
	return state->attaches + state->replaces;
}

/* Has the port got or lost a lower since the plan? */
static bool has_changed(struct stabletap *st, const struct stabletap_place *p)
{
	struct stabletap_kept kept;
	struct stabletap_get now;
	bool changed;

	stabletap_message_keep(st, &kept);
	changed = !stabletap_port_get(st, p->port, &now) &&
		  (now.lower != p->state.lower ||
		   count_lowers(&now) != count_lowers(&p->state));
	stabletap_message_put_back(st, &kept);
	return changed;
}

static int do_step(struct stabletap *st, struct stabletap_place *p)
{
	p->lower = 0;
	p->restored = 0;
	p->leftover = 0;
	/*
	 * The kernel would refuse this too, but only after the child was
	 * created.
	 */
	if (p->old_link.ifindex && !(p->flags & STABLETAP_ATTACH_REPLACE)) {
		st_message_set(st, "The port has a lower; detach it first, or ask for replace");
		return -EEXIST;
	}

	switch (p->how) {
	case STABLETAP_HOW_CHILD:
		return place_child(st, p);
	case STABLETAP_HOW_SWAP:
		return place_swap(st, p);
	case STABLETAP_HOW_MODE:
		return place_mode(st, p);
	case STABLETAP_HOW_KEEP:
		return place_keep(st, p);
	case STABLETAP_HOW_BREAK:
		return place_break(st, p);
	}
	return -EINVAL;
}

/* Is @err due to another process that worked on the port meanwhile? */
static bool is_overtaken(struct stabletap *st, const struct stabletap_place *p,
			 int err)
{
	/*
	 * Only the first step of a BREAK returns these, so nothing has changed.
	 */
	if (err == -ENOTCONN || err == -ESTALE)
		return true;
	/* After a BREAK was undone, the changes may be its own. */
	return err && !p->restored && p->flags & STABLETAP_ATTACH_REPLACE &&
	       has_changed(st, p);
}

static int carry_out(struct stabletap *st, struct stabletap_place *p)
{
	int err;
	int i;

	for (i = 0; i < PLAN_ATTEMPTS; i++) {
		err = do_step(st, p);
		if (!is_overtaken(st, p, err)) {
			if (err)
				explain(st, p, err);
			return err;
		}
		err = stabletap_place_plan(st, p);
		if (err)
			return err;
	}
	st_message_set(st, "the port's lower changed during each of %d "
		       "attempts", PLAN_ATTEMPTS);
	return -ESTALE;
}

/*
 * Has another process worked on the port at the same time?  Then the replaced
 * lower may be another child than the planned one, and is not removed yet.
 */
static bool was_shared(struct stabletap *st, const struct stabletap_place *p)
{
	struct stabletap_get now;

	if (p->how == STABLETAP_HOW_KEEP || p->how == STABLETAP_HOW_MODE)
		return false;
	return !stabletap_port_get(st, p->port, &now) &&
	       count_lowers(&now) != count_lowers(&p->state) + 1;
}

int stabletap_place_run(struct stabletap *st, struct stabletap_place *p)
{
	int swept = 0;
	int err = 0;

	st_fault("planned");
	claim_take(st_claims(st), p->port);
	/* An orphaned child with the port's MAC address would be in the way. */
	if (!p->swept)
		swept = stabletap_child_sweep(st, p->port, NULL);
	if (swept && swept != -EAGAIN)
		err = swept;
	if (!err)
		err = carry_out(st, p);
	claim_drop(st_claims(st), p->port);
	/*
	 * While two processes have claimed the port, neither can sweep.  The
	 * last one to drop its claim sweeps for both.
	 */
	if (!err && (swept == -EAGAIN || was_shared(st, p)))
		stabletap_child_sweep(st, p->port, NULL);
	return err;
}

void stabletap_place_release(struct stabletap_place *p)
{
	stabletap_link_release(&p->port_link);
	stabletap_link_release(&p->dev_link);
	stabletap_link_release(&p->old_link);
}

/* ---- detach and delete ---- */

int stabletap_place_remove(struct stabletap *st, int port, int lower)
{
	struct stabletap_link link = { 0 };
	struct stabletap_get state;
	int err;

	err = stabletap_port_get(st, port, &state);
	if (err)
		return err;
	if (!lower)
		lower = (int)state.lower;
	if (lower)
		stabletap_link_get(st, lower, &link);
	err = stabletap_port_detach(st, port, lower);
	if (err)
		goto out;
	st_fault("detached");
	if (link.ifindex)
		err = discard(st, &link);
out:
	stabletap_link_release(&link);
	return err;
}

int stabletap_place_delete(struct stabletap *st, int port, uint32_t flags)
{
	struct stabletap_link link = { 0 };
	struct stabletap_get state;
	int err;

	err = stabletap_port_get(st, port, &state);
	if (err)
		return err;
	if (state.lower)
		stabletap_link_get(st, (int)state.lower, &link);
	err = stabletap_port_delete(st, port, flags);
	if (err)
		goto out;
	stabletap_child_forget(port);
	st_fault("port-deleted");
	if (link.ifindex)
		err = discard(st, &link);
out:
	stabletap_link_release(&link);
	return err;
}
