/* SPDX-License-Identifier: GPL-2.0 */
/* Everything together: what is to be looked at is planned, and carried out. */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "model/model.h"

struct engine;

int engine_start(sd_event *loop, struct engine **out);
/* @e's model has its configuration now: begin to serve and to look. */
int engine_run(struct engine *e);
void engine_stop(struct engine *e);

struct model *engine_model(struct engine *e);
/* Ask the kernel for all devices again. */
int engine_resync(struct engine *e);
/* Was every port looked at since the last configuration? */
bool engine_is_idle(const struct engine *e);

#endif /* ENGINE_H */
