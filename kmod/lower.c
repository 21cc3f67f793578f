// SPDX-License-Identifier: GPL-2.0
/*
 * Attach, replace and detach.
 *
 * All changes are made under RTNL.  port->lower and port->tx switch both
 * directions: the port accepts the frames of the device that port->lower points
 * at, and, for a moment after a replace, what is still on its way through the
 * old one (overlap.c); it transmits to the device that port->tx points at.
 *
 * Frames that still arrive at a lower that is being released are dropped
 * (rx_inactive), so that no frame for the guest gets into the host's stack
 * through a macvlan that is about to be deleted.
 */
#include <linux/if_arp.h>
#include <linux/if_macvlan.h>
#include <linux/rtnetlink.h>

#include "datapath.h"
#include "filter.h"
#include "hold.h"
#include "lower.h"
#include "overlap.h"
#include "release.h"
#include "report.h"
#include "trace.h"

/*
 * How often a lower is looked at that can't send yet, in milliseconds: at first,
 * and, since the time doubles each time, at last
 */
#define LOWER_RESUME_MS		20
#define LOWER_RESUME_MAX_MS	640

/*
 * Returns true if the device is no port's lower any more, but still sends what
 * is left in its queue (release.c).  Under RTNL.
 */
static bool lower_is_sending(const struct net_device *dev)
{
	const struct stabletap_lower *lower = stabletap_datapath_lower(dev);

	return lower && lower->id;
}

/*
 * End the overlap of the port's last replace, and that of a replace that the
 * device was the old lower of.  Under RTNL.
 */
static void lower_settle(struct stabletap_port *port, struct net_device *dev)
{
	struct stabletap_lower *lower = stabletap_datapath_lower(dev);

	stabletap_release_settle(port, dev);
	if (lower && rcu_access_pointer(lower->overlap))
		stabletap_release_settle(lower->port, dev);
}

/*
 * Check if this device can be the port's lower: first the kind of device, then
 * its present use.
 */
static int lower_check(struct stabletap_port *port, struct net_device *dev,
		       struct netlink_ext_ack *extack)
{
	if (dev->flags & IFF_LOOPBACK) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The loopback device can't be a lower");
		return -ENONET;
	}
	if (dev->type != ARPHRD_ETHER || dev->addr_len != ETH_ALEN) {
		NL_SET_ERR_MSG_MOD(extack,
				   "A lower must be an Ethernet device");
		return -EMEDIUMTYPE;
	}
	if (stabletap_port_is(dev)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "A port can't be the lower of a port");
		return -EOPNOTSUPP;
	}
	if (netdev_has_upper_dev(port->dev, dev)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The device is stacked on the port; it would loop");
		return -ELOOP;
	}
	if (netdev_master_upper_dev_get(dev)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The device has a master; release it first with nomaster");
		return -EBUSY;
	}
	if (dev->priv_flags & IFF_NO_RX_HANDLER) {
		NL_SET_ERR_MSG_MOD(extack,
				   "A device of this kind (ipvlan, VRF) can't be a lower");
		return -EINVAL;
	}
	if (netdev_is_rx_handler_busy(dev) && !lower_is_sending(dev)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "Something else (a macvlan, ipvlan or macvtap?) receives the device's frames");
		return -EBUSY;
	}
	if (stabletap_has_xdp(dev)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "An XDP program is attached to the device; remove it first");
		return -ETXTBSY;
	}
	if (dev->mtu < port->dev->mtu) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The device's MTU is below the port's");
		return -EMSGSIZE;
	}
	return 0;
}

/* Set a message for errors that the kernel has returned without one. */
static void lower_explain(struct netlink_ext_ack *extack, int err)
{
	if (!extack || extack->_msg)
		return;
	if (err == -EMLINK)
		NL_SET_ERR_MSG_MOD(extack,
				   "Too many devices are stacked on each other");
	else if (err == -ENOMEM)
		NL_SET_ERR_MSG_MOD(extack, "Out of memory");
	else if (err == -EADDRINUSE)
		NL_SET_ERR_MSG_MOD(extack,
				   "Another macvlan on the same parent has the port's MAC address");
	else
		NL_SET_ERR_MSG_MOD(extack,
				   "The device refused to be set up as a lower");
}

