/* SPDX-License-Identifier: GPL-2.0 */
/* Making VLANs on devices. */
#ifndef ACT_VLAN_H
#define ACT_VLAN_H

#include <stdint.h>

struct act;
struct device;

/* If it fails, it is tried again later: this VLAN, on this device. */
void vlan_make(struct act *a, struct device *base, int id, uint64_t now);

#endif /* ACT_VLAN_H */
