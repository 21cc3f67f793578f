/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "verb.h"

/* A line of purpose for each verb, and the options.  Returns CLI_DONE. */
int help_print(const struct verb *const *table, FILE *out);

/* The page of one verb.  Returns CLI_DONE. */
int help_print_verb(const struct verb *v);

#endif /* CLI_HELP_H */
