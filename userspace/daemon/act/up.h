/* SPDX-License-Identifier: GPL-2.0 */
/* Sets ports and devices up. */
#ifndef ACT_UP_H
#define ACT_UP_H

#include <stdint.h>

struct act;
struct device;
struct port;

/*
 * Sets it up once.  If the kernel refuses, that is logged and retried until it
 * succeeds or the device is up.
 */
void up_port(struct act *a, struct port *port, uint64_t now);
void up_device(struct act *a, struct device *dev, uint64_t now);

#endif /* ACT_UP_H */
