// SPDX-License-Identifier: GPL-2.0
/* Option -n: work in another network namespace, as "ip -n" does. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns.h"
#include "report.h"

int netns_enter(const char *name)
{
	char path[256];
	int err;
	int fd;

	if (!*name || strchr(name, '/') || strlen(name) > 200)
		return usage("'%s' is no name of a network namespace", name);
	snprintf(path, sizeof(path), STABLETAP_NETNS_DIR "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = errno;
		refuse("can't open network namespace '%s': %s", name,
		       strerror(err));
		if (err == ENOENT)
			hint("'ip netns' lists them");
		return CLI_REFUSED;
	}
	err = setns(fd, CLONE_NEWNET) < 0 ? errno : 0;
	close(fd);
	if (!err)
		return 0;
	refuse("can't enter network namespace '%s': %s", name, strerror(err));
	if (err == EPERM)
		hint("this needs CAP_SYS_ADMIN: run it as root");
	return CLI_REFUSED;
}

int netns_is_shared(pid_t pid)
{
	struct stat ours, theirs;
	char path[64];

	/* A pid of 0: the process is in a pid namespace that we can't see. */
	if (!pid)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (stat("/proc/self/ns/net", &ours) || stat(path, &theirs))
		return -1;
	return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}
