// SPDX-License-Identifier: GPL-2.0
/* On which device a child was, for when it is gone. */
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "origin.h"

/* The present lower, the one before, and attempts that failed in between */
#define LINES 4

/* Two names, the space between, the newline */
#define LINE_SIZE (2 * IFNAMSIZ + 2)

void origin_name(int port, char *buf, size_t size)
{
	struct stat sb = { 0 };

	/* An ifindex is unique in a namespace only. */
	stat("/proc/self/ns/net", &sb);
	snprintf(buf, size, "%lu.%d", (unsigned long)sb.st_ino, port);
}

static FILE *open_note(const char *dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, "re");
}

void origin_note(const char *dir, const char *name, const char *child,
		 const char *device)
{
	char text[(LINES + 1) * LINE_SIZE];
	size_t used;
	FILE *old;
	int i;

	used = (size_t)snprintf(text, LINE_SIZE, "%s %s\n", child, device);
	old = open_note(dir, name);
	for (i = 1; old && i < LINES; i++) {
		if (!fgets(text + used, LINE_SIZE, old))
			break;
		used += strlen(text + used);
	}
	if (old)
		fclose(old);
	if (!file_make_dir(dir))
		file_replace(dir, name, text, 0644);
}

bool origin_find(const char *dir, const char *name, const char *child,
		 char *device, size_t size)
{
	char line[LINE_SIZE], is[IFNAMSIZ], on[IFNAMSIZ];
	FILE *file = open_note(dir, name);
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%15s %15s", is, on) == 2 &&
			!strcmp(is, child);
	if (found)
		snprintf(device, size, "%s", on);
	if (file)
		fclose(file);
	return found;
}

void origin_forget(const char *dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}
