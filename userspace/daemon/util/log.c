// SPDX-License-Identifier: GPL-2.0
/*
 * Lines for the journal, or for the program that reads stderr.
 *
 * A journald that hangs must not stop the loop.  sd_journal_send() waits for
 * room in the journal's socket, and so does a write to the stderr that systemd
 * gives.  So lines are sent through a socket of our own that never waits, and
 * to stderr only while stderr has room.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "escape.h"
#include "util/log.h"

#define TEXT_SIZE 512
#define LINE_SIZE (4 * TEXT_SIZE)

/* Lines dropped since the last line that was written */
static unsigned int dropped;

/* The journal's native protocol has a field per line; @line has no newline. */
static bool send_to_journal(int priority, const char *port, const char *line)
{
	static const struct sockaddr_un journal = {
		.sun_family = AF_UNIX,
		.sun_path = "/run/systemd/journal/socket",
	};
	static int fd = -1;
	char record[LINE_SIZE + 256];
	int len;

	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	len = snprintf(record, sizeof(record),
		       "PRIORITY=%d\nSYSLOG_IDENTIFIER=stabletapd\n%s%s%sMESSAGE=%s\n",
		       priority, port ? "STABLETAP_PORT=" : "",
		       port ? port : "", port ? "\n" : "", line);
	return fd >= 0 && len > 0 && len < (int)sizeof(record) &&
	       sendto(fd, record, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)&journal, sizeof(journal)) > 0;
}

/* A pipe or socket with room takes a line without waiting. */
static bool write_to_stderr(int priority, const char *line, bool prefix)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
	char out[LINE_SIZE + 8];
	int len;

	if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
		return false;
	len = prefix ? snprintf(out, sizeof(out), "<%d>%s\n", priority, line) :
		       snprintf(out, sizeof(out), "%s\n", line);
	return write(STDERR_FILENO, out, (size_t)len) == len;
}

static bool put(int priority, const char *port, const char *line)
{
	bool journal = getenv("JOURNAL_STREAM");

	return (journal && send_to_journal(priority, port, line)) ||
	       write_to_stderr(priority, line, journal);
}

static void tell_dropped(void)
{
	char line[64];

	if (!dropped)
		return;
	snprintf(line, sizeof(line), "%u lines could not be logged", dropped);
	if (put(LOG_WARNING, NULL, line))
		dropped = 0;
}

void log_line(int priority, const char *port, const char *fmt, ...)
{
	char text[TEXT_SIZE], name[128], line[LINE_SIZE];
	size_t used = 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (port) {
		escape_line(name, sizeof(name), port);
		used = (size_t)snprintf(line, sizeof(line), "%s: ", name);
	}
	escape_line(line + used, sizeof(line) - used, text);
	tell_dropped();
	if (!put(priority, port ? name : NULL, line))
		dropped++;
}

bool log_is_new_cause(char *last, size_t size, const char *why)
{
	bool is_new = strncmp(last, why, size - 1) != 0;

	snprintf(last, size, "%s", why);
	return is_new;
}
