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

/* How the program ended.  @text says what went wrong; "" if nothing did. */
struct program_end {
	bool good;		/* it exited with status 0 */
	char text[80];
};

typedef void (*program_fn)(const struct program_end *end, void *arg);

#define PROGRAM_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:" \
	"/usr/bin:/sbin:/bin"

/*
 * Runs argv[0], an absolute path, with only @env as its environment and the
 * daemon's stderr.  Its process group gets SIGTERM after @limit ns and SIGKILL
 * 2 s later.  @fn is called when the program has ended; *out is freed then.
 * SIGCHLD must be blocked.
 */
int program_start(sd_event *loop, char *const argv[], char *const env[],
		  uint64_t limit, program_fn fn, void *arg,
		  struct program **out);

/*
 * Signals the process group.  The program ends when @fn is called, not before.
 */
void program_kill(const struct program *p, int signo);
/* For when the loop has ended: sends SIGTERM and does not wait. */
void program_free(struct program *p);

#endif /* UTIL_PROGRAM_H */
