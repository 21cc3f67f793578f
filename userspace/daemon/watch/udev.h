/* SPDX-License-Identifier: GPL-2.0 */
/* udev: when a device has its name, and what its properties are. */
#ifndef WATCH_UDEV_H
#define WATCH_UDEV_H

#include <systemd/sd-event.h>

struct model;
struct rtnl;
struct udev;

/* Where there is no udev this does nothing. */
int udev_start(sd_event *loop, struct model *m, struct rtnl *rtnl,
	       struct udev **out);
void udev_stop(struct udev *u);

#endif /* WATCH_UDEV_H */
