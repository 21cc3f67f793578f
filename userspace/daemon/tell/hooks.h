/* SPDX-License-Identifier: GPL-2.0 */
/* The operator's programs, run on what happens. */
#ifndef TELL_HOOKS_H
#define TELL_HOOKS_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "model/happening.h"

struct hooks;
struct model;

/* One for all ports.  Blocks SIGCHLD, without which sd-event won't watch. */
struct hooks *hooks_new(sd_event *loop);
/* Ends what runs (SIGTERM) without waiting, and forgets what waits. */
void hooks_free(struct hooks *h);
/* Run each port's own on what happens to it. */
void hooks_watch(struct hooks *h, struct model *m);
/*
 * Run each of @paths (ended by NULL; copied), one after the other, with
 * STABLETAP_* of the happening in its environment and no argument; its
 * process group gets SIGTERM after @limit ns and SIGKILL 2 s later.  Events
 * of one port wait for each other, the oldest is dropped when too many do.
 * Returns at once: -ENOMEM, or 0.
 */
int hooks_run(struct hooks *h, char *const *paths,
	      const struct happening *what, uint64_t limit);

#endif /* TELL_HOOKS_H */
