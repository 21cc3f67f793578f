/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemon knows, in a file for Prometheus. */
#ifndef TELL_METRICS_H
#define TELL_METRICS_H

#include <stdio.h>
#include <systemd/sd-event.h>

struct metrics;
struct model;

int metrics_start(sd_event *loop, struct model *m, struct metrics **out);
/* The file goes: what it tells is no longer so. */
void metrics_stop(struct metrics *x);

/* Everything, as the file has it */
void metrics_write(const struct model *m, FILE *out);

#endif /* TELL_METRICS_H */
