/* SPDX-License-Identifier: GPL-2.0 */
/* The device of a port's lower; can the port use another device? */
#ifndef MODEL_LOWER_H
#define MODEL_LOWER_H

#include <stdbool.h>
#include <stddef.h>

#include "stabletap.h"

struct device;
struct port;

/* Can the port use @dev in that mode, as far as its present users allow? */
bool port_can_use(const struct port *port, const struct device *dev,
		  enum stabletap_mode mode);
/* If not, writes why, as the end of a sentence: "has the master br0". */
bool port_obstacle(const struct port *port, const struct device *dev,
		   enum stabletap_mode mode, char *buf, size_t size);
/* Returns the mode for @dev: its candidate's or, if it is none, the port's. */
enum stabletap_mode port_mode_on(const struct port *port,
				 const struct device *dev);
/* Returns the rank of the best candidate that @dev matches, or -1. */
int port_candidate(const struct port *port, const struct device *dev);
/* Returns the device of the present lower; NULL: none, away or unknown. */
struct device *port_present(const struct port *port);
/*
 * Returns that device's name; "" if there is no lower.  If the device went to
 * another namespace, this is its last name here.
 */
const char *port_device_name(const struct port *port,
			     char name[STABLETAP_NAME_SIZE]);
/* Is the parent of the present lower in another namespace? */
bool port_is_away(const struct port *port);

#endif /* MODEL_LOWER_H */
