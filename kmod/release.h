/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_RELEASE_H
#define _STABLETAP_RELEASE_H

#include "stabletap.h"

void stabletap_release(struct stabletap_lower *lower);
void stabletap_release_old(struct stabletap_lower *old);
void stabletap_release_settle(struct stabletap_port *port,
			      const struct net_device *next);
void stabletap_release_leave(struct stabletap_port *port,
			     struct stabletap_lower *lower);
void stabletap_release_left(struct stabletap_port *port);
void stabletap_release_gone(struct stabletap_lower *lower);
void stabletap_release_adopt(struct stabletap_lower *lower);
void stabletap_release_event(struct stabletap_lower *lower,
			     unsigned long event);
void stabletap_release_wait(u64 id);
unsigned int stabletap_release_waiting(struct net_device *dev);
int stabletap_release_set_mac(struct net_device *dev, const u8 *mac,
			      struct netlink_ext_ack *extack);
int stabletap_release_init(void);
void stabletap_release_exit(void);

#endif /* _STABLETAP_RELEASE_H */
