// SPDX-License-Identifier: GPL-2.0
/* The device of a port's lower; can the port use another device? */
#include <stdio.h>

#include "model/lower.h"
#include "model/match.h"
#include "model/pool.h"
#include "model/tables.h"

bool port_suits(const struct port *port, const struct device *dev,
		enum stabletap_mode mode)
{
	if (!pool_allows(port, dev))
		return false;
	/*
	 * A device with a master belongs to another port, a bridge or a bond.
	 */
	if (mode == STABLETAP_MODE_DIRECT)
		return !dev->link.master || dev->link.master == port->ifindex;
	/* The kernel puts a macvlan on a macvlan onto that one's parent. */
	return !stabletap_link_is_macvlan(&dev->link);
}

int port_candidate(const struct port *port, const struct device *dev)
{
	size_t i;

	for (i = 0; dev && i < port->conf->candidates_n; i++)
		if (match_selects_device(port->model,
					 port->conf->candidates[i].selector,
					 dev))
			return (int)i;
	return -1;
}

struct device *port_present(const struct port *port)
{
	struct device *dev = NULL;

	if (port->told.lower)
		device_parent(port->model, (int)port->told.lower, &dev);
	return dev;
}

const char *port_device_name(const struct port *port,
			     char name[STABLETAP_NAME_SIZE])
{
	const struct device *dev = port_present(port);

	name[0] = '\0';
	if (port->told.lower)
		snprintf(name, STABLETAP_NAME_SIZE, "%s",
			 dev ? dev->link.name : *port->dev ? port->dev : "?");
	return name;
}

bool port_is_away(const struct port *port)
{
	struct device *dev;

	return port->told.lower &&
	       device_parent(port->model, (int)port->told.lower, &dev) ==
	       DEVICE_AWAY;
}
