// SPDX-License-Identifier: GPL-2.0
/*
 * The command's output for stabletapd's answers.  A process listens on a socket
 * of the test, and answers in the daemon's format.
 */
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parse.h"
#include "tap.h"
#include "verbs.h"

static char top[] = "/tmp/daemon-XXXXXX";
static char socket_path[64];
static char override_dir[64];

/* ---- the daemon ---- */

/* A connection: the request must hold @asked; then @says is sent. */
struct turn {
	const char *asked;
	const char *says;	/* NULL: hang up without a word */
};

/*
 * The end of a turn: the command must print @until before the daemon hangs up.
 */
struct ending {
	const char *until;	/* NULL: nothing */
	bool killed;		/* then, and is started anew 1.5 s later */
};

/* One for each turn; NULL: each turn ends when @says is sent. */
static const struct ending *endings;

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	unlink(path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fd, 8))
		_exit(9);
	return fd;
}

/* Returns the command's output so far. */
static char *output(void)
{
	static char out[8192];
	char path[96];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/out", top);
	file = fopen(path, "re");
	n = file ? fread(out, 1, sizeof(out) - 1, file) : 0;
	out[n] = '\0';
	if (file)
		fclose(file);
	return out;
}

static void await_output(const char *text)
{
	int looks;

	for (looks = 0; !strstr(output(), text); looks++) {
		if (looks == 300)
			_exit(6);
		usleep(10000);
	}
}

static void answer(int listener, const struct turn *turn, const char *until)
{
	int fd = accept(listener, NULL, NULL);
	char request[512] = "";
	ssize_t n = read(fd, request, sizeof(request) - 1);

	/* "": a connection without a request, which checks who listens. */
	if ((n <= 0) != !*turn->asked || !strstr(request, turn->asked)) {
		fprintf(stdout, "# asked: %s# not: %s\n", request,
			turn->asked);
		fflush(stdout);
		_exit(8);
	}
	if (turn->says && write(fd, turn->says, strlen(turn->says)) < 0)
		_exit(7);
	if (until)
		await_output(until);
	close(fd);
}

/* The socket's file stays, and refuses all. */
static int restart(int fd)
{
	close(fd);
	usleep(1500000);
	return listen_at(socket_path);
}

/* Serves @turns in order.  Later requests find no daemon. */
static pid_t start(const struct turn *turns)
{
	struct ending end = { .until = NULL };
	size_t i;
	pid_t pid;
	int fd;

	/* Without a turn the daemon does not run. */
	fd = turns->asked ? listen_at(socket_path) : -1;
	fflush(NULL);
	pid = fork();
	if (pid) {
		close(fd);
		return pid;
	}
	alarm(60);
	for (i = 0; turns[i].asked; i++) {
		if (endings)
			end = endings[i];
		answer(fd, &turns[i], end.until);
		if (end.killed)
			fd = restart(fd);
	}
	unlink(socket_path);
	_exit(0);
}

/* ---- the command ---- */

#define WORDS 12

static int run_line(char *line)
{
	struct cli cli = {
		.verbs = verbs, .socket = socket_path,
		.overrides = override_dir,
	};
	char *v[WORDS + 1];
	struct call call;
	size_t n = 0;
	int status;
	char *p;

	for (p = strtok(line, " "); p && n < WORDS; p = strtok(NULL, " "))
		v[n++] = p;
	v[n] = NULL;
	status = parse_line(&cli, v, &call);
	if (status)
		return status;
	if (stabletap_open(&cli.st))
		return 99;
	status = call.verb->run(&cli, &call);
	stabletap_close(cli.st);
	return status;
}

/* Run @line with both streams in a file; *status: what it returned. */
static char *run_command(const char *line, int *status)
{
	char copy[256], path[96];
	pid_t pid;

	snprintf(copy, sizeof(copy), "%s", line);
	snprintf(path, sizeof(path), "%s/out", top);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		alarm(60);
		if (!freopen(path, "we", stdout) ||
		    dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
			_exit(99);
		*status = run_line(copy);
		fflush(NULL);
		_exit(*status);
	}
	waitpid(pid, status, 0);
	*status = WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
	return output();
}

