/* SPDX-License-Identifier: GPL-2.0 */
/* Attaches, replaces and detaches lowers. */
#ifndef ACT_ATTACH_H
#define ACT_ATTACH_H

#include "stabletap.h"

struct act;
struct device;
struct port;
struct vf_keeper;

/*
 * Returns 0 or a negative errno; act_why() has the reason until the next act.
 * @how: the way that was tried.  STABLETAP_HOW_BREAK: the old lower was
 * detached first.
 */
int attach_port(struct act *a, struct vf_keeper *vfs, struct port *port,
		struct device *dev, enum stabletap_mode mode,
		enum stabletap_how *how);
int detach_port(struct act *a, struct port *port);

#endif /* ACT_ATTACH_H */
