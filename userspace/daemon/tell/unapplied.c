// SPDX-License-Identifier: GPL-2.0
/* Logs the keys of a section that do not change a port that exists. */
#include <string.h>

#include "model/model.h"
#include "tell/unapplied.h"
#include "util/log.h"

static void differs(const struct port *port, const char *key, bool really)
{
	if (really)
		log_line(LOG_WARNING, port->conf->name,
			 "%s= is not what it was made with, and takes effect when it is made anew",
			 key);
}

static void compare(const struct port *port)
{
	const struct device *dev = model_device(port->model, port->ifindex);
	const struct stabletap_port_info *p = &port->told;
	const struct conf_port *c = port->conf;

	if (!dev)
		return;
	differs(port, "MACAddress", c->mac_set && dev->link.addr_len == 6 &&
		memcmp(c->mac, dev->link.addr, 6) != 0);
	differs(port, "MTUBytes", c->mtu && c->mtu != dev->link.mtu);
	differs(port, "Queues", c->queues && c->queues != p->queues);
	differs(port, "Owner", c->owner != p->owner);
	differs(port, "Group", c->group != p->group);
	differs(port, "Mode", c->perm && c->perm != p->perm);
}

static void on_configured(struct port *port, const struct conf_port *before,
			  void *arg)
{
	(void)arg;
	if (before)
		compare(port);
}

static void on_changed(struct port *port, const struct port_was *was,
		       void *arg)
{
	(void)arg;
	if (was->fresh)
		compare(port);
}

void unapplied_watch(struct model *m)
{
	static const struct model_ops ops = {
		.port_configured = on_configured, .port_changed = on_changed,
	};

	model_watch(m, &ops, NULL);
}
