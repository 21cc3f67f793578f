// SPDX-License-Identifier: GPL-2.0
/* The operator's programs, run on events. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "model/model.h"
#include "tell/hooks.h"
#include "util/log.h"
#include "util/priority.h"
#include "util/program.h"

#define WAITING_MAX 16		/* events of one port */
#define RUNNING_MAX 16		/* processes of all ports */
#define ENV_SIZE 320

/* An event and the hooks to run for it */
struct job {
	struct job *next;
	struct happening what;
	uint64_t limit;
	size_t at;		/* index in @paths of the running or next one */
	char **paths;
};

/* The events of one port that wait.  A queue is freed when it is empty. */
struct queue {
	struct queue *next;
	struct hooks *owner;
	struct job *first;	/* the event in work */
	unsigned int jobs;
	struct program *program; /* if one runs */
};

struct hooks {
	sd_event *loop;
	sd_event_source *starter;
	struct queue *queues;
	unsigned int running;
	struct model *m;	/* counts failures; NULL: nobody does */
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

#define ENV_N 6

struct environment {
	char text[ENV_N][ENV_SIZE];
	char *v[ENV_N + 2];
};

/* Escape foreign text, so that it can't forge a line in the hook's output. */
static void put_text(char *text, const char *key, const char *value)
{
	int len = snprintf(text, ENV_SIZE, "STABLETAP_%s=", key);

	escape_line(text + len, ENV_SIZE - (size_t)len, value);
}

static void environment_fill(struct environment *env,
			     const struct happening *what)
{
	size_t i;

	put_text(env->text[0], "EVENT", what->event);
	put_text(env->text[1], "PORT", what->port);
	put_text(env->text[2], "FROM", what->from);
	put_text(env->text[3], "TO", what->to);
	put_text(env->text[4], "WHY", what->why);
	snprintf(env->text[5], ENV_SIZE, "STABLETAP_DETACHED_MS=%llu",
		 (unsigned long long)(what->detached / 1000000));
	for (i = 0; i < ENV_N; i++)
		env->v[i] = env->text[i];
	env->v[ENV_N] = (char *)PROGRAM_PATH;
	env->v[ENV_N + 1] = NULL;
}

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

/* Appends the queue: those that waited longer are served first. */
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
	program_free(q->program);
	free(q);
}

static void note_failure(struct hooks *h)
{
	if (h->m)
		h->m->hook_failures++;
}

/* Goes on to the next path of the event, or to the next event. */
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

static void on_end(const struct program_end *end, void *arg)
{
	struct queue *q = arg;

	if (!end->good) {
		note_failure(q->owner);
		log_line(LOG_WARNING, q->first->what.port, "hook %s %s",
			 job_path(q->first), end->text);
	}
	q->program = NULL;
	q->owner->running--;
	queue_advance(q);
}

static int queue_start(struct queue *q)
{
	char *argv[] = { q->first->paths[q->first->at], NULL };
	struct environment env;
	int err;

	environment_fill(&env, &q->first->what);
	err = program_start(q->owner->loop, argv, env.v, q->first->limit,
			    on_end, q, &q->program);
	if (!err)
		q->owner->running++;
	return err;
}

/*
 * Start one process per turn of the loop, so that other work comes in between.
 */
static int on_start(sd_event_source *s, void *arg)
{
	struct hooks *h = arg;
	struct queue *q = h->queues;
	int err;

	(void)s;
	while (q && q->program)
		q = q->next;
	if (!q || h->running >= RUNNING_MAX)
		return 0;
	err = queue_start(q);
	if (err) {
		note_failure(h);
		log_line(LOG_ERR, q->first->what.port,
			 "hook %s can't be started: %s", job_path(q->first),
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
	/* Hooks come after all work that guests' frames wait for. */
	sd_event_source_set_priority(h->starter, PRIORITY_HOOKS);
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
	return q;
}

/* Drops the oldest event whose hooks have not begun, if the queue is full. */
static void queue_trim(struct queue *q)
{
	struct job **at = &q->first;
	struct job *job;

	if (q->jobs < WAITING_MAX)
		return;
	if (q->program || q->first->at)
		at = &(*at)->next;
	job = *at;
	*at = job->next;
	q->jobs--;
	note_failure(q->owner);
	log_line(LOG_WARNING, job->what.port,
		 "hooks are too slow: %s was dropped, %d events wait",
		 job->what.event, WAITING_MAX);
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

static void on_happened(struct port *port, const struct happening *what,
			void *arg)
{
	if (port->conf->hooks &&
	    hooks_run(arg, port->conf->hooks, what, port->conf->hook_limit)) {
		note_failure(arg);
		log_line(LOG_ERR, port->conf->name,
			 "hooks can't be run on %s: no memory", what->event);
	}
}

void hooks_watch(struct hooks *h, struct model *m)
{
	static const struct model_ops ops = { .happened = on_happened };

	h->m = m;
	model_watch(m, &ops, h);
}
