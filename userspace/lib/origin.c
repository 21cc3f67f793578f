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

/* Records per port: the present lower, the one before, and failed attempts */
#define LINES 4

/* Bytes of a line: two names, a space, a newline; a cookie is shorter. */
#define LINE_SIZE (2 * IFNAMSIZ + 2)

/* ---- which file ---- */

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

/* Returns NULL if there is no file of this namespace. */
static FILE *open_record(const char *dir, const struct origin_netns *here,
			 int port)
{
	char path[PATH_MAX], line[LINE_SIZE];
	char name[64];
	FILE *file;

	format_name(here->inode, port, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file) &&
	    strtoull(line, NULL, 10) == here->cookie)
		return file;
	if (file)
		fclose(file);
	return NULL;
}

/* ---- records ---- */

void origin_note(const char *dir, const struct origin_netns *here, int port,
		 const char *child, const char *device)
{
	char text[(LINES + 2) * LINE_SIZE];
	char name[64];
	size_t used;
	FILE *old;
	int i;

	used = (size_t)snprintf(text, 2 * (size_t)LINE_SIZE,
				"%" PRIu64 "\n%s %s\n", here->cookie, child,
				device);
	old = open_record(dir, here, port);
	for (i = 1; old && i < LINES; i++) {
		if (!fgets(text + used, LINE_SIZE, old))
			break;
		used += strlen(text + used);
	}
	if (old)
		fclose(old);
	format_name(here->inode, port, name);
	if (file_replace(dir, name, text, 0644) == -ENOENT &&
	    !file_make_dir(dir))
		file_replace(dir, name, text, 0644);
}

bool origin_find(const char *dir, int port, const char *child, char *device,
		 size_t size)
{
	char line[LINE_SIZE], is[IFNAMSIZ], on[IFNAMSIZ];
	struct origin_netns here;
	bool found = false;
	FILE *file;

	origin_here(&here);
	file = open_record(dir, &here, port);
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%15s %15s", is, on) == 2 &&
			!strcmp(is, child);
	if (found)
		snprintf(device, size, "%s", on);
	if (file)
		fclose(file);
	return found;
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
