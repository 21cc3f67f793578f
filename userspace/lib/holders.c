// SPDX-License-Identifier: GPL-2.0
/* Finds the processes that have a port's node open, in /proc. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "escape.h"
#include "internal.h"

/* A process chooses its name, so escape it for terminals. */
static void blank_controls(char *text)
{
	size_t len;

	for (; *text; text += len) {
		len = escape_printable(text);
		if (len)
			continue;
		*text = '?';
		len = 1;
	}
}

static void read_comm(int proc, const char *pid, char *buf, size_t size)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%.20s/comm", pid);
	buf[0] = '\0';
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	got = read(fd, buf, size - 1);
	close(fd);
	if (got < 0)
		got = 0;
	/* The kernel appends a newline. */
	if (got && buf[got - 1] == '\n')
		got--;
	buf[got] = '\0';
	blank_controls(buf);
}

/* Counts an fd of @pid for @minor; the first one adds an element. */
static int note(struct stabletap_holders *h, size_t first, pid_t pid,
		unsigned int minor)
{
	struct stabletap_holder *v;
	size_t i;

	for (i = first; i < h->n; i++) {
		if (h->v[i].minor == minor) {
			h->v[i].fds++;
			return 0;
		}
	}
	v = realloc(h->v, (h->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	h->v = v;
	memset(&v[h->n], 0, sizeof(*v));
	v[h->n].minor = minor;
	v[h->n].pid = pid;
	v[h->n].fds = 1;
	h->n++;
	return 0;
}

static int scan_fds(DIR *dir, pid_t pid, unsigned int major,
		    struct stabletap_holders *h)
{
	const struct dirent *e;
	size_t first = h->n;
	struct statx sx;
	int err;

	while ((e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		/*
		 * AT_NO_AUTOMOUNT and AT_STATX_DONT_SYNC: don't wait for a file
		 * server.
		 */
		if (statx(dirfd(dir), e->d_name,
			  AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE,
			  &sx) < 0)
			continue;
		if (!S_ISCHR(sx.stx_mode) || sx.stx_rdev_major != major)
			continue;
		err = note(h, first, pid, sx.stx_rdev_minor);
		if (err)
			return err;
	}
	return 0;
}

static int scan_process(int proc, const char *name, unsigned int major,
			struct stabletap_holders *h)
{
	size_t first = h->n;
	char path[64];
	DIR *dir;
	int err;
	int fd;

	snprintf(path, sizeof(path), "%.20s/fd", name);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == EACCES || errno == EPERM)
			h->partial = true;
		return 0;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	err = scan_fds(dir, (pid_t)strtol(name, NULL, 10), major, h);
	closedir(dir);
	for (; !err && first < h->n; first++)
		read_comm(proc, name, h->v[first].comm,
			  sizeof(h->v[first].comm));
	return err;
}

static int by_minor_pid(const void *a, const void *b)
{
	const struct stabletap_holder *x = a;
	const struct stabletap_holder *y = b;

	if (x->minor != y->minor)
		return x->minor < y->minor ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

int stabletap_holders_scan(unsigned int major, struct stabletap_holders *out)
{
	struct stabletap_holders h = { 0 };
	const struct dirent *e;
	DIR *proc = opendir("/proc");
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (e = readdir(proc)))
		if (isdigit((unsigned char)e->d_name[0]))
			err = scan_process(dirfd(proc), e->d_name, major, &h);
	closedir(proc);
	if (err) {
		stabletap_holders_release(&h);
		return err;
	}
	if (h.n)
		qsort(h.v, h.n, sizeof(*h.v), by_minor_pid);
	*out = h;
	return 0;
}

void stabletap_holders_release(struct stabletap_holders *h)
{
	free(h->v);
	memset(h, 0, sizeof(*h));
}
