// SPDX-License-Identifier: GPL-2.0
/*
 * The counters: each CPU's part and the sums, their names, and their place in
 * the kernel's own statistics.  The port is never registered.
 */
#include <kunit/test.h>
#include <linux/sched.h>

#include "../../kmod/port.c"
#include "../../kmod/report.c"

#define FIRST offsetof(struct stabletap_stats, tx_packets)
#define FIELD(name) { offsetof(struct stabletap_stats, name), #name }

/* The counters in the ABI header */
static const struct {
	size_t offset;
	const char *name;
} fields[] = {
	FIELD(tx_packets),
	FIELD(tx_bytes),
	FIELD(tx_detached),
	FIELD(tx_lower),
	FIELD(tx_refused),
	FIELD(tx_held),
	FIELD(tx_expired),
	FIELD(rx_packets),
	FIELD(rx_bytes),
	FIELD(rx_multicast),
	FIELD(rx_no_reader),
	FIELD(rx_ring),
	FIELD(rx_down),
	FIELD(rx_inactive),
	FIELD(rx_lro),
	FIELD(rx_nomem),
	FIELD(tx_purged),
};

static int port_test_init(struct kunit *test)
{
	struct net_device *dev;
	int err;

	dev = alloc_netdev(sizeof(struct stabletap_port), "kunit",
			   NET_NAME_UNKNOWN, stabletap_port_setup);
	if (!dev)
		return -ENOMEM;
	err = stabletap_port_init(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	test->priv = netdev_priv(dev);
	return 0;
}

static void port_test_exit(struct kunit *test)
{
	struct stabletap_port *port = test->priv;
	struct net_device *dev;

	if (!port)
		return;
	dev = port->dev;
	stabletap_port_free(dev);
	free_netdev(dev);
}

static u64_stats_t *counter_of(struct stabletap_port *port, int cpu,
			       enum stabletap_counter counter)
{
	return &per_cpu_ptr(port->stats, cpu)->counter[counter];
}

/* A different value of more than 32 bits for each counter and CPU */
static u64 value_of(int cpu, int counter)
{
	return ((u64)(counter + 1) << 40) + ((u64)(cpu + 1) << 20) + counter;
}

static void a_new_port_has_counted_nothing(struct kunit *test)
{
	u64 sum[STABLETAP_COUNTERS];
	int i;

	memset(sum, 0xff, sizeof(sum));
	stabletap_report_stats(test->priv, sum);
	for (i = 0; i < STABLETAP_COUNTERS; i++)
		KUNIT_EXPECT_EQ_MSG(test, sum[i], 0, "%s", fields[i].name);
}

static void the_parts_of_all_cpus_are_summed(struct kunit *test)
{
	struct stabletap_port *port = test->priv;
	u64 sum[STABLETAP_COUNTERS], expected;
	int cpu, i;

	for_each_possible_cpu(cpu)
		for (i = 0; i < STABLETAP_COUNTERS; i++)
			u64_stats_set(counter_of(port, cpu, i),
				      value_of(cpu, i));

	stabletap_report_stats(port, sum);
	for (i = 0; i < STABLETAP_COUNTERS; i++) {
		expected = 0;
		for_each_possible_cpu(cpu)
			expected += value_of(cpu, i);
		KUNIT_EXPECT_EQ_MSG(test, sum[i], expected, "%s",
				    fields[i].name);
	}
}

static void a_sum_wraps_at_64_bits(struct kunit *test)
{
	struct stabletap_port *port = test->priv;
	u64 sum[STABLETAP_COUNTERS];
	int cpu = cpumask_first(cpu_possible_mask);

	u64_stats_set(counter_of(port, cpu, STABLETAP_RX_BYTES), U64_MAX);
	stabletap_report_stats(port, sum);
	KUNIT_EXPECT_EQ(test, sum[STABLETAP_RX_BYTES], U64_MAX);

	u64_stats_add(counter_of(port, cpu, STABLETAP_RX_BYTES), 3);
	stabletap_report_stats(port, sum);
	KUNIT_EXPECT_EQ(test, sum[STABLETAP_RX_BYTES], 2);
	KUNIT_EXPECT_EQ(test, sum[STABLETAP_RX_PACKETS], 0);
	KUNIT_EXPECT_EQ(test, sum[STABLETAP_RX_MULTICAST], 0);
}

static void each_cpu_counts_in_its_own_part(struct kunit *test)
{
	struct stabletap_port *port = test->priv;
	u64 sum[STABLETAP_COUNTERS], part;
	int cpu, other, cpus = 0;

	for_each_online_cpu(cpu) {
		KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current,
							   cpumask_of(cpu)), 0);
		cpus++;
		local_bh_disable();
		stabletap_count(port, STABLETAP_TX_LOWER);
		local_bh_enable();
		for_each_online_cpu(other) {
			part = u64_stats_read(counter_of(port, other,
							 STABLETAP_TX_LOWER));
			KUNIT_EXPECT_EQ(test, part, other <= cpu);
		}
	}
	set_cpus_allowed_ptr(current, cpu_possible_mask);

	stabletap_report_stats(port, sum);
	KUNIT_EXPECT_EQ(test, sum[STABLETAP_TX_LOWER], cpus);
	sum[STABLETAP_TX_LOWER] = 0;
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(sum, 0, sizeof(sum)), NULL);
}

