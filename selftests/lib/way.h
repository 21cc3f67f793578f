/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells which way the frames of a port go (kmod/datapath.c).
 *
 * Sending: on the long way, the lower's dev_queue_xmit() fires the tracepoints
 * net_dev_queue and net_dev_start_xmit for the lower; on the short way the
 * lower fires neither.
 *
 * Receiving: on the long way, the kernel calls the port's own receive handler;
 * on the short way nobody calls it.
 *
 * Frames are counted in an instance of tracefs, so only one process can count
 * at a time, and only one port may receive.
 */
#ifndef WAY_H
#define WAY_H

#include <stdint.h>

#include "scene.h"

/*
 * Count the frames that are sent through the device of this name.  Returns 0,
 * -EOPNOTSUPP if the kernel has no function tracer, or -EIO.
 */
int way_begin(const char *lower);
void way_end(void);

/*
 * How many frames the lower sent the long way since way_begin() or way_clear();
 * those that the port received the long way.  A negative errno on failure.
 */
int64_t way_long_sent(void);
int64_t way_long_received(void);
int way_clear(void);
/* Trace another event of the group "net" for a device. */
int way_trace(const char *event, const char *device);
/* Number of lines in the trace that have this text */
int64_t way_traced(const char *text);

/*
 * Send or receive one frame, and wait until it has arrived.  Returns WAY_SHORT,
 * WAY_LONG or a negative errno.
 */
enum { WAY_SHORT, WAY_LONG };

int way_of_sent(struct scene *scene);
int way_of_received(struct scene *scene);

#endif /* WAY_H */
