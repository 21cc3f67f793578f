/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_DATAPATH_H
#define _STABLETAP_DATAPATH_H

#include "stabletap.h"

netdev_tx_t stabletap_datapath_xmit(struct sk_buff *skb,
				    struct net_device *dev);
bool stabletap_datapath_can_send(struct net_device *dev);
bool stabletap_datapath_resume(struct stabletap_port *port);
rx_handler_result_t stabletap_datapath_rx_port(struct sk_buff **pskb);
void stabletap_datapath_tx_refused(struct tap_dev *tap);
void stabletap_datapath_rx_refused(struct tap_dev *tap);

rx_handler_func_t *
stabletap_datapath_rx_handler(const struct stabletap_lower *lower);
void stabletap_datapath_set_overlap(struct stabletap_lower *lower,
				    struct stabletap_overlap *overlap);
void stabletap_datapath_orphan(struct stabletap_lower *lower);
struct stabletap_lower *stabletap_datapath_lower(const struct net_device *dev);

/* Returns true if the device is a port. */
static inline bool stabletap_port_is(const struct net_device *dev)
{
	return dev->netdev_ops->ndo_start_xmit == stabletap_datapath_xmit;
}

#endif /* _STABLETAP_DATAPATH_H */
