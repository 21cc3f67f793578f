/* SPDX-License-Identifier: GPL-2.0 */
/* Shared parts of the command's JSON; see stabletap-json(5). */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "cli.h"

/* {"version": 1, KEY: VALUE}; takes over @value.  Owned by the caller. */
json_t *json_versioned(const char *key, json_t *value);

/*
 * Print @value in the layout that the options ask for, with a newline, and
 * release it.  Returns CLI_DONE.
 */
int json_print(const struct cli *cli, json_t *value, FILE *out);

/* The same in one line, whatever the options say: for streams. */
void json_print_line(json_t *value, FILE *out);

/*
 * Escape what a terminal must not get in all strings of @value, an object or
 * array.  Returns 0 or -ENOMEM.
 */
int json_make_printable(json_t *value);

/* The string at @key, or "" */
const char *json_text_of(const json_t *o, const char *key);

#endif /* CLI_JSON_H */
