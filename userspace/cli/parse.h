/* SPDX-License-Identifier: GPL-2.0 */
/* From the command line to a call of a verb. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "verb.h"

/*
 * Take the options into @cli, and verb and words into @call.  0, or the exit
 * status after a message.  With -h the words, with -V the verb need not be
 * there; @call->verb is NULL if there is none.
 */
int parse_line(struct cli *cli, char **argv, struct call *call);

/* By name, alias or what abbreviates a name; NULL: says what is wrong. */
const struct verb *parse_verb(const struct verb *const *table,
			      const char *given);

/* One of the options without a value that may stand anywhere. */
bool option_take(struct cli *cli, const char *arg);

/* What may follow the keyword: "DEVICE", "drop|hold", or "" */
void usage_value(const struct word *w, char *buf, size_t size);

/* "PORT dev DEVICE [mode a|b] ...", without the verb */
void usage_format(const struct verb *v, char *buf, size_t size);

#endif /* CLI_PARSE_H */
