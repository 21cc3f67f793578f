// SPDX-License-Identifier: GPL-2.0
/*
 * The address filter of a lower in each state: on, followed, unfollowed, off;
 * and the state after a failed step.  Port and lowers are allocated but never
 * registered.  No test aborts while it holds RTNL.
 *
 *	port: uc1, mc1, mc2		low[0], low[1]
 */
#include <kunit/test.h>

#include "../../kmod/filter.c"
#include "../../kmod/port.h"

static const u8 own[ETH_ALEN] = { 0x52, 0x54, 0, 0, 0, 1 };
static const u8 uc1[ETH_ALEN] = { 0x52, 0x54, 0, 0, 1, 1 };
static const u8 uc2[ETH_ALEN] = { 0x52, 0x54, 0, 0, 1, 2 };
static const u8 mc1[ETH_ALEN] = { 0x01, 0, 0x5e, 0, 1, 1 };
static const u8 mc2[ETH_ALEN] = { 0x01, 0, 0x5e, 0, 1, 2 };
static const u8 mc3[ETH_ALEN] = { 0x01, 0, 0x5e, 0, 1, 3 };

struct world {
	struct net_device *port_dev;
	struct stabletap_port *port;
	struct net_device *low[2];
	struct stabletap_filter filter[2];
};

static const struct net_device_ops low_ops;

/* What registration would do */
static struct net_device *make_dev(const char *name, size_t priv,
				   void (*setup)(struct net_device *dev))
{
	struct net_device *dev;

	dev = alloc_netdev(priv, name, NET_NAME_UNKNOWN, setup);
	if (!dev)
		return NULL;
	spin_lock_init(&dev->addr_list_lock);
	return dev;
}

static struct net_device *make_low(const char *name)
{
	struct net_device *dev;

	dev = make_dev(name, sizeof(struct macvlan_dev), ether_setup);
	if (dev)
		dev->netdev_ops = &low_ops;
	return dev;
}

static void free_dev(struct net_device *dev)
{
	if (!dev)
		return;
	dev_uc_flush(dev);
	dev_mc_flush(dev);
	free_netdev(dev);
}

static int filter_test_init(struct kunit *test)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	int i;

	test->priv = w;
	if (!w)
		return -ENOMEM;
	w->port_dev = make_dev("kunit-port", sizeof(struct stabletap_port),
			       stabletap_port_setup);
	w->low[0] = make_low("kunit-low0");
	w->low[1] = make_low("kunit-low1");
	if (!w->port_dev || !w->low[0] || !w->low[1])
		return -ENOMEM;
#ifdef CONFIG_LOCKDEP
	/* The port's list lock is taken before a lower's. */
	w->port_dev->nested_level = 1;
#endif
	w->port = netdev_priv(w->port_dev);
	for (i = 0; i < 2; i++) {
		w->filter[i].port = w->port;
		w->filter[i].dev = w->low[i];
		w->filter[i].flags = STABLETAP_ATTACH_FILTER;
	}

	eth_hw_addr_set(w->port_dev, own);
	return dev_uc_add(w->port_dev, uc1) ?:
	       dev_mc_add(w->port_dev, mc1) ?:
	       dev_mc_add(w->port_dev, mc2);
}

static void filter_test_exit(struct kunit *test)
{
	struct world *w = test->priv;

	if (!w)
		return;
	/*
	 * After a failed test, work may be queued, with a reference to the
	 * port.
	 */
	if (w->port)
		w->port->followed = NULL;
	flush_workqueue(filter_workqueue);
	kvfree(w->filter[0].reserved);
	kvfree(w->filter[1].reserved);
	free_dev(w->low[0]);
	free_dev(w->low[1]);
	free_dev(w->port_dev);
}

static int filter_test_suite_init(struct kunit_suite *suite)
{
	return stabletap_filter_init();
}

static void filter_test_suite_exit(struct kunit_suite *suite)
{
	stabletap_filter_exit();
}

static int on(struct stabletap_filter *filter)
{
	int err;

	rtnl_lock();
	err = stabletap_filter_on(filter);
	rtnl_unlock();
	return err;
}

static void off(struct stabletap_filter *filter)
{
	rtnl_lock();
	stabletap_filter_off(filter);
	rtnl_unlock();
}

static void follow(struct world *w, struct stabletap_filter *filter)
{
	rtnl_lock();
	stabletap_filter_follow(w->port, filter);
	rtnl_unlock();
}

