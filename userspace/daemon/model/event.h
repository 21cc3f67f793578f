/* SPDX-License-Identifier: GPL-2.0 */
/* Updates ports from the kernel's events, and tells the watchers. */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/port.h"

struct device;

/* Tells all watchers of an event of the port. */
void port_note(struct port *port, const char *event, const char *from,
	       const char *to, const char *why, uint64_t detached);

/* @dev is the port's net device, and is new or has changed. */
void port_update(struct port *port, struct device *dev);
/* The port's net device is gone.  @name: its new name, if it was renamed. */
void port_gone(struct port *port, enum port_end end, const char *name);
/* The port's device has become known, or was renamed. */
void port_name_device(struct port *port);
/*
 * The port's device goes to another namespace.  The kernel sets a device down
 * first, so the port may already be leaving it.
 */
void port_device_moved(struct port *port);

/* Does the port carry frames since this event, so that it must be announced? */
bool port_is_announced(const struct port *port, const struct port_was *was);

#endif /* MODEL_EVENT_H */
