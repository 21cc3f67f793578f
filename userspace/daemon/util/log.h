/* SPDX-License-Identifier: GPL-2.0 */
/* Lines for the journal, or for whoever reads stderr. */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

/*
 * One line with a priority of syslog's.  @port: the name of the port that it
 * is about, which goes before the text and, with the journal at hand, into the
 * field STABLETAP_PORT=; or NULL.  Whatever the arguments contain, it stays
 * one line.  Never waits: if nobody takes lines, they are dropped, and how
 * many were is told when somebody does.
 */
void log_line(int priority, const char *port, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * One warning a cause, not one an attempt: is @why another cause than the last
 * one, which is kept in @last of @size bytes?  It is kept there now.
 */
bool log_is_new_cause(char *last, size_t size, const char *why);

#endif /* UTIL_LOG_H */
