/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds the devices that match a selector.
 *
 * A selector is a description of a device (name, address, driver ...), and may
 * add a VLAN or VF of that device by number.  Selectors that describe the same
 * device share a base.  Bases that are a plain name are found by that name.  So
 * an event costs as much with a thousand VLANs on one NIC as with one shared
 * selector.
 */
#ifndef MODEL_MATCH_H
#define MODEL_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "util/idset.h"

struct device;
struct match;
struct model;
struct port;
struct stabletap_link;
struct selection;

/* A description of devices that one or more selectors share */
struct base {
	size_t number;
	const struct conf_selector *spec;	/* without its VLAN and VF */
	bool stacks;		/* its selectors are for VLANs on the devices */
	struct idset devices;
	struct idset wifi;	/* Wi-Fi devices that match otherwise */
	struct selection **selections;	/* by VLAN id, those without first */
	size_t selections_n;
	struct base *next;	/* in the same list */
};

struct selection {
	size_t number;		/* index in conf->selectors */
	const struct conf_selector *spec;
	const struct conf_pool *pool;	/* its members match; or NULL */
	struct base *base;	/* NULL: a pool's */
	struct idset match;
	struct port **users;	/* ports with this candidate, each once */
	size_t users_n;
	struct selection **pools;	/* pools of which it is a Member= */
	size_t pools_n;
};

/* Makes the index of a configuration and its ports.  NULL: no memory. */
struct match *match_new(const struct conf *conf, struct port **ports,
			size_t ports_n);
void match_free(struct match *match);

const struct selection *match_selection(const struct model *m, size_t number);
/* The selection of a port's candidate; 0 is the best. */
const struct selection *match_candidate(const struct port *port, size_t rank);
const struct base *match_base(const struct model *m, size_t number);
/* Does the device match selector @number? */
bool match_selects_device(const struct model *m, size_t number,
			  const struct device *dev);
/* Is the device a candidate, or the base of one? */
bool match_uses_device(const struct device *dev);
/* Marks the ports with this candidate. */
void match_mark_users(const struct selection *sel);

/*
 * Matches a device that is new or has changed.  Marks the ports of which it is,
 * or was, a candidate.
 */
void match_update(struct device *dev);
/* The device is gone. */
void match_forget(struct device *dev);

#endif /* MODEL_MATCH_H */
