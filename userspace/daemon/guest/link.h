/* SPDX-License-Identifier: GPL-2.0 */
/* The link of the guest's NIC: down while its port is detached for long. */
#ifndef GUEST_LINK_H
#define GUEST_LINK_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct port;
struct qmp;

struct guest_link {
	struct port *port;
	struct qmp *qmp;	/* NULL: none is configured */
	sd_event_source *timer;	/* until the link goes down */
	bool told;		/* @qmp was told the state @off */
	bool off;		/* the state set last */
};

int guest_link_init(struct guest_link *l, sd_event *loop, struct port *port);
void guest_link_release(struct guest_link *l);
/* Sets the link as it should be, now or when the delay ends. */
void guest_link_update(struct guest_link *l);

#endif /* GUEST_LINK_H */