/* @turns were all taken, and the command says @text with @status. */
static void expect(struct tap *t, const struct turn *turns, const char *line,
		   int status, const char *text, const char *name)
{
	pid_t pid = start(turns);
	int ended = 0, got = -1;
	char *out = run_command(line, &got);
	bool good = got == status && strstr(out, text);

	/* One that waits for a question that does not come */
	if (!good)
		kill(pid, SIGKILL);
	waitpid(pid, &ended, 0);
	good &= !ended;
	ok(t, good, "%s", name);
	if (!good)
		printf("# status %d, daemon's %d; want '%s' in:\n# %s\n", got,
		       ended, text, out);
}

/* ---- status ---- */

#define PORT "\"port\":\"vm1\",\"ifindex\":0,\"state\":\"attached\"," \
	     "\"dev\":\"lo\",\"candidates\":[]"
#define NEW "\"version\":1,\"release\":\"0.2\",\"instance\":\"aa\","

static void test_status(struct tap *t)
{
	static const struct turn old[] = {
		{ "\"status\":true", "{\"version\":\"0.1.0\",\"ports\":[{" PORT
		  "}],\"pools\":[]}\n" }, { NULL, NULL },
	};
	static const struct turn new[] = {
		{ "\"status\":true", "{" NEW "\"ports\":[{" PORT ",\"since\":"
		  "\"2026-01-02T03:04:05.000006Z\",\"blackout_seconds\":0.004,"
		  "\"held_off\":true,\"warnings\":[\"look here\"],\"refusals\":"
		  "[{\"name\":\"eth1\",\"times\":3,\"why\":\"MTU\"}],"
		  "\"monitor\":{\"state\":\"refused\",\"why\":\"no such file\"}"
		  ",\"missing\":{\"why\":\"no hold\"}"
		  ",\"moved\":{\"why\":\"eth0 is in netns blue\"}}],"
		  "\"left_out\":[{\"section\":\"Port vm9\",\"file\":\"/c\","
		  "\"line\":7,\"why\":\"no such user\"}],\"pools\":[]}\n" },
		{ NULL, NULL },
	};
	static const struct turn named[] = {
		{ "status", "{" NEW "\"ports\":[{" PORT ",\"moved\":{\"why\":"
		  "\"lo went to nsid 3\",\"nsid\":3,\"netns\":\"blue\"}}]"
		  ",\"pools\":[]}\n" },
		{ NULL, NULL },
	};
	static const struct turn steers[] = {
		{ "status", "{" NEW "\"ports\":[{" PORT ",\"warnings\":[\"a\\n"
		  "vm2: attached\"],\"monitor\":{\"state\":\"refused\",\"why\":"
		  "\"\\u001b[2J\\u009b2J caf\303\251\"}}],\"pools\":[]}\n" },
		{ NULL, NULL },
	};

	expect(t, old, "status", 0, "vm1: attached dev lo\n",
	       "an older daemon's status is printed");
	expect(t, old, "-j status", 0, "\"release\":\"0.1.0\"",
	       "its version is its release in JSON");
	expect(t, old, "status -br", 0,
	       "vm1              attached   lo               -\n",
	       "brief status without times");
	expect(t, new, "status -u", 0,
	       "vm1: attached dev lo held-off\n    warning: look here\n"
	       "    since 2026-01-02T03:04:05.000006Z (",
	       "what is asked by hand, warnings and times");
	expect(t, new, "status -u", 0, ", blackout 0.004 s\n"
	       "    can't be made: no hold\n"
	       "    moved: eth0 is in netns blue\n"
	       "    refused by eth1 3 times: MTU\n"
	       "    QEMU monitor refused: no such file\n",
	       "blackout, why it is missing, move, refusals, monitor");
	expect(t, steers, "status", 0, "    warning: a\\x0avm2: attached\n",
	       "no text forges a line");
	expect(t, steers, "status", 0, "    QEMU monitor refused: \\x1b[2J"
	       "\\xc2\\x9b2J caf\303\251\n", "or steers the terminal");
	expect(t, steers, "-j status", 0, "\"why\":\"\\u001B[2J",
	       "in JSON the text is unchanged");
	expect(t, named, "status", 0, "    moved: lo went to network namespace "
	       "blue, and the port is still on it\n",
	       "a move to a namespace that has a name");
	expect(t, new, "status", 0, "note: [Port vm9] is left out: no such "
	       "user (/c:7)\n", "what is left out of the configuration");
	expect(t, new, "status", 0, "since 2026-01-02T11:04:05.000006+08:00 ",
	       "times are local with their offset");
	expect(t, new, "-j status", 0,
	       "\"since\":\"2026-01-02T11:04:05.000006+08:00\"",
	       "in JSON, too");
}

