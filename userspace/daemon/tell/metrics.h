/* SPDX-License-Identifier: GPL-2.0 */
/* Writes metrics to a file for Prometheus. */
#ifndef TELL_METRICS_H
#define TELL_METRICS_H

#include <stdio.h>
#include <systemd/sd-event.h>

struct metrics;
struct model;

int metrics_start(sd_event *loop, struct model *m, struct metrics **out);
/* Deletes the file, since it is not updated any more. */
void metrics_stop(struct metrics *x);

/* Writes all metrics in the file's format. */
void metrics_write(const struct model *m, FILE *out);

#endif /* TELL_METRICS_H */
