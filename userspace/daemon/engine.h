/* SPDX-License-Identifier: GPL-2.0 */
/* Plans what the agenda has, and carries the steps out. */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "model/model.h"

struct engine;

/*
 * Starts to watch, into the empty model @m.  After an error, too, *out is for
 * engine_stop().
 */
int engine_start(sd_event *loop, struct model *m, struct engine **out);
/* Starts to serve and to plan.  The model must have a configuration by now. */
int engine_run(struct engine *e);
/* The model still has the engine's watchers: after this, only release it. */
void engine_stop(struct engine *e);

/* Dumps all devices again. */
int engine_resync(struct engine *e);
/* Was every port evaluated since the last configuration? */
bool engine_is_idle(const struct engine *e);

#endif /* ENGINE_H */