/* ndo_change_rx_flags of the port, under RTNL */
void stabletap_lower_sync_flags(struct stabletap_port *port)
{
	struct stabletap_lower *lower = rtnl_dereference(port->lower);

	if (lower && stabletap_filter_sync_flags(&lower->filter))
		netdev_warn(port->dev, "%s did not follow promiscuous or allmulti mode\n",
			    lower->dev->name);
}

/*
 * Change the lower for a new MAC address of the port.  The lower comes first,
 * because it can refuse.  Under RTNL.
 */
int stabletap_lower_set_mac(struct stabletap_port *port,
			    const struct sockaddr *addr)
{
	struct stabletap_lower *lower = rtnl_dereference(port->lower);
	const u8 *mac = addr->sa_data;
	int err;

	if (!lower)
		return 0;

	if (netif_is_macvlan(lower->dev)) {
		port->setting_mac = true;
		err = stabletap_release_set_mac(lower->dev, mac, NULL);
		port->setting_mac = false;
		if (!err)
			lower->mac_set = true;
		return err;
	}

	return stabletap_filter_set_mac(&lower->filter, mac);
}

int stabletap_lower_check_mtu(struct stabletap_port *port, int mtu)
{
	struct stabletap_lower *lower = rtnl_dereference(port->lower);

	return lower && mtu > lower->dev->mtu ? -EMSGSIZE : 0;
}

/* Fill in the members of GET that describe the lower.  Under RTNL. */
void stabletap_lower_get(struct stabletap_port *port,
			 struct stabletap_get *get)
{
	struct stabletap_lower *lower = rtnl_dereference(port->lower);

	if (!lower)
		return;
	get->lower = lower->dev->ifindex;
	get->lower_kind = netif_is_macvlan(lower->dev) ?
			  STABLETAP_LOWER_MACVLAN : STABLETAP_LOWER_DIRECT;
	get->attach_flags = stabletap_filter_flags(&lower->filter);
	get->lower_mtu = lower->dev->mtu;
}

/* A port with on-detach hold waits until its new lower can send. */
static bool lower_must_wait(struct stabletap_port *port,
			    struct stabletap_lower *lower)
{
	return READ_ONCE(port->config.on_detach) == STABLETAP_ON_DETACH_HOLD &&
	       !stabletap_datapath_can_send(lower->dev);
}

static void lower_try_resume(struct stabletap_port *port)
{
	struct stabletap_lower *lower;
	unsigned int ms;
	bool wait;

	rcu_read_lock();
	lower = rcu_dereference(port->lower);
	wait = lower && lower_must_wait(port, lower);
	rcu_read_unlock();

	if (wait) {
		stabletap_hold_pause(port);
		ms = READ_ONCE(port->resume_ms);
		WRITE_ONCE(port->resume_ms, min(2 * ms, LOWER_RESUME_MAX_MS));
		schedule_delayed_work(&port->resume, msecs_to_jiffies(ms));
	} else if (!stabletap_datapath_resume(port)) {
		schedule_delayed_work(&port->resume, 0);
	}
}

/*
 * Let the port transmit to its lower, after the frames that it holds.  The work
 * tries again, because not every device that gets its queue back causes an
 * event.
 */
static void lower_resume(struct stabletap_port *port)
{
	cancel_delayed_work(&port->resume);
	WRITE_ONCE(port->resume_ms, LOWER_RESUME_MS);
	lower_try_resume(port);
}

static void lower_resume_work(struct work_struct *work)
{
	lower_try_resume(container_of(to_delayed_work(work),
				      struct stabletap_port, resume));
}

