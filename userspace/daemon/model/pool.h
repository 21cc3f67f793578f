/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools: devices of which each carries one port at a time.
 *
 * Who has a device is read off the model each time: the port whose lower it
 * is, or whose child is on it.  Only between an attach and its event the answer
 * is the port's claim (port_claim()).  Other uses of a member (a master, a
 * macvlan or VLAN on it, addresses) make it taken as well.
 */
#ifndef MODEL_POOL_H
#define MODEL_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct conf_pool;
struct device;
struct model;
struct port;

struct pool_use {
	int holder;		/* ifindex of the port that has it, or 0 */
	char why[96];		/* no port has it, and it is not free: why */
};

/* The pool by which @port asks for that device, or NULL */
const struct conf_pool *pool_of(const struct port *port,
				const struct device *dev);
/* Who or what has the device now? */
void pool_use(const struct device *dev, struct pool_use *out);
/* May @port have that device, for all that pools know? */
bool pool_allows(const struct port *port, const struct device *dev);

/*
 * Something on the device, or it itself, has changed: if it has become free,
 * the ports that ask for such a member look again.
 */
void pool_refresh(struct device *dev);

#endif /* MODEL_POOL_H */
