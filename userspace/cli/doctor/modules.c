// SPDX-License-Identifier: GPL-2.0
/* The modules of the running kernel, as depmod has listed them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/modules.h"

/* Is @path, of @len bytes, "<directory>/<name>.ko", maybe compressed? */
static bool is_of(const char *path, size_t len, const char *name)
{
	size_t n = strlen(name);
	const char *slash = path + len;

	while (slash > path && slash[-1] != '/')
		slash--;
	len -= (size_t)(slash - path);
	return len >= n + 3 && !strncmp(slash, name, n) &&
	       !strncmp(slash + n, ".ko", 3) &&
	       (len == n + 3 || slash[n + 3] == '.');
}

/*
 * Finds @name in a list with a path in each line, which ends with one of
 * @ends.  Returns its length, *at its beginning; 0: it is not there.
 */
static size_t find_line(const char *text, const char *name, const char *ends,
			const char **at)
{
	const char *line, *next;
	size_t len;

	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		len = strcspn(line, ends);
		*at = line;
		if (is_of(line, len, name))
			return len;
	}
	return 0;
}

bool modules_path(const struct host *h, const char *name, char path[TREE_PATH])
{
	char *text = tree_text(h->root, NULL, "/lib/modules/%s/modules.dep",
			       h->release);
	const char *at = NULL;
	size_t len = text ? find_line(text, name, ":\n", &at) : 0;

	if (len && *at == '/')
		snprintf(path, TREE_PATH, "%.*s", (int)len, at);
	else if (len)
		snprintf(path, TREE_PATH, "/lib/modules/%s/%.*s", h->release,
			 (int)len, at);
	free(text);
	return len > 0;
}

bool modules_have(const struct host *h, const char *name)
{
	char path[TREE_PATH];
	const char *at;
	char *text;
	bool found;

	if (tree_has(h->root, "/sys/module/%s", name) ||
	    modules_path(h, name, path))
		return true;
	text = tree_text(h->root, NULL, "/lib/modules/%s/modules.builtin",
			 h->release);
	found = text && find_line(text, name, "\n", &at);
	free(text);
	return found;
}

bool modules_are_listed(const struct host *h)
{
	return tree_has(h->root, "/lib/modules/%s/modules.dep", h->release);
}