static void test_no_status(struct tap *t)
{
	static const struct turn busy[] = {
		{ "status", "{\"error\":\"busy: too many clients\",\"busy\":"
		  "true}\n" }, { NULL, NULL },
	};
	static const struct turn silent[] = {
		{ "status", NULL }, { NULL, NULL },
	};
	static const struct turn none[] = { { NULL, NULL } };

	expect(t, busy, "status", 1, "stabletapd refuses: busy: ",
	       "a busy daemon is said to be so");
	expect(t, silent, "status", 1, "has closed the connection",
	       "a daemon that hangs up is told");
	expect(t, none, "status", 1, "stabletapd does not run",
	       "so is one that does not run");
}

/* ---- events ---- */

#define EVENT(n, what) "{\"number\":" n ",\"time\":" \
	"\"2026-01-02T03:04:05.000006Z\",\"port\":\"vm1\",\"event\":\"" what \
	"\",\"from\":null,\"to\":\"eth1\",\"why\":\"w\",\"detached_seconds\":0}"

static void test_events(struct tap *t)
{
	static const struct turn list[] = {
		{ "\"events\":5", "{" NEW "\"last\":6,\"events\":["
		  EVENT("6", "attached") "]}\n" }, { NULL, NULL },
	};
	static const struct turn unasked[] = { { NULL, NULL } };
	static const struct turn passed[] = {
		{ "\"events\":6", "{" NEW "\"last\":6,\"events\":[]}\n" },
		{ NULL, NULL },
	};
	static const struct turn own[] = {
		{ "\"events\":6,\"instance\":\"aa\"", "{" NEW
		  "\"last\":6,\"events\":[]}\n" }, { NULL, NULL },
	};
	static const struct turn later[] = {
		{ "\"events\":9", "{" NEW "\"last\":6,\"events\":[]}\n" },
		{ NULL, NULL },
	};
	static const struct turn other[] = {
		{ "\"instance\":\"zz\"", "{" NEW "\"last\":6,\"events\":["
		  EVENT("6", "attached") "]}\n" }, { NULL, NULL },
	};
	static const struct turn odd[] = {
		{ "\"instance\":\"?\"", "{" NEW "\"last\":6,\"events\":["
		  EVENT("6", "attached") "]}\n" }, { NULL, NULL },
	};

	expect(t, list, "events since 5 -u", 0,
	       "aa:6 2026-01-02T03:04:05.000006Z vm1: attached to eth1, w\n",
	       "events are listed with the instance that numbers them");
	expect(t, passed, "events since 6", 0, "note: if stabletapd was restarted "
	       "after event 6, events are missing here; 'since INSTANCE:6', as "
	       "the line of that event begins, misses none\n",
	       "with a number alone, a note says that events may be missing");
	expect(t, own, "events since aa:6", 0, "",
	       "since takes what a line begins with");
	expect(t, other, "events since zz:9", 0, "note: stabletapd was "
	       "restarted: events are numbered anew\naa:6 ",
	       "with an instance, a restart is noted, however many events there are now");
	expect(t, odd, "events since \xff:9", 0, "note: stabletapd was "
	       "restarted: events are numbered anew\naa:6 ",
	       "an instance that JSON can't hold is none of the daemon's");
	expect(t, unasked, "events since :5", 2, "since: write [INSTANCE:]NUMBER",
	       "an instance without an id is refused");
	expect(t, unasked, "events since 5:", 2, "not '5:'",
	       "and one without a number");
	expect(t, later, "events since 9", 0, "note: the last event has number "
	       "6: stabletapd was restarted",
	       "a number of an earlier instance is told");
	expect(t, other, "events since 9 instance zz", 0, "vm1: attached",
	       "with the old instance no event is lost");
	expect(t, list, "-j events since 5", 0,
	       "\"instance\":\"aa\",\"last\":6,\"events\":[{", "and in JSON");
}

