/* SPDX-License-Identifier: GPL-2.0 */
/* Asking by a program of the operator's. */
#ifndef PROBE_SCRIPT_H
#define PROBE_SCRIPT_H

#include <systemd/sd-event.h>

#include "util/program.h"

struct probe;

/* Start it; @fn is called with @p when it has ended. */
int script_ask(sd_event *loop, struct probe *p, program_fn fn);

#endif /* PROBE_SCRIPT_H */
