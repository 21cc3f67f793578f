// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "st.h"

#define RUN_DIR "/run/stabletap"

/*
 * A daemon that was quiet for so long is idle: its longest pause is the 350 ms
 * before the fifth announcement.
 */
#define QUIET_NS	500000000ULL

int daemon_init(struct daemon *d)
{
	int fd;

	memset(d, 0, sizeof(*d));
	d->log = -1;
	if (st_sh("rm -rf " RUN_DIR))
		return -EIO;
	strcpy(d->conf, "/tmp/stabletapd.XXXXXX");
	fd = mkstemp(d->conf);
	if (fd < 0)
		return -errno;
	close(fd);
	d->log = memfd_create("log", MFD_CLOEXEC);
	return d->log < 0 ? -errno : 0;
}

int daemon_configure(struct daemon *d, const char *format, ...)
{
	FILE *file = fopen(d->conf, "we");
	va_list ap;

	if (!file)
		return -errno;
	va_start(ap, format);
	vfprintf(file, format, ap);
	va_end(ap);
	if (fclose(file))
		return -errno;
	if (d->pid && kill(d->pid, SIGHUP))
		return -errno;
	return 0;
}

static void run(const struct daemon *d)
{
	/* The daemon must not outlive a test that is killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(d->log, STDOUT_FILENO);
	dup2(d->log, STDERR_FILENO);
	execlp("stabletapd", "stabletapd", "--config", d->conf, NULL);
	_exit(127);
}

struct starting {
	struct daemon *d;
	bool ended;
};

static bool answers(void *arg)
{
	struct starting *s = arg;
	json_t *status;

	/* Not too often: the daemon needs the processor. */
	usleep(20000);
	/* A request whose cost does not depend on the number of ports */
	status = daemon_ask("{\"events\": 0, \"port\": \"-\"}");
	json_decref(status);
	s->ended = waitpid(s->d->pid, NULL, WNOHANG) == s->d->pid;
	return status || s->ended;
}

int daemon_start(struct daemon *d)
{
	struct starting s = { .d = d };

	if (ftruncate(d->log, 0) || lseek(d->log, 0, SEEK_SET))
		return -EIO;
	fflush(NULL);
	d->pid = fork();
	if (d->pid < 0)
		return -errno;
	if (!d->pid)
		run(d);
	if (!st_wait(answers, &s, DAEMON_DEADLINE))
		return -ETIMEDOUT;
	if (!s.ended)
		return 0;
	d->pid = 0;
	return -ECHILD;
}

static bool has_ended(void *arg)
{
	const struct daemon *d = arg;
	siginfo_t info = {};

	return waitid(P_PID, d->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid;
}

int daemon_stop(struct daemon *d)
{
	int status = -ECHILD;

	if (!d->pid)
		return status;
	kill(d->pid, SIGTERM);
	/*
	 * A daemon that hangs is killed, so that its wait status shows the
	 * failure.
	 */
	if (!st_wait(has_ended, d, DAEMON_DEADLINE))
		kill(d->pid, SIGKILL);
	if (waitpid(d->pid, &status, 0) != d->pid)
		status = -errno;
	d->pid = 0;
	return status;
}

void daemon_end(struct daemon *d)
{
	daemon_stop(d);
	close(d->log);
	unlink(d->conf);
}

uint64_t daemon_cpu(const struct daemon *d)
{
	struct timespec ts = {};
	clockid_t clock;

	if (!clock_getcpuclockid(d->pid, &clock))
		clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

bool daemon_settle(const struct daemon *d, int deadline_ms)
{
	const struct timespec step = { .tv_nsec = 20000000 };
	uint64_t start = st_now(), since = start, now;
	uint64_t cpu = daemon_cpu(d), used;

	do {
		nanosleep(&step, NULL);
		now = st_now();
		used = daemon_cpu(d);
		if (used != cpu)
			since = now;
		cpu = used;
		if (now > start + deadline_ms * 1000000ULL)
			return false;
	} while (now < since + QUIET_NS);
	return true;
}

/* Find the line of a file that begins with a text, and the number after it */
static bool find_line(const char *path, const char *text, long *number)
{
	FILE *file = fopen(path, "re");
	const char *found = NULL;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, text);
	if (found && number)
		*number = strtol(found + strlen(text), NULL, 10);
	if (file)
		fclose(file);
	return found;
}

static long memory(const struct daemon *d, const char *what)
{
	long kib = -ESRCH;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", d->pid);
	find_line(path, what, &kib);
	return kib;
}

long daemon_memory(const struct daemon *d)
{
	return memory(d, "VmHWM:");
}

long daemon_resident(const struct daemon *d)
{
	return memory(d, "VmRSS:");
}

bool daemon_said(const struct daemon *d, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", d->log);
	return find_line(path, text, NULL);
}

const char *daemon_log(struct daemon *d)
{
	static char text[8192];
	ssize_t len = pread(d->log, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = 0;
	return text;
}

int daemon_ask_only(const char *request)
{
	struct sockaddr_un to = {
		.sun_family = AF_UNIX, .sun_path = RUN_DIR "/stabletapd.sock",
	};
	const struct timeval patience = { .tv_sec = DAEMON_DEADLINE / 1000 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
	    send(fd, request, strlen(request), MSG_NOSIGNAL) >= 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

json_t *daemon_ask(const char *request)
{
	int fd = daemon_ask_only(request);
	json_t *answer = NULL;

	if (fd < 0)
		return NULL;
	if (send(fd, "\n", 1, MSG_NOSIGNAL) > 0)
		answer = json_loadfd(fd, 0, NULL);
	close(fd);
	return answer;
}

json_t *daemon_events(const char *name)
{
	json_t *answer, *events;
	char request[80];

	snprintf(request, sizeof(request),
		 "{\"events\": 0, \"port\": \"%s\"}", name);
	answer = daemon_ask(request);
	events = json_incref(json_object_get(answer, "events"));
	json_decref(answer);
	return events;
}

json_t *daemon_command(const char *arguments)
{
	char command[128];
	json_t *answer;
	FILE *out;

	snprintf(command, sizeof(command), "exec stabletap -j %s", arguments);
	fflush(NULL);
	out = popen(command, "re");
	if (!out)
		return NULL;
	answer = json_loadf(out, 0, NULL);
	if (pclose(out)) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}