static int sync_flags(struct stabletap_filter *filter)
{
	int err;

	rtnl_lock();
	err = stabletap_filter_sync_flags(filter);
	rtnl_unlock();
	return err;
}

/* Call ndo_set_rx_mode as the kernel does when the port's lists change. */
static void lists_changed(struct world *w)
{
	netif_addr_lock_bh(w->port_dev);
	stabletap_filter_sync_lists(w->port);
	netif_addr_unlock_bh(w->port_dev);
	flush_workqueue(filter_workqueue);
}

/* Reference count of an address on a device's lists, 0 if it is missing */
static int uses(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr *ha;
	int n = 0;

	netif_addr_lock_bh(dev);
	netdev_for_each_uc_addr(ha, dev)
		if (ether_addr_equal(ha->addr, addr))
			n += ha->refcount;
	netdev_for_each_mc_addr(ha, dev)
		if (ether_addr_equal(ha->addr, addr))
			n += ha->refcount;
	netif_addr_unlock_bh(dev);
	return n;
}

static int addresses(struct net_device *dev)
{
	return netdev_uc_count(dev) + netdev_mc_count(dev);
}

/*
 * Check that the device has the port's MAC address and lists, each once, and no
 * other address.
 */
static void expect_all(struct kunit *test, struct net_device *dev)
{
	KUNIT_EXPECT_EQ(test, uses(dev, own), 1);
	KUNIT_EXPECT_EQ(test, uses(dev, uc1), 1);
	KUNIT_EXPECT_EQ(test, uses(dev, mc1), 1);
	KUNIT_EXPECT_EQ(test, uses(dev, mc2), 1);
	KUNIT_EXPECT_EQ(test, addresses(dev), 4);
}

/* Check that the device is in its initial state */
static void expect_untouched(struct kunit *test, struct net_device *dev)
{
	KUNIT_EXPECT_EQ(test, addresses(dev), 0);
	KUNIT_EXPECT_EQ(test, dev->promiscuity, 0);
	KUNIT_EXPECT_EQ(test, dev->allmulti, 0);
}

static void expect_empty(struct kunit *test,
			 const struct stabletap_filter *filter)
{
	KUNIT_EXPECT_PTR_EQ(test, filter->reserved, NULL);
	KUNIT_EXPECT_EQ(test, filter->reserved_uc, 0);
	KUNIT_EXPECT_EQ(test, filter->reserved_mc, 0);
	KUNIT_EXPECT_TRUE(test, is_zero_ether_addr(filter->mac));
	KUNIT_EXPECT_FALSE(test, filter->promisc);
	KUNIT_EXPECT_FALSE(test, filter->allmulti);
}

static void make_macvlan(struct net_device *dev, enum macvlan_mode mode)
{
	struct macvlan_dev *vlan = netdev_priv(dev);

	dev->priv_flags |= IFF_MACVLAN;
	vlan->mode = mode;
}

static int check(struct net_device *dev, u32 flags, u32 *become)
{
	struct netlink_ext_ack extack = {};
	int err;

	*become = flags;
	err = stabletap_filter_check(dev, become, &extack);
	/* A refusal must have a message. */
	return err && !extack._msg ? -EIO : err;
}

static void the_default_is_said_in_words(struct kunit *test)
{
	struct world *w = test->priv;
	u32 flags;

	KUNIT_EXPECT_EQ(test, check(w->low[0], 0, &flags), 0);
	KUNIT_EXPECT_EQ(test, flags, STABLETAP_ATTACH_PROMISC);
	KUNIT_EXPECT_EQ(test, check(w->low[0], STABLETAP_ATTACH_REPLACE,
				    &flags), 0);
	KUNIT_EXPECT_EQ(test, flags, STABLETAP_ATTACH_PROMISC);
	KUNIT_EXPECT_EQ(test, check(w->low[0], STABLETAP_ATTACH_FILTER,
				    &flags), 0);
	KUNIT_EXPECT_EQ(test, flags, STABLETAP_ATTACH_FILTER);

	make_macvlan(w->low[0], MACVLAN_MODE_BRIDGE);
	KUNIT_EXPECT_EQ(test, check(w->low[0], STABLETAP_ATTACH_REPLACE,
				    &flags), 0);
	KUNIT_EXPECT_EQ(test, flags, 0);
	KUNIT_EXPECT_EQ(test, check(w->low[0], STABLETAP_ATTACH_FILTER,
				    &flags), 0);
	KUNIT_EXPECT_EQ(test, flags, STABLETAP_ATTACH_FILTER);
}

