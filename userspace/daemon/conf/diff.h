/* SPDX-License-Identifier: GPL-2.0 */
/* Lists the changes of a reload, for the log. */
#ifndef CONF_DIFF_H
#define CONF_DIFF_H

#include <stdio.h>

#include "conf/conf.h"

/*
 * Writes the differences of @new from @old to @out, a line each.  Lines and
 * files of sections are not compared.  Returns the number of differences.
 */
int conf_diff(const struct conf *old, const struct conf *new, FILE *out);

#endif /* CONF_DIFF_H */
