/* SPDX-License-Identifier: GPL-2.0 */
/* A loop to be driven until something holds, and what the daemon logs. */
#ifndef TESTS_LOOP_H
#define TESTS_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <systemd/sd-event.h>

/*
 * ms until what is to happen at once is given up: a machine may have other
 * things to do.
 */
#define SOON 60000
/* ms that a turn of the loop takes at most, when we are not held up */
#define TURN 20

static inline uint64_t loop_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Turn the loop until @holds or @ms are over; what @holds says then. */
static inline bool loop_until(sd_event *loop, bool (*holds)(void *arg),
			      void *arg, unsigned int ms)
{
	uint64_t end = loop_now_ms() + ms;

	while (!holds(arg)) {
		if (loop_now_ms() >= end)
			return false;
		if (sd_event_run(loop, 10000) < 0)
			return false;
	}
	return true;
}

/*
 * Returns the ms until @holds, at most @ms, without the time in which this
 * process had no turn.
 */
static inline unsigned int loop_took(sd_event *loop, bool (*holds)(void *arg),
				     void *arg, unsigned int ms)
{
	unsigned int took = 0;
	uint64_t begin;
	uint64_t turn;

	while (!holds(arg) && took < ms) {
		begin = loop_now_ms();
		if (sd_event_run(loop, 10000) < 0)
			return ms;
		turn = loop_now_ms() - begin;
		took += turn < TURN ? (unsigned int)turn : TURN;
	}
	return took;
}

static inline bool loop_never(void *arg)
{
	(void)arg;
	return false;
}

/*
 * A process that had no turn may find the time over at once, so what is due is
 * done at the end, too; not for ever, as some loops always have something.
 */
static inline void loop_for(sd_event *loop, unsigned int ms)
{
	int i;

	loop_until(loop, loop_never, NULL, ms);
	for (i = 0; i < 1000 && sd_event_run(loop, 0) > 0; i++)
		;
}

/* Redirects stderr to a file in memory.  Returns its fd. */
static inline int log_capture(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	unsetenv("JOURNAL_STREAM");
	if (fd < 0 || dup2(fd, 2) < 0)
		abort();
	return fd;
}

/* Returns how often @text was logged since log_forget(). */
static inline unsigned int log_count(int fd, const char *text)
{
	static char buf[1 << 16];
	ssize_t got = pread(fd, buf, sizeof(buf) - 1, 0);
	unsigned int n = 0;
	const char *at = buf;

	buf[got > 0 ? got : 0] = '\0';
	while ((at = strstr(at, text))) {
		at++;
		n++;
	}
	return n;
}

static inline void log_forget(int fd)
{
	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		abort();
}

/* Returns the command's status. */
static inline int shell(const char *command)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

#endif /* TESTS_LOOP_H */
