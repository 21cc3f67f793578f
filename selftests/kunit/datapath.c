// SPDX-License-Identifier: GPL-2.0
/*
 * How frames are counted, and which device is handed one without
 * dev_queue_xmit().  The device is not registered, and no frame is sent.
 * ../datapath/short.c tests the same with real devices; but no device that has
 * neither a queue nor a lock ever stops.
 */
#include <kunit/test.h>

#include "../../kmod/datapath.c"

struct scene {
	struct net_device *dev;
	struct Qdisc *qdisc;
	struct sk_buff *skb;
};

static const struct net_device_ops no_operations;

static int unused_enqueue(struct sk_buff *skb, struct Qdisc *qdisc,
			  struct sk_buff **to_free)
{
	return NET_XMIT_DROP;
}

static void set_lltx(struct net_device *dev, bool lltx)
{
#ifdef NETIF_F_LLTX
	dev->features = lltx ? NETIF_F_LLTX : 0;
#else
	dev->lltx = lltx;
#endif
}

static int datapath_test_init(struct kunit *test)
{
	struct scene *scene;

	scene = kunit_kzalloc(test, sizeof(*scene), GFP_KERNEL);
	if (!scene)
		return -ENOMEM;
	test->priv = scene;
	scene->qdisc = kunit_kzalloc(test, sizeof(*scene->qdisc), GFP_KERNEL);
	scene->skb = alloc_skb(ETH_ZLEN, GFP_KERNEL);
	scene->dev = alloc_netdev(0, "kunit", NET_NAME_UNKNOWN, ether_setup);
	if (!scene->qdisc || !scene->skb || !scene->dev)
		return -ENOMEM;
	scene->skb->dev = scene->dev;
	scene->dev->netdev_ops = &no_operations;
	rcu_assign_pointer(netdev_get_tx_queue(scene->dev, 0)->qdisc,
			   scene->qdisc);
	scene->dev->priv_flags |= IFF_NO_QUEUE;
	scene->dev->flags |= IFF_UP;
	set_lltx(scene->dev, true);
	return 0;
}

static void datapath_test_exit(struct kunit *test)
{
	struct scene *scene = test->priv;

	if (!scene)
		return;
	kfree_skb(scene->skb);
	if (scene->dev)
		free_netdev(scene->dev);
}

static bool is_short(struct scene *scene)
{
	bool ret;

	local_bh_disable();
	rcu_read_lock_bh();
	ret = xmit_is_short(scene->skb, scene->dev);
	rcu_read_unlock_bh();
	local_bh_enable();
	return ret;
}

static void a_device_without_queue_and_lock_is_short(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, is_short(test->priv));
}

static void one_that_wants_a_queue_is_not(struct kunit *test)
{
	struct scene *scene = test->priv;

	scene->dev->priv_flags &= ~IFF_NO_QUEUE;
	KUNIT_EXPECT_FALSE(test, is_short(scene));
}

static void one_that_has_a_queue_is_not(struct kunit *test)
{
	struct scene *scene = test->priv;

	scene->qdisc->enqueue = unused_enqueue;
	KUNIT_EXPECT_FALSE(test, is_short(scene));
}

static void one_that_needs_a_lock_is_not(struct kunit *test)
{
	struct scene *scene = test->priv;

	set_lltx(scene->dev, false);
	KUNIT_EXPECT_FALSE(test, is_short(scene));
}

static void one_with_several_queues_is_not(struct kunit *test)
{
	struct scene *scene = test->priv;

	scene->dev->real_num_tx_queues = 2;
	KUNIT_EXPECT_FALSE(test, is_short(scene));
}

static void one_that_is_down_is_not(struct kunit *test)
{
	struct scene *scene = test->priv;

	scene->dev->flags &= ~IFF_UP;
	KUNIT_EXPECT_FALSE(test, is_short(scene));
}

static void one_that_has_stopped_is_not_until_it_goes_on(struct kunit *test)
{
	struct scene *scene = test->priv;
	struct netdev_queue *txq = netdev_get_tx_queue(scene->dev, 0);

	set_bit(__QUEUE_STATE_DRV_XOFF, &txq->state);
	KUNIT_EXPECT_FALSE(test, is_short(scene));
	clear_bit(__QUEUE_STATE_DRV_XOFF, &txq->state);
	KUNIT_EXPECT_TRUE(test, is_short(scene));
	set_bit(__QUEUE_STATE_STACK_XOFF, &txq->state);
	KUNIT_EXPECT_FALSE(test, is_short(scene));
}

static void a_frame_that_needs_preparation_is_not(struct kunit *test)
{
	struct scene *scene = test->priv;

	scene->skb->ip_summed = CHECKSUM_PARTIAL;
	KUNIT_EXPECT_FALSE(test, is_short(scene));
}

static u64 counted(struct stabletap_pcpu *stats, enum stabletap_counter counter)
{
	return u64_stats_read(&stats->counter[counter]);
}

static void a_received_frame_counts_once_with_its_bytes(struct kunit *test)
{
	struct stabletap_pcpu *stats;

	stats = kunit_kzalloc(test, sizeof(*stats), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stats);
	u64_stats_init(&stats->syncp);
	local_bh_disable();
	rx_count(stats, 60, false);
	rx_count(stats, 65549, true);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, counted(stats, STABLETAP_RX_PACKETS), 2);
	KUNIT_EXPECT_EQ(test, counted(stats, STABLETAP_RX_BYTES), 65609);
	KUNIT_EXPECT_EQ(test, counted(stats, STABLETAP_RX_MULTICAST), 1);
}

static struct kunit_case datapath_test_cases[] = {
	KUNIT_CASE(a_device_without_queue_and_lock_is_short),
	KUNIT_CASE(one_that_wants_a_queue_is_not),
	KUNIT_CASE(one_that_has_a_queue_is_not),
	KUNIT_CASE(one_that_needs_a_lock_is_not),
	KUNIT_CASE(one_with_several_queues_is_not),
	KUNIT_CASE(one_that_is_down_is_not),
	KUNIT_CASE(one_that_has_stopped_is_not_until_it_goes_on),
	KUNIT_CASE(a_frame_that_needs_preparation_is_not),
	KUNIT_CASE(a_received_frame_counts_once_with_its_bytes),
	{}
};

static struct kunit_suite datapath_test_suite = {
	.name		= "stabletap_datapath",
	.init		= datapath_test_init,
	.exit		= datapath_test_exit,
	.test_cases	= datapath_test_cases,
};

kunit_test_suite(datapath_test_suite);