static void test_followers(struct tap *t)
{
	/* The daemon is restarted twice; the second time all is refused. */
	static const struct turn follow[] = {
		{ "\"follow\":true", "{" NEW "\"last\":6,\"events\":["
		  EVENT("6", "attached") "]}\n\n{\"event\":"
		  EVENT("7", "detached") "}\n" },
		{ "\"events\":7,\"instance\":\"aa\"", "{\"version\":1,"
		  "\"instance\":\"bb\",\"last\":3,\"events\":["
		  EVENT("1", "replaced") "]}\n" },
		{ "\"events\":3,\"instance\":\"bb\"", "{\"error\":\"enough\"}"
		  "\n" }, { NULL, NULL },
	};
	/* The daemon is busy for a while. */
	static const struct turn crowded[] = {
		{ "events", "{" NEW "\"last\":6,\"events\":["
		  EVENT("6", "attached") "]}\n" },
		{ "events", "{\"error\":\"busy: x\",\"busy\":true}\n" },
		{ "events", NULL },
		{ "events", "{\"error\":\"enough\"}\n" }, { NULL, NULL },
	};
	/* The daemon is killed, and has no event when it is back. */
	static const struct turn killed[] = {
		{ "\"events\":0", "{" NEW "\"last\":2,\"events\":[]}\n"
		  "{\"event\":" EVENT("3", "attached") "}\n" },
		{ "\"events\":3,\"instance\":\"aa\"", "{\"version\":1,"
		  "\"instance\":\"bb\",\"last\":0,\"events\":[]}\n" },
		{ "\"events\":0,\"instance\":\"bb\"",
		  "{\"error\":\"enough\"}\n" }, { NULL, NULL },
	};
	static const struct ending killed_ends[] = {
		{ "\"attached\"", true }, { "daemon-restarted", false },
		{ NULL, false },
	};
	static const struct turn old[] = {
		{ "events", "{\"events\":[]}\n" }, { NULL, NULL },
	};

	expect(t, follow, "events --follow -u", 1,
	       "aa:6 2026-01-02T03:04:05.000006Z vm1: attached to eth1, w\n"
	       "aa:7 2026-01-02T03:04:05.000006Z vm1: detached to eth1, w\n"
	       "note: stabletapd has gone; waiting for it\n"
	       "note: stabletapd was restarted: events are numbered anew\n"
	       "bb:1 2026-01-02T03:04:05.000006Z vm1: replaced to eth1, w\n",
	       "a follower loses none over a restart");
	expect(t, follow, "-j events --follow", 1,
	       "{\"version\":1,\"instance\":\"bb\",\"event\":"
	       "\"daemon-restarted\"}\n{\"version\":1,\"instance\":\"bb\",",
	       "in JSON, one object a line");
	expect(t, crowded, "events --follow", 1, "vm1: attached to eth1, w\n"
	       "note: stabletapd has gone; waiting for it\nstabletap: stabletapd refuses: enough",
	       "a follower notes once that it waits, however often it tries");
	endings = killed_ends;
	expect(t, killed, "-j events --follow", 1, "daemon-restarted",
	       "a follower prints each event at once");
	endings = NULL;
	expect(t, old, "events --follow", 1, "too old to be followed",
	       "a daemon that can't be followed is told");
}

/* ---- by hand ---- */

