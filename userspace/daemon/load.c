// SPDX-License-Identifier: GPL-2.0
/* Reads a configuration and puts it in force. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/diff.h"
#include "conf/read.h"
#include "load.h"
#include "model/model.h"
#include "module.h"
#include "util/log.h"

/* Logs each line that conf_read() wrote; @text is changed. */
static void log_lines(int priority, char *text)
{
	char *line, *rest = NULL;

	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		log_line(strstr(line, ": warning: ") ? LOG_WARNING : priority,
			 NULL, "%s", line);
}

static int read_conf(const struct model *m, const char *file,
		     struct conf **conf)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int n;

	if (!out)
		return -ENOMEM;
	n = conf_read(NULL, file, m->conf, out, conf);
	/* Such a section is not left out: another module may be loaded later. */
	if (n >= 0 && *conf)
		n += module_check(*conf, out);
	if (!fclose(out))
		log_lines(LOG_ERR, text);
	free(text);
	return n;
}

static void log_diff(const struct conf *old, const struct conf *new)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	conf_diff(old, new, out);
	if (!fclose(out))
		log_lines(LOG_INFO, text);
	free(text);
}

/* Logs the sections with errors; the others take effect. */
static void log_left_out(const struct conf *conf, int errors)
{
	const struct conf_left_out *left;
	size_t i;

	for (i = 0; i < conf->left_out_n; i++) {
		left = &conf->left_out[i];
		log_line(LOG_ERR, NULL, "section [%s] is left out%s: %s:%u: %s",
			 left->section, left->kept ?
			 "; its previous version stays in force" : "",
			 left->at.file, left->at.line, left->why);
	}
	if (errors)
		log_line(LOG_ERR, NULL,
			 "the configuration has %d error%s; 'stabletapd --check' reports them",
			 errors, errors == 1 ? "" : "s");
}

static int take(struct model *m, struct conf *conf)
{
	int err;

	if (m->conf)
		log_diff(m->conf, conf);
	err = model_configure(m, conf);
	if (!err)
		return 0;
	conf_free(conf);
	/* At the start, main() logs that the daemon ends for this. */
	if (m->conf)
		log_line(LOG_ERR, NULL,
			 "can't take the configuration: %s; the one before stays in force",
			 strerror(-err));
	return err;
}

int load(struct model *m, const char *file)
{
	struct conf *conf = NULL;
	int n = read_conf(m, file, &conf);

	if (n < 0) {
		log_line(LOG_ERR, NULL, "can't read %s: %s", file ? file :
			 "the configuration", strerror(-n));
		return n == -ENOMEM ? n : -ENOEXEC;
	}
	if (!conf) {
		log_line(LOG_ERR, NULL, "can't read the whole configuration%s",
			 m->conf ? "; the one before stays in force" :
			 "; 'stabletapd --check' reports what is missing");
		return -ENOEXEC;
	}
	log_left_out(conf, n);
	return take(m, conf);
}
