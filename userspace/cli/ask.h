/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asking stabletapd: a line of JSON is asked, lines of JSON are answered.
 * Fields that the daemon, being older, does not send are absent.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <jansson.h>
#include <stdio.h>

#include "cli.h"

/*
 * Ask, and release @request.  The daemon's answer, owned by the caller, with
 * "version" as in all JSON of the command and with times as they are printed;
 * NULL: said why there is none.  A refusal of the daemon's is an answer, too.
 */
json_t *ask(struct cli *cli, json_t *request);

/* The same without a word, and at most for @seconds */
json_t *ask_quietly(struct cli *cli, json_t *request, int seconds);

/*
 * The object in status "ports" of @port, or NULL: not configured, or stabletapd
 * does not answer, which *answered (may be NULL) tells apart.  It is asked with
 * little patience.
 */
json_t *ask_port_quietly(struct cli *cli, const char *port, bool *answered);

/* The daemon's refusal in @answer, or NULL */
const char *ask_error(const json_t *answer);

/*
 * A conversation that goes on.  NULL: *err is a negative errno.  -EXDEV: the
 * daemon works in another network namespace than -n asks for; said so.
 */
FILE *ask_open(struct cli *cli, json_t *request, int *err);

/*
 * The next line; an empty object for a sign of life.  NULL: the daemon is gone
 * or silent for longer than its signs of life are apart.
 */
json_t *ask_next(struct cli *cli, FILE *from);

/*
 * 0 if the daemon, should it run, works in the network namespace that -n asks
 * for; the exit status after a message otherwise.
 */
int ask_check_namespace(struct cli *cli);

/* Say why stabletapd can't be asked.  Returns CLI_REFUSED. */
int ask_refused(int err);

#endif /* CLI_ASK_H */
