/* SPDX-License-Identifier: GPL-2.0 */
/* Compares two versions of a port's section. */
#ifndef MODEL_WISHES_H
#define MODEL_WISHES_H

#include <stdbool.h>

struct conf_port;

/* Do they have the same candidates, with the same modes? */
bool wishes_equal(const struct conf_port *x, const struct conf_port *y);

#endif /* MODEL_WISHES_H */