static void modes_that_cannot_be_are_refused(struct kunit *test)
{
	struct world *w = test->priv;
	u32 flags;

	KUNIT_EXPECT_EQ(test, check(w->low[0], STABLETAP_ATTACH_PROMISC |
				    STABLETAP_ATTACH_FILTER, &flags), -EINVAL);
	make_macvlan(w->low[0], MACVLAN_MODE_BRIDGE);
	KUNIT_EXPECT_EQ(test, check(w->low[0], STABLETAP_ATTACH_PROMISC,
				    &flags), -EOPNOTSUPP);
	make_macvlan(w->low[0], MACVLAN_MODE_PASSTHRU);
	KUNIT_EXPECT_EQ(test, check(w->low[0], STABLETAP_ATTACH_PROMISC,
				    &flags), 0);
	KUNIT_EXPECT_EQ(test, flags, STABLETAP_ATTACH_PROMISC);
}

static void promiscuous_mode_counts_once_and_gives_back(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	f->flags = STABLETAP_ATTACH_PROMISC;
	KUNIT_EXPECT_EQ(test, on(f), 0);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 1);
	KUNIT_EXPECT_EQ(test, w->low[0]->allmulti, 0);
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 0);
	KUNIT_EXPECT_EQ(test, sync_flags(f), 0);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 1);
	follow(w, f);
	KUNIT_EXPECT_PTR_EQ(test, w->port->followed, NULL);
	off(f);
	off(f);
	expect_untouched(test, w->low[0]);
	expect_empty(test, f);
}

static void a_macvlan_takes_all_multicast(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	make_macvlan(w->low[0], MACVLAN_MODE_BRIDGE);
	f->flags = 0;
	KUNIT_EXPECT_EQ(test, on(f), 0);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 0);
	KUNIT_EXPECT_EQ(test, w->low[0]->allmulti, 1);
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 0);
	off(f);
	expect_untouched(test, w->low[0]);
}

static void a_filter_reserves_and_then_follows(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	KUNIT_EXPECT_EQ(test, on(f), 0);
	KUNIT_EXPECT_EQ(test, f->reserved_uc, 1);
	KUNIT_EXPECT_EQ(test, f->reserved_mc, 2);
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(f->mac, own));
	KUNIT_EXPECT_PTR_EQ(test, w->port->followed, NULL);
	expect_all(test, w->low[0]);

	follow(w, f);
	KUNIT_EXPECT_PTR_EQ(test, w->port->followed, f);
	KUNIT_EXPECT_PTR_EQ(test, f->reserved, NULL);
	KUNIT_EXPECT_EQ(test, f->reserved_uc, 0);
	KUNIT_EXPECT_EQ(test, f->reserved_mc, 0);
	KUNIT_EXPECT_FALSE(test, f->incomplete);
	expect_all(test, w->low[0]);

	follow(w, NULL);
	KUNIT_EXPECT_PTR_EQ(test, w->port->followed, NULL);
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 1);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], own), 1);
	off(f);
	expect_untouched(test, w->low[0]);
	expect_empty(test, f);
	/* The port's lists are unchanged. */
	KUNIT_EXPECT_EQ(test, uses(w->port_dev, uc1), 1);
	KUNIT_EXPECT_EQ(test, addresses(w->port_dev), 3);
}

static void a_macvlan_has_the_ports_address_as_its_own(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	make_macvlan(w->low[0], MACVLAN_MODE_BRIDGE);
	KUNIT_EXPECT_EQ(test, on(f), 0);
	follow(w, f);
	KUNIT_EXPECT_TRUE(test, is_zero_ether_addr(f->mac));
	KUNIT_EXPECT_EQ(test, uses(w->low[0], own), 0);
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 3);
	follow(w, NULL);
	off(f);
	expect_untouched(test, w->low[0]);
}

