/* SPDX-License-Identifier: GPL-2.0 */
/* Lines of a file: heads of sections, and KEY=VALUE. */
#ifndef CONF_LINE_H
#define CONF_LINE_H

#include "conf/section.h"

/*
 * Reads @in, called @file (of conf.files), which is a drop-in of @main or
 * @main itself.
 */
void conf_lines_read(struct conf_draft *d, FILE *in, const char *file,
		     const char *main);

#endif /* CONF_LINE_H */
