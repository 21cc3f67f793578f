// SPDX-License-Identifier: GPL-2.0
/* Reading the configuration as a whole. */
#include <errno.h>
#include <stdlib.h>

#include "conf/layers.h"
#include "conf/line.h"
#include "conf/object.h"
#include "conf/read.h"
#include "conf/selector.h"
#include "conf/settle.h"

static void free_objects(const struct conf *conf, enum conf_kind kind)
{
	struct conf_objects list = conf_objects(conf, kind);
	size_t i;

	for (i = 0; i < list.n; i++)
		conf_object_release(kind, conf_objects_at(&list, i));
	free(list.v);
}

void conf_free(struct conf *conf)
{
	size_t i;

	if (!conf)
		return;
	free_objects(conf, CONF_PORT);
	free_objects(conf, CONF_POOL);
	for (i = 0; i < conf->selectors_n; i++) {
		conf_selector_release(conf->selectors[i]);
		free(conf->selectors[i]);
	}
	free(conf->selectors);
	for (i = 0; i < conf->left_out_n; i++) {
		free(conf->left_out[i].section);
		free(conf->left_out[i].why);
	}
	free(conf->left_out);
	for (i = 0; i < conf->files_n; i++)
		free(conf->files[i]);
	free(conf->files);
	conf_keys_reset(CONF_DAEMON, conf);
	free(conf);
}

static int begin(struct conf_draft *d, const struct conf *before, FILE *out)
{
	*d = (struct conf_draft){ .r.out = out, .before = before };
	d->r.conf = calloc(1, sizeof(*d->r.conf));
	return d->r.conf ? 0 : -ENOMEM;
}

static int finish(struct conf_draft *d, struct conf **conf)
{
	if (!d->r.err)
		conf_settle(d);
	conf_sections_free(d);
	if (d->r.err || d->r.unreadable)
		conf_free(d->r.conf);
	else
		*conf = d->r.conf;
	return d->r.err ? d->r.err : d->r.errors;
}

int conf_read_stream(FILE *in, const char *name, const struct conf *before,
		     FILE *out, struct conf **conf)
{
	struct conf_draft d;
	const char *file;
	int err = begin(&d, before, out);

	*conf = NULL;
	if (err)
		return err;
	file = conf_file_add(&d.r, name);
	if (file)
		conf_lines_read(&d, in, file, file);
	return finish(&d, conf);
}

int conf_read(const char *root, const char *file, const struct conf *before,
	      FILE *out, struct conf **conf)
{
	struct conf_draft d;
	int err = begin(&d, before, out);

	*conf = NULL;
	if (err)
		return err;
	if (file)
		conf_file_read(&d, file);
	else
		conf_layers_read(&d, root ? root : "");
	return finish(&d, conf);
}