static void changes_of_the_lists_are_followed(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	KUNIT_EXPECT_EQ(test, on(f), 0);
	/* A change while no lower follows the lists must not be lost. */
	KUNIT_EXPECT_EQ(test, dev_mc_add(w->port_dev, mc3), 0);
	lists_changed(w);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], mc3), 0);
	follow(w, f);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], mc3), 1);

	KUNIT_EXPECT_EQ(test, dev_uc_add(w->port_dev, uc2), 0);
	KUNIT_EXPECT_EQ(test, dev_mc_del(w->port_dev, mc1), 0);
	lists_changed(w);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], uc2), 1);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], mc1), 0);

	KUNIT_EXPECT_EQ(test, dev_mc_add(w->port_dev, mc1), 0);
	KUNIT_EXPECT_EQ(test, dev_uc_del(w->port_dev, uc2), 0);
	KUNIT_EXPECT_EQ(test, dev_mc_del(w->port_dev, mc3), 0);
	lists_changed(w);
	expect_all(test, w->low[0]);

	follow(w, NULL);
	off(f);
	expect_untouched(test, w->low[0]);
}

static void what_the_lower_had_before_it_keeps(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	KUNIT_EXPECT_EQ(test, dev_mc_add(w->low[0], mc1), 0);
	KUNIT_EXPECT_EQ(test, dev_uc_add(w->low[0], own), 0);
	KUNIT_EXPECT_EQ(test, dev_uc_add(w->low[0], uc2), 0);
	KUNIT_EXPECT_EQ(test, on(f), 0);
	follow(w, f);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], mc1), 2);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], own), 2);
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 5);
	follow(w, NULL);
	off(f);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], mc1), 1);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], own), 1);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], uc2), 1);
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 3);
}

/*
 * The order in lower.c: new filter on, lists to the new lower, old filter off.
 */
static void a_replace_leaves_no_gap_and_no_rest(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_EXPECT_EQ(test, on(&w->filter[0]), 0);
	follow(w, &w->filter[0]);

	KUNIT_EXPECT_EQ(test, on(&w->filter[1]), 0);
	expect_all(test, w->low[0]);
	expect_all(test, w->low[1]);
	follow(w, &w->filter[1]);
	KUNIT_EXPECT_PTR_EQ(test, w->port->followed, &w->filter[1]);
	expect_all(test, w->low[1]);
	off(&w->filter[0]);
	expect_untouched(test, w->low[0]);

	follow(w, NULL);
	off(&w->filter[1]);
	expect_untouched(test, w->low[1]);
}

/*
 * The new lower was never synced, so undoing it must not touch the old lower's
 * lists.
 */
static void a_refused_replace_touches_neither_list(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_EXPECT_EQ(test, dev_mc_add(w->low[1], mc1), 0);
	KUNIT_EXPECT_EQ(test, on(&w->filter[0]), 0);
	follow(w, &w->filter[0]);

	KUNIT_EXPECT_EQ(test, on(&w->filter[1]), 0);
	off(&w->filter[1]);
	expect_empty(test, &w->filter[1]);
	KUNIT_EXPECT_EQ(test, uses(w->low[1], mc1), 1);
	KUNIT_EXPECT_EQ(test, addresses(w->low[1]), 1);
	expect_all(test, w->low[0]);

	lists_changed(w);
	expect_all(test, w->low[0]);
	follow(w, NULL);
	off(&w->filter[0]);
	expect_untouched(test, w->low[0]);
}

/* The order in lower.c when the filter of the same lower changes */
static void a_changed_mode_leaves_no_gap_and_no_rest(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];
	struct stabletap_filter new = {
		.dev = f->dev,
		.port = f->port,
		.flags = STABLETAP_ATTACH_PROMISC,
	};
	struct stabletap_filter old;

	KUNIT_EXPECT_EQ(test, on(f), 0);
	follow(w, f);

	KUNIT_EXPECT_EQ(test, on(&new), 0);
	follow(w, NULL);
	old = *f;
	*f = new;
	follow(w, f);
	off(&old);
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 0);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 1);

	memset(&new, 0, sizeof(new));
	new.dev = f->dev;
	new.port = f->port;
	new.flags = STABLETAP_ATTACH_FILTER;
	KUNIT_EXPECT_EQ(test, on(&new), 0);
	expect_all(test, w->low[0]);
	follow(w, NULL);
	old = *f;
	*f = new;
	follow(w, f);
	off(&old);
	expect_all(test, w->low[0]);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 0);

	follow(w, NULL);
	off(f);
	expect_untouched(test, w->low[0]);
}