static const char *override_of(const char *port, char buf[64])
{
	char path[160];
	FILE *file;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", override_dir, port);
	file = fopen(path, "re");
	if (!file)
		return "none";
	if (!fgets(buf, 64, file))
		buf[0] = '\0';
	fclose(file);
	return buf;
}

#define STATUS_OF(more) "{" NEW "\"ports\":[{" PORT more "}],\"pools\":[]}\n"
#define SETTLED(more) "{\"version\":1,\"port\":{" PORT more "}}\n"
#define NAMESPACE { "", NULL }

static void test_by_hand(struct tap *t)
{
	static const struct turn pin[] = {
		NAMESPACE, { "status", STATUS_OF("") },
		/* The daemon has not read the file yet. */
		{ "status", STATUS_OF("") },
		{ "status", STATUS_OF(",\"pin\":\"lo\"") },
		{ "settled", SETTLED(",\"pin\":\"lo\"") }, { NULL, NULL },
	};
	static const struct turn unknown_port[] = {
		NAMESPACE, { "status", "{" NEW "\"ports\":[]}\n" },
		{ NULL, NULL },
	};
	static const struct turn unknown_device[] = {
		NAMESPACE, { "status", STATUS_OF("") }, { NULL, NULL },
	};
	static const struct turn forced[] = {
		NAMESPACE, { "status", STATUS_OF(",\"pin\":\"etho\"") },
		{ "settled", SETTLED(",\"pin\":\"etho\","
					       "\"warnings\":[\"pinned to etho, "
					       "which does not exist\"]") },
		{ NULL, NULL },
	};
	static const struct turn hold_off[] = {
		NAMESPACE, { "status", STATUS_OF("") },
		{ "status", STATUS_OF(",\"held_off\":true") },
		{ "settled", SETTLED(",\"held_off\":true") }, { NULL, NULL },
	};
	static const struct turn unpin[] = {
		NAMESPACE, { "status", STATUS_OF("") },
		{ "settled", SETTLED("") }, { NULL, NULL },
	};
	static const struct turn failback[] = {
		{ "status", STATUS_OF("") }, { "failback", "{}\n" },
		{ "settled", SETTLED("") }, { NULL, NULL },
	};
	static const struct turn refused[] = {
		{ "status", STATUS_OF("") },
		{ "failback", "{\"error\":\"no such port\"}\n" }, { NULL, NULL },
	};
	char buf[64];

	expect(t, unknown_port, "pin vm1 lo", 1, "no port 'vm1'",
	       "a port that is not configured is refused");
	expect(t, unknown_device, "pin vm1 etho", 1, "no device 'etho'",
	       "so is a device that does not exist");
	is_str(t, override_of("vm1", buf), "none", "nothing is written then");
	expect(t, forced, "pin vm1 etho force", 0, "warning: pinned to etho",
	       "force overrides that, and the warning is shown");
	is_str(t, override_of("vm1", buf), "pin etho\n", "the file is written");
	expect(t, pin, "pin vm1 lo", 0, "vm1: attached dev lo pin lo\n",
	       "the port's state is printed when the daemon has read the file");
	expect(t, hold_off, "hold-off vm1", 0, "vm1: attached dev lo held-off",
	       "hold-off is told");
	is_str(t, override_of("vm1", buf), "hold-off\n", "and written");
	expect(t, unpin, "-j unpin vm1", 0, "{\"version\":1,\"port\":{\"port\":"
	       "\"vm1\"", "unpin is told, in JSON");
	is_str(t, override_of("vm1", buf), "none", "the file is gone");
	expect(t, failback, "failback vm1", 0,
	       "vm1: attached dev lo\nnote: 'vm1' stays",
	       "failback notes that the port stays");
	expect(t, refused, "failback vm9", 1, "can't fail 'vm9' back: no such",
	       "a refused failback is told");
}

