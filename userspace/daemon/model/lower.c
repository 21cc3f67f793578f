// SPDX-License-Identifier: GPL-2.0
/* The device of a port's lower; can the port use another device? */
#include <stdio.h>

#include "model/lower.h"
#include "model/match.h"
#include "model/pool.h"
#include "model/tables.h"

/* A device with a master belongs to another port, a bridge or a bond. */
static bool has_other_master(const struct port *port, const struct device *dev,
			     enum stabletap_mode mode)
{
	return mode == STABLETAP_MODE_DIRECT && dev->link.master &&
	       dev->link.master != port->ifindex;
}

/* The kernel puts a macvlan's child beside it, on its parent. */
static bool can_carry(const struct device *dev, enum stabletap_mode mode)
{
	return mode == STABLETAP_MODE_DIRECT ||
	       !stabletap_link_is_macvlan(&dev->link);
}

bool port_can_use(const struct port *port, const struct device *dev,
		  enum stabletap_mode mode)
{
	return pool_allows(port, dev) && can_carry(dev, mode) &&
	       !has_other_master(port, dev, mode);
}

static void tell_holder(const struct model *m, int ifindex, char *buf,
			size_t size)
{
	const struct device *holder = model_device(m, ifindex);

	if (!holder)
		snprintf(buf, size, "is in use by another device");
	else if (stabletap_link_is_port(&holder->link))
		snprintf(buf, size, "is in use by port %s", holder->link.name);
	else
		snprintf(buf, size, "has the master %s", holder->link.name);
}

bool port_obstacle(const struct port *port, const struct device *dev,
		   enum stabletap_mode mode, char *buf, size_t size)
{
	struct pool_use use;

	if (port_can_use(port, dev, mode))
		return false;
	if (!can_carry(dev, mode)) {
		snprintf(buf, size,
			 "is a macvlan and carries a port only in mode direct");
		return true;
	}
	if (has_other_master(port, dev, mode)) {
		tell_holder(port->model, dev->link.master, buf, size);
		return true;
	}
	pool_use(dev, &use);
	if (use.holder)
		tell_holder(port->model, use.holder, buf, size);
	else
		snprintf(buf, size, "is taken: %s", use.why);
	return true;
}

enum stabletap_mode port_mode_on(const struct port *port,
				 const struct device *dev)
{
	int rank = port_candidate(port, dev);

	return rank < 0 ? port->conf->mode : port_mode(port, (size_t)rank);
}

int port_candidate(const struct port *port, const struct device *dev)
{
	const struct conf_candidates *list = &port->conf->candidates;
	size_t i;

	for (i = 0; dev && i < list->n; i++)
		if (match_selects_device(port->model,
					 list->v[i].selector->number, dev))
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
