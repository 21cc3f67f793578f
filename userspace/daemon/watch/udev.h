/* SPDX-License-Identifier: GPL-2.0 */
/* Follows udev: a device has its name, or its properties have changed. */
#ifndef WATCH_UDEV_H
#define WATCH_UDEV_H

#include <systemd/sd-event.h>

struct model;
struct rtnl;
struct udev;

/* Without udev this does nothing. */
int udev_start(sd_event *loop, struct model *m, struct rtnl *rtnl,
	       struct udev **out);
void udev_stop(struct udev *u);

#endif /* WATCH_UDEV_H */
