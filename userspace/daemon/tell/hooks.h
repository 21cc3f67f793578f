/* SPDX-License-Identifier: GPL-2.0 */
/* Runs the operator's programs on events. */
#ifndef TELL_HOOKS_H
#define TELL_HOOKS_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "model/happening.h"

struct hooks;
struct model;

/* One object serves all ports.  Blocks SIGCHLD, as sd-event requires. */
struct hooks *hooks_new(sd_event *loop);
/* Sends SIGTERM to running programs without waiting, and drops the queues. */
void hooks_free(struct hooks *h);
/* Runs each port's hooks on its events. */
void hooks_watch(struct hooks *h, struct model *m);
/*
 * Runs each of @paths (ended by NULL; copied), one after the other, without
 * arguments and with STABLETAP_* of the event in the environment.  The process
 * group gets SIGTERM after @limit ns and SIGKILL 2 s later.  Events of one port
 * wait for each other; the oldest is dropped when too many wait.  Returns at
 * once, 0 or -ENOMEM.
 */
int hooks_run(struct hooks *h, char *const *paths,
	      const struct happening *what, uint64_t limit);

#endif /* TELL_HOOKS_H */
