/* SPDX-License-Identifier: GPL-2.0 */
/* What the operator asks for by hand: pin, prefer, hold-off. */
#ifndef WATCH_OVERRIDE_H
#define WATCH_OVERRIDE_H

#include <systemd/sd-event.h>

struct model;

int override_start(sd_event *loop, struct model *m);

#endif /* WATCH_OVERRIDE_H */
