// SPDX-License-Identifier: GPL-2.0
/* Delays and back-offs of the plan. */
#include "model/model.h"
#include "model/refusal.h"
#include "plan/delay.h"

void delay_look_at(uint64_t *again, uint64_t when)
{
	if (!*again || when < *again)
		*again = when;
}

bool delay_is_over(uint64_t *again, uint64_t *since, uint64_t delay,
		   uint64_t now)
{
	if (!*since)
		*since = now;
	if (now >= *since + delay)
		return true;
	delay_look_at(again, *since + delay);
	return false;
}

bool delay_is_refused(const struct port *port, const struct device *dev,
		      uint64_t now)
{
	const struct refusal *r = port_refusal(port, dev->link.ifindex);

	return r && r->until > now;
}

void delay_until_retry(const struct port *port, uint64_t *again, uint64_t now)
{
	size_t i;

	for (i = 0; i < port->refusals_n; i++)
		if (port->refusals[i].until > now)
			delay_look_at(again, port->refusals[i].until);
}

bool delay_is_remade(const struct port *port, const struct device *dev,
		     uint64_t now)
{
	const struct device *below;
	const struct device_vlan *v;

	if (!dev->link.vlan_id || !port->told.attaches ||
	    port->conf->failback == CONF_FAILBACK_NO)
		return false;
	below = model_device(port->model, device_below(&dev->link));
	v = below ? device_vlan(below, dev->link.vlan_id) : NULL;
	return v && v->made && v->made >= port->told.detach_time &&
	       v->made + port->conf->failback_delay > now;
}
