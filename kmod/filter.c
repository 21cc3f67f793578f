// SPDX-License-Identifier: GPL-2.0
/*
 * The address filter of a lower: promiscuous, allmulti, or the port's own
 * lists of unicast and multicast addresses.
 *
 * An entry of a net device's list knows how often it was synced, but not to
 * which device.  So the lists of a port are synced to one lower at a time,
 * port->followed, and unsyncing them takes away exactly what was synced:
 *
 *  - a new lower first gets each address once, by dev_uc_add() and
 *    dev_mc_add(), and the array in @reserved remembers them.  This step can
 *    fail and be undone exactly;
 *  - when the lower is the port's, the lists are unsynced from the old lower
 *    and synced to the new one.  The entries are there already, so no frame is
 *    filtered out meanwhile, and nothing has to be allocated;
 *  - then the reserved addresses are given back.
 *
 * The lists may change at any time without RTNL.  If the lower then lacks
 * memory for an address that ndo_set_rx_mode gives it, no error can be
 * returned.  The same is true for a VLAN or bond that passes its own lists to
 * the device below it.  The lower becomes promiscuous until a later change of
 * the lists succeeds.
 */
#include <linux/etherdevice.h>
#include <linux/if_macvlan.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/stabletap.h>
#include <linux/workqueue.h>

#include "filter.h"
#include "report.h"

/*
 * The module has a workqueue of its own because destroy_workqueue() waits for
 * the work: a work item on a shared workqueue could still be returning from
 * this module's code when the module is unloaded.
 */
static struct workqueue_struct *filter_workqueue;

static bool filter_is_passthru(const struct net_device *dev)
{
	const struct macvlan_dev *vlan = netdev_priv(dev);

	return netif_is_macvlan(dev) && vlan->mode == MACVLAN_MODE_PASSTHRU;
}

/*
 * Check the requested flags, and replace "none" by the lower's default.  Other
 * flags than PROMISC and FILTER are cleared.
 */
int stabletap_filter_check(const struct net_device *dev, u32 *flags,
			   struct netlink_ext_ack *extack)
{
	*flags &= STABLETAP_ATTACH_PROMISC | STABLETAP_ATTACH_FILTER;

	if (*flags == (STABLETAP_ATTACH_PROMISC | STABLETAP_ATTACH_FILTER)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "Promiscuous and filter mode exclude each other");
		return -EINVAL;
	}
	if (*flags & STABLETAP_ATTACH_PROMISC && netif_is_macvlan(dev) &&
	    !filter_is_passthru(dev)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "A macvlan receives its own address only, promiscuous or not; use passthru or attach the device itself");
		return -EOPNOTSUPP;
	}
	if (!*flags && !netif_is_macvlan(dev))
		*flags = STABLETAP_ATTACH_PROMISC;
	return 0;
}

/**
 * stabletap_filter_sync_flags - update the lower's promiscuity and allmulti
 * @filter: the filter
 *
 * In FILTER mode the port's own flags (tcpdump, "ip link set PORT promisc on")
 * are passed down.
 *
 * Context: under RTNL.
 * Return: 0, or the lower's error; then stabletap_filter_off() undoes the part
 * that succeeded.
 */
int stabletap_filter_sync_flags(struct stabletap_filter *filter)
{
	unsigned int flags = filter->port->dev->flags;
	bool promisc, allmulti;
	int err;

	if (filter->flags & STABLETAP_ATTACH_FILTER) {
		promisc = flags & IFF_PROMISC || READ_ONCE(filter->incomplete);
		allmulti = flags & IFF_ALLMULTI;
	} else {
		promisc = filter->flags & STABLETAP_ATTACH_PROMISC;
		allmulti = !promisc;
	}

	if (promisc != filter->promisc) {
		err = dev_set_promiscuity(filter->dev, promisc ? 1 : -1);
		if (err)
			return err;
		filter->promisc = promisc;
	}
	if (allmulti != filter->allmulti) {
		err = dev_set_allmulti(filter->dev, allmulti ? 1 : -1);
		if (err)
			return err;
		filter->allmulti = allmulti;
	}
	return 0;
}

static void filter_give_back(struct stabletap_filter *filter)
{
	unsigned int i, all = filter->reserved_uc + filter->reserved_mc;

	for (i = 0; i < all; i++) {
		if (i < filter->reserved_uc)
			dev_uc_del(filter->dev, filter->reserved[i]);
		else
			dev_mc_del(filter->dev, filter->reserved[i]);
	}
	kvfree(filter->reserved);
	filter->reserved = NULL;
	filter->reserved_uc = 0;
	filter->reserved_mc = 0;
}

/*
 * Copy the port's lists, at most @room addresses: first the unicast, then the
 * multicast ones.  Sets @uc to the number of unicast addresses.
 */
