/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables of devices and ports, what is found in them, and who is told of
 * changes.  model.h has the functions that change them.
 */
#ifndef MODEL_TABLES_H
#define MODEL_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "model/agenda.h"
#include "model/device.h"
#include "model/facts.h"
#include "model/happening.h"
#include "model/port.h"
#include "stabletap.h"
#include "util/idset.h"

struct history;
struct match;

/*
 * Any may be NULL.  None may change the model's tables; marking ports and
 * devices is allowed.  A reload tells first which ports are dropped, while all
 * is as it was, and the rest when the tables are those of the new
 * configuration.
 */
struct model_ops {
	/* The port's section is new (@before NULL), or was @before. */
	void (*port_configured)(struct port *port,
				const struct conf_port *before, void *arg);
	/* There is no section for it any more; it is freed after this. */
	void (*port_dropped)(struct port *port, void *arg);
	/* All ports were told; @before is freed after this, or NULL. */
	void (*configured)(const struct conf *before, void *arg);
	/* Its net device has come, changed or gone (ifindex 0). */
	void (*port_changed)(struct port *port, const struct port_was *was,
			     void *arg);
	/* It is about to be looked at. */
	void (*port_look)(struct port *port, void *arg);
	/* It was looked at: there was no step to take. */
	void (*port_settled)(struct port *port, void *arg);
	void (*happened)(struct port *port, const struct happening *what,
			 void *arg);
	/* @old NULL: it is new. */
	void (*device_changed)(struct device *dev,
			       const struct stabletap_link *old, void *arg);
	/* It is freed after this. */
	void (*device_gone)(struct device *dev, void *arg);
	/* A notice of the device came in which nothing is new. */
	void (*device_noticed)(struct device *dev, void *arg);
};

struct model_watch {
	const struct model_ops *ops;
	void *arg;
};

struct model {
	const struct facts *facts;
	uint64_t (*clock)(void);	/* CLOCK_BOOTTIME; a test has its own */
	struct conf *conf;		/* NULL: none was read yet */
	struct device **devices;	/* by ifindex */
	size_t devices_n, devices_room;
	struct port **ports;		/* by name, as conf->ports */
	size_t ports_n;
	struct match *match;
	struct agenda agenda;
	struct model_watch watches[PORT_WATCHERS];
	size_t watches_n;
	struct history *history;
	struct idset orphans;		/* children without a master */
	struct idset awaited;		/* named by others, not told yet */

	size_t attached_n;		/* ports that have a lower */
	size_t by_hand_n;		/* ports with an override */
	size_t refusals_n;		/* of all ports */
	uint64_t resyncs;		/* times that all was asked for again */
	bool module_missing;
};

/*
 * Call @ops from now on.  Returns the watcher's number, which is that of its
 * own pointer in each port's @data.
 */
size_t model_watch(struct model *m, const struct model_ops *ops, void *arg);

/* ---- finding ---- */

/* Where in the table the device is, or would be */
size_t model_position(const struct model *m, int ifindex);
struct device *model_device(const struct model *m, int ifindex);
/* By name or altname */
struct device *model_device_named(const struct model *m, const char *name);
/* By what it is on its bus */
struct device *model_on_bus(const struct model *m, const char *bus,
			    const char *dev);
/* In a table of ports, by name */
struct port *ports_find(struct port *const *ports, size_t n, const char *name);
struct port *model_port(const struct model *m, const char *name);
/* The configured port with that ifindex, or NULL */
struct port *model_port_at(const struct model *m, int ifindex);

/*
 * The device that lower @ifindex stands for: a child's parent, or the lower
 * itself.  The only place that answers this.
 */
enum device_where {
	DEVICE_HERE,
	DEVICE_AWAY,		/* the parent is in another namespace */
	DEVICE_UNKNOWN,		/* its event is still to come */
};

enum device_where device_parent(const struct model *m, int ifindex,
				struct device **out);

/* Look at the port: the plan may have something else to say. */
void port_mark(struct port *port);

/* ---- telling ---- */

/* Call @op of each watcher that has it. */
#define MODEL_TELL(m, op, ...) do {					\
	for (size_t w_ = 0; w_ < (m)->watches_n; w_++)			\
		if ((m)->watches[w_].ops->op)				\
			(m)->watches[w_].ops->op(__VA_ARGS__,		\
						 (m)->watches[w_].arg);	\
} while (0)

void model_port_changed(struct port *port, const struct port_was *was);
void model_port_look(struct port *port);
void model_port_settled(struct port *port);
void model_happened(struct port *port, const struct happening *what);

#endif /* MODEL_TABLES_H */
