/* SPDX-License-Identifier: GPL-2.0 */
/* What goes wrong, in one clear line, and what to do about it in the next. */
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
 * Print "stabletap: <what was tried>: <the kernel's sentence or the errno's
 * text>" on stderr, a hint where one is to be had for every caller, and
 * return CLI_REFUSED.
 */
int refused(struct cli *cli, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* 0, or the exit status after having said why the module can't be used. */
int need_module(struct cli *cli);

/* As need_module(), but loads the module if it is not loaded. */
int load_module(struct cli *cli);

/* Say that @link, which was asked for as @name, is no port: CLI_REFUSED. */
int refuse_kind(const struct stabletap_link *link, const char *name);

/* Find a port or a device by name; 0 or the exit status after a message. */
int find_port(struct cli *cli, const char *name, struct stabletap_link *out);
int find_device(struct cli *cli, const char *name, struct stabletap_link *out);

/* Say on stderr, as hints, who has the port open. */
void report_holders(struct cli *cli, int port, const char *name);

#endif /* CLI_REPORT_H */
