// SPDX-License-Identifier: GPL-2.0
/*
 * What the module tells about its frames and ports: the counters, the drop
 * reasons and tracepoint, and the link message after a change.
 */
#include "report.h"
#include "trace.h"

/*
 * The drop reasons that dropwatch and perf show.  A module outside of the
 * kernel tree can't register reasons of its own, so these are the closest of
 * the kernel's; the tracepoint stabletap_drop has the exact counter.
 */
static const u16 report_reasons[STABLETAP_COUNTERS] = {
	[STABLETAP_TX_DETACHED]		= STABLETAP_DROP_DEV_READY,
	[STABLETAP_TX_EXPIRED]		= STABLETAP_DROP_DEV_READY,
	[STABLETAP_RX_NO_READER]	= STABLETAP_DROP_NO_SOCKET,
	[STABLETAP_RX_DOWN]		= STABLETAP_DROP_DEV_READY,
	[STABLETAP_RX_INACTIVE]		= STABLETAP_DROP_OTHERHOST,
	[STABLETAP_RX_LRO]		= STABLETAP_DROP_PKT_TOO_BIG,
	[STABLETAP_RX_NOMEM]		= STABLETAP_DROP_NOMEM,
};

/* Count a frame as dropped, and free it.  Caller has BH off. */
void stabletap_report_drop(struct stabletap_port *port, struct sk_buff *skb,
			   enum stabletap_counter why)
{
	stabletap_count(port, why);
	trace_stabletap_drop(port->dev, skb, why);
	stabletap_kfree_skb(skb, report_reasons[why]);
}

/* Count a frame as dropped that somebody else has freed.  Caller has BH off. */
void stabletap_report_lost(struct stabletap_port *port,
			   enum stabletap_counter why)
{
	stabletap_count(port, why);
	trace_stabletap_drop(port->dev, NULL, why);
}

/* Count frames that were sent to a lower's queue, and went with it. */
void stabletap_report_purged(struct stabletap_port *port, unsigned int frames)
{
	struct stabletap_pcpu *stats;

	if (!frames)
		return;
	local_bh_disable();
	stats = this_cpu_ptr(port->stats);
	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->counter[STABLETAP_TX_PURGED], frames);
	u64_stats_update_end(&stats->syncp);
	local_bh_enable();
}

/* Add up the CPUs' parts of the counters. */
void stabletap_report_stats(struct stabletap_port *port,
			    u64 sum[STABLETAP_COUNTERS])
{
	u64 part[STABLETAP_COUNTERS];
	unsigned int start;
	int cpu, i;

	memset(sum, 0, sizeof(part));
	for_each_possible_cpu(cpu) {
		struct stabletap_pcpu *pcpu = per_cpu_ptr(port->stats, cpu);

		do {
			start = u64_stats_fetch_begin(&pcpu->syncp);
			for (i = 0; i < STABLETAP_COUNTERS; i++)
				part[i] = u64_stats_read(&pcpu->counter[i]);
		} while (u64_stats_fetch_retry(&pcpu->syncp, start));

		for (i = 0; i < STABLETAP_COUNTERS; i++)
			sum[i] += part[i];
	}
}

/* Make rtnetlink send RTM_NEWLINK because IFLA_INFO_DATA has changed. */
void stabletap_report_change(struct stabletap_port *port)
{
	call_netdevice_notifiers(NETDEV_CHANGEINFODATA, port->dev);
}
