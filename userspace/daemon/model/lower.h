/* SPDX-License-Identifier: GPL-2.0 */
/* A port's lower: the device that it stands for, and devices it could be on. */
#ifndef MODEL_LOWER_H
#define MODEL_LOWER_H

#include <stdbool.h>
#include <stddef.h>

#include "stabletap.h"

struct device;
struct port;

/* Can it have @dev in that mode, for all that is on the device now? */
bool port_suits(const struct port *port, const struct device *dev,
		enum stabletap_mode mode);
/* If it can't: why, as the end of a sentence, such as "has the master br0" */
bool port_obstacle(const struct port *port, const struct device *dev,
		   enum stabletap_mode mode, char *buf, size_t size);
/* How @dev is to carry the port: as its candidate, or if it is none */
enum stabletap_mode port_mode_on(const struct port *port,
				 const struct device *dev);
/* The best candidate that means @dev, or -1 */
int port_candidate(const struct port *port, const struct device *dev);
/* The device of the present lower, or NULL: none, away or unknown */
struct device *port_present(const struct port *port);
/* Its name, "" if there is no lower; of one that is away, its last name here */
const char *port_device_name(const struct port *port,
			     char name[STABLETAP_NAME_SIZE]);
/* Is the parent of the present lower in another namespace? */
bool port_is_away(const struct port *port);

#endif /* MODEL_LOWER_H */
