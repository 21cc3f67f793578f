/* SPDX-License-Identifier: GPL-2.0 */
/* Setting ports and devices up. */
#ifndef ACT_UP_H
#define ACT_UP_H

#include <stdint.h>

struct act;
struct device;
struct port;

/* Once: if it fails, that is logged, and the operator's to mend. */
void up_port(struct act *a, struct port *port);
/* Once, and from time to time if the device refuses. */
void up_device(struct act *a, struct device *dev, uint64_t now);

#endif /* ACT_UP_H */
