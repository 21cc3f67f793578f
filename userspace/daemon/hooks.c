// SPDX-License-Identifier: GPL-2.0
/*
 * The operator's programs, run on events.
 *
 * fork() and not posix_spawn(): the latter waits for exec(), which may hang
 * on the file system that the program is on.  Why exec() failed comes through
 * a pipe, read when the child has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon.h"

#define WAITING_MAX 16		/* events of one port */
#define RUNNING_MAX 16		/* processes of all ports */
#define KILL_AFTER_US 2000000	/* from SIGTERM to SIGKILL */
#define ENV_SIZE 96
#define HOOK_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:" \
	"/sbin:/bin"

/* One event and what is to be run for it. */
struct job {
	struct job *next;
	struct happening what;
	uint64_t limit;
	size_t at;		/* of @paths, the one that runs or is next */
	char **paths;
};

/* The events of one port.  Exists while there are any. */
struct queue {
	struct queue *next;
	struct hooks *owner;
	struct job *first;	/* the one that is being worked on */
	unsigned int jobs;

	/* The process, if one runs */
	sd_event_source *child;
	sd_event_source *timer;
	pid_t pid;
	int report;		/* fd: errno of a failed exec() */
	bool overtime;
};

struct hooks {
	sd_event *loop;
	sd_event_source *starter;
	struct queue *queues;
	unsigned int running;
};

static const char *job_path(const struct job *job)
{
	return job->paths[job->at];
}

static void job_free(struct job *job)
{
	size_t i;

	if (!job)
		return;
	for (i = 0; job->paths && job->paths[i]; i++)
		free(job->paths[i]);
	free(job->paths);
	free(job);
}

static struct job *job_new(char *const *paths, const struct happening *what,
			   uint64_t limit)
{
	struct job *job = calloc(1, sizeof(*job));
	size_t n = 0;
	size_t i;

	if (!job)
		return NULL;
	while (paths[n])
		n++;
	job->what = *what;
	job->limit = limit;
	job->paths = calloc(n + 1, sizeof(*job->paths));
	if (!job->paths)
		goto err_free;
	for (i = 0; i < n; i++) {
		job->paths[i] = strdup(paths[i]);
		if (!job->paths[i])
			goto err_free;
	}
	return job;

err_free:
	job_free(job);
	return NULL;
}

/* ---- the child's side ---- */

struct environment {
	char text[6][ENV_SIZE];
	char *v[8];
};

static void environment_fill(struct environment *env,
			     const struct happening *what)
{
	size_t i;

	snprintf(env->text[0], ENV_SIZE, "STABLETAP_EVENT=%s", what->event);
	snprintf(env->text[1], ENV_SIZE, "STABLETAP_PORT=%s", what->port);
	snprintf(env->text[2], ENV_SIZE, "STABLETAP_FROM=%s", what->from);
	snprintf(env->text[3], ENV_SIZE, "STABLETAP_TO=%s", what->to);
	snprintf(env->text[4], ENV_SIZE, "STABLETAP_WHY=%s", what->why);
	snprintf(env->text[5], ENV_SIZE, "STABLETAP_DETACHED_MS=%llu",
		 (unsigned long long)(what->detached / 1000000));
	for (i = 0; i < 6; i++)
		env->v[i] = env->text[i];
	env->v[6] = (char *)HOOK_PATH;
	env->v[7] = NULL;
}

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

/* Nothing but 0, 1, 2 and, until exec(), the pipe at 3. */
static int arrange_fds(int report)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0)
		return -errno;
	/* What it says goes where the daemon's own log goes. */
	if (dup2(2, 1) < 0 && (dup2(null, 1) < 0 || dup2(null, 2) < 0))
		return -errno;
	if (report != 3 && dup3(report, 3, O_CLOEXEC) < 0)
		return -errno;
	if (close_range(4, ~0U, 0))
		return -errno;
	return 0;
}

