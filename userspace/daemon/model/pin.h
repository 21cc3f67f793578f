/* SPDX-License-Identifier: GPL-2.0 */
/* A pin that keeps a port detached, or on another device. */
#ifndef MODEL_PIN_H
#define MODEL_PIN_H

#include <stdbool.h>
#include <stddef.h>

struct port;

/*
 * Writes why the port can't be attached to the device that it is pinned to, as
 * the end of a sentence: "does not exist".  False: it is not pinned, or no
 * obstacle is known.
 */
bool pin_obstacle(const struct port *port, char *buf, size_t size);

#endif /* MODEL_PIN_H */
