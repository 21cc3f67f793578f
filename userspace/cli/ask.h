/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to stabletapd: a line of JSON is sent, and lines of JSON come back.
 * Fields that an older daemon does not send are absent.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <jansson.h>
#include <stdio.h>

#include "cli.h"

/*
 * Sends and releases @request.  Returns the daemon's answer, owned by the
 * caller, with "version" as in all JSON of the command and with times as they
 * are printed.  NULL: failed, after a message.  A refusal of the daemon's is an
 * answer, too.
 */
json_t *ask(struct cli *cli, json_t *request);

/* The same without messages, and for at most @seconds. */
json_t *ask_quietly(struct cli *cli, json_t *request, int seconds);

/*
 * Asks for all that status has, without messages.  -ENOENT, -ECONNREFUSED:
 * stabletapd does not run; -EACCES: it must not be asked; -ETIMEDOUT: it does
 * not answer.  *answer is owned by the caller.
 */
int ask_status_quietly(struct cli *cli, json_t **answer);

/*
 * Returns the object of @port in status "ports".  NULL: it is not configured,
 * or stabletapd does not answer, which *answered (may be NULL) tells apart.
 * Waits only for a short time.
 */
json_t *ask_port_quietly(struct cli *cli, const char *port, bool *answered);

/* Returns the daemon's refusal in @answer, or NULL. */
const char *ask_error(const json_t *answer);

/*
 * Opens a stream.  NULL: *err is a negative errno.  -EXDEV: the daemon works in
 * another network namespace than -n asks for; a message was printed.
 */
FILE *ask_open(struct cli *cli, json_t *request, int *err);

/*
 * Returns the next line; an empty object for an empty line.  NULL: the daemon
 * is gone, or silent for longer than the time between two empty lines.
 */
json_t *ask_next(struct cli *cli, FILE *from);

/*
 * Returns 0 if the daemon works in the network namespace of -n or does not run;
 * otherwise the exit status, after a message.
 */
int ask_check_namespace(struct cli *cli);

/* Prints why stabletapd can't be asked.  Returns CLI_REFUSED. */
int ask_refused(int err);

#endif /* CLI_ASK_H */
