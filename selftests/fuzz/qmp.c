// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes the daemon's QMP connections with a QEMU that sends anything, over a
 * real socket.  The event loop's time is advanced by the test.  After the input
 * a correct QEMU connects, and the daemon must work with it.
 *
 * QEMU sends the lines of the input, one at a time; "#" in a line stands for
 * the id of the last command.  These lines are instructions instead:
 *
 *	@1500		so many ms go by
 *	!		QEMU hangs up
 *	+  -		the guest's link shall be up, down
 *	*		announce
 *	~		the second NIC's port goes, or comes again
 */
#include <errno.h>
#include <jansson.h>
#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "guest/qmp-conn.h"
#include "guest/qmp-filter.h"
#include "guest/qmp.h"
#include "util/log.h"
#include "util/priority.h"

#define TURNS_MAX 64
#define LINES_MAX 200
#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n"
#define FILTER "{\"name\": \"%s\", \"main-mac\": \"52:54:00:12:34:56\", " \
	"\"promiscuous\": false, \"unicast\": \"normal\", " \
	"\"multicast\": \"normal\", \"vlan\": \"all\", " \
	"\"unicast-overflow\": false, \"multicast-overflow\": false, " \
	"\"unicast-table\": [], \"multicast-table\": []}"

struct side {
	struct qmp *q;
	unsigned int filters;	/* number of filters that were reported */
};

static struct {
	sd_event *loop;
	char path[96];
	int listener;
	uint64_t skew;		/* ms that the loop is ahead of the clock */
	int fd;			/* QEMU's end, or -1 */
	bool honest;
	long long id;		/* id of the last command */
	int link;		/* state in the last set_link; -1: none */
} qemu = { .fd = -1 };

/* ---- replacements of daemon functions ---- */

int clock_gettime(clockid_t id, struct timespec *ts)
{
	long ret = syscall(SYS_clock_gettime, id, ts);
	long ns;

	if (ret || id == CLOCK_REALTIME)
		return (int)ret;
	ns = ts->tv_nsec + (long)(qemu.skew % 1000) * 1000000;
	ts->tv_sec += (time_t)(qemu.skew / 1000) + ns / 1000000000;
	ts->tv_nsec = ns % 1000000000;
	return 0;
}

/* To be formatted, not to be read. */
void log_line(int priority, const char *port, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	(void)priority, (void)port;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
}

/* ---- QEMU's side ---- */

static void hang_up(void)
{
	if (qemu.fd >= 0)
		close(qemu.fd);
	qemu.fd = -1;
}

