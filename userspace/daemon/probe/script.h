/* SPDX-License-Identifier: GPL-2.0 */
/* Probes by a program of the operator's. */
#ifndef PROBE_SCRIPT_H
#define PROBE_SCRIPT_H

#include <systemd/sd-event.h>

#include "util/program.h"

struct probe;

/* Starts the program; @fn is called with @p when it has ended. */
int script_ask(sd_event *loop, struct probe *p, program_fn fn);

#endif /* PROBE_SCRIPT_H */
