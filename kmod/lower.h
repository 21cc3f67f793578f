/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_LOWER_H
#define _STABLETAP_LOWER_H

#include "stabletap.h"

int stabletap_lower_attach(struct stabletap_port *port, struct net_device *dev,
			   u32 flags, struct netlink_ext_ack *extack);
int stabletap_lower_detach(struct stabletap_port *port,
			   const struct net_device *dev,
			   struct netlink_ext_ack *extack);
void stabletap_lower_leave(struct stabletap_port *port);
int stabletap_lower_set_mac(struct stabletap_port *port,
			    const struct sockaddr *addr);
int stabletap_lower_check_mtu(struct stabletap_port *port, int mtu);
void stabletap_lower_sync_flags(struct stabletap_port *port);
void stabletap_lower_get(struct stabletap_port *port,
			 struct stabletap_get *get);
void stabletap_lower_set_on_detach(struct stabletap_port *port);
void stabletap_lower_init_port(struct stabletap_port *port);
void stabletap_lower_exit_port(struct stabletap_port *port);
int stabletap_lower_init(void);
void stabletap_lower_exit(void);

#endif /* _STABLETAP_LOWER_H */
