/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which devices a selector means.
 *
 * A selector is a description of a device (name, address, driver ...), and
 * perhaps "the VLAN or VF of that number on it".  Selectors that describe the
 * same device share a base, and bases that are a plain name are found by that
 * name; so an event costs as much with a thousand VLANs on one NIC as with one
 * shared selector.
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

/* Devices that one or more selectors build on */
struct base {
	size_t number;
	const struct conf_selector *spec;	/* its VLAN and VF don't count */
	bool stacks;		/* a VLAN is asked for on it */
	struct idset devices;
	struct idset wifi;	/* would be, if they were not Wi-Fi */
	struct selection **selections;	/* by VLAN id, those without first */
	size_t selections_n;
	struct base *next;	/* of that name, or of those without one */
};

struct selection {
	size_t number;		/* as in the configuration */
	const struct conf_selector *spec;
	const struct conf_pool *pool;	/* whose members it means, or NULL */
	struct base *base;	/* NULL: a pool's */
	struct idset match;
	struct port **users;	/* ports with such a candidate, each once */
	size_t users_n;
	struct selection **pools;	/* of which it is a member */
	size_t pools_n;
};

/* Of a configuration and the ports that it is for.  NULL: no memory. */
struct match *match_new(const struct conf *conf, struct port **ports,
			size_t ports_n);
void match_free(struct match *match);

const struct selection *match_selection(const struct model *m, size_t number);
const struct base *match_base(const struct model *m, size_t number);
/* Does selector @number mean the device? */
bool match_selects_device(const struct model *m, size_t number,
			  const struct device *dev);
/* Is the device a candidate, or what a candidate is stacked on? */
bool match_uses_device(const struct device *dev);
/* The ports with such a candidate look again. */
void match_mark_users(const struct selection *sel);

/*
 * The device is new, or something of it has changed: does it match?  The
 * ports that it is, or was, a candidate of look again.
 */
void match_update(struct device *dev);
/* The device is no more. */
void match_forget(struct device *dev);

#endif /* MODEL_MATCH_H */
