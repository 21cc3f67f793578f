/* SPDX-License-Identifier: GPL-2.0 */
/* Creates VLANs on devices. */
#ifndef ACT_VLAN_H
#define ACT_VLAN_H

#include <stdint.h>

struct act;
struct device;

/* Creates a VLAN on the device.  A failure is retried later. */
void vlan_make(struct act *a, struct device *base, int id, uint64_t now);

#endif /* ACT_VLAN_H */