/* Requests without effect, or that would wait forever, are refused first. */
static void test_wrong_words(struct tap *t)
{
	static const struct turn none[] = { { NULL, NULL } };
	static const struct turn asked[] = { NAMESPACE, { NULL, NULL } };
	char line[256];
	char buf[64];

	expect(t, none, "wait lo timeout 1", 1, "'lo' is a network device, but "
	       "no port", "a device of another kind is not waited for");
	snprintf(line, sizeof(line), "wait %0128d timeout 1", 0);
	expect(t, none, line, 2, "can't be a port's name",
	       "nor a name that a device can't have");
	snprintf(line, sizeof(line), "pin vm1 %0128d force", 0);
	expect(t, asked, line, 2, "can't be a device's name",
	       "a device's name that would be cut off is refused");
	is_str(t, override_of("vm1", buf), "none", "nothing is written then");
	expect(t, none, "wait nosuch timeout 0", 1, "port 'nosuch' was not "
	       "attached within 0 s", "a time that is over is told");
	expect(t, none, "version x", 2, "; 'stabletap version'\n",
	       "a verb without words has none in its usage");
	expect(t, none, "-br status --watch", 2, "a layout of its own",
	       "options that --watch ignores are refused");
}

/* Read from terminal @fd until it has shown @text; false: it ended before. */
static bool shows(int fd, char *seen, size_t size, const char *text)
{
	size_t used = strlen(seen);
	ssize_t n;

	while (!strstr(seen, text) && used + 1 < size) {
		n = read(fd, seen + used, size - used - 1);
		if (n <= 0)
			return false;
		used += (size_t)n;
		seen[used] = '\0';
	}
	return strstr(seen, text) != NULL;
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void test_terminal(struct tap *t)
{
	static const struct turn first[] = {
		{ "status", STATUS_OF("") }, { "status", STATUS_OF("") },
		{ NULL, NULL },
	};
	static const struct turn second[] = {
		{ "status", "{\"version\":1,\"instance\":\"bb\",\"ports\":[{"
		  PORT ",\"blackout_seconds\":0.25}]}\n" }, { NULL, NULL },
	};
	const struct winsize size = { .ws_row = 24, .ws_col = 64 };
	char line[] = "status --watch", seen[16384] = "";
	pid_t one = start(first), two, pid;
	int fd;

	fflush(NULL);
	pid = forkpty(&fd, NULL, NULL, &size);
	if (!pid)
		_exit(run_line(line));
	alarm(60);
	ok(t, shows(fd, seen, sizeof(seen), "vm1             lo"),
	   "a watched port has a line");
	ok(t, shows(fd, seen, sizeof(seen), "stabletapd does not answer"),
	   "status --watch shows that the daemon is gone");
	two = start(second);
	ok(t, shows(fd, seen, sizeof(seen), "stabletapd was restarted") &&
	   strstr(seen, "0.250s"), "and that it was restarted");
	ok(t, count(seen, "\033[2J") == 1 && count(seen, "\033[H") >= 3,
	   "the lines are drawn in place");
	ok(t, !strstr(seen, "DROPPED/s"), "and not beyond the terminal's edge");
	alarm(0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	waitpid(one, NULL, 0);
	waitpid(two, NULL, 0);
	close(fd);
}

static void test_watch(struct tap *t)
{
	static const struct turn none[] = {
		{ "status", "{" NEW "\"ports\":[]}\n" }, { NULL, NULL },
	};

	expect(t, none, "status vm9 --watch", 1, "no port 'vm9'",
	       "a port that does not exist is not watched");
}

int main(void)
{
	struct tap t = { 0 };
	char command[128];

	setenv("TZ", "XXX-8", 1);
	if (!mkdtemp(top))
		return 1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", top);
	snprintf(override_dir, sizeof(override_dir), "%s/run/override", top);
	test_status(&t);
	test_no_status(&t);
	test_events(&t);
	test_followers(&t);
	snprintf(command, sizeof(command), "%s/run", top);
	mkdir(command, 0700);
	test_by_hand(&t);
	test_wrong_words(&t);
	test_watch(&t);
	test_terminal(&t);
	snprintf(command, sizeof(command), "rm -r '%s'", top);
	return system(command) || tap_end(&t);
}
