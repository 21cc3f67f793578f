/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stabletapd, run by a test.  It works in the network namespace that it is
 * started in; there is one at a time.
 *
 * Functions return a negative errno on failure unless they say otherwise.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define DAEMON_DEADLINE	60000	/* ms: a busy machine in emulation */

struct daemon {
	pid_t pid;		/* 0: it does not run */
	int log;		/* what it says on its standard error */
	char conf[32];		/* path of its configuration */
};

/* Nothing is configured, nothing is left of a daemon before; not started. */
int daemon_init(struct daemon *d);
/* The configuration; if the daemon runs, it reads it anew. */
int daemon_configure(struct daemon *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Start it, and wait until it answers. */
int daemon_start(struct daemon *d);
/* End it; its wait status. */
int daemon_stop(struct daemon *d);
void daemon_end(struct daemon *d);
/* What it has said since its start, in a static buffer */
const char *daemon_log(struct daemon *d);
/* Is a text in that, however much it is? */
bool daemon_said(const struct daemon *d, const char *text);

/* CPU time that it has used, with what the kernel did in its calls, ns */
uint64_t daemon_cpu(const struct daemon *d);
/* Wait until it has nothing more to do. */
bool daemon_settle(const struct daemon *d, int deadline_ms);
/* The most memory that it has had at a time, KiB */
long daemon_memory(const struct daemon *d);
/* What it has now, KiB */
long daemon_resident(const struct daemon *d);

/* What it answers to a request in JSON; NULL if it does not in DAEMON_DEADLINE */
json_t *daemon_ask(const char *request);
/* The same, but for reading an answer: the connection, -errno; "" asks nothing */
int daemon_ask_only(const char *request);
/* The events of port @name, the oldest first; NULL likewise */
json_t *daemon_events(const char *name);
/* What `stabletap -j ARGUMENTS` prints; NULL if it is refused. */
json_t *daemon_command(const char *arguments);

#endif /* DAEMON_H */
