/* SPDX-License-Identifier: GPL-2.0 */
/* Messages of the hook. */
#ifndef LIBVIRT_SAY_H
#define LIBVIRT_SAY_H

/* Sets the domain's name, with which each message begins. */
void say_begin(const char *domain);

/*
 * Writes one line to the system's log with a priority of syslog's, and to
 * stderr, which libvirt logs at its level "debug".  @port is the name of the
 * port that the line is about, or NULL.  The arguments can't break the line.
 */
void say(int priority, const char *port, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* LIBVIRT_SAY_H */
