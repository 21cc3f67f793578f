/* SPDX-License-Identifier: GPL-2.0 */
/* The state of ports and pools as JSON. */
#ifndef SERVE_STATUS_H
#define SERVE_STATUS_H

#include <jansson.h>

struct model;
struct port;

json_t *status_port_json(const struct port *port);
/* Returns the array of pools with their members. */
json_t *status_pools_json(const struct model *m);

#endif /* SERVE_STATUS_H */
