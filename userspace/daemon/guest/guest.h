/* SPDX-License-Identifier: GPL-2.0 */
/* Guests whose QEMU can be talked to: their link, their filter, announcing. */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <systemd/sd-event.h>

struct guests;
struct model;
struct stabletap;

int guests_start(sd_event *loop, struct stabletap *st, struct model *m,
		 struct guests **out);
/* All ports let through all multicast from now on: nobody follows guests. */
void guests_stop(struct guests *gs);

#endif /* GUEST_GUEST_H */