static void the_ports_own_flags_are_passed_down(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	KUNIT_EXPECT_EQ(test, on(f), 0);
	follow(w, f);
	w->port_dev->flags |= IFF_PROMISC | IFF_ALLMULTI;
	KUNIT_EXPECT_EQ(test, sync_flags(f), 0);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 1);
	KUNIT_EXPECT_EQ(test, w->low[0]->allmulti, 1);
	w->port_dev->flags &= ~IFF_PROMISC;
	KUNIT_EXPECT_EQ(test, sync_flags(f), 0);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 0);
	KUNIT_EXPECT_EQ(test, w->low[0]->allmulti, 1);
	follow(w, NULL);
	off(f);
	expect_untouched(test, w->low[0]);
}

/* The promiscuity count of a device can't exceed 2^32 - 1. */
static void a_lower_that_refuses_to_be_promiscuous_is_left(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	w->low[0]->promiscuity = UINT_MAX;
	w->low[0]->flags |= IFF_PROMISC;
	f->flags = STABLETAP_ATTACH_PROMISC;
	KUNIT_EXPECT_EQ(test, on(f), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, UINT_MAX);
	expect_empty(test, f);

	/* With address lists: the steps before the refusal are undone. */
	w->low[0]->promiscuity = 0;
	w->low[0]->flags &= ~IFF_PROMISC;
	w->low[0]->allmulti = UINT_MAX;
	w->low[0]->flags |= IFF_ALLMULTI;
	w->port_dev->flags |= IFF_PROMISC | IFF_ALLMULTI;
	f->flags = STABLETAP_ATTACH_FILTER;
	KUNIT_EXPECT_EQ(test, on(f), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 0);
	KUNIT_EXPECT_EQ(test, w->low[0]->allmulti, UINT_MAX);
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 0);
	expect_empty(test, f);
}

/* A lower with longer addresses refuses those of the port. */
static void while_an_address_is_missing_it_is_promiscuous(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	KUNIT_EXPECT_EQ(test, on(f), 0);
	follow(w, f);
	KUNIT_EXPECT_EQ(test, stabletap_filter_flags(f),
			STABLETAP_ATTACH_FILTER);

	w->low[0]->addr_len = ETH_ALEN + 1;
	KUNIT_EXPECT_EQ(test, dev_mc_add(w->port_dev, mc3), 0);
	lists_changed(w);
	KUNIT_EXPECT_TRUE(test, f->incomplete);
	KUNIT_EXPECT_EQ(test, stabletap_filter_flags(f),
			STABLETAP_ATTACH_FILTER | STABLETAP_ATTACH_INCOMPLETE);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 1);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], mc3), 0);
	lists_changed(w);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 1);

	w->low[0]->addr_len = ETH_ALEN;
	lists_changed(w);
	KUNIT_EXPECT_FALSE(test, f->incomplete);
	KUNIT_EXPECT_EQ(test, stabletap_filter_flags(f),
			STABLETAP_ATTACH_FILTER);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 0);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], mc3), 1);

	follow(w, NULL);
	off(f);
	expect_untouched(test, w->low[0]);
}

/* A lower that is detached while incomplete must not affect the next lower. */
static void an_incomplete_lower_is_let_go_whole(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];

	KUNIT_EXPECT_EQ(test, on(f), 0);
	follow(w, f);
	w->low[0]->addr_len = ETH_ALEN + 1;
	KUNIT_EXPECT_EQ(test, dev_mc_add(w->port_dev, mc3), 0);
	lists_changed(w);
	KUNIT_EXPECT_EQ(test, w->low[0]->promiscuity, 1);
	w->low[0]->addr_len = ETH_ALEN;

	KUNIT_EXPECT_EQ(test, on(&w->filter[1]), 0);
	follow(w, &w->filter[1]);
	off(f);
	flush_workqueue(filter_workqueue);
	expect_untouched(test, w->low[0]);
	KUNIT_EXPECT_FALSE(test, w->filter[1].incomplete);
	KUNIT_EXPECT_EQ(test, w->low[1]->promiscuity, 0);
	KUNIT_EXPECT_EQ(test, uses(w->low[1], mc3), 1);

	follow(w, NULL);
	off(&w->filter[1]);
	expect_untouched(test, w->low[1]);
}

