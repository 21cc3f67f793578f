// SPDX-License-Identifier: GPL-2.0
/* A pin that keeps a port detached, or on another device. */
#include <stdio.h>

#include "model/lower.h"
#include "model/pin.h"
#include "model/refusal.h"
#include "model/tables.h"

static bool find_refusal(const struct port *port, const struct device *dev,
			 char *buf, size_t size)
{
	const struct refusal *r = port_refusal(port, dev->link.ifindex);

	if (r)
		snprintf(buf, size, "refused: %s", r->why);
	return r != NULL;
}

bool pin_obstacle(const struct port *port, char *buf, size_t size)
{
	const struct override *o = &port->override;
	const struct device *dev;
	const char *what = NULL;

	if (o->kind != OVERRIDE_PIN)
		return false;
	dev = model_device_named(port->model, o->dev);
	if (!dev)
		what = "does not exist";
	else if (!device_is_ethernet(&dev->link))
		what = "can't carry a port";
	else if (!device_is_usable(&dev->link))
		what = "is down or has no carrier";
	if (what) {
		snprintf(buf, size, "%s", what);
		return true;
	}
	return dev != port_present(port) &&
	       (port_obstacle(port, dev, port_mode_on(port, dev), buf, size) ||
		find_refusal(port, dev, buf, size));
}
