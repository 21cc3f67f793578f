// SPDX-License-Identifier: GPL-2.0
/* Requests to stabletapd. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"
#include "json.h"
#include "netns.h"
#include "report.h"
#include "times.h"

/* Seconds.  An answer may take this long when the daemon is busy; ... */
#define PATIENCE 10
/* ... requests for a note wait only this long; ... */
#define COURTESY 2
/* ... and a follower gets a line at least every 30 s. */
#define SILENCE 75

/* ---- the connection ---- */

static int connect_to(const char *path, int seconds)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = seconds };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/*
 * There is one socket for all network namespaces, but the daemon works in one.
 * With -n, another namespace's ports must not be taken for the requested ones.
 */
static int check_namespace(struct cli *cli, int fd)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	int shared;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		peer.pid = 0;
	shared = netns_is_shared(peer.pid);
	cli->shares_netns = shared > 0;
	if (shared > 0)
		return 0;
	if (!shared && cli->netns) {
		refuse("stabletapd (pid %d) does not work in network namespace "
		       "'%s'", (int)peer.pid, cli->netns);
		hint("leave out '-n': 'nsenter --net -t %d' enters its "
		     "namespace", (int)peer.pid);
		return -EXDEV;
	}
	if (!shared)
		note("stabletapd (pid %d) works in another network namespace",
		     (int)peer.pid);
	else if (cli->netns)
		note("in which network namespace stabletapd works can't be "
		     "seen from here");
	return 0;
}

int ask_check_namespace(struct cli *cli)
{
	int fd = connect_to(cli->socket, COURTESY);
	int err;

	/* The daemon does not run or refuses: the verb itself reports that. */
	if (fd < 0)
		return 0;
	err = check_namespace(cli, fd);
	close(fd);
	return err ? CLI_REFUSED : 0;
}

static FILE *open_stream(struct cli *cli, json_t *request, int seconds,
			 bool quiet, int *err)
{
	FILE *file = NULL;
	int fd = connect_to(cli->socket, seconds);

	*err = fd < 0 ? fd : 0;
	if (fd >= 0 && !quiet)
		*err = check_namespace(cli, fd);
	if (!*err) {
		file = fdopen(fd, "r+e");
		*err = file ? 0 : -errno;
	}
	if (file) {
		json_dumpf(request, file, JSON_COMPACT);
		fputc('\n', file);
		fflush(file);
	} else if (fd >= 0) {
		close(fd);
	}
	json_decref(request);
	return file;
}

int ask_refused(int err)
{
	if (err == -EXDEV)
		return CLI_REFUSED;
	if (err == -ENOENT || err == -ECONNREFUSED) {
		refuse("stabletapd does not run");
		hint("systemctl start stabletapd");
		return CLI_REFUSED;
	}
	refuse("can't ask stabletapd: %s", strerror(-err));
	if (err == -EACCES)
		hint("run it as root, or as a member of group stabletap");
	return CLI_REFUSED;
}

/* ---- answers ---- */

static void set_time(json_t *o, const char *key, bool utc)
{
	const char *text = json_string_value(json_object_get(o, key));
	struct timespec ts;
	char buf[TIME_TEXT];

	if (text && time_parse(text, &ts))
		json_object_set_new(o, key,
				    json_string(time_format(&ts, utc, buf)));
}

/*
 * Converts times to the form that is printed, and escapes text: the daemon
 * passes on text of QEMU's and others unchanged.  An old daemon's "version" is
 * its release.  Returns @answer, or NULL: no memory.
 */
static json_t *tidy(const struct cli *cli, json_t *answer)
{
	json_t *version = json_object_get(answer, "version");
	json_t *o;
	size_t i;

	if (json_is_string(version))
		json_object_set(answer, "release", version);
	if (!json_is_integer(version))
		json_object_set_new(answer, "version",
				    json_integer(STABLETAP_JSON_VERSION));
	json_array_foreach(json_object_get(answer, "ports"), i, o)
		set_time(o, "since", cli->utc);
	set_time(json_object_get(answer, "port"), "since", cli->utc);
	json_array_foreach(json_object_get(answer, "events"), i, o)
		set_time(o, "time", cli->utc);
	set_time(json_object_get(answer, "event"), "time", cli->utc);
	if (cli->json || !json_make_printable(answer))
		return answer;
	json_decref(answer);
	return NULL;
}

static json_t *read_answer(const struct cli *cli, FILE *from,
			   json_error_t *error)
{
	json_t *answer = json_loadf(from, JSON_DISABLE_EOF_CHECK, error);

	if (!answer)
		return NULL;
	snprintf(error->text, sizeof(error->text), "no memory");
	return tidy(cli, answer);
}

json_t *ask(struct cli *cli, json_t *request)
{
	json_error_t error;
	json_t *answer;
	int err;
	FILE *file = open_stream(cli, request, PATIENCE, false, &err);

	if (!file) {
		ask_refused(err);
		return NULL;
	}
	errno = 0;
	answer = read_answer(cli, file, &error);
	if (!answer && (feof(file) || errno == ECONNRESET))
		refuse("stabletapd has closed the connection: it may have too "
		       "many clients, or be stopping");
	else if (!answer)
		refuse("stabletapd's answer can't be read: %s",
		       ferror(file) ? strerror(errno) : error.text);
	fclose(file);
	return answer;
}

json_t *ask_quietly(struct cli *cli, json_t *request, int seconds)
{
	json_t *answer = NULL;
	json_error_t error;
	int err;
	FILE *file = open_stream(cli, request, seconds, true, &err);

	if (file) {
		answer = read_answer(cli, file, &error);
		fclose(file);
	}
	return answer;
}

int ask_status_quietly(struct cli *cli, json_t **answer)
{
	json_error_t error;
	int err;
	FILE *file = open_stream(cli, json_pack("{s:b}", "status", 1), PATIENCE,
				 true, &err);

	if (!file)
		return err;
	*answer = read_answer(cli, file, &error);
	fclose(file);
	return *answer ? 0 : -ETIMEDOUT;
}

json_t *ask_port_quietly(struct cli *cli, const char *port, bool *answered)
{
	json_t *answer, *o;

	answer = ask_quietly(cli, json_pack("{s:b, s:o}", "status", 1, "port",
					    stabletap_json_text(port)),
			     COURTESY);
	o = json_incref(json_array_get(json_object_get(answer, "ports"), 0));
	if (answered)
		*answered = answer && !ask_error(answer);
	json_decref(answer);
	return o;
}

const char *ask_error(const json_t *answer)
{
	return json_string_value(json_object_get(answer, "error"));
}

/* ---- streams ---- */

FILE *ask_open(struct cli *cli, json_t *request, int *err)
{
	return open_stream(cli, request, SILENCE, false, err);
}

json_t *ask_next(struct cli *cli, FILE *from)
{
	json_t *o = NULL;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	len = getline(&line, &size, from);
	if (len > 1) {
		o = json_loads(line, 0, NULL);
		if (o)
			o = tidy(cli, o);
	} else if (len == 1) {
		o = json_object();
	}
	free(line);
	return o;
}