/*
 * Frames that the module frees itself.  The kernel warns about a reason of 0.
 */
static void a_dropped_frame_counts_and_has_a_reason(struct kunit *test)
{
	static const enum stabletap_counter drops[] = {
		STABLETAP_TX_DETACHED, STABLETAP_RX_NO_READER,
		STABLETAP_RX_DOWN, STABLETAP_RX_INACTIVE, STABLETAP_RX_LRO,
		STABLETAP_RX_NOMEM,
	};
	struct stabletap_port *port = test->priv;
	u64 sum[STABLETAP_COUNTERS];
	struct sk_buff *skb;
	int i;

	for (i = 0; i < ARRAY_SIZE(drops); i++) {
		skb = alloc_skb(ETH_ZLEN, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		KUNIT_EXPECT_NE_MSG(test, report_reasons[drops[i]],
				    0, "%s", fields[drops[i]].name);
		local_bh_disable();
		stabletap_report_drop(port, skb, drops[i]);
		local_bh_enable();
		stabletap_report_stats(port, sum);
		KUNIT_EXPECT_EQ_MSG(test, sum[drops[i]], 1, "%s",
				    fields[drops[i]].name);
	}
}

/* The tap core's two callbacks */
static void what_the_tap_core_drops_is_counted(struct kunit *test)
{
	struct stabletap_port *port = test->priv;
	u64 sum[STABLETAP_COUNTERS];

	port->tap.count_tx_dropped(&port->tap);
	local_bh_disable();
	port->tap.count_rx_dropped(&port->tap);
	port->tap.count_rx_dropped(&port->tap);
	local_bh_enable();

	stabletap_report_stats(port, sum);
	KUNIT_EXPECT_EQ(test, sum[STABLETAP_TX_REFUSED], 1);
	KUNIT_EXPECT_EQ(test, sum[STABLETAP_RX_RING], 2);
}

/* Also if tc redirects the frame to the port */
static void an_lro_frame_is_dropped(struct kunit *test)
{
	struct stabletap_port *port = test->priv;
	u64 sum[STABLETAP_COUNTERS];
	struct sk_buff *skb;

	RCU_INIT_POINTER(port->dev->rx_handler_data, &port->tap);
	skb = alloc_skb(ETH_ZLEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb->dev = port->dev;
	/*
	 * As drivers build it: with gso_size, without gso_type, and not linear
	 */
	skb->len = 1;
	skb->data_len = 1;
	skb_shinfo(skb)->gso_size = 1448;
	local_bh_disable();
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, stabletap_datapath_rx_port(&skb),
			RX_HANDLER_CONSUMED);
	rcu_read_unlock();
	local_bh_enable();

	stabletap_report_stats(port, sum);
	KUNIT_EXPECT_EQ(test, sum[STABLETAP_RX_LRO], 1);
	KUNIT_EXPECT_EQ(test, sum[STABLETAP_RX_NO_READER], 0);
}

static void ethtool_names_each_counter_as_the_abi_does(struct kunit *test)
{
	struct stabletap_port *port = test->priv;
	const struct ethtool_ops *ops = port->dev->ethtool_ops;
	char (*names)[ETH_GSTRING_LEN];
	int i, count;
	u64 *values;

	count = ops->get_sset_count(port->dev, ETH_SS_STATS);
	KUNIT_ASSERT_EQ(test, count, ARRAY_SIZE(fields) + 3);
	KUNIT_EXPECT_EQ(test, ops->get_sset_count(port->dev, ETH_SS_TEST),
			-EOPNOTSUPP);
	names = kunit_kzalloc(test, count * sizeof(*names), GFP_KERNEL);
	values = kunit_kzalloc(test, count * sizeof(*values), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, names);
	KUNIT_ASSERT_NOT_NULL(test, values);

	for (i = 0; i < STABLETAP_COUNTERS; i++)
		u64_stats_set(counter_of(port, 0, i), value_of(0, i));
	port->attaches = 101;
	port->replaces = 102;
	port->losses = 103;
	ops->get_strings(port->dev, ETH_SS_STATS, (u8 *)names);
	ops->get_ethtool_stats(port->dev, NULL, values);

	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(fields), STABLETAP_COUNTERS);
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		KUNIT_EXPECT_EQ(test, fields[i].offset,
				FIRST + i * sizeof(u64));
		KUNIT_EXPECT_STREQ(test, (char *)names[i],
				   (char *)fields[i].name);
		KUNIT_EXPECT_EQ_MSG(test, values[i], value_of(0, i), "%s",
				    fields[i].name);
	}
	KUNIT_EXPECT_STREQ(test, (char *)names[i], "attaches");
	KUNIT_EXPECT_EQ(test, values[i++], 101);
	KUNIT_EXPECT_STREQ(test, (char *)names[i], "replaces");
	KUNIT_EXPECT_EQ(test, values[i++], 102);
	KUNIT_EXPECT_STREQ(test, (char *)names[i], "losses");
	KUNIT_EXPECT_EQ(test, values[i], 103);
}

