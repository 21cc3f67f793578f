// SPDX-License-Identifier: GPL-2.0
/* One port: questions about it, and its claim. */
#include "model/device.h"
#include "model/port.h"

enum stabletap_mode port_mode(const struct port *port, size_t rank)
{
	const struct conf_candidate *c = &port->conf->candidates.v[rank];

	return c->mode_set ? c->mode : port->conf->mode;
}

/* ---- the device that it was just attached to ---- */

uint64_t port_attachments(const struct port *port)
{
	return port->told.attaches + port->told.replaces;
}

void port_claim(struct port *port, struct device *dev)
{
	port_claim_end(port);
	/*
	 * Several ports may be attached to a device before the first event
	 * comes.
	 */
	if (dev->claim)
		port_claim_end(dev->claim);
	port->claim = dev;
	port->claim_count = port_attachments(port);
	dev->claim = port;
}

void port_claim_end(struct port *port)
{
	if (port->claim)
		port->claim->claim = NULL;
	port->claim = NULL;
}
