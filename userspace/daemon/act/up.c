// SPDX-License-Identifier: GPL-2.0
/* Setting ports and devices up. */
#include <errno.h>
#include <string.h>

#include "act/act.h"
#include "act/up.h"
#include "util/log.h"

void up_port(struct act *a, struct port *port, uint64_t now)
{
	int err = stabletap_link_set_up(a->st, port->ifindex, true);

	/* Whether it is up or not, it may be attached. */
	port_mark(port);
	if (!err) {
		port->set_up_due = false;
		return;
	}
	if (!port->up_retry.failures && err != -ENODEV)
		log_line(LOG_WARNING, port->conf->name,
			 "can't be set up: %s; tried again from time to time",
			 act_why(a, err));
	port->up_until = now + retry_after(&port->up_retry, &retry_refused);
}

void up_device(struct act *a, struct device *dev, uint64_t now)
{
	int err = stabletap_link_set_up(a->st, dev->link.ifindex, true);

	if (!err) {
		dev->seen = true;
		retry_reset(&dev->up_retry);
		return;
	}
	/* It has gone, as its event will tell. */
	if (err == -ENODEV)
		return;
	if (!dev->up_retry.failures)
		log_line(LOG_WARNING, NULL,
			 "%s can't be set up: %s; tried again from time to time",
			 dev->link.name, act_why(a, err));
	/* What it waits for, say a reset's end, need not be an event of it. */
	dev->up_until = now + retry_after(&dev->up_retry, &retry_refused);
	agenda_at(&a->m->agenda, &dev->todo, dev->up_until);
}
