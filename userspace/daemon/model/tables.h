/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables of devices and ports, look-up in them, and the watchers of their
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
 * Any may be NULL.  None may change the model's tables, but they may mark ports
 * and devices.  A reload first calls port_dropped with the tables unchanged,
 * and the others with those of the new configuration.
 */
struct model_ops {
	/* The port's section is new (@before NULL), or replaces @before. */
	void (*port_configured)(struct port *port,
				const struct conf_port *before, void *arg);
	/* The port has no section any more; it is freed after this. */
	void (*port_dropped)(struct port *port, void *arg);
	/* A reload is complete.  @before is freed after this, or NULL. */
	void (*configured)(const struct conf *before, void *arg);
	/* The port's net device has appeared, changed or gone (ifindex 0). */
	void (*port_changed)(struct port *port, const struct port_was *was,
			     void *arg);
	/* The port is about to be evaluated. */
	void (*port_look)(struct port *port, void *arg);
	/* The port was evaluated, and needs no step. */
	void (*port_settled)(struct port *port, void *arg);
	void (*happened)(struct port *port, const struct happening *what,
			 void *arg);
	/* @old NULL: the device is new. */
	void (*device_changed)(struct device *dev,
			       const struct stabletap_link *old, void *arg);
	/* The device is gone; it is freed after this. */
	void (*device_gone)(struct device *dev, void *arg);
	/* A message of the device came that changes nothing. */
	void (*device_noticed)(struct device *dev, void *arg);
};

struct model_watch {
	const struct model_ops *ops;
	void *arg;
};

struct model {
	const struct facts *facts;
	uint64_t (*clock)(void);	/* CLOCK_BOOTTIME, or a test's clock */
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
	struct idset replaced;		/* children to delete as orphans */
	struct idset awaited;		/* below other devices, not known yet */

	size_t attached_n;		/* ports that have a lower */
	size_t by_hand_n;		/* ports with an override */
	size_t refusals_n;		/* of all ports */
	uint64_t resyncs;		/* number of resyncs */
	uint64_t hook_failures;		/* hooks that failed or did not run */
	uint64_t started;		/* CLOCK_REALTIME of the daemon's start */
	bool module_missing;
	bool module_differs;		/* its version is not the daemon's */
};

/*
 * Calls @ops from now on.  Returns the watcher's number, which is the index of
 * its own pointer in each port's @data.
 */
size_t model_watch(struct model *m, const struct model_ops *ops, void *arg);

/* ---- finding ---- */

/* Returns the position of the device, or where to insert it. */
size_t model_position(const struct model *m, int ifindex);
struct device *model_device(const struct model *m, int ifindex);
/* Finds a device by name or altname. */
struct device *model_device_named(const struct model *m, const char *name);
/* Finds a device by its bus and its name there. */
struct device *model_on_bus(const struct model *m, const char *bus,
			    const char *dev);
/* Finds a port by name in a table. */
struct port *ports_find(struct port *const *ports, size_t n, const char *name);
struct port *model_port(const struct model *m, const char *name);
/* Returns the configured port with that ifindex, or NULL. */
struct port *model_port_at(const struct model *m, int ifindex);

/*
 * Finds the device that lower @ifindex stands for: a child's parent, or the
 * lower itself.  No other function answers this.
 */
enum device_where {
	DEVICE_HERE,
	DEVICE_AWAY,		/* the parent is in another namespace */
	DEVICE_UNKNOWN,		/* its message has not come yet */
};

enum device_where device_parent(const struct model *m, int ifindex,
				struct device **out);

/* Marks the port, so that it is evaluated. */
void port_mark(struct port *port);

/* ---- telling ---- */

/* Calls @op of each watcher that has it. */
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
