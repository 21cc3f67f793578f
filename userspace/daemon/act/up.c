// SPDX-License-Identifier: GPL-2.0
/* Sets ports and devices up. */
#include <errno.h>
#include <string.h>

#include "act/act.h"
#include "act/up.h"
#include "util/log.h"

void up_port(struct act *a, struct port *port, uint64_t now)
{
	int err = stabletap_link_set_up(a->st, port->ifindex, true);

	/* A port can be attached whether it is up or not, so plan it. */
	port_mark(port);
	if (!err) {
		port->set_up_due = false;
		return;
	}
	if (!port->up_retry.failures && err != -ENODEV)
		log_line(LOG_WARNING, port->conf->name,
			 "can't be set up: %s; retried until it succeeds",
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
	/* The device is gone, or its driver says so for a moment. */
	if (!dev->up_retry.failures && err != -ENODEV)
		log_line(LOG_WARNING, NULL,
			 "%s can't be set up: %s; retried until it succeeds",
			 dev->link.name, act_why(a, err));
	/*
	 * The cause, such as a reset, may end without an event of the device.
	 */
	dev->up_until = now + retry_after(&dev->up_retry, &retry_refused);
	agenda_at(&a->m->agenda, &dev->todo, dev->up_until);
}
