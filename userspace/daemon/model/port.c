// SPDX-License-Identifier: GPL-2.0
/* One port: questions about it, and its claim. */
#include "model/device.h"
#include "model/port.h"
#include "util/clock.h"

enum stabletap_mode port_mode(const struct port *port, size_t rank)
{
	const struct conf_candidate *c = &port->conf->candidates.v[rank];

	return c->mode_set ? c->mode : port->conf->mode;
}

/* ---- options that can change at any time ---- */

/* Bounds that are not configured are the operator's, or the module's. */
struct stabletap_change port_options(const struct conf_port *conf)
{
	struct stabletap_change c = {
		.options = STABLETAP_SET_ON_DETACH,
		.on_detach = conf->on_detach,
		.hold_frames = conf->hold_frames,
		.hold_bytes = conf->hold_bytes,
	};

	if (c.hold_frames)
		c.options |= STABLETAP_SET_HOLD_FRAMES;
	if (c.hold_bytes)
		c.options |= STABLETAP_SET_HOLD_BYTES;
	if (conf->hold_time == CONF_SPAN_NONE)
		return c;
	c.options |= STABLETAP_SET_HOLD_TIME;
	c.hold_time = (uint32_t)((conf->hold_time + CLOCK_MS - 1) / CLOCK_MS);
	return c;
}

struct stabletap_change port_options_due(const struct port *port)
{
	const struct stabletap_port_info *now = &port->told;
	struct stabletap_change c = port_options(port->conf);

	if (c.on_detach == now->on_detach)
		c.options &= ~STABLETAP_SET_ON_DETACH;
	if (c.hold_frames == now->hold_frames)
		c.options &= ~STABLETAP_SET_HOLD_FRAMES;
	if (c.hold_bytes == now->hold_bytes)
		c.options &= ~STABLETAP_SET_HOLD_BYTES;
	if (c.hold_time == now->hold_time)
		c.options &= ~STABLETAP_SET_HOLD_TIME;
	return c;
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