/* Between fork() and exec(): only what is safe there. */
static _Noreturn void child_main(const char *path,
				 const struct environment *env, int report)
{
	char *const argv[] = { (char *)path, NULL };
	ssize_t sent;
	int err;

	setsid();
	reset_signals();
	umask(022);
	err = chdir("/") ? -errno : arrange_fds(report);
	if (err) {
		err = -err;
	} else {
		execve(path, argv, env->v);
		err = errno;
		report = 3;
	}
	sent = write(report, &err, sizeof(err));
	_exit(sent == (ssize_t)sizeof(err) ? 127 : 126);
}

/* ---- the loop's side ---- */

static void wake_starter(struct hooks *h)
{
	sd_event_source_set_enabled(h->starter, SD_EVENT_ONESHOT);
}

static void queue_unlink(struct queue *q)
{
	struct queue **at = &q->owner->queues;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->next = NULL;
}

/* Behind the others: those that waited longer are served first. */
static void queue_link(struct queue *q)
{
	struct queue **at = &q->owner->queues;

	while (*at)
		at = &(*at)->next;
	*at = q;
}

static void queue_drop_job(struct queue *q)
{
	struct job *job = q->first;

	q->first = job->next;
	q->jobs--;
	job_free(job);
}

static void queue_free(struct queue *q)
{
	while (q->first)
		queue_drop_job(q);
	sd_event_source_disable_unref(q->timer);
	sd_event_source_disable_unref(q->child);
	if (q->report >= 0)
		close(q->report);
	free(q);
}

/* The next path of the event, or the next event, or nothing more. */
static void queue_advance(struct queue *q)
{
	struct hooks *h = q->owner;

	queue_unlink(q);
	q->first->at++;
	if (!job_path(q->first))
		queue_drop_job(q);
	if (q->first)
		queue_link(q);
	else
		queue_free(q);
	if (h->queues)
		wake_starter(h);
}

static void kill_group(const struct queue *q, int signo)
{
	/* It may not have come to setsid() yet. */
	if (kill(-q->pid, signo) && errno == ESRCH)
		kill(q->pid, signo);
}

static void tell_end(const struct queue *q, const siginfo_t *si)
{
	const struct job *job = q->first;
	const char *port = job->what.port;
	int err = 0;

	if (q->overtime)
		log_port(LOG_WARNING, NULL,
			 "%s: hook %s was ended after %g s, its limit", port,
			 job_path(job), (double)job->limit / 1e9);
	else if (read(q->report, &err, sizeof(err)) == (ssize_t)sizeof(err))
		log_port(LOG_WARNING, NULL, "%s: hook %s can't be run: %s",
			 port, job_path(job), strerror(err));
	else if (si->si_code == CLD_EXITED && si->si_status)
		log_port(LOG_WARNING, NULL, "%s: hook %s failed: status %d",
			 port, job_path(job), si->si_status);
	else if (si->si_code != CLD_EXITED)
		log_port(LOG_WARNING, NULL, "%s: hook %s was killed: %s", port,
			 job_path(job), strsignal(si->si_status));
}

static int on_end(sd_event_source *s, const siginfo_t *si, void *arg)
{
	struct queue *q = arg;

	(void)s;
	tell_end(q, si);
	/*
	 * The process is reaped after this function, so the number is still
	 * its group's.  What a hook leaves behind in time is its own affair.
	 */
	if (q->overtime)
		kill(-q->pid, SIGKILL);
	q->timer = sd_event_source_disable_unref(q->timer);
	q->child = sd_event_source_disable_unref(q->child);
	close(q->report);
	q->report = -1;
	q->owner->running--;
	queue_advance(q);
	return 0;
}

static int on_limit(sd_event_source *s, uint64_t usec, void *arg)
{
	struct queue *q = arg;

	(void)usec;
	if (q->overtime) {
		kill_group(q, SIGKILL);
		return 0;
	}
	q->overtime = true;
	kill_group(q, SIGTERM);
	sd_event_source_set_time_relative(s, KILL_AFTER_US);
	sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	return 0;
}

/* Watch the process that has just been started. */
static int queue_watch(struct queue *q)
{
	sd_event *loop = q->owner->loop;
	int err;

	err = sd_event_add_child(loop, &q->child, q->pid, WEXITED, on_end, q);
	if (err < 0)
		return err;
	return sd_event_add_time_relative(loop, &q->timer, CLOCK_MONOTONIC,
					  q->first->limit / 1000, 1000,
					  on_limit, q);
}

