/* SPDX-License-Identifier: GPL-2.0 */
/* rtnetlink: what devices there are. */
#ifndef WATCH_RTNL_H
#define WATCH_RTNL_H

#include <systemd/sd-event.h>

struct model;
struct stabletap;
struct rtnl;

/* Subscribes; the first rtnl_resync() brings what is there already. */
int rtnl_start(sd_event *loop, struct stabletap *st, struct model *m,
	       struct rtnl **out);
void rtnl_stop(struct rtnl *r);
/* Ask the kernel for everything again. */
int rtnl_resync(struct rtnl *r);
/* Read what has come, without waiting. */
int rtnl_read(struct rtnl *r);
/* Ask for one device, of which something may have been missed. */
void rtnl_ask_named(struct rtnl *r, const char *name);

#endif /* WATCH_RTNL_H */
