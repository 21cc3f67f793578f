/* SPDX-License-Identifier: GPL-2.0 */
/* Follows overrides: pin, prefer, hold-off. */
#ifndef WATCH_OVERRIDE_H
#define WATCH_OVERRIDE_H

#include <systemd/sd-event.h>

struct model;
struct override_watch;

/*
 * Follows the files in directory @dir, which is created if missing.  They are
 * read when a configuration defines the ports.
 */
int override_start(sd_event *loop, struct model *m, const char *dir,
		   struct override_watch **out);
void override_stop(struct override_watch *w);

#endif /* WATCH_OVERRIDE_H */
