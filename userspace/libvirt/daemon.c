// SPDX-License-Identifier: GPL-2.0
/* Requests to stabletapd: a line of JSON, and an answer. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "daemon.h"
#include "say.h"

#define PAUSE_NS 50000000L

static uint64_t now_ms(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t deadline_in(unsigned int ms)
{
	return now_ms() + ms;
}

/* Returns false if the deadline has passed. */
bool deadline_pause(uint64_t deadline)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	if (now_ms() >= deadline)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

static int connect_until(uint64_t deadline)
{
	static const struct sockaddr_un addr = {
		.sun_family = AF_UNIX, .sun_path = STABLETAP_SOCKET,
	};
	uint64_t now = now_ms();
	struct timeval limit;
	int fd, err;

	if (now >= deadline)
		return -ETIMEDOUT;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	limit.tv_sec = (time_t)((deadline - now) / 1000);
	limit.tv_usec = (suseconds_t)((deadline - now) % 1000 * 1000);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = errno == EAGAIN ? -ETIMEDOUT : -errno;
	close(fd);
	return err;
}

static json_t *exchange(FILE *file, const json_t *request)
{
	if (json_dumpf(request, file, JSON_COMPACT) || putc('\n', file) == EOF ||
	    fflush(file))
		return NULL;
	return json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL);
}

/* Sends and releases @request. */
static int ask(json_t *request, const char *port, uint64_t deadline)
{
	int fd = request ? connect_until(deadline) : -ENOMEM;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r+");
	int err = fd < 0 ? fd : 0;
	json_t *answer = NULL;
	const char *why;

	if (file) {
		answer = exchange(file, request);
		fclose(file);
	} else if (fd >= 0) {
		close(fd);
	}
	json_decref(request);
	if (err)
		return err;
	/* It hangs, or ends at this moment. */
	if (!answer)
		return -ETIMEDOUT;
	why = json_string_value(json_object_get(answer, "error"));
	if (why) {
		say(LOG_WARNING, port, "stabletapd refuses: %s", why);
		err = -EPROTO;
	}
	json_decref(answer);
	return err;
}

int daemon_reload(uint64_t deadline)
{
	return ask(json_pack("{s:b}", "reload", 1), NULL, deadline);
}

int daemon_settle(const char *port, uint64_t deadline)
{
	return ask(json_pack("{s:s}", "settled", port), port, deadline);
}