/* Derive the port's state and operstate from the lower.  Under RTNL. */
static void lower_update_state(struct stabletap_port *port)
{
	struct stabletap_lower *lower = rtnl_dereference(port->lower);

	if (!lower)
		port->state = STABLETAP_STATE_DETACHED;
	else if (!netif_running(lower->dev) || !netif_carrier_ok(lower->dev) ||
		 netif_dormant(lower->dev))
		port->state = STABLETAP_STATE_LOWER_DOWN;
	else
		port->state = STABLETAP_STATE_ATTACHED;

	if (port->state == STABLETAP_STATE_ATTACHED)
		netif_dormant_off(port->dev);
	else
		netif_dormant_on(port->dev);
}

/*
 * A device has got or lost a macvlan: find out if the one that is left, or that
 * was there before, is a lower, and alone.  Under RTNL.
 */
static void lower_update_alone(struct net_device *parent)
{
	struct stabletap_lower *lower[2] = {};
	struct net_device *upper;
	struct list_head *iter;
	int macvlans = 0, i;

	rcu_read_lock();
	netdev_for_each_upper_dev_rcu(parent, upper, iter) {
		if (!netif_is_macvlan(upper))
			continue;
		if (macvlans == ARRAY_SIZE(lower))
			break;
		lower[macvlans++] = stabletap_datapath_lower(upper);
	}
	rcu_read_unlock();
	for (i = 0; i < macvlans; i++)
		if (lower[i])
			WRITE_ONCE(lower[i]->alone, macvlans == 1);
}

/*
 * Give a lower the port's MAC address (if it is a macvlan), open it and set up
 * its filter.  stabletap_release() undoes this, also after a failure in the middle.
 */
static int lower_bring_up(struct stabletap_lower *lower,
			  struct netlink_ext_ack *extack)
{
	const u8 *mac = lower->port->dev->dev_addr;
	struct net_device *dev = lower->dev;
	int err;

	ether_addr_copy(lower->old_mac, dev->dev_addr);
	if (netif_is_macvlan(dev) && !ether_addr_equal(dev->dev_addr, mac)) {
		err = stabletap_release_set_mac(dev, mac, extack);
		if (err)
			return err;
		lower->mac_set = true;
	}
	if (!(dev->flags & IFF_UP)) {
		err = dev_open(dev, extack);
		if (err)
			return err;
		lower->opened = true;
	}
	if (netif_is_macvlan(dev))
		lower_update_alone(macvlan_dev_real_dev(dev));
	return stabletap_filter_on(&lower->filter);
}

/*
 * Prepare a device to be the port's lower.  The caller then only has to switch
 * port->lower.
 */
static struct stabletap_lower *lower_setup(struct stabletap_port *port,
					   struct net_device *dev, u32 flags,
					   struct stabletap_overlap *overlap,
					   struct netlink_ext_ack *extack)
{
	struct stabletap_lower *lower;
	int err;

	lower = kzalloc(sizeof(*lower), GFP_KERNEL);
	if (!lower)
		return ERR_PTR(-ENOMEM);
	lower->dev = dev;
	lower->port = port;
	lower->filter.dev = dev;
	lower->filter.port = port;
	lower->filter.flags = flags;
	RCU_INIT_POINTER(lower->overlap, overlap);
	stabletap_dev_hold(dev, &lower->tracker);

	/* The port before it, perhaps this one, had opened the device too. */
	if (lower_is_sending(dev)) {
		stabletap_release_adopt(stabletap_datapath_lower(dev));
		lower->opened = true;
	}

	/* Before dev_open(): IPv6 configures a device when it comes up. */
	stabletap_set_no_addrconf(dev);

	err = netdev_master_upper_dev_link(dev, port->dev, NULL, NULL, extack);
	if (err)
		goto err_free;

	/* The port has no LRO, so this turns it off on the lower. */
	stabletap_update_features(dev);