static void say(const char *text, size_t len)
{
	if (qemu.fd >= 0)
		send(qemu.fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void answer(const char *command, const char *name)
{
	char text[1024];
	int len;

	if (!strcmp(command, "query-rx-filter"))
		len = snprintf(text, sizeof(text), "{\"return\": [" FILTER
			       "], \"id\": %lld}\n", name, qemu.id);
	else
		len = snprintf(text, sizeof(text),
			       "{\"return\": {}, \"id\": %lld}\n", qemu.id);
	say(text, (size_t)len);
}

/* Parse the first command in @text.  Returns its length. */
static size_t take_command(const char *text, size_t len)
{
	json_error_t end;
	json_t *json = json_loadb(text, len, JSON_DISABLE_EOF_CHECK, &end);
	const json_t *arguments = json_object_get(json, "arguments");
	const char *name, *command;

	must(json);
	name = json_string_value(json_object_get(arguments, "name"));
	command = json_string_value(json_object_get(json, "execute"));
	must(command);
	must(json_is_integer(json_object_get(json, "id")));
	qemu.id = json_integer_value(json_object_get(json, "id"));
	if (!strcmp(command, "set_link") && name && !strcmp(name, "net0"))
		qemu.link = json_is_true(json_object_get(arguments, "up"));
	if (qemu.honest)
		answer(command, name ? name : "");
	json_decref(json);
	return (size_t)end.position;
}

/* Read the daemon's commands.  Returns false if there are none. */
static bool hear(void)
{
	char buf[4096];
	ssize_t got;
	size_t at;

	if (qemu.fd < 0) {
		qemu.fd = accept4(qemu.listener, NULL, NULL,
				  SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (qemu.fd < 0)
			return false;
		if (qemu.honest)
			say(GREETING, strlen(GREETING));
		return true;
	}
	got = recv(qemu.fd, buf, sizeof(buf), 0);
	if (!got || (got < 0 && errno != EAGAIN)) {
		hang_up();
		return true;
	}
	if (got < 0)
		return false;
	/* There are several if an answer came before its command. */
	for (at = 0; at < (size_t)got;)
		at += take_command(buf + at, (size_t)got - at);
	return true;
}

/* Run the loop until both sides are idle */
static void turn(void)
{
	int n = 0;

	do {
		while (sd_event_run(qemu.loop, 0) > 0)
			must(++n < TURNS_MAX);
	} while (hear());
}

/* ---- the daemon's side ---- */

static void on_filter(const struct qmp_filter *f, void *arg)
{
	struct side *side = arg;
	size_t i;

	/* NULL: the filter is unknown. */
	if (!f)
		return;
	/* All of it must be valid memory. */
	must(!__asan_region_is_poisoned(f->uc, f->uc_n * 6));
	must(!__asan_region_is_poisoned(f->mc, f->mc_n * 6));
	for (i = 0; i < f->vlans_n; i++)
		must(f->vlans[i] < 4096);
	must(f->unicast <= QMP_RX_ALL && f->multicast <= QMP_RX_ALL);
	side->filters++;
}

static void side_start(struct side *side, struct qmp_hub *hub,
		       const char *device)
{
	const struct qmp_callbacks callbacks = { .filter = on_filter };

	side->filters = 0;
	must(!qmp_new(hub, qemu.path, device, &callbacks, side, &side->q));
}

static void step(char *line, struct qmp_hub *hub, struct side v[2], int *link)
{
	const struct qmp_announce how = { 50, 550, 5, 100 };
	unsigned long ms;

	switch (*line) {
	case '@':
		ms = strtoul(line + 1, NULL, 10);
		qemu.skew += ms < 60000 ? ms : 60000;
		break;
	case '!':
		hang_up();
		break;
	case '+':
	case '-':
		*link = *line == '+';
		qmp_set_link(v[0].q, *link);
		break;
	case '*':
		qmp_announce(v[0].q, &how);
		break;
	case '~':
		if (v[1].q) {
			qmp_free(v[1].q);
			v[1].q = NULL;
		} else {
			side_start(&v[1], hub, "net1");
		}
		break;
	}
}

/* Send a line, with its newline if it has one; "#" is replaced by the id. */
static void say_line(const char *line, size_t len)
{
	char buf[4096 + 512];
	size_t i, n = 0;

	for (i = 0; i < len && n < sizeof(buf) - 24; i++) {
		if (line[i] == '#')
			n += (size_t)sprintf(buf + n, "%lld", qemu.id);
		else
			buf[n++] = line[i];
	}
	say(buf, n);
}

static void play(const char *data, size_t size, struct qmp_hub *hub,
		 struct side v[2], int *link)
{
	char head[16] = "";
	const char *end;
	size_t len, n;

	for (n = 0; size && n < LINES_MAX; n++, data += len, size -= len) {
		end = memchr(data, '\n', size);
		len = end ? (size_t)(end - data) + 1 : size;
		if (*data && strchr("@!+-*~", *data)) {
			snprintf(head, sizeof(head), "%.*s", (int)len, data);
			step(head, hub, v, link);
		} else {
			say_line(data, len);
		}
		turn();
	}
}

/*
 * A correct QEMU gets the last requested state, and its answer is understood.
 */
static void end_well(struct side *side, int link)
{
	qemu.honest = true;
	qemu.link = -1;
	side->filters = 0;
	hang_up();
	turn();
	qemu.skew += 61000;
	turn();
	must(side->filters == 1);
	must(qemu.link == link);
}

static int on_change(sd_event_source *s, const struct inotify_event *e,
		     void *arg)
{
	(void)s, (void)e, (void)arg;
	return 0;
}

/*
 * Removing the last inotify watch takes the kernel 20 ms, so keep another one.
 */
static void keep_watching(const char *dir, int64_t priority)
{
	sd_event_source *s;

	must(sd_event_add_inotify(qemu.loop, &s, dir, IN_ONLYDIR | IN_CREATE,
				  on_change, NULL) >= 0);
	must(sd_event_source_set_priority(s, priority) >= 0);
}

static void begin(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const char *tmp = getenv("TMPDIR");
	char dir[64];

	snprintf(dir, sizeof(dir), "%s/qmp.XXXXXX", tmp ? tmp : "/tmp");
	must(mkdtemp(dir));
	snprintf(qemu.path, sizeof(qemu.path), "%s/s", dir);
	memcpy(at.sun_path, qemu.path, sizeof(qemu.path));
	qemu.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
			       SOCK_NONBLOCK, 0);
	must(!bind(qemu.listener, (struct sockaddr *)&at, sizeof(at)));
	must(!listen(qemu.listener, 4));
	must(sd_event_new(&qemu.loop) >= 0);
	keep_watching(dir, PRIORITY_GUEST);
	keep_watching(dir, SD_EVENT_PRIORITY_NORMAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct side v[2] = { 0 };
	struct qmp_hub *hub;
	int link = -1;

	if (!qemu.loop)
		begin();
	qemu.id = 0;
	qemu.honest = false;
	hub = qmp_hub_new(qemu.loop);
	must(hub);
	side_start(&v[0], hub, "net0");
	side_start(&v[1], hub, "net1");
	turn();
	play((const char *)data, size, hub, v, &link);
	end_well(&v[0], link);
	qmp_free(v[0].q);
	qmp_free(v[1].q);
	qmp_hub_free(hub);
	hang_up();
	return 0;
}
