// SPDX-License-Identifier: GPL-2.0
/* Records the device of each child, for when the child is gone. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "origin.h"

/* Children per record: the present lower, the one before, and failed attempts */
#define CHILDREN 4

/* Room for the cookie, and for each child a space, its name, another, a name. */
#define RECORD_SIZE (24 + CHILDREN * 2 * (1 + IFNAMSIZ))

/* ---- which record ---- */

static unsigned long namespace_inode(void)
{
	struct stat sb = { 0 };

	stat("/proc/self/ns/net", &sb);
	return (unsigned long)sb.st_ino;
}

static uint64_t namespace_cookie(void)
{
	uint64_t cookie = 0;
#ifdef SO_NETNS_COOKIE
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		cookie = 0;
	close(fd);
#endif
	return cookie;
}

void origin_here(struct origin_netns *here)
{
	here->inode = namespace_inode();
	here->cookie = namespace_cookie();
}

static void format_name(unsigned long inode, int port, char name[64])
{
	snprintf(name, 64, "%lu.%d", inode, port);
}

/* ---- records ---- */

struct made {
	char child[IFNAMSIZ];
	char device[IFNAMSIZ];
};

/*
 * Reads the record of @port into @text, and returns the part behind the cookie,
 * or NULL if there is no record of this namespace.
 */
static const char *read_record(const char *dir, const struct origin_netns *here,
			       int port, char text[RECORD_SIZE])
{
	char path[PATH_MAX], name[64];
	ssize_t len;
	char *end;

	format_name(here->inode, port, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	len = readlink(path, text, RECORD_SIZE - 1);
	if (len < 0)
		return NULL;
	text[len] = '\0';
	return strtoull(text, &end, 10) == here->cookie ? end : NULL;
}

static bool next_made(const char **at, struct made *out)
{
	int len = 0;

	if (!*at || sscanf(*at, " %15s %15s%n", out->child, out->device,
			   &len) != 2)
		return false;
	*at += len;
	return true;
}

void origin_note(const char *dir, const struct origin_netns *here, int port,
		 const char *child, const char *device)
{
	char text[RECORD_SIZE], old[RECORD_SIZE], name[64];
	struct made made;
	const char *at;
	int len, i;

	len = snprintf(text, sizeof(text), "%" PRIu64 " %s %s", here->cookie,
		       child, device);
	at = read_record(dir, here, port, old);
	for (i = 1; i < CHILDREN && next_made(&at, &made); i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				" %s %s", made.child, made.device);
	format_name(here->inode, port, name);
	if (file_replace_link(dir, name, text) == -ENOENT &&
	    !file_make_dir(dir))
		file_replace_link(dir, name, text);
}

bool origin_find(const char *dir, int port, const char *child, char *device,
		 size_t size)
{
	struct origin_netns here;
	char text[RECORD_SIZE];
	struct made made;
	const char *at;

	origin_here(&here);
	at = read_record(dir, &here, port, text);
	while (next_made(&at, &made)) {
		if (strcmp(made.child, child) != 0)
			continue;
		snprintf(device, size, "%s", made.device);
		return true;
	}
	return false;
}

void origin_forget(const char *dir, int port)
{
	char path[PATH_MAX];
	char name[64];

	format_name(namespace_inode(), port, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

void origin_sweep(const char *dir)
{
	const unsigned long here = namespace_inode();
	char device[IF_NAMESIZE];
	const struct dirent *e;
	DIR *d = opendir(dir);
	unsigned int port;
	char *end;

	while (d && (e = readdir(d))) {
		if (strtoul(e->d_name, &end, 10) != here || *end != '.')
			continue;
		port = (unsigned int)strtoul(end + 1, NULL, 10);
		if (port && !if_indextoname(port, device))
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
}