	err = netdev_rx_handler_register(dev,
					 stabletap_datapath_rx_handler(lower),
					 lower);
	if (err)
		goto err_unlink;

	err = lower_bring_up(lower, extack);
	if (err)
		goto err_restore;

	return lower;

err_restore:
	lower_explain(extack, err);
	stabletap_datapath_set_overlap(lower, NULL);
	stabletap_release(lower);
	return ERR_PTR(err);
err_unlink:
	netdev_upper_dev_unlink(dev, port->dev);
	stabletap_update_features(dev);
err_free:
	lower_explain(extack, err);
	if (lower->opened)
		dev_close(dev);
	stabletap_clear_no_addrconf(dev);
	stabletap_dev_put(dev, &lower->tracker);
	kfree(lower);
	return ERR_PTR(err);
}

/* Attach of the device that is the port's lower already: change its filter. */
static int lower_change_filter(struct stabletap_lower *lower, u32 flags,
			       struct netlink_ext_ack *extack)
{
	struct stabletap_filter new = {
		.dev = lower->dev,
		.port = lower->port,
	};
	struct stabletap_filter old;
	int err;

	err = stabletap_filter_check(lower->dev, &flags, extack);
	if (err || flags == lower->filter.flags)
		return err;

	/* The new mode comes first: a frame that both accept is not lost. */
	new.flags = flags;
	err = stabletap_filter_on(&new);
	if (err) {
		lower_explain(extack, err);
		return err;
	}

	stabletap_filter_follow(lower->port, NULL);
	old = lower->filter;
	lower->filter = new;
	stabletap_filter_follow(lower->port, &lower->filter);
	stabletap_filter_off(&old);
	stabletap_report_change(lower->port);
	return 0;
}

static void lower_note_detach(struct stabletap_port *port,
			      const struct net_device *dev,
			      enum stabletap_reason reason)
{
	port->detach_reason = reason;
	port->detach_time = ktime_get_boottime_ns();
	strscpy(port->last_lower, dev->name, sizeof(port->last_lower));
	if (reason == STABLETAP_REASON_LOWER_GONE ||
	    reason == STABLETAP_REASON_LOWER_MOVED)
		port->losses++;
}

/* Begin to use a lower that has been set up. */
static void lower_switch(struct stabletap_port *port,
			 struct stabletap_lower *lower)
{
	if (lower_must_wait(port, lower))
		stabletap_hold_begin(port, lower);
	else
		rcu_assign_pointer(port->lower, lower);
	lower_resume(port);
	stabletap_filter_follow(port, &lower->filter);
	port->attach_time = ktime_get_boottime_ns();
}

/* The port has no lower. */
static int lower_first(struct stabletap_port *port, struct net_device *dev,
		       u32 flags, struct netlink_ext_ack *extack)
{
	struct stabletap_lower *lower;

	lower = lower_setup(port, dev, flags, NULL, extack);
	if (IS_ERR(lower))
		return PTR_ERR(lower);
	lower_switch(port, lower);
	port->attaches++;
	trace_stabletap_attach(port->dev, dev, flags);
	return 0;
}

/* The overlap begins before the new lower can receive. */
static int lower_replace(struct stabletap_port *port,
			 struct stabletap_lower *old, struct net_device *dev,
			 u32 flags, struct netlink_ext_ack *extack)
{
	struct stabletap_overlap *overlap = stabletap_overlap_new(port, old);
	struct stabletap_lower *lower;

	if (overlap)
		stabletap_datapath_set_overlap(old, overlap);
	lower = lower_setup(port, dev, flags, overlap, extack);
	if (IS_ERR(lower)) {
		stabletap_datapath_set_overlap(old, NULL);
		stabletap_overlap_free(overlap);
		return PTR_ERR(lower);
	}
	if (overlap)
		stabletap_overlap_switch(overlap);
	lower_switch(port, lower);
	port->replaces++;
	lower_note_detach(port, old->dev, STABLETAP_REASON_REPLACED);
	trace_stabletap_replace(port->dev, old->dev, dev, flags);
	stabletap_release_old(old);
	return 0;
}

