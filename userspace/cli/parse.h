/* SPDX-License-Identifier: GPL-2.0 */
/* From the command line to a call of a verb. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "verb.h"

/*
 * Reads options into @cli, and verb and words into @call.  Returns 0, or the
 * exit status after a message.  With -h the words may be missing, with -V the
 * verb, too; @call->verb is NULL then.
 */
int parse_line(struct cli *cli, char **argv, struct call *call);

/* Finds a verb by name, alias or abbreviation.  NULL: none, after a message. */
const struct verb *parse_verb(const struct verb *const *table,
			      const char *given);

/* Reads one of the options without a value that may stand anywhere. */
bool option_take(struct cli *cli, const char *arg);

/* Returns what may follow the keyword: "DEVICE", "drop|hold", or "". */
void usage_value(const struct word *w, char *buf, size_t size);

/* "PORT dev DEVICE [mode a|b] ...", without the verb */
void usage_format(const struct verb *v, char *buf, size_t size);

#endif /* CLI_PARSE_H */
