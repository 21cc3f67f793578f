/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Carrying steps out: the only room that changes something in the kernel for
 * a port or a device.  What came of it is told by the kernel's own events.
 */
#ifndef ACT_ACT_H
#define ACT_ACT_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "model/model.h"
#include "stabletap.h"

/* What all acts need; it belongs to the engine. */
struct act {
	sd_event *loop;
	struct stabletap *st;
	struct model *m;
};

/* The kernel's or the library's sentence for what was refused, or errno's */
const char *act_why(const struct act *a, int err);

/*
 * Is it over in a moment, as a rule?  Another program works on the port, or
 * what the step was taken for has changed meanwhile.
 */
bool act_is_busy(int err);

#endif /* ACT_ACT_H */
