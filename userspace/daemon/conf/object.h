/* SPDX-License-Identifier: GPL-2.0 */
/* Ports, pools and the daemon's section, without regard to their kind. */
#ifndef CONF_OBJECT_H
#define CONF_OBJECT_H

#include "conf/keys.h"

/* All objects of one kind in a configuration */
struct conf_objects {
	void *v;
	size_t n;
	size_t size;		/* of an object */
};

struct conf_objects conf_objects(const struct conf *conf, enum conf_kind kind);
void *conf_objects_at(const struct conf_objects *list, size_t i);
/* Returns the object @name; of CONF_DAEMON @conf itself; or NULL. */
void *conf_object_find(const struct conf *conf, enum conf_kind kind,
		       const char *name);

/* What a port and a pool have in common */
struct conf_object {
	char **name;
	struct conf_place *at;
	struct conf_candidates *devices;	/* Candidate= or Member= */
};

struct conf_object conf_object(enum conf_kind kind, void *base);
/* Creates a port or a pool with the defaults; NULL: out of memory. */
void *conf_object_new(enum conf_kind kind);
/* Frees all that a port or a pool owns, but not the object itself. */
void conf_object_release(enum conf_kind kind, void *base);

#endif /* CONF_OBJECT_H */