static int queue_start(struct queue *q)
{
	struct environment env;
	int report[2];
	int err;

	if (pipe2(report, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	environment_fill(&env, &q->first->what);
	q->overtime = false;
	q->pid = fork();
	if (!q->pid)
		child_main(job_path(q->first), &env, report[1]);
	err = q->pid < 0 ? -errno : 0;
	close(report[1]);
	if (!err)
		err = queue_watch(q);
	if (err < 0)
		goto err_close;
	q->report = report[0];
	q->owner->running++;
	return 0;

err_close:
	/* Unwatched it would have no limit. */
	if (q->pid > 0)
		kill_group(q, SIGKILL);
	q->timer = sd_event_source_disable_unref(q->timer);
	q->child = sd_event_source_disable_unref(q->child);
	close(report[0]);
	return err;
}

/* One process a turn, so that others come in between. */
static int on_start(sd_event_source *s, void *arg)
{
	struct hooks *h = arg;
	struct queue *q = h->queues;
	int err;

	(void)s;
	while (q && q->child)
		q = q->next;
	if (!q || h->running >= RUNNING_MAX)
		return 0;
	err = queue_start(q);
	if (err) {
		log_port(LOG_ERR, NULL, "%s: hook %s can't be started: %s",
			 q->first->what.port, job_path(q->first),
			 strerror(-err));
		queue_advance(q);
	} else {
		wake_starter(h);
	}
	return 0;
}

struct hooks *hooks_new(sd_event *loop)
{
	struct hooks *h = calloc(1, sizeof(*h));
	sigset_t set;

	if (!h)
		return NULL;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		goto err_free;
	h->loop = sd_event_ref(loop);
	if (sd_event_add_defer(loop, &h->starter, on_start, h) < 0)
		goto err_free;
	/* Guests' frames first. */
	sd_event_source_set_priority(h->starter, SD_EVENT_PRIORITY_IDLE);
	sd_event_source_set_enabled(h->starter, SD_EVENT_OFF);
	return h;

err_free:
	hooks_free(h);
	return NULL;
}

void hooks_free(struct hooks *h)
{
	struct queue *q;

	if (!h)
		return;
	while (h->queues) {
		q = h->queues;
		h->queues = q->next;
		if (q->child)
			kill_group(q, SIGTERM);
		queue_free(q);
	}
	sd_event_source_disable_unref(h->starter);
	sd_event_unref(h->loop);
	free(h);
}

static struct queue *queue_get(struct hooks *h, const char *port)
{
	struct queue *q;

	for (q = h->queues; q; q = q->next)
		if (!strcmp(q->first->what.port, port))
			return q;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->owner = h;
	q->report = -1;
	return q;
}

/* Make room by the oldest event that has not begun. */
static void queue_trim(struct queue *q)
{
	struct job **at = &q->first;
	struct job *job;

	if (q->jobs < WAITING_MAX)
		return;
	if (q->child || q->first->at)
		at = &(*at)->next;
	job = *at;
	*at = job->next;
	q->jobs--;
	log_port(LOG_WARNING, NULL,
		 "%s: hooks are too slow: %s was dropped, %d events wait",
		 job->what.port, job->what.event, WAITING_MAX);
	job_free(job);
}

int hooks_run(struct hooks *h, char *const *paths,
	      const struct happening *what, uint64_t limit)
{
	struct queue *q;
	struct job **at;
	struct job *job;

	if (!paths || !paths[0])
		return 0;
	job = job_new(paths, what, limit);
	if (!job)
		return -ENOMEM;
	q = queue_get(h, what->port);
	if (!q) {
		job_free(job);
		return -ENOMEM;
	}
	if (!q->first)
		queue_link(q);
	else
		queue_trim(q);
	for (at = &q->first; *at; at = &(*at)->next)
		;
	*at = job;
	q->jobs++;
	wake_starter(h);
	return 0;
}
