// SPDX-License-Identifier: GPL-2.0
/* Which ports the files of stabletapd's configuration name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/configured.h"
#include "file.h"

/* A file in an earlier directory masks those of its name in later ones. */
static const char *const layers[] = {
	"/etc/stabletap", STABLETAP_RUN_DIR, "/usr/lib/stabletap",
};

#define LAYERS_N (sizeof(layers) / sizeof(*layers))

static bool has_port(const struct configured *conf, const char *port)
{
	size_t i;

	for (i = 0; i < conf->n; i++)
		if (!strcmp(conf->v[i].port, port))
			return true;
	return false;
}

/* Takes the port of a line "[Port NAME]". */
static void take_line(const char *line, const char *file,
		      struct configured *out)
{
	struct configured_port *v;
	char port[64];

	if (sscanf(line, " [Port %63[^] \t]]", port) != 1 ||
	    has_port(out, port))
		return;
	v = realloc(out->v, (out->n + 1) * sizeof(*v));
	if (!v)
		return;
	out->v = v;
	snprintf(v[out->n].port, sizeof(v->port), "%s", port);
	snprintf(v[out->n].file, sizeof(v->file), "%s", file);
	out->n++;
}

void configured_add(const char *root, const char *path, struct configured *out)
{
	char *text = tree_text(root, NULL, "%s", path);
	char *line, *rest = NULL;

	/* A symbolic link to /dev/null is no file that can be read. */
	if (!text)
		out->unreadable |= tree_has(root, "%s", path);
	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		take_line(line, path, out);
	free(text);
}

static bool is_mask(const char *path)
{
	char target[TREE_PATH];

	return tree_target("", target, sizeof(target), "%s", path) &&
	       !strcmp(target, "/dev/null");
}

/* Is there a file of this name, a path below the layer, in an earlier one? */
static bool is_replaced(const char *root, size_t layer, const char *name)
{
	char target[TREE_PATH];
	size_t i;

	for (i = 0; i < layer; i++)
		if (tree_has(root, "%s%s", layers[i], name) ||
		    tree_target(root, target, sizeof(target), "%s%s",
				layers[i], name))
			return true;
	return false;
}

static void read_layer(const char *root, size_t layer, const char *pattern,
		       struct configured *out)
{
	const char *path;
	glob_t g;
	size_t i;

	tree_glob(root, &g, "%s%s", layers[layer], pattern);
	for (i = 0; i < g.gl_pathc; i++) {
		path = tree_inside(root, g.gl_pathv[i]);
		if (!is_replaced(root, layer, path + strlen(layers[layer])) &&
		    !is_mask(g.gl_pathv[i]))
			configured_add(root, path, out);
	}
	globfree(&g);
}

void configured_read(const char *root, struct configured *out)
{
	size_t i;

	for (i = 0; i < LAYERS_N; i++) {
		read_layer(root, i, "/*.conf", out);
		read_layer(root, i, "/*.conf.d/*.conf", out);
	}
}

void configured_release(struct configured *conf)
{
	free(conf->v);
	memset(conf, 0, sizeof(*conf));
}
