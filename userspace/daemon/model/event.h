/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's events make of a port, and who hears of them. */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/port.h"

struct device;

/* Tell everybody that something happened. */
void port_note(struct port *port, const char *event, const char *from,
	       const char *to, const char *why, uint64_t detached);

/* The net device @dev is the port, and says something new. */
void port_update(struct port *port, struct device *dev);
/* It is no more; @name: what it is called now, if it was renamed. */
void port_gone(struct port *port, enum port_end end, const char *name);
/* The device that it is on is known now, or has another name. */
void port_name_device(struct port *port);
/*
 * It goes to another namespace.  The kernel sets a device down first, and a
 * port may already be leaving it for that.
 */
void port_device_moved(struct port *port);

/* Does it carry since this event, where nobody was told yet? */
bool port_is_announced(const struct port *port, const struct port_was *was);

#endif /* MODEL_EVENT_H */
