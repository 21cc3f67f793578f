// SPDX-License-Identifier: GPL-2.0
/*
 * Other .link files that match ports.  udev applies the first file, by name,
 * that matches a device, and no other.  For ports that exist, udev's database
 * says which; for ports to come, this looks for files that match any port.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/tree.h"

#define OWN "80-stabletap.link"

/* ---- ports that exist ---- */

/* Finds "E:ID_NET_LINK_FILE=..." in udev's database. */
static bool used_file(const struct host *h, int ifindex, char path[TREE_PATH])
{
	static const char key[] = "E:ID_NET_LINK_FILE=";
	char *text = tree_text(h->root, NULL, "/run/udev/data/n%d", ifindex);
	char *line, *rest = NULL;
	bool found = false;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line && !found;
	     line = strtok_r(NULL, "\n", &rest)) {
		found = !strncmp(line, key, strlen(key));
		if (found)
			snprintf(path, TREE_PATH, "%s", line + strlen(key));
	}
	free(text);
	return found;
}

static void say(struct findings *f, const char *port, const char *path)
{
	finding_warning(f, "link-file-other", port,
			"udev applies %s to %s instead of " OWN
			", and may give %s another name or MAC address", path,
			port ? "the port" : "ports", port ? "it" : "them");
	finding_remedy(f, "exclude ports in the [Match] section of %s (Kind=!" STABLETAP_KIND
		       "), or give it a name that sorts after " OWN, path);
}

/* ---- ports to come ---- */

/* Does @globs, separated by blanks, match @value?  "!" inverts all. */
static bool has_match(char *globs, const char *value)
{
	bool inverted = *globs == '!', found = false;
	char *word, *rest = NULL;

	for (word = strtok_r(globs + inverted, " \t", &rest); word;
	     word = strtok_r(NULL, " \t", &rest))
		found |= !fnmatch(word, value, 0);
	return found != inverted;
}

/* Does a line of [Match] hold for each port?  Unknown keys count as no. */
static bool holds(char *line)
{
	char *value = strchr(line, '=');

	if (!value)
		return true;
	*value++ = '\0';
	value += strspn(value, " \t");
	line[strcspn(line, " \t")] = '\0';
	if (!strcmp(line, "Kind"))
		return has_match(value, STABLETAP_KIND);
	if (!strcmp(line, "Type"))
		return has_match(value, "ether");
	/* What only "*" matches stands for any name. */
	return !strcmp(line, "OriginalName") && !strcmp(value, "*");
}

/* Does the file match each port? */
static bool matches(const char *path)
{
	char *text = tree_text("", NULL, "%s", path);
	bool in_match = false, match = false, all = true;
	char *line, *rest = NULL;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		line += strspn(line, " \t");
		if (*line == '#' || *line == ';')
			continue;
		if (*line == '[') {
			in_match = !strncmp(line, "[Match]", 7);
		} else if (in_match) {
			match = true;
			all &= holds(line);
		}
	}
	free(text);
	return match && all;
}

/* A file of the same name in an earlier directory takes its place. */
static bool is_replaced(const struct host *h, const char *const *dirs,
			size_t dir, const char *name)
{
	char target[TREE_PATH];
	size_t i;

	for (i = 0; i < dir; i++)
		if (tree_has(h->root, "%s/systemd/network/%s", dirs[i],
			     name) ||
		    tree_target(h->root, target, sizeof(target),
				"%s/systemd/network/%s", dirs[i], name))
			return true;
	return false;
}

static void check_files(const struct host *h, struct findings *f)
{
	static const char *const dirs[] = {
		"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib",
	};
	const char *name;
	glob_t g;
	size_t i, k;

	for (k = 0; k < sizeof(dirs) / sizeof(*dirs); k++) {
		tree_glob(h->root, &g, "%s/systemd/network/*.link", dirs[k]);
		for (i = 0; i < g.gl_pathc; i++) {
			name = tree_name(g.gl_pathv[i]);
			if (strcmp(name, OWN) < 0 &&
			    !is_replaced(h, dirs, k, name) &&
			    matches(g.gl_pathv[i]))
				say(f, NULL, tree_inside(h->root,
							 g.gl_pathv[i]));
		}
		globfree(&g);
	}
}

void check_link_files(const struct host *h, struct findings *f)
{
	char path[TREE_PATH];
	size_t i;

	/* If the own file is not in force, that was found already. */
	if (!h->is_local || !tree_has(h->root, "/run/udev/control") ||
	    finding_get(f, "link-file-missing", NULL) ||
	    finding_get(f, "link-file-masked", NULL))
		return;
	check_files(h, f);
	if (finding_get(f, "link-file-other", NULL))
		return;
	for (i = 0; i < h->ports_n; i++)
		if (used_file(h, h->ports[i].link->ifindex, path) &&
		    strcmp(tree_name(path), OWN) != 0)
			say(f, h->ports[i].link->name, path);
}
