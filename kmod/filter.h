/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_FILTER_H
#define _STABLETAP_FILTER_H

#include "stabletap.h"

int stabletap_filter_check(const struct net_device *dev, u32 *flags,
			   struct netlink_ext_ack *extack);
int stabletap_filter_on(struct stabletap_filter *filter);
void stabletap_filter_off(struct stabletap_filter *filter);
void stabletap_filter_follow(struct stabletap_port *port,
			     struct stabletap_filter *filter);
void stabletap_filter_sync_lists(struct stabletap_port *port);
int stabletap_filter_sync_flags(struct stabletap_filter *filter);
int stabletap_filter_set_mac(struct stabletap_filter *filter, const u8 *mac);
u32 stabletap_filter_flags(const struct stabletap_filter *filter);
void stabletap_filter_init_port(struct stabletap_port *port);
int stabletap_filter_init(void);
void stabletap_filter_exit(void);

#endif /* _STABLETAP_FILTER_H */
