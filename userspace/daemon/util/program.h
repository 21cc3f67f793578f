/* SPDX-License-Identifier: GPL-2.0 */
/* One program of the operator's, run with a time limit and watched. */
#ifndef UTIL_PROGRAM_H
#define UTIL_PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct program;

/* How it ended; @text: what went wrong, "" if nothing did. */
struct program_end {
	bool good;		/* by itself, with status 0 */
	char text[80];
};

typedef void (*program_fn)(const struct program_end *end, void *arg);

#define PROGRAM_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:" \
	"/usr/bin:/sbin:/bin"

/*
 * Run argv[0], an absolute path, with @env and nothing else that is the
 * daemon's but its stderr.  Its process group gets SIGTERM after @limit ns
 * and SIGKILL 2 s later.  @fn is called when it has ended, and *out is of no
 * use from then on.  SIGCHLD must be blocked.
 */
int program_start(sd_event *loop, char *const argv[], char *const env[],
		  uint64_t limit, program_fn fn, void *arg,
		  struct program **out);

/* To its process group; it has not ended before @fn is called. */
void program_kill(const struct program *p, int signo);
/* When the loop will not turn again: SIGTERM, and nobody waits. */
void program_free(struct program *p);

#endif /* UTIL_PROGRAM_H */
