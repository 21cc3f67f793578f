/* SPDX-License-Identifier: GPL-2.0 */
/* Reading the configuration as a whole. */
#ifndef CONF_READ_H
#define CONF_READ_H

#include <stdio.h>

#include "conf/conf.h"

/*
 * Reads all *.conf of the layers below @root (NULL: "/"), as systemd does for
 * its units: a file in etc/ masks one of the same name in run/, and that one
 * in usr/lib/; a symlink to /dev/null masks, too; all in the order of their
 * names, each followed by its drop-ins, the *.conf of <file>.d/ in all layers,
 * likewise.  Or reads @file alone, if it is not NULL.
 *
 * Each error is reported on @out, a line each ("FILE:LINE: 'TEXT': what is
 * wrong; what would be right").  What is probably not meant has "warning: "
 * before the text and is not counted.  A section with an error is left out,
 * see conf.left_out; but what @before (or NULL), the configuration in force,
 * has of it is kept.
 *
 * Returns the number of errors.  *conf is to be given to conf_free(); it is
 * NULL if a file could not be read.  Negative errno: out of memory.
 */
int conf_read(const char *root, const char *file, const struct conf *before,
	      FILE *out, struct conf **conf);
/* Reads the text in @in instead, which is called @name in messages. */
int conf_read_stream(FILE *in, const char *name, const struct conf *before,
		     FILE *out, struct conf **conf);
void conf_free(struct conf *conf);

#endif /* CONF_READ_H */
