// SPDX-License-Identifier: GPL-2.0
/* The file with a domain's ports. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "escape.h"
#include "file.h"
#include "fragment.h"

#define HEAD "[Port "

const char *fragment_path(const char *uuid, char buf[FRAGMENT_PATH_SIZE])
{
	snprintf(buf, FRAGMENT_PATH_SIZE, STABLETAP_RUN_DIR "/libvirt-%s.conf",
		 uuid);
	return buf;
}

static char *format_text(const struct domain *d, const char *name)
{
	char line[256], *text = NULL;
	size_t i, len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fprintf(out, "# Ports of libvirt's domain %s, written by\n"
		"# stabletap-libvirt-hook(8), which removes this file when the\n"
		"# domain ends.\n",
		escape_line(line, sizeof(line), name));
	for (i = 0; i < d->n; i++)
		fprintf(out, "\n%s", d->ports[i].section);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

int fragment_write(const struct domain *d, const char *name)
{
	char path[FRAGMENT_PATH_SIZE];
	char *text = format_text(d, name);
	int err = text ? file_make_dir(STABLETAP_RUN_DIR) : -ENOMEM;

	if (!err)
		err = file_replace(STABLETAP_RUN_DIR,
				   strrchr(fragment_path(d->uuid, path), '/') + 1,
				   text, 0644);
	free(text);
	return err;
}

int fragment_remove(const char *uuid)
{
	char path[FRAGMENT_PATH_SIZE];

	return unlink(fragment_path(uuid, path)) ? -errno : 0;
}

static int add_name(struct fragment_ports *ports, const char *name, size_t len)
{
	char **v = reallocarray(ports->v, ports->n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	ports->v = v;
	v[ports->n] = strndup(name, len);
	if (!v[ports->n])
		return -ENOMEM;
	ports->n++;
	return 0;
}

int fragment_ports_read(const char *uuid, struct fragment_ports *out)
{
	char path[FRAGMENT_PATH_SIZE], *line = NULL;
	FILE *file = fopen(fragment_path(uuid, path), "re");
	size_t size = 0;
	int err = 0;

	if (!file)
		return -errno;
	while (!err && getline(&line, &size, file) > 0)
		if (!strncmp(line, HEAD, strlen(HEAD)))
			err = add_name(out, line + strlen(HEAD),
				       strcspn(line + strlen(HEAD), "]\n"));
	free(line);
	fclose(file);
	return err;
}

void fragment_ports_release(struct fragment_ports *ports)
{
	size_t i;

	for (i = 0; i < ports->n; i++)
		free(ports->v[i]);
	free(ports->v);
	*ports = (struct fragment_ports){ 0 };
}

bool fragment_ports_has(const struct fragment_ports *ports, const char *name)
{
	size_t i;

	for (i = 0; i < ports->n; i++)
		if (!strcmp(ports->v[i], name))
			return true;
	return false;
}
