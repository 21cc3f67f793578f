/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_BOUNDS_H
#define _STABLETAP_BOUNDS_H

#include "stabletap.h"

int stabletap_bounds_charge(struct stabletap_port *port,
			    struct netlink_ext_ack *extack);
void stabletap_bounds_move(struct stabletap_port *port);
void stabletap_bounds_set(struct stabletap_port *port, u64 frames);
void stabletap_bounds_empty(struct stabletap_port *port);
int stabletap_bounds_init(void);
void stabletap_bounds_exit(void);

#endif /* _STABLETAP_BOUNDS_H */
