/* SPDX-License-Identifier: GPL-2.0 */
/* Guests with a QMP socket: their link, filter and announcements. */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <systemd/sd-event.h>

struct guests;
struct model;
struct stabletap;

int guests_start(sd_event *loop, struct stabletap *st, struct model *m,
		 struct guests **out);
/* The daemon ends: all ports that follow a guest get all multicast. */
void guests_stop(struct guests *gs);

#endif /* GUEST_GUEST_H */
