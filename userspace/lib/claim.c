// SPDX-License-Identifier: GPL-2.0
/* Claims: locks that show which ports are being worked on. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "claim.h"

int claims_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : fd;
}

static int lock(int fd, int command, short type, struct flock *l, int port)
{
	*l = (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = port,
		.l_len = 1,
	};
	return fcntl(fd, command, l);
}

void claim_take(int fd, int port)
{
	struct flock l;

	if (fd >= 0)
		lock(fd, F_OFD_SETLK, F_RDLCK, &l, port);
}

void claim_drop(int fd, int port)
{
	struct flock l;

	if (fd >= 0)
		lock(fd, F_OFD_SETLK, F_UNLCK, &l, port);
}

bool claim_is_taken(int fd, int port)
{
	struct flock l;

	/*
	 * Test for an exclusive lock: any shared lock of others would refuse
	 * it.
	 */
	return fd >= 0 && !lock(fd, F_OFD_GETLK, F_WRLCK, &l, port) &&
	       l.l_type != F_UNLCK;
}
