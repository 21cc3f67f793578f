// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fault.h"

#define DEBUGFS "/sys/kernel/debug"

int fault_set(const char *file, const char *value)
{
	char path[128];
	int fd, err;

	snprintf(path, sizeof(path), DEBUGFS "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

int fault_open(void)
{
	static const char *const kinds[] = {
		"failslab/verbose", "fail_page_alloc/verbose",
		"fail_usercopy/verbose",
	};
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	int i, err = 0;

	if (fd < 0)
		return -errno;
	/*
	 * The sysfs that the test has mounted for its namespace hides debugfs.
	 */
	if (access(DEBUGFS "/failslab", F_OK) &&
	    mount("debugfs", DEBUGFS, "debugfs", 0, NULL))
		err = -EIO;
	for (i = 0; i < 3 && !err; i++)
		if (fault_set(kinds[i], "0"))
			err = -EIO;
	if (err)
		close(fd);
	return err ? err : fd;
}

int fault_arm(int fd, int nth)
{
	char buf[16];
	int len = snprintf(buf, sizeof(buf), "%d", nth);

	/* A fault that is armed from before may hit this write. */
	if (pwrite(fd, buf, len, 0) == len || pwrite(fd, buf, len, 0) == len)
		return 0;
	return -errno;
}

bool fault_met(int fd)
{
	char buf[16] = "";

	return pread(fd, buf, sizeof(buf) - 1, 0) > 0 && atoi(buf) == 0;
}
