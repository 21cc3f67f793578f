// SPDX-License-Identifier: GPL-2.0
/* Opening a port's queues. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <linux/if.h>
#include <linux/if_tun.h>

#include "internal.h"

/* Returns -ESTALE if @fd, opened from @path, is not the port's node. */
static int check_node(struct stabletap *st, int fd, const char *path,
		      const struct stabletap_get *port)
{
	struct stat sb;

	if (fstat(fd, &sb) < 0)
		return -errno;
	if (S_ISCHR(sb.st_mode) && major(sb.st_rdev) == port->major &&
	    minor(sb.st_rdev) == port->minor)
		return 0;
	st_message_set(st, "%s is not the port's node (that is %u:%u)", path,
		       port->major, port->minor);
	return -ESTALE;
}

/*
 * Opens the node with O_PATH, which does not open the device, and compares its
 * number with the port's: an open could have effects on another device.
 */
static int find_node(struct stabletap *st, const struct stabletap_get *port,
		     char *path, size_t size)
{
	int fd;
	int err;

	snprintf(path, size, "/dev/%s", port->node);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		st_message_set(st, "can't find the port's node %s", path);
		return err;
	}
	err = check_node(st, fd, path, port);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* If a standard stream is closed, don't take its number. */
static int beyond_stdio(int fd)
{
	int moved;
	int err;

	if (fd > STDERR_FILENO)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	err = -errno;
	close(fd);
	return moved < 0 ? err : moved;
}

static int open_queue(struct stabletap *st, int node, const char *path,
		      const struct stabletap_get *port, unsigned int count)
{
	const int flags = O_RDWR | O_NONBLOCK | O_CLOEXEC;
	struct ifreq ifr;
	char again[40];
	int fd;
	int err;

	/*
	 * Open the node that was checked, by /proc; without /proc, by its path.
	 */
	snprintf(again, sizeof(again), "/proc/self/fd/%d", node);
	fd = open(again, flags);
	if (fd < 0 && errno == ENOENT)
		fd = open(path, flags);
	if (fd < 0)
		return -errno;
	err = check_node(st, fd, path, port);
	if (err)
		goto err_close;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	if (count > 1)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	if (ioctl(fd, TUNSETIFF, &ifr) < 0) {
		err = -errno;
		goto err_close;
	}
	return beyond_stdio(fd);

err_close:
	close(fd);
	return err;
}

int stabletap_node_open(struct stabletap *st, const struct stabletap_get *port,
			unsigned int count, int *fds)
{
	char path[sizeof("/dev/") + STABLETAP_NODE_SIZE];
	unsigned int i;
	int node;
	int fd;

	st_message_clear(st);
	node = find_node(st, port, path, sizeof(path));
	if (node < 0)
		return node;
	for (i = 0; i < count; i++) {
		fd = open_queue(st, node, path, port, count);
		if (fd < 0)
			goto err_close;
		fds[i] = fd;
	}
	close(node);
	return 0;

err_close:
	if (fd == -EBUSY)
		st_message_set(st, "the port admits %u opens at a time",
			       port->queues);
	else if (fd != -ESTALE)
		st_message_set(st, "can't open %s", path);
	while (i--)
		close(fds[i]);
	close(node);
	return fd;
}