/**
 * stabletap_lower_attach - give a port a lower, or replace its lower
 * @port: the port
 * @dev: the new lower, in the port's network namespace
 * @flags: STABLETAP_ATTACH_*, known ones only
 * @extack: gets the message of a refusal
 *
 * Context: under RTNL.
 * Return: 0, or an error as listed at struct stabletap_attach; then nothing has
 * changed.
 */
int stabletap_lower_attach(struct stabletap_port *port, struct net_device *dev,
			   u32 flags, struct netlink_ext_ack *extack)
{
	struct stabletap_lower *old = rtnl_dereference(port->lower);
	int err;

	if (old && !(flags & STABLETAP_ATTACH_REPLACE)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The port has a lower; detach it first, or ask for replace");
		return -EEXIST;
	}
	if (old && old->dev == dev)
		return lower_change_filter(old, flags, extack);

	lower_settle(port, dev);
	err = lower_check(port, dev, extack);
	if (err)
		return err;
	err = stabletap_filter_check(dev, &flags, extack);
	if (err)
		return err;

	if (old)
		err = lower_replace(port, old, dev, flags, extack);
	else
		err = lower_first(port, dev, flags, extack);
	if (err)
		return err;
	lower_update_state(port);
	stabletap_report_change(port);
	return 0;
}

/* Detach the lower; the caller restores and frees the returned attachment. */
static struct stabletap_lower *lower_detach(struct stabletap_port *port,
					    enum stabletap_reason reason)
{
	struct stabletap_lower *lower = rtnl_dereference(port->lower);

	stabletap_release_settle(port, NULL);
	stabletap_hold_begin(port, NULL);
	stabletap_filter_follow(port, NULL);
	lower_note_detach(port, lower->dev, reason);
	trace_stabletap_detach(port->dev, lower->dev, reason);
	lower_update_state(port);
	return lower;
}

/**
 * stabletap_lower_detach - take a port's lower away
 * @port: the port
 * @dev: the expected lower, or NULL for any
 * @extack: gets the message of a refusal
 *
 * Context: under RTNL.
 * Return: 0; -ENOTCONN if the port has no lower; -ESTALE if its lower is not
 * @dev.
 */
int stabletap_lower_detach(struct stabletap_port *port,
			   const struct net_device *dev,
			   struct netlink_ext_ack *extack)
{
	struct stabletap_lower *lower = rtnl_dereference(port->lower);

	if (!lower) {
		NL_SET_ERR_MSG_MOD(extack, "The port has no lower");
		return -ENOTCONN;
	}
	if (dev && lower->dev != dev) {
		NL_SET_ERR_MSG_MOD(extack,
				   "The port's lower is another device by now");
		return -ESTALE;
	}

	stabletap_release(lower_detach(port, STABLETAP_REASON_ASKED));
	stabletap_report_change(port);
	return 0;
}

/*
 * The port is being unregistered.  stabletap_release_left() is the second half.
 * Under RTNL.
 */
void stabletap_lower_leave(struct stabletap_port *port)
{
	struct stabletap_lower *lower = NULL;

	if (rtnl_dereference(port->lower))
		lower = lower_detach(port, STABLETAP_REASON_ASKED);
	stabletap_release_leave(port, lower);
}

/* The lower is being unregistered. */
static void lower_gone(struct stabletap_lower *lower)
{
	struct stabletap_port *port = lower->port;

	lower_detach(port, STABLETAP_REASON_LOWER_GONE);
	stabletap_release_gone(lower);
	stabletap_report_change(port);
}

static void lower_moved(struct stabletap_port *port,
			enum stabletap_reason reason)
{
	stabletap_release(lower_detach(port, reason));
	stabletap_report_change(port);
}

