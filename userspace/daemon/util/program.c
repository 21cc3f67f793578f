// SPDX-License-Identifier: GPL-2.0
/*
 * Running the operator's programs.
 *
 * fork() and not posix_spawn(): the latter waits for exec(), which may hang
 * on the file system that the program is on.  Why exec() failed comes through
 * a pipe, read when the child has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/program.h"

#define KILL_AFTER_US 2000000	/* from SIGTERM to SIGKILL */

struct program {
	sd_event_source *child;
	sd_event_source *timer;
	pid_t pid;
	int report;		/* fd: errno of a failed exec() */
	uint64_t limit;
	bool overtime;
	program_fn fn;
	void *arg;
};

/* ---- the child's side ---- */

static void reset_signals(void)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		sigaction(i, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Close all but 0, 1, 2 and, until exec(), the pipe at 3. */
static int arrange_fds(int report)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0)
		return -errno;
	/* The program's output goes to the daemon's own log. */
	if (dup2(2, 1) < 0 && (dup2(null, 1) < 0 || dup2(null, 2) < 0))
		return -errno;
	if (report != 3 && dup3(report, 3, O_CLOEXEC) < 0)
		return -errno;
	if (close_range(4, ~0U, 0))
		return -errno;
	return 0;
}

/* Between fork() and exec(): only async-signal-safe calls. */
static _Noreturn void child_main(char *const argv[], char *const env[],
				 int report)
{
	ssize_t sent;
	int err;

	setsid();
	reset_signals();
	umask(022);
	err = chdir("/") ? -errno : arrange_fds(report);
	if (err) {
		err = -err;
	} else {
		execve(argv[0], argv, env);
		err = errno;
		report = 3;
	}
	sent = write(report, &err, sizeof(err));
	_exit(sent == (ssize_t)sizeof(err) ? 127 : 126);
}

/* ---- the loop's side ---- */

static void release(struct program *p)
{
	sd_event_source_disable_unref(p->timer);
	sd_event_source_disable_unref(p->child);
	close(p->report);
	free(p);
}

void program_kill(const struct program *p, int signo)
{
	/* The child may not have called setsid() yet. */
	if (kill(-p->pid, signo) && errno == ESRCH)
		kill(p->pid, signo);
}

static void describe(const struct program *p, const siginfo_t *si,
		     struct program_end *end)
{
	int err = 0;

	memset(end, 0, sizeof(*end));
	if (p->overtime)
		snprintf(end->text, sizeof(end->text),
			 "was killed after its time limit of %g s",
			 (double)p->limit / 1e9);
	else if (read(p->report, &err, sizeof(err)) == (ssize_t)sizeof(err))
		snprintf(end->text, sizeof(end->text), "can't be run: %s",
			 strerror(err));
	else if (si->si_code != CLD_EXITED)
		snprintf(end->text, sizeof(end->text), "was killed: %s",
			 strsignal(si->si_status));
	else if (si->si_status)
		snprintf(end->text, sizeof(end->text), "failed: status %d",
			 si->si_status);
	else
		end->good = true;
}

static int on_end(sd_event_source *s, const siginfo_t *si, void *arg)
{
	struct program *p = arg;
	program_fn fn = p->fn;
	void *fn_arg = p->arg;
	struct program_end end;

	(void)s;
	describe(p, si, &end);
	/*
	 * The process is reaped only after this function, so its number can't
	 * be another group's yet.  After a normal end, processes that the
	 * program left behind are not killed.
	 */
	if (p->overtime)
		kill(-p->pid, SIGKILL);
	release(p);
	fn(&end, fn_arg);
	return 0;
}

static int on_limit(sd_event_source *s, uint64_t usec, void *arg)
{
	struct program *p = arg;

	(void)usec;
	if (p->overtime) {
		program_kill(p, SIGKILL);
		return 0;
	}
	p->overtime = true;
	program_kill(p, SIGTERM);
	sd_event_source_set_time_relative(s, KILL_AFTER_US);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

/* Watch the process that has just been started. */
static int watch(struct program *p, sd_event *loop)
{
	int err;

	err = sd_event_add_child(loop, &p->child, p->pid, WEXITED, on_end, p);
	if (err < 0)
		return err;
	return sd_event_add_time_relative(loop, &p->timer, CLOCK_MONOTONIC,
					  p->limit / 1000, 1000, on_limit, p);
}

int program_start(sd_event *loop, char *const argv[], char *const env[],
		  uint64_t limit, program_fn fn, void *arg,
		  struct program **out)
{
	struct program *p = calloc(1, sizeof(*p));
	int report[2];
	int err;

	if (!p)
		return -ENOMEM;
	if (pipe2(report, O_CLOEXEC | O_NONBLOCK)) {
		err = -errno;
		free(p);
		return err;
	}
	p->report = report[0];
	p->limit = limit;
	p->fn = fn;
	p->arg = arg;
	p->pid = fork();
	if (!p->pid)
		child_main(argv, env, report[1]);
	err = p->pid < 0 ? -errno : 0;
	close(report[1]);
	if (!err)
		err = watch(p, loop);
	if (err < 0) {
		/* A program that is not watched would have no time limit. */
		if (p->pid > 0)
			program_kill(p, SIGKILL);
		release(p);
		return err;
	}
	*out = p;
	return 0;
}

void program_free(struct program *p)
{
	if (!p)
		return;
	program_kill(p, SIGTERM);
	release(p);
}
