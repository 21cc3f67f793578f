/* SPDX-License-Identifier: GPL-2.0 */
/* Error messages: the error in one line, and what to do in the next. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli.h"

/* Print "stabletap: ..." on stderr and return CLI_USAGE. */
int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print "stabletap: ..." on stderr and return CLI_REFUSED. */
int refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print "hint: ..." on stderr. */
void hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print "note: ..." on stderr. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Prints "stabletap: <what was tried>: <the kernel's sentence or the errno's
 * text>" on stderr, with a hint if there is one for every caller, and returns
 * CLI_REFUSED.
 */
int refused(struct cli *cli, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Returns 0 if the module is usable, or the exit status after a message. */
int need_module(struct cli *cli);

/* As need_module(), but loads the module if it is not loaded. */
int load_module(struct cli *cli);

/* Prints that @link, requested as @name, is no port.  Returns CLI_REFUSED. */
int refuse_kind(const struct stabletap_link *link, const char *name);

/*
 * Finds a port or a device by name.  Returns 0, or the exit status after a
 * message.
 */
int find_port(struct cli *cli, const char *name, struct stabletap_link *out);
int find_device(struct cli *cli, const char *name, struct stabletap_link *out);

/* Prints hints: the processes that have the port open. */
void report_holders(struct cli *cli, int port, const char *name);

#endif /* CLI_REPORT_H */
