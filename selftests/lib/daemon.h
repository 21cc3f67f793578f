/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Start, configure and query stabletapd from a test.  The daemon works in the
 * network namespace in which it is started.  A test runs one daemon at a time.
 *
 * Functions return a negative errno on failure unless they say otherwise.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define DAEMON_DEADLINE	60000	/* ms; for a busy emulated machine */

struct daemon {
	pid_t pid;		/* 0 if the daemon does not run */
	int log;		/* the daemon's standard error */
	char conf[32];		/* path of the configuration */
};

/*
 * Prepare an empty configuration and remove the state of earlier daemons.  Does
 * not start the daemon.
 */
int daemon_init(struct daemon *d);
/* Write the configuration.  A daemon that runs reloads it. */
int daemon_configure(struct daemon *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Start the daemon and wait until it answers. */
int daemon_start(struct daemon *d);
/* Stop the daemon.  Returns its wait status. */
int daemon_stop(struct daemon *d);
void daemon_end(struct daemon *d);
/* The daemon's log since its start, in a static buffer */
const char *daemon_log(struct daemon *d);
/*
 * Returns true if the log has this text, even if it is longer than that buffer.
 */
bool daemon_said(const struct daemon *d, const char *text);

/* CPU time that the daemon has used, in user space and in the kernel; ns */
uint64_t daemon_cpu(const struct daemon *d);
/* Wait until the daemon is idle. */
bool daemon_settle(const struct daemon *d, int deadline_ms);
/* Peak resident memory of the daemon, KiB */
long daemon_memory(const struct daemon *d);
/* Present resident memory of the daemon, KiB */
long daemon_resident(const struct daemon *d);

/* The answer to a JSON request; NULL if there is none within DAEMON_DEADLINE */
json_t *daemon_ask(const char *request);
/*
 * Send a request but do not read the answer; "" sends nothing.  Returns the
 * connection or a negative errno.
 */
int daemon_ask_only(const char *request);
/* The events of port @name, the oldest first; NULL if there is no answer */
json_t *daemon_events(const char *name);
/* The output of `stabletap -j ARGUMENTS`; NULL if the command fails */
json_t *daemon_command(const char *arguments);

#endif /* DAEMON_H */
