/* SPDX-License-Identifier: GPL-2.0 */
/* Errors that only show when a section, or all of them, have been read. */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/section.h"

/*
 * Checks all sections without an error so far, and reports errors.  A kept
 * section is never in error: it was in force together with the other kept ones,
 * so a new section must fit it.  Returns the number of errors.
 */
int conf_check(struct conf_draft *d);
/*
 * Reports on @out the ports that a module with these STABLETAP_FEATURE_* would
 * refuse.  Returns their number.
 */
int conf_check_features(const struct conf *conf, uint64_t features, FILE *out);

#endif /* CONF_CHECK_H */
