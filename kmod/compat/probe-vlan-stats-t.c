// SPDX-License-Identifier: GPL-2.0
/* (by 6.1): the counters of struct vlan_pcpu_stats are of type u64_stats_t */
#include <linux/if_vlan.h>
#include <linux/u64_stats_sync.h>

void probe(struct vlan_pcpu_stats *stats);

void probe(struct vlan_pcpu_stats *stats)
{
	u64_stats_add(&stats->tx_packets, 1);
}
