/* SPDX-License-Identifier: GPL-2.0 */
/* Decides which devices are probed, and when. */
#ifndef PROBE_SCHEDULE_H
#define PROBE_SCHEDULE_H

#include <systemd/sd-event.h>

struct model;
struct probes;

int probes_start(sd_event *loop, struct model *m, struct probes **out);
void probes_stop(struct probes *ps);

#endif /* PROBE_SCHEDULE_H */
