/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model: the devices and ports that exist, and the configuration.  Watchers
 * bring in the kernel's messages, which change the tables; other watchers are
 * told of the changes.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "model/tables.h"

int model_init(struct model *m, const struct facts *facts);
/* Frees the model without telling watchers. */
void model_release(struct model *m);

/* ---- changes ---- */

/*
 * Puts @conf in force; it belongs to the model then.  Ports keep their state.
 * Returns 0, or -ENOMEM: nothing has changed.
 */
int model_configure(struct model *m, struct conf *conf);
/* Takes in an RTM_NEWLINK; @link is copied.  Returns 0 or -ENOMEM. */
int model_link(struct model *m, const struct stabletap_link *link);
/* The device is gone.  @end: the cause, if known. */
void model_link_gone(struct model *m, int ifindex, enum port_end end);
/* udev has set a name or property of the device. */
void model_facts_changed(struct model *m, int ifindex);
/* Sets the devices that have addresses; the others have none. */
void model_addresses(struct model *m, const struct idset *devices);
void model_override(struct port *port, const struct override *o);
/* Marks all ports, and all devices that are candidates or bases of them. */
void model_mark_all(struct model *m);

#endif /* MODEL_MODEL_H */
