// SPDX-License-Identifier: GPL-2.0
/* a9b12f8b4e33 (6.3): struct device_type.devnode takes a const device */
#include <linux/device.h>

static char *probe_devnode(const struct device *d, umode_t *mode,
			   kuid_t *uid, kgid_t *gid)
{
	return NULL;
}

extern struct device_type probe;
struct device_type probe = {
	.devnode = probe_devnode,
};
