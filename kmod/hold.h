/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _STABLETAP_HOLD_H
#define _STABLETAP_HOLD_H

#include "stabletap.h"

/*
 * Bounds on the frames that a port holds, if its creator gives none: a number,
 * bytes of memory (skb->truesize), and milliseconds
 */
#define STABLETAP_HOLD_FRAMES	1024
#define STABLETAP_HOLD_BYTES	(4ULL << 20)
#define STABLETAP_HOLD_TIME	10000

/* The largest bounds that can be set */
#define STABLETAP_HOLD_MAX_FRAMES	1000000
#define STABLETAP_HOLD_MAX_BYTES	(1ULL << 32)
#define STABLETAP_HOLD_MAX_TIME		3600000

struct stabletap_lower *stabletap_hold_frame(struct stabletap_port *port,
					     struct sk_buff *skb,
					     struct sk_buff_head *batch);
bool stabletap_hold_next(struct stabletap_port *port,
			 struct stabletap_lower *lower,
			 struct sk_buff_head *batch);
void stabletap_hold_sent(struct stabletap_port *port);
void stabletap_hold_begin(struct stabletap_port *port,
			  struct stabletap_lower *lower);
void stabletap_hold_pause(struct stabletap_port *port);
void stabletap_hold_purge(struct stabletap_port *port);
void stabletap_hold_set_bounds(struct stabletap_port *port,
			       const struct stabletap_config *config);
void stabletap_hold_get(struct stabletap_port *port, struct stabletap_get *get);
void stabletap_hold_init_port(struct stabletap_port *port);
void stabletap_hold_exit_port(struct stabletap_port *port);
int stabletap_hold_init(void);
void stabletap_hold_exit(void);

#endif /* _STABLETAP_HOLD_H */
