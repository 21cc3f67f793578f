// SPDX-License-Identifier: GPL-2.0
/* Properties of a network device that only sysfs has. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* Returns the last part of a symbolic link's target; "" on failure. */
static void read_target(const char *name, const char *file, char *out,
			size_t size)
{
	char path[80];
	char target[256];
	const char *last;
	ssize_t len;

	out[0] = '\0';
	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, file);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return;
	target[len] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) < size)
		memcpy(out, last, strlen(last) + 1);
}

void st_sysfs_parent(struct stabletap_link *link)
{
	/* Don't use an invalid name in a path. */
	if (strchr(link->name, '/') || link->name[0] == '.')
		return;
	read_target(link->name, "device", link->parent_dev,
		    sizeof(link->parent_dev));
	if (*link->parent_dev)
		read_target(link->name, "device/subsystem", link->parent_bus,
			    sizeof(link->parent_bus));
}
