/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Carries steps out: changes in the kernel what the plan has decided for a port
 * or a device.  The kernel's own events report the result.
 */
#ifndef ACT_ACT_H
#define ACT_ACT_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "model/model.h"
#include "stabletap.h"

/* The context of all acts; owned by the engine */
struct act {
	sd_event *loop;
	struct stabletap *st;
	struct model *m;
};

/* Returns the kernel's or the library's sentence for a refusal, or errno's. */
const char *act_why(const struct act *a, int err);

/*
 * Did another program work on the port, or has the lower changed since the
 * plan?  Then retry soon.
 */
bool act_is_busy(int err);

#endif /* ACT_ACT_H */
