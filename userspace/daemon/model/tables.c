// SPDX-License-Identifier: GPL-2.0
/* The tables of devices and ports: look-up, and calls of watchers. */
#include <stdlib.h>
#include <string.h>

#include "model/history.h"
#include "model/tables.h"
#include "sorted.h"

/* ---- watchers ---- */

size_t model_watch(struct model *m, const struct model_ops *ops, void *arg)
{
	/* The number of watchers is known at compile time. */
	if (m->watches_n == PORT_WATCHERS)
		abort();
	m->watches[m->watches_n] = (struct model_watch){ ops, arg };
	return m->watches_n++;
}

void model_port_changed(struct port *port, const struct port_was *was)
{
	MODEL_TELL(port->model, port_changed, port, was);
}

void model_port_look(struct port *port)
{
	MODEL_TELL(port->model, port_look, port);
}

void model_port_settled(struct port *port)
{
	MODEL_TELL(port->model, port_settled, port);
}

void model_happened(struct port *port, const struct happening *what)
{
	struct happening numbered = *what;

	numbered.number = history_add(port->model->history, what);
	MODEL_TELL(port->model, happened, port, &numbered);
}

/* ---- look-up ---- */

static int ifindex_at(const void *v, size_t i)
{
	return ((struct device *const *)v)[i]->link.ifindex;
}

size_t model_position(const struct model *m, int ifindex)
{
	return sorted_position(m->devices, m->devices_n, ifindex, ifindex_at);
}

struct device *model_device(const struct model *m, int ifindex)
{
	size_t i = model_position(m, ifindex);

	return i < m->devices_n && m->devices[i]->link.ifindex == ifindex ?
	       m->devices[i] : NULL;
}

struct device *model_device_named(const struct model *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->devices_n; i++)
		if (stabletap_link_is_named(&m->devices[i]->link, name))
			return m->devices[i];
	return NULL;
}

struct device *model_on_bus(const struct model *m, const char *bus,
			    const char *dev)
{
	size_t i;

	for (i = 0; i < m->devices_n; i++)
		if (!strcmp(m->devices[i]->link.parent_dev, dev) &&
		    !strcmp(m->devices[i]->link.parent_bus, bus))
			return m->devices[i];
	return NULL;
}

static int by_name(const void *key, const void *element)
{
	const struct port *port = *(struct port *const *)element;

	return strcmp(key, port->conf->name);
}

struct port *ports_find(struct port *const *ports, size_t n, const char *name)
{
	struct port *const *port = NULL;

	if (n)
		port = bsearch(name, ports, n, sizeof(struct port *), by_name);
	return port ? *port : NULL;
}

struct port *model_port(const struct model *m, const char *name)
{
	return ports_find(m->ports, m->ports_n, name);
}

struct port *model_port_at(const struct model *m, int ifindex)
{
	const struct device *dev = model_device(m, ifindex);

	return dev ? dev->port : NULL;
}

enum device_where device_parent(const struct model *m, int ifindex,
				struct device **out)
{
	struct device *lower = model_device(m, ifindex);

	*out = NULL;
	if (!lower)
		return DEVICE_UNKNOWN;
	if (!stabletap_child_is(&lower->link, NULL)) {
		*out = lower;
		return DEVICE_HERE;
	}
	/* An ifindex of another namespace has no meaning here. */
	if (lower->link.link_netnsid >= 0)
		return DEVICE_AWAY;
	*out = model_device(m, lower->link.link);
	return *out ? DEVICE_HERE : DEVICE_UNKNOWN;
}

void port_mark(struct port *port)
{
	agenda_mark(&port->model->agenda, &port->todo);
}
