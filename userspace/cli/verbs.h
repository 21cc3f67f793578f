/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verbs, in one table: it drives the parser, help, completion and the
 * test that compares it with the manual page.  Each verb's own file has its
 * entry.  The parser and help get the table from main(), so that they don't
 * depend on the verbs.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "verb.h"

/* In the order of the help page, ended by NULL */
extern const struct verb *const verbs[];

#endif /* CLI_VERBS_H */
