/* SPDX-License-Identifier: GPL-2.0 */
/* The control device: the module has been loaded. */
#ifndef WATCH_DEVNODE_H
#define WATCH_DEVNODE_H

#include <systemd/sd-event.h>

struct model;

int devnode_start(sd_event *loop, struct model *m);

#endif /* WATCH_DEVNODE_H */
