/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What there is, and what there should be: the tables of devices and ports.
 * Watchers bring in what the kernel says, other watchers are told what has
 * changed by it.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

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
 * devices is allowed.
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

int model_init(struct model *m, const struct facts *facts);
/* Frees what it has, without telling anybody. */
void model_release(struct model *m);

/*
 * Call @ops from now on.  Returns the watcher's number, which is that of its
 * own pointer in each port's @data.
 */
size_t model_watch(struct model *m, const struct model_ops *ops, void *arg);

/* ---- finding ---- */

struct device *model_device(const struct model *m, int ifindex);
/* By name or altname */
struct device *model_device_named(const struct model *m, const char *name);
/* By what it is on its bus */
struct device *model_on_bus(const struct model *m, const char *bus,
			    const char *dev);
struct port *model_port(const struct model *m, const char *name);
/* The configured port with that ifindex, or NULL */
struct port *model_port_at(const struct model *m, int ifindex);

/* ---- what changes it ---- */

/*
 * @conf is in force from now on, and belongs to the model.  Ports stay what
 * they are.  -ENOMEM: nothing has changed.
 */
int model_configure(struct model *m, struct conf *conf);
/* rtnetlink told @link; nothing of it is kept.  -ENOMEM. */
int model_link(struct model *m, const struct stabletap_link *link);
/* The device is no more; @end: how that came, if it is known. */
void model_link_gone(struct model *m, int ifindex, enum port_end end);
/* udev or the like knows more of the device. */
void model_facts_changed(struct model *m, int ifindex);
/* These devices, and no others, have addresses. */
void model_addresses(struct model *m, const struct idset *devices);
void model_override(struct port *port, const struct override *o);
/* All ports, and all devices that are asked for, are to be looked at. */
void model_mark_all(struct model *m);

/* ---- telling ---- */

void model_port_changed(struct port *port, const struct port_was *was);
void model_port_look(struct port *port);
void model_port_settled(struct port *port);
void model_happened(struct port *port, const struct happening *what);

#endif /* MODEL_MODEL_H */