/*
 * The field of the kernel's statistics that includes a counter; NULL for
 * tx_held, because a held frame is not lost.
 */
static u64 *link_stats_field(struct rtnl_link_stats64 *stats, const char *name)
{
	if (!strcmp(name, "tx_packets"))
		return &stats->tx_packets;
	if (!strcmp(name, "tx_bytes"))
		return &stats->tx_bytes;
	if (!strcmp(name, "rx_packets"))
		return &stats->rx_packets;
	if (!strcmp(name, "rx_bytes"))
		return &stats->rx_bytes;
	if (!strcmp(name, "rx_multicast"))
		return &stats->multicast;
	if (!strcmp(name, "tx_held"))
		return NULL;
	return name[0] == 't' ? &stats->tx_dropped : &stats->rx_dropped;
}

static void the_kernels_statistics_have_each_counter_once(struct kunit *test)
{
	struct stabletap_port *port = test->priv;
	struct rtnl_link_stats64 *stats;
	u64 *field;
	int i;

	stats = kunit_kzalloc(test, sizeof(*stats), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, stats);
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		u64_stats_set(counter_of(port, 0, i), value_of(0, i));
		stabletap_port_get_stats64(port->dev, stats);
		field = link_stats_field(stats, fields[i].name);
		if (field) {
			KUNIT_EXPECT_EQ_MSG(test, *field, value_of(0, i), "%s",
					    fields[i].name);
			*field = 0;
		}
		KUNIT_EXPECT_PTR_EQ_MSG(test,
					memchr_inv(stats, 0, sizeof(*stats)),
					NULL, "%s", fields[i].name);
		u64_stats_set(counter_of(port, 0, i), 0);
	}
}

static struct kunit_case port_test_cases[] = {
	KUNIT_CASE(a_new_port_has_counted_nothing),
	KUNIT_CASE(the_parts_of_all_cpus_are_summed),
	KUNIT_CASE(a_sum_wraps_at_64_bits),
	KUNIT_CASE(each_cpu_counts_in_its_own_part),
	KUNIT_CASE(a_dropped_frame_counts_and_has_a_reason),
	KUNIT_CASE(what_the_tap_core_drops_is_counted),
	KUNIT_CASE(an_lro_frame_is_dropped),
	KUNIT_CASE(ethtool_names_each_counter_as_the_abi_does),
	KUNIT_CASE(the_kernels_statistics_have_each_counter_once),
	{}
};

static struct kunit_suite port_test_suite = {
	.name		= "stabletap_counters",
	.init		= port_test_init,
	.exit		= port_test_exit,
	.test_cases	= port_test_cases,
};

kunit_test_suite(port_test_suite);