/* Refuse a change that gives a macvlan lower another MAC than the port's. */
static int lower_pre_change_mac(const struct stabletap_lower *lower, void *ptr)
{
	struct netdev_notifier_pre_changeaddr_info *info = ptr;

	if (!netif_is_macvlan(lower->dev) || lower->port->setting_mac ||
	    ether_addr_equal(info->dev_addr, lower->port->dev->dev_addr))
		return NOTIFY_DONE;

	NL_SET_ERR_MSG_MOD(info->info.extack,
			   "The macvlan is the lower of a port and must have the port's MAC address; change the port's instead");
	return notifier_from_errno(-EBUSY);
}

/* A port that moves to another namespace is detached: its lower stays. */
static void lower_port_event(struct net_device *dev, unsigned long event)
{
	struct stabletap_port *port = netdev_priv(dev);

	if (event == NETDEV_UNREGISTER && dev->reg_state == NETREG_REGISTERED &&
	    rtnl_dereference(port->lower))
		lower_moved(port, STABLETAP_REASON_PORT_MOVED);
}

static bool lower_is_macvlan_event(const void *ptr)
{
	const struct netdev_notifier_changeupper_info *info = ptr;

	return netif_is_macvlan(info->upper_dev);
}

static int lower_device_event(struct notifier_block *unused,
			      unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct stabletap_lower *lower;
	struct stabletap_port *port;
	u32 state;

	if (stabletap_port_is(dev)) {
		lower_port_event(dev, event);
		return NOTIFY_DONE;
	}

	if (event == NETDEV_CHANGEUPPER && lower_is_macvlan_event(ptr))
		lower_update_alone(dev);
	lower = stabletap_datapath_lower(dev);
	if (!lower)
		return NOTIFY_DONE;
	if (lower->id) {
		stabletap_release_event(lower, event);
		return NOTIFY_DONE;
	}
	port = lower->port;

	switch (event) {
	case NETDEV_UNREGISTER:
		if (dev->reg_state == NETREG_UNREGISTERING)
			lower_gone(lower);
		else
			lower_moved(port, STABLETAP_REASON_LOWER_MOVED);
		break;
	case NETDEV_GOING_DOWN:
		stabletap_report_purged(port, stabletap_release_waiting(dev));
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		/* Ignored while the lower is being set up or released */
		if (rtnl_dereference(port->lower) != lower)
			break;
		if (!rcu_access_pointer(port->tx))
			lower_resume(port);
		state = port->state;
		lower_update_state(port);
		if (port->state != state)
			stabletap_report_change(port);
		break;
	case NETDEV_PRE_CHANGEADDR:
		if (rtnl_dereference(port->lower) != lower)
			break;
		return lower_pre_change_mac(lower, ptr);
	case NETDEV_PRE_TYPE_CHANGE:
		/* A lower must stay an Ethernet device. */
		return NOTIFY_BAD;
	case NETDEV_NOTIFY_PEERS:
	case NETDEV_BONDING_FAILOVER:
	case NETDEV_RESEND_IGMP:
		if (rtnl_dereference(port->lower) == lower)
			call_netdevice_notifiers(event, port->dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block lower_notifier = {
	.notifier_call = lower_device_event,
};

/* The policy for frames without a lower has changed.  Under RTNL. */
void stabletap_lower_set_on_detach(struct stabletap_port *port)
{
	if (port->config.on_detach == STABLETAP_ON_DETACH_DROP)
		stabletap_hold_purge(port);
	if (!rcu_access_pointer(port->tx))
		lower_resume(port);
}

void stabletap_lower_init_port(struct stabletap_port *port)
{
	INIT_DELAYED_WORK(&port->resume, lower_resume_work);
}

void stabletap_lower_exit_port(struct stabletap_port *port)
{
	cancel_delayed_work_sync(&port->resume);
}

int stabletap_lower_init(void)
{
	return register_netdevice_notifier(&lower_notifier);
}

void stabletap_lower_exit(void)
{
	unregister_netdevice_notifier(&lower_notifier);
}
