/* SPDX-License-Identifier: GPL-2.0 */
/* Watches for the control device, which shows that the module was loaded. */
#ifndef WATCH_DEVNODE_H
#define WATCH_DEVNODE_H

#include <systemd/sd-event.h>

struct model;

int devnode_start(sd_event *loop, struct model *m);

#endif /* WATCH_DEVNODE_H */
