/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What there is, and what there should be.  Watchers bring in what the kernel
 * says, which changes the tables; other watchers are told of the changes.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "model/tables.h"

int model_init(struct model *m, const struct facts *facts);
/* Frees what it has, without telling anybody. */
void model_release(struct model *m);

/* ---- what changes it ---- */

/*
 * @conf is in force from now on, and belongs to the model.  Ports stay what
 * they are.  -ENOMEM: nothing has changed.
 */
int model_configure(struct model *m, struct conf *conf);
/* rtnetlink told @link; nothing of it is kept.  -ENOMEM. */
int model_link(struct model *m, const struct stabletap_link *link);
/* The device is no more; @end: how that came, if it is known. */
void model_link_gone(struct model *m, int ifindex, enum port_end end);
/* udev or the like knows more of the device. */
void model_facts_changed(struct model *m, int ifindex);
/* These devices, and no others, have addresses. */
void model_addresses(struct model *m, const struct idset *devices);
void model_override(struct port *port, const struct override *o);
/* All ports, and all devices that are asked for, are to be looked at. */
void model_mark_all(struct model *m);

#endif /* MODEL_MODEL_H */
