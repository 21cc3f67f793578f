/* SPDX-License-Identifier: GPL-2.0 */
/* The next step for a device that a candidate names; as pure as port.h. */
#ifndef PLAN_DEVICE_H
#define PLAN_DEVICE_H

#include <stdint.h>

struct device;

enum device_what {
	DEVICE_NOTHING,
	DEVICE_AWAIT_VFS,	/* until its PF has made all its VFs */
	DEVICE_SET_UP,
	DEVICE_MAKE_VLAN,
};

struct device_step {
	enum device_what what;
	int vlan;		/* DEVICE_MAKE_VLAN: its id */
	uint64_t look_again_at;	/* ns; 0: not before an event */
};

struct device_step plan_device(const struct device *dev, uint64_t now);

#endif /* PLAN_DEVICE_H */
