// SPDX-License-Identifier: GPL-2.0
/*
 * Loads the module with the KUnit suites (selftests/kunit/) and reads their
 * results from the kernel's log.  Each case is a result named "SUITE.CASE".
 * KUnit's files in debugfs are not used: on 6.1 a case that fails with long
 * messages loses its result there.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULE	"stabletap_kunit"
#define VERBOSE	"/sys/kernel/debug/failslab/verbose"

/* All suites, so that one that is missing in the module is noticed */
static const char * const suites[] = {
	"stabletap_sizes", "stabletap_core", "stabletap_filter",
	"stabletap_counters", "stabletap_overlap", "stabletap_datapath",
};

#define SUITES (sizeof(suites) / sizeof(suites[0]))

struct log {
	int fd;
	char suite[64];
	int planned[SUITES], seen[SUITES];
	int results;
};

static void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

/* Report a failure of this program itself, and exit */
static void die(const char *what)
{
	printf("# %s: %s\n", what, strerror(errno));
	exit(1);
}

static int suite_number(const char *name)
{
	int i;

	for (i = 0; i < SUITES; i++)
		if (!strcmp(name, suites[i]))
			return i;
	return -1;
}

/*
 * Print "ok 3 - case", or since 6.2 "ok 3 case"; both may end in " # SKIP why"
 */
static void print_result(struct log *log, bool good, const char *text)
{
	const char *skip = strstr(text, " # SKIP");
	int i = suite_number(log->suite), number, len = 0;
	char name[128];

	if (i < 0 || sscanf(text, "%d %n", &number, &len) != 1 || !len)
		return;
	text += len;
	if (!strncmp(text, "- ", 2))
		text += 2;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, " "), text);
	log->seen[i]++;
	printf("%sok %d %s.%s%s\n", good ? "" : "not ", ++log->results,
	       log->suite, name, skip ? skip : "");
}

/* A line break inside of a record is written as "\x0a". */
static void print_words(const char *line)
{
	const char *end;

	line += strspn(line, "# ");
	while ((end = strstr(line, "\\x0a"))) {
		printf("# %.*s\n", (int)(end - line), line);
		line = end + 4;
	}
	if (*line)
		printf("# %s\n", line);
}

/* Read one line of the kernel's log; lines of a suite are indented by four. */
static void read_line(struct log *log, const char *line)
{
	int i = suite_number(log->suite);

	if (strncmp(line, "    ", 4))
		return;
	line += 4;
	if (sscanf(line, "# Subtest: %63s", log->suite) == 1)
		return;
	if (!strncmp(line, "ok ", 3))
		print_result(log, true, line + 3);
	else if (!strncmp(line, "not ok ", 7))
		print_result(log, false, line + 7);
	else if (i < 0 || sscanf(line, "1..%d", &log->planned[i]) != 1)
		print_words(line);
}

/* A record is "LEVEL,NUMBER,TIME,FLAGS;TEXT". */
static void read_log(struct log *log)
{
	char record[8192], *text, *end;
	ssize_t len;

	for (;;) {
		len = read(log->fd, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE) {
			printf("# some of the kernel's log is lost\n");
			continue;
		}
		if (len < 0 && errno == EAGAIN)
			return;
		if (len < 0)
			die("/dev/kmsg");
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		end = strchr(++text, '\n');
		if (end)
			*end = '\0';
		read_line(log, text);
	}
}

/* The KUnit module is built beside the module. */
static int open_module(void)
{
	const char *module = getenv("STABLETAP_KO");
	char path[4096], dir[4096];
	int fd;

	snprintf(dir, sizeof(dir), "%s", module ?: "");
	snprintf(path, sizeof(path), "%s/../selftests/kunit/" MODULE ".ko",
		 dirname(dir));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

/* Log no call trace for allocations that a suite makes fail. */
static void silence_faults(void)
{
	int fd = open(VERBOSE, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "0", 1) != 1)
		die(VERBOSE);
	close(fd);
}

int main(void)
{
	struct log log = {};
	int i, fd;

	if (system("modprobe -q --show-depends kunit >/dev/null 2>&1"))
		skip_all("this kernel has no KUnit");
	/* CONFIG_KUNIT_DEFAULT_ENABLED may have disabled KUnit. */
	if (system("modprobe kunit enable=1"))
		die("modprobe kunit");
	silence_faults();
	log.fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log.fd < 0 || lseek(log.fd, 0, SEEK_END) < 0)
		die("/dev/kmsg");

	setbuf(stdout, NULL);
	printf("TAP version 13\n");
	fd = open_module();
	if (syscall(SYS_finit_module, fd, "", 0))
		die(MODULE);
	read_log(&log);

	for (i = 0; i < SUITES; i++)
		printf("%sok %d %s.has_all_its_results\n",
		       log.planned[i] && log.seen[i] == log.planned[i] ?
		       "" : "not ", ++log.results, suites[i]);
	if (syscall(SYS_delete_module, MODULE, O_NONBLOCK))
		die("unloading " MODULE);
	printf("1..%d\n", log.results);
	return 0;
}
