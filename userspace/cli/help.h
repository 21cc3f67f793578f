/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "verb.h"

/* A line of purpose for each verb, and the options.  Returns CLI_DONE. */
int help_print(const struct verb *const *table, FILE *out);

/*
 * The same, or of verb @v, unless it is NULL, a page; with -j as JSON, with -br
 * for completion.  Returns CLI_DONE.
 */
int help_explain(const struct cli *cli, const struct verb *v);

#endif /* CLI_HELP_H */
