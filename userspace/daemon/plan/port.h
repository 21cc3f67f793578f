/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The next step for a port.  The plan reads the model and the time and changes
 * nothing, so it can be tested without a kernel.
 */
#ifndef PLAN_PORT_H
#define PLAN_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "model/port.h"
#include "stabletap.h"

enum step_what {
	STEP_NONE,
	STEP_CREATE,
	STEP_SET_UP,		/* set up the port's net device */
	STEP_SET_OPTIONS,	/* OnDetach and its bounds */
	STEP_ATTACH,		/* also to replace, or to change the mode */
	STEP_DETACH,
};

struct step {
	enum step_what what;
	int device;		/* STEP_ATTACH */
	enum stabletap_mode mode;
	const char *why;	/* static; for the log, history and hooks */
	uint64_t look_again_at;	/* ns; 0: not before an event */
	struct port_waits waits;	/* the port's new waits */
	int stuck;		/* the port's new value */
	bool awaits_probes;	/* each verdict may change the step */
};

struct step plan_port(const struct port *port, uint64_t now);

#endif /* PLAN_PORT_H */