static void another_mac_address_replaces_the_first(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[0];
	int err;

	KUNIT_EXPECT_EQ(test, on(f), 0);
	follow(w, f);
	rtnl_lock();
	err = stabletap_filter_set_mac(f, uc2);
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], uc2), 1);
	KUNIT_EXPECT_EQ(test, uses(w->low[0], own), 0);
	KUNIT_EXPECT_TRUE(test, ether_addr_equal(f->mac, uc2));
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 4);
	follow(w, NULL);
	off(f);
	expect_untouched(test, w->low[0]);

	/* In promiscuous mode there is no address to replace. */
	f->flags = STABLETAP_ATTACH_PROMISC;
	KUNIT_EXPECT_EQ(test, on(f), 0);
	rtnl_lock();
	err = stabletap_filter_set_mac(f, uc2);
	rtnl_unlock();
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, addresses(w->low[0]), 0);
	off(f);
	expect_untouched(test, w->low[0]);
}

#ifdef CONFIG_FAULT_INJECTION
/*
 * Make each allocation of "on" fail once.  Returns how often "on" was refused.
 */
static int refusals(struct kunit *test)
{
	struct world *w = test->priv;
	struct stabletap_filter *f = &w->filter[1];
	int err, nth, refused = 0;
	bool met;

	for (nth = 1; nth < 100; nth++) {
		rtnl_lock();
		current->fail_nth = nth;
		err = stabletap_filter_on(f);
		met = !current->fail_nth;
		current->fail_nth = 0;
		rtnl_unlock();
		if (err) {
			refused++;
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			expect_untouched(test, w->low[1]);
			expect_empty(test, f);
		} else {
			expect_all(test, w->low[1]);
			off(f);
		}
		expect_all(test, w->low[0]);
		if (!met)
			break;
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	return refused;
}
#endif

/* The program that loads this module disables fail_dump. */
static void what_cannot_be_reserved_is_not_half_reserved(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION
	struct world *w = test->priv;
	int round, refused, most = 0;

	KUNIT_EXPECT_EQ(test, on(&w->filter[0]), 0);
	follow(w, &w->filter[0]);
	/*
	 * Debugging code of the kernel allocates memory too, which shifts the
	 * numbers, so one round may miss an allocation.
	 */
	for (round = 0; round < 5; round++) {
		refused = refusals(test);
		most = max(most, refused);
	}
	/* The allocations for the port's MAC address and for each list entry */
	KUNIT_EXPECT_GE(test, most, 4);
	follow(w, NULL);
	off(&w->filter[0]);
	expect_untouched(test, w->low[0]);
	expect_untouched(test, w->low[1]);
#else
	kunit_skip(test, "this kernel has no fault injection");
#endif
}

static struct kunit_case filter_test_cases[] = {
	KUNIT_CASE(the_default_is_said_in_words),
	KUNIT_CASE(modes_that_cannot_be_are_refused),
	KUNIT_CASE(promiscuous_mode_counts_once_and_gives_back),
	KUNIT_CASE(a_macvlan_takes_all_multicast),
	KUNIT_CASE(a_filter_reserves_and_then_follows),
	KUNIT_CASE(a_macvlan_has_the_ports_address_as_its_own),
	KUNIT_CASE(changes_of_the_lists_are_followed),
	KUNIT_CASE(what_the_lower_had_before_it_keeps),
	KUNIT_CASE(a_replace_leaves_no_gap_and_no_rest),
	KUNIT_CASE(a_refused_replace_touches_neither_list),
	KUNIT_CASE(a_changed_mode_leaves_no_gap_and_no_rest),
	KUNIT_CASE(the_ports_own_flags_are_passed_down),
	KUNIT_CASE(a_lower_that_refuses_to_be_promiscuous_is_left),
	KUNIT_CASE(while_an_address_is_missing_it_is_promiscuous),
	KUNIT_CASE(an_incomplete_lower_is_let_go_whole),
	KUNIT_CASE(another_mac_address_replaces_the_first),
	KUNIT_CASE(what_cannot_be_reserved_is_not_half_reserved),
	{}
};

static struct kunit_suite filter_test_suite = {
	.name		= "stabletap_filter",
	.suite_init	= filter_test_suite_init,
	.suite_exit	= filter_test_suite_exit,
	.init		= filter_test_init,
	.exit		= filter_test_exit,
	.test_cases	= filter_test_cases,
};

kunit_test_suite(filter_test_suite);