static unsigned int filter_copy_lists(struct net_device *port_dev,
				      u8 (*to)[ETH_ALEN], unsigned int room,
				      unsigned int *uc)
{
	struct netdev_hw_addr *ha;
	unsigned int n = 0;

	netif_addr_lock_bh(port_dev);
	netdev_for_each_uc_addr(ha, port_dev)
		if (n < room)
			ether_addr_copy(to[n++], ha->addr);
	*uc = n;
	netdev_for_each_mc_addr(ha, port_dev)
		if (n < room)
			ether_addr_copy(to[n++], ha->addr);
	netif_addr_unlock_bh(port_dev);
	return n;
}

/* Add each address of the port's lists to the lower's, or none on failure. */
static int filter_reserve(struct stabletap_filter *filter)
{
	struct net_device *port_dev = filter->port->dev;
	unsigned int room, all, uc, i;
	int err = 0;

	room = netdev_uc_count(port_dev) + netdev_mc_count(port_dev);
	filter->reserved = kvmalloc_array(room, ETH_ALEN, GFP_KERNEL);
	if (!filter->reserved)
		return -ENOMEM;

	all = filter_copy_lists(port_dev, filter->reserved, room, &uc);
	for (i = 0; i < all && !err; i++) {
		if (i < uc) {
			err = dev_uc_add(filter->dev, filter->reserved[i]);
			filter->reserved_uc += !err;
		} else {
			err = dev_mc_add(filter->dev, filter->reserved[i]);
			filter->reserved_mc += !err;
		}
	}
	if (err)
		filter_give_back(filter);
	return err;
}

/**
 * stabletap_filter_on - set up the lower's filter
 * @filter: the filter; the caller has set @dev, @port and @flags, the other
 *	members are zero
 *
 * In FILTER mode the caller must call stabletap_filter_follow() next.
 *
 * Context: under RTNL.
 * Return: 0, or an error; then the lower is unchanged.
 */
int stabletap_filter_on(struct stabletap_filter *filter)
{
	const u8 *mac = filter->port->dev->dev_addr;
	int err;

	err = stabletap_filter_sync_flags(filter);
	if (err)
		goto err_off;
	if (!(filter->flags & STABLETAP_ATTACH_FILTER))
		return 0;

	/* A macvlan needs no entry: its own address is the port's. */
	if (!netif_is_macvlan(filter->dev)) {
		err = dev_uc_add(filter->dev, mac);
		if (err)
			goto err_off;
		ether_addr_copy(filter->mac, mac);
	}
	err = filter_reserve(filter);
	if (err)
		goto err_off;
	return 0;

err_off:
	stabletap_filter_off(filter);
	return err;
}

/**
 * stabletap_filter_off - undo stabletap_filter_on()
 * @filter: the filter; it must not be port->followed
 *
 * Context: under RTNL.
 */
void stabletap_filter_off(struct stabletap_filter *filter)
{
	filter_give_back(filter);
	if (!is_zero_ether_addr(filter->mac))
		dev_uc_del(filter->dev, filter->mac);
	eth_zero_addr(filter->mac);
	if (filter->promisc)
		dev_set_promiscuity(filter->dev, -1);
	filter->promisc = false;
	if (filter->allmulti)
		dev_set_allmulti(filter->dev, -1);
	filter->allmulti = false;
}

/*
 * Under the port's address list lock.  Returns true if filter->incomplete has
 * changed.
 */
static bool filter_set_incomplete(struct stabletap_filter *filter,
				  bool incomplete)
{
	if (incomplete == filter->incomplete)
		return false;
	WRITE_ONCE(filter->incomplete, incomplete);
	filter->tell = true;
	return true;
}

/*
 * Under the port's address list lock, with BH off.  Returns true if
 * filter->incomplete has changed.
 */
static bool filter_sync(struct stabletap_filter *filter)
{
	struct net_device *port_dev = filter->port->dev;
	bool incomplete;

	incomplete = dev_uc_sync(filter->dev, port_dev);
	if (dev_mc_sync(filter->dev, port_dev))
		incomplete = true;
	return filter_set_incomplete(filter, incomplete);
}

/* Returns true if this device passes its lists on to a device below it. */
static bool filter_is_stacked(const struct net_device *dev)
{
	/* The kernel calls ndo_set_rx_mode only for a device that is up. */
	if (!(dev->flags & IFF_UP))
		return false;
	/* A bond or team without carrier may have no device below it. */
	if (netif_is_bond_master(dev) || netif_is_team_master(dev))
		return netif_carrier_ok(dev);
	return is_vlan_dev(dev) || netif_is_macvlan(dev);
}

/*
 * A stacked device passes its lists on in ndo_set_rx_mode, which returns no
 * error.  An entry that could not be passed on has no sync count.
 */
static bool filter_is_passed_on(struct net_device *dev)
{
	struct netdev_hw_addr *ha;
	bool all = true;

	if (!filter_is_stacked(dev))
		return true;
	netif_addr_lock_bh(dev);
	netdev_for_each_uc_addr(ha, dev)
		all = all && ha->sync_cnt;
	netdev_for_each_mc_addr(ha, dev)
		all = all && ha->sync_cnt;
	netif_addr_unlock_bh(dev);
	return all;
}

