/* SPDX-License-Identifier: GPL-2.0 */
/* Derives events from two states of a port. */
#ifndef CLI_CHANGES_H
#define CLI_CHANGES_H

#include <jansson.h>

#include "stabletap.h"

/* Resolves an ifindex to a name for display; never NULL. */
typedef const char *(*name_fn)(int ifindex, void *arg);

/* Takes one event; @fields is the function's to release. */
typedef void (*change_fn)(const char *event, const struct stabletap_link *port,
			  json_t *fields, void *arg);

/*
 * Compares two states and emits the events in order.  @old NULL: the port is
 * new; @new NULL: it is gone.  @arg is passed to both functions.
 */
void changes_tell(const struct stabletap_link *old,
		  const struct stabletap_link *new, name_fn name,
		  change_fn emit, void *arg);

#endif /* CLI_CHANGES_H */
