/* SPDX-License-Identifier: GPL-2.0 */
/* What a reload changes. */
#ifndef CONF_DIFF_H
#define CONF_DIFF_H

#include <stdio.h>

#include "conf/conf.h"

/*
 * Write to @out what differs in @new from @old, a line each; the places do
 * not matter.  Returns the number of differences.
 */
int conf_diff(const struct conf *old, const struct conf *new, FILE *out);

#endif /* CONF_DIFF_H */
