/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools: devices of which each carries one port at a time.
 *
 * The holder of a device is read from the model each time: the port whose lower
 * the device is, or whose child is on it.  Only between an attach and its event
 * the port's claim (port_claim()) decides.  A member is also taken if it is
 * used otherwise: by a master, by a macvlan or VLAN on it, or by addresses.
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
	char why[96];		/* why it is taken, if no port has it */
};

/* Returns the pool through which @dev is a candidate of @port, or NULL. */
const struct conf_pool *pool_of(const struct port *port,
				const struct device *dev);
/* Returns the present holder of the device, or its other use. */
void pool_use(const struct device *dev, struct pool_use *out);
/* Do the rules of pools allow @port the device? */
bool pool_allows(const struct port *port, const struct device *dev);

/*
 * The device, or something on it, has changed.  If it has become free, this
 * marks the ports that want a member of its pools.
 */
void pool_refresh(struct device *dev);

#endif /* MODEL_POOL_H */
