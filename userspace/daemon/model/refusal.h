/* SPDX-License-Identifier: GPL-2.0 */
/* Devices that refused to be attached, and the end of these refusals. */
#ifndef MODEL_REFUSAL_H
#define MODEL_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "util/retry.h"

struct device;
struct model;
struct port;
struct stabletap_link;

/* A device that refused to be attached */
struct refusal {
	int dev;
	struct retry retry;
	uint64_t tried;
	uint64_t until;		/* not tried again before then */
	char why[160];
};

struct refusal *port_refusal(const struct port *port, int dev);
/* -ENOMEM; *news: the cause was not told yet. */
int port_refused(struct port *port, struct device *dev, const char *why,
		 uint64_t now, bool *news);
void port_refusal_drop(struct port *port, int dev);
void port_refusals_clear(struct port *port);

/* The port has another address or MTU, which its refusals may have wanted. */
void port_refusals_end(struct port *port);
/*
 * Device @dev was @old (NULL: it is new).  It, what it is stacked on and its
 * members may be attached now where they refused before.
 */
void refusals_end(struct model *m, const struct device *dev,
		  const struct stabletap_link *old);
/* The device that was @old is gone.  It was known since @known_since. */
void refusals_end_gone(struct model *m, const struct stabletap_link *old,
		       uint64_t known_since);

#endif /* MODEL_REFUSAL_H */
