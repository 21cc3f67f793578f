/* SPDX-License-Identifier: GPL-2.0 */
/* Lines for the journal, or for the program that reads stderr. */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

/*
 * Logs one line with a priority of syslog's.  @port is the name of the port
 * that the line is about, or NULL.  The name is put before the text and, in the
 * journal, also into the field STABLETAP_PORT=.  The arguments can't break the
 * line.  This never waits: if nobody reads, lines are dropped, and their number
 * is logged later.
 */
void log_line(int priority, const char *port, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * For one warning per cause instead of one per attempt.  Returns true if @why
 * differs from the last cause in @last (@size bytes), and stores it there.
 */
bool log_is_new_cause(char *last, size_t size, const char *why);

#endif /* UTIL_LOG_H */
