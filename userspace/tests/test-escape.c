// SPDX-License-Identifier: GPL-2.0
/* Foreign text in lines and labels: what is let through, and what is not. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "escape.h"
#include "tap.h"
#include "util/log.h"

static const struct {
	const char *name, *text, *line, *label;
} rows[] = {
	{ "plain text", "eth0 is up", "eth0 is up", "eth0 is up" },
	{ "nothing", "", "", "" },
	{ "a newline and a journal priority", "no\n<0>forged",
	  "no\\x0a<0>forged", "no\\n<0>forged" },
	{ "an escape sequence", "\033[2Jx", "\\x1b[2Jx",
	  "\xef\xbf\xbd[2Jx" },
	{ "a tab and DEL", "a\tb\177", "a\\x09b\\x7f",
	  "a\xef\xbf\xbd" "b\xef\xbf\xbd" },
	{ "quotes and backslashes", "a\"b\\c", "a\"b\\c", "a\\\"b\\\\c" },
	{ "letters beyond ASCII", "Stra\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x90\xa7",
	  "Stra\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x90\xa7",
	  "Stra\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x90\xa7" },
	{ "a byte that is no UTF-8", "a\xff" "b", "a\\xffb",
	  "a\xef\xbf\xbd" "b" },
	{ "a character that is cut short", "a\xe2\x82", "a\\xe2\\x82",
	  "a\xef\xbf\xbd\xef\xbf\xbd" },
	{ "C1: the terminal's own CSI", "\xc2\x9b" "2J", "\\xc2\\x9b2J",
	  "\xef\xbf\xbd\xef\xbf\xbd" "2J" },
	{ "too long a form of '/'", "\xc0\xaf", "\\xc0\\xaf",
	  "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "a surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80",
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "a line separator", "a\xe2\x80\xa8" "b", "a\\xe2\\x80\\xa8b",
	  "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "b" },
};

static void test_rows(struct tap *t)
{
	char buf[128], name[96];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(name, sizeof(name), "in a line: %s", rows[i].name);
		is_str(t, escape_line(buf, sizeof(buf), rows[i].text),
		       rows[i].line, name);
		snprintf(name, sizeof(name), "in a label: %s", rows[i].name);
		is_str(t, escape_label(buf, sizeof(buf), rows[i].text),
		       rows[i].label, name);
	}
}

static void test_cut(struct tap *t)
{
	char buf[6];

	is_str(t, escape_line(buf, sizeof(buf), "abcdefgh"), "abcde",
	       "what is too long is cut");
	is_str(t, escape_line(buf, sizeof(buf), "abc\xe2\x82\xac"), "abc",
	       "not within a character");
	is_str(t, escape_line(buf, sizeof(buf), "abc\n"), "abc",
	       "nor within an escape");
	buf[0] = 'x';
	escape_line(buf, 0, "abc");
	ok(t, buf[0] == 'x', "no room, nothing written");
}

/* Returns the line that log_line() wrote; valid until the next call. */
static const char *logged(const char *port, const char *text)
{
	static char buf[4096];
	int fd = memfd_create("log", MFD_CLOEXEC), saved = dup(2);
	ssize_t got;

	if (fd < 0 || saved < 0 || dup2(fd, 2) < 0)
		abort();
	log_line(LOG_WARNING, port, "QEMU says: %s", text);
	got = pread(fd, buf, sizeof(buf) - 1, 0);
	buf[got > 0 ? got : 0] = '\0';
	dup2(saved, 2);
	close(saved);
	close(fd);
	return buf;
}

static void test_log(struct tap *t)
{
	unsetenv("JOURNAL_STREAM");
	is_str(t, logged("vm1", "no\n<0>emergency"),
	       "vm1: QEMU says: no\\x0a<0>emergency\n",
	       "QEMU's text forges no line in the log");
	is_str(t, logged("v\nm", "x"), "v\\x0am: QEMU says: x\n",
	       "nor does a port's name");
	is_str(t, logged(NULL, "\033[0m"), "QEMU says: \\x1b[0m\n",
	       "nor does it steer the terminal");
}

/* A pipe that nobody reads is full: a line more must not wait. */
static void test_log_never_waits(struct tap *t)
{
	int pipes[2], saved = dup(2), null;
	char buf[65536];
	size_t lines = 0;
	ssize_t got;

	if (saved < 0 || pipe2(pipes, O_CLOEXEC) || dup2(pipes[1], 2) < 0)
		abort();
	alarm(20);
	for (; lines < 20000; lines++)
		log_line(LOG_INFO, NULL, "line %zu", lines);
	ok(t, lines == 20000, "a log that nobody reads stops nothing");
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	while (read(pipes[0], buf, sizeof(buf) - 1) > 0)
		;
	log_line(LOG_INFO, NULL, "the last one");
	got = read(pipes[0], buf, sizeof(buf) - 1);
	buf[got > 0 ? got : 0] = '\0';
	alarm(0);
	null = dup2(saved, 2);
	ok(t, null == 2 && strstr(buf, " lines could not be logged\nthe last one\n"),
	   "what is lost is counted, and told when there is room");
	close(saved);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	struct tap t = { 0 };

	test_rows(&t);
	test_cut(&t);
	test_log(&t);
	test_log_never_waits(&t);
	return tap_end(&t);
}
