// SPDX-License-Identifier: GPL-2.0
/* Overrides: reads and writes their files. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "override.h"

static const struct form {
	const char *word;
	bool has_device;
} forms[] = {
	[OVERRIDE_PIN] = { "pin", true },
	[OVERRIDE_PREFER] = { "prefer", true },
	[OVERRIDE_HOLD_OFF] = { "hold-off", false },
};

bool override_device_is_valid(const char *dev)
{
	return *dev && !strpbrk(dev, " \n") &&
	       strlen(dev) < sizeof(((struct override *)0)->dev);
}

static int path_of(char path[PATH_MAX], const char *dir, const char *port)
{
	return snprintf(path, PATH_MAX, "%s/%s", dir, port) < PATH_MAX ?
	       0 : -ENAMETOOLONG;
}

/* ---- the line ---- */

static int parse(const char *line, struct override *o)
{
	size_t len = strcspn(line, " ");
	const char *dev = line[len] ? line + len + 1 : NULL;
	enum override_kind kind;

	for (kind = OVERRIDE_PIN; kind <= OVERRIDE_HOLD_OFF; kind++)
		if (strlen(forms[kind].word) == len &&
		    !strncmp(forms[kind].word, line, len))
			break;
	if (kind > OVERRIDE_HOLD_OFF || forms[kind].has_device != !!dev ||
	    (dev && !override_device_is_valid(dev)))
		return -EINVAL;
	o->kind = kind;
	snprintf(o->dev, sizeof(o->dev), "%s", dev ? dev : "");
	return 0;
}

int override_read(const char *dir, const char *port, struct override *o)
{
	char path[PATH_MAX], line[sizeof(o->dev) + 32];
	int err = path_of(path, dir, port);

	*o = (struct override){ .kind = OVERRIDE_NONE };
	if (!err)
		err = file_read_line(path, line, sizeof(line));
	if (err == -ENOENT || err == -ENOTDIR)
		return 0;
	return err ? err : parse(line, o);
}

/* ---- writing ---- */

int override_write(const char *dir, const char *port,
		   const struct override *o)
{
	const struct form *form = &forms[o->kind];
	char line[sizeof(o->dev) + 32];
	int err = file_make_dir(dir);

	snprintf(line, sizeof(line), "%s%s%s\n", form->word,
		 form->has_device ? " " : "", form->has_device ? o->dev : "");
	return err ? err : file_replace(dir, port, line, 0644);
}

int override_remove(const char *dir, const char *port)
{
	char path[PATH_MAX];
	int err = path_of(path, dir, port);

	if (!err && unlink(path))
		err = -errno;
	return err;
}
