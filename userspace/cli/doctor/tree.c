// SPDX-License-Identifier: GPL-2.0
/* Reads files below a root directory. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/tree.h"

#define TEXT_MAX (16 << 20)

/* A path that is cut names no file, so it becomes "". */
__attribute__((format(printf, 3, 0)))
static void make_path(char path[TREE_PATH], const char *root, const char *fmt,
		      va_list ap)
{
	int at = snprintf(path, TREE_PATH, "%s", root);
	int len = at < TREE_PATH ? vsnprintf(path + at, TREE_PATH - (size_t)at,
					     fmt, ap) : TREE_PATH;

	if (at + len >= TREE_PATH)
		path[0] = '\0';
}

bool tree_has(const char *root, const char *fmt, ...)
{
	char path[TREE_PATH];
	va_list ap;

	va_start(ap, fmt);
	make_path(path, root, fmt, ap);
	va_end(ap);
	return !access(path, F_OK);
}

/* Files of proc and sysfs have no size, so read to the end. */
static char *read_all(int fd, size_t *len)
{
	size_t size = 4096;
	char *text = malloc(size), *more;
	ssize_t got = 1;

	*len = 0;
	while (text && got > 0) {
		if (size - *len < 2) {
			more = size < TEXT_MAX ? realloc(text, size *= 2) :
						 NULL;
			if (!more) {
				free(text);
				return NULL;
			}
			text = more;
		}
		got = read(fd, text + *len, size - *len - 1);
		if (got > 0)
			*len += (size_t)got;
	}
	if (text)
		text[*len] = '\0';
	return text;
}

static char *read_path(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat st;
	size_t n;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		text = read_all(fd, len ? len : &n);
	close(fd);
	return text;
}

bool tree_line(const char *root, char *line, size_t size, const char *fmt, ...)
{
	char path[TREE_PATH];
	char *text;
	va_list ap;

	va_start(ap, fmt);
	make_path(path, root, fmt, ap);
	va_end(ap);
	line[0] = '\0';
	text = read_path(path, NULL);
	if (!text)
		return false;
	text[strcspn(text, "\n")] = '\0';
	snprintf(line, size, "%s", text);
	free(text);
	return *line;
}

char *tree_text(const char *root, size_t *len, const char *fmt, ...)
{
	char path[TREE_PATH];
	va_list ap;

	va_start(ap, fmt);
	make_path(path, root, fmt, ap);
	va_end(ap);
	return read_path(path, len);
}

bool tree_target(const char *root, char *target, size_t size,
		 const char *fmt, ...)
{
	char path[TREE_PATH];
	ssize_t len;
	va_list ap;

	va_start(ap, fmt);
	make_path(path, root, fmt, ap);
	va_end(ap);
	len = readlink(path, target, size - 1);
	target[len > 0 ? len : 0] = '\0';
	return len > 0;
}

size_t tree_glob(const char *root, glob_t *g, const char *fmt, ...)
{
	char path[TREE_PATH];
	va_list ap;

	va_start(ap, fmt);
	make_path(path, root, fmt, ap);
	va_end(ap);
	if (glob(path, 0, NULL, g))
		g->gl_pathc = 0;
	return g->gl_pathc;
}

const char *tree_inside(const char *root, const char *path)
{
	return path + strlen(root);
}

const char *tree_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
