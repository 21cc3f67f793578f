// SPDX-License-Identifier: GPL-2.0
/*
 * stabletap status, events, pin, unpin, prefer, failback: what stabletapd
 * knows, and what it is asked for by hand.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"

#define SERVER_PATH "/run/stabletap/stabletapd.sock"
#define OVERRIDE_DIR "/run/stabletap/override"

/* ---- asking ---- */

static int server_connect(void)
{
	const struct sockaddr_un addr = { .sun_family = AF_UNIX,
					  .sun_path = SERVER_PATH };
	const struct timeval limit = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The daemon's answer; NULL: said why there is none.  Owned by the caller. */
static json_t *ask(json_t *request)
{
	json_t *answer = NULL;
	json_error_t error;
	FILE *file;
	int fd = server_connect();

	if (fd == -ENOENT || fd == -ECONNREFUSED) {
		refuse("stabletapd does not run");
		hint("systemctl start stabletapd");
	} else if (fd < 0) {
		refuse("can't ask stabletapd: %s", strerror(-fd));
		if (fd == -EACCES)
			hint("run it as root, or as a member of group stabletap");
	}
	file = fd < 0 ? NULL : fdopen(fd, "r+e");
	if (fd >= 0 && !file) {
		refuse("can't ask stabletapd: %s", strerror(errno));
		close(fd);
	}
	if (file) {
		json_dumpf(request, file, JSON_COMPACT);
		fputc('\n', file);
		fflush(file);
		answer = json_loadf(file, 0, &error);
		if (!answer)
			refuse("stabletapd's answer can't be read: %s",
			       error.text);
		fclose(file);
	}
	json_decref(request);
	return answer;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

/* ---- status ---- */

/* " (not usable: probe fails, last answer 2.5 s ago)" */
static void print_state(const json_t *device)
{
	const json_t *ago = json_object_get(device, "answered_seconds_ago");
	const char *probe = text_of(device, "probe");

	if (json_is_true(json_object_get(device, "wifi")))
		printf(" (Wi-Fi, which can't carry a guest's frames)");
	else if (!strcmp(probe, "fails") && ago)
		printf(" (not usable: probe fails, last answer %.1f s ago)",
		       json_number_value(ago));
	else if (!strcmp(probe, "fails"))
		printf(" (not usable: probe fails)");
	else if (!json_is_true(json_object_get(device, "usable")))
		printf(" (not usable%s)",
		       strcmp(probe, "unknown") ? "" : " yet");
	else if (ago)
		printf(" (answered %.1f s ago)", json_number_value(ago));
}

static void print_candidate(const json_t *c, bool present)
{
	const json_t *device;
	size_t i;

	printf("    %s%s:", text_of(c, "candidate"), present ? " (now)" : "");
	json_array_foreach(json_object_get(c, "devices"), i, device) {
		printf(" %s", text_of(device, "name"));
		print_state(device);
	}
	puts(i ? "" : " no device");
}

static void print_port(const json_t *port)
{
	const json_t *candidate;
	json_int_t rank = -1;
	size_t i;

	if (json_object_get(port, "rank"))
		rank = json_integer_value(json_object_get(port, "rank"));
	printf("%s: %s", text_of(port, "port"), text_of(port, "state"));
	if (*text_of(port, "dev"))
		printf(" dev %s", text_of(port, "dev"));
	if (*text_of(port, "pin"))
		printf(" pin %s", text_of(port, "pin"));
	if (*text_of(port, "prefer"))
		printf(" prefer %s", text_of(port, "prefer"));
	if (*text_of(port, "guest_filter"))
		printf(" guest-filter %s", text_of(port, "guest_filter"));
	putchar('\n');
	json_array_foreach(json_object_get(port, "candidates"), i, candidate)
		print_candidate(candidate, (json_int_t)i == rank);
}

static void print_member(const json_t *m)
{
	printf("    %s: ", text_of(m, "name"));
	if (*text_of(m, "port"))
		printf("port %s", text_of(m, "port"));
	else if (*text_of(m, "taken"))
		printf("taken, %s", text_of(m, "taken"));
	else
		fputs("free", stdout);
	puts(json_is_true(json_object_get(m, "usable")) ||
	     *text_of(m, "taken") ? "" : " (not usable)");
}

static void print_pool(const json_t *pool)
{
	const json_t *member;
	size_t i;

	printf("pool %s:\n", text_of(pool, "pool"));
	json_array_foreach(json_object_get(pool, "members"), i, member)
		print_member(member);
	if (!i)
		puts("    no device");
}

int cmd_status(struct cli *cli, int argc, char **argv)
{
	struct args a = { "status", argc, argv };
	const char *name = args_next(&a);
	const json_t *ports, *port, *pool;
	json_t *o;
	size_t i;

	if (a.n)
		return usage("status: '%s' is too much; one port or none is "
			     "expected", *a.v);
	o = ask(name ? json_pack("{s:b, s:s}", "status", 1, "port", name) :
		json_pack("{s:b}", "status", 1));
	if (!o)
		return CLI_REFUSED;
	ports = json_object_get(o, "ports");
	if (name && !json_array_size(ports)) {
		json_decref(o);
		return refuse("stabletapd has no port '%s' in its configuration",
			      name);
	}
	if (cli->json) {
		print_json(cli, o, stdout);
	} else {
		if (json_is_true(json_object_get(o, "module_missing")))
			note("the module is not loaded");
		json_array_foreach(ports, i, port)
			print_port(port);
		json_array_foreach(json_object_get(o, "pools"), i, pool)
			print_pool(pool);
	}
	json_decref(o);
	return CLI_DONE;
}

/* ---- events ---- */

static void print_happening(const json_t *e)
{
	const json_t *gap = json_object_get(e, "detached_seconds");

	printf("%" JSON_INTEGER_FORMAT " %s %s: %s",
	       json_integer_value(json_object_get(e, "number")),
	       text_of(e, "time"), text_of(e, "port"), text_of(e, "event"));
	if (*text_of(e, "from"))
		printf(" from %s", text_of(e, "from"));
	if (*text_of(e, "to"))
		printf(" to %s", text_of(e, "to"));
	if (*text_of(e, "why"))
		printf(", %s", text_of(e, "why"));
	if (json_number_value(gap) > 0)
		printf(", without a lower for %.3f s", json_number_value(gap));
	putchar('\n');
}

int cmd_events(struct cli *cli, int argc, char **argv)
{
	struct args a = { "events", argc, argv };
	const char *name = NULL;
	const char *word;
	uint32_t since = 0;
	const json_t *e;
	json_t *o;
	size_t i;

	while ((word = args_next(&a))) {
		if (!strcmp(word, "since") || !strcmp(word, "--since")) {
			word = args_value(&a, "since");
			if (!word || !parse_number(word, "since", 0,
						   UINT32_MAX, &since))
				return CLI_USAGE;
		} else if (name) {
			return usage("events: '%s' is too much; one port or "
				     "none is expected", word);
		} else {
			name = word;
		}
	}
	o = json_pack("{s:I}", "events", (json_int_t)since);
	if (name)
		json_object_set_new(o, "port", stabletap_json_text(name));
	o = ask(o);
	if (!o)
		return CLI_REFUSED;
	if (cli->json)
		print_json(cli, json_object_get(o, "events"), stdout);
	else
		json_array_foreach(json_object_get(o, "events"), i, e)
			print_happening(e);
	json_decref(o);
	return CLI_DONE;
}

/* ---- by hand ---- */

static bool is_file_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') &&
	       strlen(name) < STABLETAP_NAME_SIZE;
}

/* Whole or not at all: the daemon reads it the moment it appears. */
static int override_write(const char *port, const char *what, const char *dev)
{
	char path[128];
	char tmp[128];
	FILE *file;
	int err = 0;

	if ((mkdir("/run/stabletap", 0755) && errno != EEXIST) ||
	    (mkdir(OVERRIDE_DIR, 0755) && errno != EEXIST))
		return -errno;
	snprintf(path, sizeof(path), OVERRIDE_DIR "/%s", port);
	snprintf(tmp, sizeof(tmp), OVERRIDE_DIR "/.%s.%d", port, getpid());
	file = fopen(tmp, "we");
	if (!file)
		return -errno;
	fprintf(file, "%s %s\n", what, dev);
	if (ferror(file))
		err = -EIO;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

static int override(const char *verb, int argc, char **argv)
{
	struct args a = { verb, argc, argv };
	const char *port = args_next(&a);
	const char *dev = args_next(&a);
	int err;

	if (port && dev && !strcmp(dev, "dev"))
		dev = args_next(&a);
	if (!port || !dev || a.n || !*dev || strpbrk(dev, " \n"))
		return usage("%s: 'stabletap %s PORT DEVICE'", verb, verb);
	if (!is_file_name(port))
		return usage("%s: '%s' can't be a port's name", verb, port);
	err = override_write(port, verb, dev);
	if (err) {
		refuse("can't write " OVERRIDE_DIR "/%s: %s", port,
		       strerror(-err));
		if (err == -EACCES || err == -EPERM)
			hint("run it as root");
		return CLI_REFUSED;
	}
	if (access(SERVER_PATH, F_OK))
		note("stabletapd does not run; it will heed this when it does");
	return CLI_DONE;
}

int cmd_pin(struct cli *cli, int argc, char **argv)
{
	(void)cli;
	return override("pin", argc, argv);
}

int cmd_prefer(struct cli *cli, int argc, char **argv)
{
	(void)cli;
	return override("prefer", argc, argv);
}

int cmd_failback(struct cli *cli, int argc, char **argv)
{
	struct args a = { "failback", argc, argv };
	const char *port = args_next(&a);
	const char *error;
	int status = CLI_DONE;
	json_t *o;

	(void)cli;
	if (!port || a.n)
		return usage("failback: 'stabletap failback PORT'");
	o = ask(json_pack("{s:o}", "failback", stabletap_json_text(port)));
	if (!o)
		return CLI_REFUSED;
	error = json_string_value(json_object_get(o, "error"));
	if (error)
		status = refuse("can't fail '%s' back: %s", port, error);
	json_decref(o);
	return status;
}

int cmd_unpin(struct cli *cli, int argc, char **argv)
{
	struct args a = { "unpin", argc, argv };
	const char *port = args_next(&a);
	char path[128];

	(void)cli;
	if (!port || a.n)
		return usage("unpin: 'stabletap unpin PORT'");
	if (!is_file_name(port))
		return usage("unpin: '%s' can't be a port's name", port);
	snprintf(path, sizeof(path), OVERRIDE_DIR "/%s", port);
	if (!unlink(path))
		return CLI_DONE;
	if (errno == ENOENT)
		return refuse("nothing is asked for '%s' by hand", port);
	return refuse("can't remove %s: %s", path, strerror(errno));
}
