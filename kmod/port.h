/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_PORT_H
#define _STABLETAP_PORT_H

#include "stabletap.h"

void stabletap_port_setup(struct net_device *dev);
void stabletap_config_init(struct stabletap_config *config, struct net *net);
int stabletap_config_check(const struct stabletap_config *config,
			   struct netlink_ext_ack *extack);
bool stabletap_config_change(struct stabletap_port *port,
			     const struct stabletap_config *config);
int stabletap_port_register(struct net_device *dev,
			    const struct stabletap_config *config,
			    struct netlink_ext_ack *extack);
void stabletap_port_dellink(struct net_device *dev, struct list_head *head);
void stabletap_port_get(struct stabletap_port *port,
			struct user_namespace *user_ns,
			struct stabletap_get *get);

#endif /* _STABLETAP_PORT_H */
