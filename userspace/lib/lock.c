// SPDX-License-Identifier: GPL-2.0
/* The lock under which children are made and removed. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/*
 * One lock for all network namespaces: it is held for milliseconds.  The
 * control device itself is no place for it, since whoever may open a device
 * may lock it; this file only root can open.
 */
int stabletap_lock(struct stabletap *st, int timeout_ms)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	int fd;
	int err;

	st_message_clear(st);
	if (st->lock >= 0)
		return 0;
	fd = open(STABLETAP_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return -errno;

	/* flock() knows no deadline, so it is tried until ours. */
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		err = -errno;
		if (err == -EWOULDBLOCK && timeout_ms > 0) {
			nanosleep(&nap, NULL);
			timeout_ms -= 10;
			continue;
		}
		close(fd);
		return err == -EWOULDBLOCK ? -ETIMEDOUT : err;
	}
	st->lock = fd;
	return 0;
}

void stabletap_unlock(struct stabletap *st)
{
	if (st->lock >= 0)
		close(st->lock);
	st->lock = -1;
}
