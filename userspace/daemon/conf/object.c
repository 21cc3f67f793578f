// SPDX-License-Identifier: GPL-2.0
/* Ports, pools and the daemon's section, without regard to their kind. */
#include <stdlib.h>
#include <string.h>

#include "conf/object.h"

struct conf_objects conf_objects(const struct conf *conf, enum conf_kind kind)
{
	switch (kind) {
	case CONF_PORT:
		return (struct conf_objects){
			conf->ports, conf->ports_n, sizeof(*conf->ports),
		};
	case CONF_POOL:
		return (struct conf_objects){
			conf->pools, conf->pools_n, sizeof(*conf->pools),
		};
	default:
		return (struct conf_objects){ 0 };
	}
}

void *conf_objects_at(const struct conf_objects *list, size_t i)
{
	return (char *)list->v + i * list->size;
}

void *conf_object_find(const struct conf *conf, enum conf_kind kind,
		       const char *name)
{
	struct conf_objects list = conf_objects(conf, kind);
	size_t i;

	if (kind == CONF_DAEMON)
		return (void *)(uintptr_t)conf;
	for (i = 0; i < list.n; i++) {
		void *base = conf_objects_at(&list, i);

		if (!strcmp(*conf_object(kind, base).name, name))
			return base;
	}
	return NULL;
}

struct conf_object conf_object(enum conf_kind kind, void *base)
{
	struct conf_port *port = base;
	struct conf_pool *pool = base;

	if (kind == CONF_PORT)
		return (struct conf_object){
			&port->name, &port->at, &port->candidates,
		};
	return (struct conf_object){ &pool->name, &pool->at, &pool->members };
}

void *conf_object_new(enum conf_kind kind)
{
	void *base = calloc(1, kind == CONF_PORT ? sizeof(struct conf_port) :
						   sizeof(struct conf_pool));

	if (base)
		conf_keys_reset(kind, base);
	return base;
}

void conf_object_release(enum conf_kind kind, void *base)
{
	conf_keys_reset(kind, base);
	free(*conf_object(kind, base).name);
}