/* filter_work() drops the reference. */
static void filter_queue_work(struct stabletap_port *port)
{
	dev_hold(port->dev);
	if (!queue_work(filter_workqueue, &port->filter_work))
		dev_put(port->dev);
}

/*
 * Runs after filter_sync() or a stacked lower has failed to take an address, or
 * has succeeded again: updates the lower's promiscuity.  Before that it tries
 * once more, here under RTNL, to sync the lists and to have a stacked lower
 * pass them on.
 */
static void filter_work(struct work_struct *work)
{
	struct stabletap_filter *filter;
	struct stabletap_port *port;
	bool tell;

	port = container_of(work, struct stabletap_port, filter_work);

	rtnl_lock();
	netif_addr_lock_bh(port->dev);
	filter = port->followed;
	if (filter)
		filter_sync(filter);
	netif_addr_unlock_bh(port->dev);

	if (filter) {
		stabletap_sync_rx_mode(filter->dev);
		netif_addr_lock_bh(port->dev);
		if (!filter_is_passed_on(filter->dev))
			filter_set_incomplete(filter, true);
		tell = filter->tell;
		filter->tell = false;
		netif_addr_unlock_bh(port->dev);

		if (stabletap_filter_sync_flags(filter))
			netdev_warn(port->dev, "%s lacks an address of the port and can't be made promiscuous\n",
				    filter->dev->name);
		else if (filter->incomplete)
			netdev_warn(port->dev, "no memory for an address on %s, or below it: it is promiscuous until the lists change\n",
				    filter->dev->name);
		if (tell)
			stabletap_report_change(port);
	}
	rtnl_unlock();
	dev_put(port->dev);
}

/**
 * stabletap_filter_follow - sync the port's lists to another filter's lower
 * @port: the port
 * @filter: the filter, which is set up; if it is NULL or lacks FILTER, the
 *	lists are only unsynced from the old lower
 *
 * Context: under RTNL.
 */
void stabletap_filter_follow(struct stabletap_port *port,
			     struct stabletap_filter *filter)
{
	struct net_device *port_dev = port->dev;
	struct stabletap_filter *old;
	bool changed;

	/*
	 * dev_uc_unsync() takes the address list lock itself.  Nothing can be
	 * synced between the unlock and the unsync, since followed is NULL.
	 */
	netif_addr_lock_bh(port_dev);
	old = port->followed;
	port->followed = NULL;
	netif_addr_unlock_bh(port_dev);
	if (old) {
		dev_uc_unsync(old->dev, port_dev);
		dev_mc_unsync(old->dev, port_dev);
	}

	if (!filter || !(filter->flags & STABLETAP_ATTACH_FILTER))
		return;
	netif_addr_lock_bh(port_dev);
	port->followed = filter;
	changed = filter_sync(filter);
	netif_addr_unlock_bh(port_dev);
	filter_give_back(filter);
	stabletap_sync_rx_mode(filter->dev);
	if (changed || !filter_is_passed_on(filter->dev))
		filter_queue_work(port);
}

/*
 * ndo_set_rx_mode of the port: its lists have changed.  Called under its
 * address list lock, not always under RTNL.  7.3 calls it later, from a work
 * queue, because the port has ndo_change_rx_flags.
 */
void stabletap_filter_sync_lists(struct stabletap_port *port)
{
	struct stabletap_filter *filter = port->followed;

	if (!filter)
		return;
	if (filter_sync(filter) || !filter_is_passed_on(filter->dev))
		filter_queue_work(port);
}

/**
 * stabletap_filter_set_mac - replace the port's MAC address on the lower's list
 * @filter: the filter of the port's lower
 * @mac: the port's new MAC address
 *
 * Context: under RTNL.
 * Return: 0, or an error; then nothing has changed.
 */
int stabletap_filter_set_mac(struct stabletap_filter *filter, const u8 *mac)
{
	int err;

	if (is_zero_ether_addr(filter->mac))
		return 0;
	err = dev_uc_add(filter->dev, mac);
	if (err)
		return err;
	dev_uc_del(filter->dev, filter->mac);
	ether_addr_copy(filter->mac, mac);
	stabletap_sync_rx_mode(filter->dev);
	if (!filter_is_passed_on(filter->dev))
		filter_queue_work(filter->port);
	return 0;
}

/* The attach flags that GET and IFLA_INFO_DATA report.  Under RTNL. */
u32 stabletap_filter_flags(const struct stabletap_filter *filter)
{
	if (READ_ONCE(filter->incomplete))
		return filter->flags | STABLETAP_ATTACH_INCOMPLETE;
	return filter->flags;
}

void stabletap_filter_init_port(struct stabletap_port *port)
{
	INIT_WORK(&port->filter_work, filter_work);
}

int stabletap_filter_init(void)
{
	filter_workqueue = alloc_workqueue(STABLETAP_KIND, WQ_UNBOUND, 0);
	return filter_workqueue ? 0 : -ENOMEM;
}

void stabletap_filter_exit(void)
{
	destroy_workqueue(filter_workqueue);
}
