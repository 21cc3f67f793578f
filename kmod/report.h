/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_REPORT_H
#define _STABLETAP_REPORT_H

#include "stabletap.h"

/* Caller has BH off. */
static inline void stabletap_count(struct stabletap_port *port,
				   enum stabletap_counter counter)
{
	struct stabletap_pcpu *stats = this_cpu_ptr(port->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->counter[counter]);
	u64_stats_update_end(&stats->syncp);
}

void stabletap_report_drop(struct stabletap_port *port, struct sk_buff *skb,
			   enum stabletap_counter why);
void stabletap_report_lost(struct stabletap_port *port,
			   enum stabletap_counter why);
void stabletap_report_purged(struct stabletap_port *port, unsigned int frames);
void stabletap_report_stats(struct stabletap_port *port,
			    u64 sum[STABLETAP_COUNTERS]);
void stabletap_report_change(struct stabletap_port *port);

#endif /* _STABLETAP_REPORT_H */
