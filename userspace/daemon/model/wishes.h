/* SPDX-License-Identifier: GPL-2.0 */
/* Are two sections of a port's, of two configurations, the same wishes? */
#ifndef MODEL_WISHES_H
#define MODEL_WISHES_H

#include <stdbool.h>

struct conf;
struct conf_port;

/* Do they ask for the same devices, in the same way? */
bool wishes_equal(const struct conf *a, const struct conf_port *x,
		  const struct conf *b, const struct conf_port *y);

#endif /* MODEL_WISHES_H */
