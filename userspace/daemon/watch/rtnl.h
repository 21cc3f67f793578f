/* SPDX-License-Identifier: GPL-2.0 */
/* rtnetlink: the devices of the namespace. */
#ifndef WATCH_RTNL_H
#define WATCH_RTNL_H

#include <systemd/sd-event.h>

struct model;
struct stabletap;
struct rtnl;

/* Subscribes.  The first rtnl_resync() reads the devices that exist. */
int rtnl_start(sd_event *loop, struct stabletap *st, struct model *m,
	       struct rtnl **out);
void rtnl_stop(struct rtnl *r);
/* Dumps all devices again. */
int rtnl_resync(struct rtnl *r);
/* Reads the events that have come, without waiting. */
int rtnl_read(struct rtnl *r);
/* Requests one device, of which an event may have been missed. */
void rtnl_ask_named(struct rtnl *r, const char *name);

#endif /* WATCH_RTNL_H */
