/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to do next for a port.  Reads the model and the time and changes
 * nothing: what it says can be tested without a kernel.
 */
#ifndef PLAN_STEP_H
#define PLAN_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "model/port.h"
#include "stabletap.h"

enum step_what {
	STEP_NONE,
	STEP_CREATE,
	STEP_SET_UP,		/* the port's own net device */
	STEP_ATTACH,		/* or replace, or change the mode */
	STEP_DETACH,
};

struct step {
	enum step_what what;
	int device;		/* STEP_ATTACH */
	enum stabletap_mode mode;
	const char *why;	/* static; for the log, history and hooks */
	uint64_t look_again_at;	/* ns; 0: when something has happened */
	struct port_waits waits;	/* to be remembered until then */
	int stuck;		/* likewise, see struct port */
	bool awaits_probes;	/* each answer may change what to do */
};

struct step plan_port(const struct port *port, uint64_t now);

#endif /* PLAN_STEP_H */
