// SPDX-License-Identifier: GPL-2.0
/* The operator's programs: what they are given, their order, their end. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "loop.h"
#include "model/tables.h"
#include "tap.h"
#include "tell/hooks.h"

#define MS 1000000ULL
/* A hook's limit, where it is not what is tested */
#define PATIENCE (10ULL * SOON * MS)

static char dir[64];
static int log_fd;
static sd_event *loop;
static struct model model;

static const char *path_of(const char *name)
{
	static char path[8][128];
	static unsigned int i;

	snprintf(path[++i % 8], sizeof(*path), "%s/%s", dir, name);
	return path[i % 8];
}

/* A script that has $dir; its path is the caller's to free. */
static char *script(const char *name, const char *text)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "we");

	if (!f)
		abort();
	fprintf(f, "#!/bin/sh\ndir=%s\n%s\n", dir, text);
	fchmod(fileno(f), 0755);
	fclose(f);
	return strdup(path);
}

static const char *contents(const char *name)
{
	static char buf[4096];
	FILE *f = fopen(path_of(name), "re");
	size_t got = 0;

	if (f) {
		got = fread(buf, 1, sizeof(buf) - 1, f);
		fclose(f);
	}
	buf[got] = '\0';
	return buf;
}

static void make_file(const char *name)
{
	close(open(path_of(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static struct happening make(const char *port, const char *event)
{
	struct happening h = { .detached = 1234567890 };

	snprintf(h.port, sizeof(h.port), "%s", port);
	snprintf(h.event, sizeof(h.event), "%s", event);
	snprintf(h.to, sizeof(h.to), "eth1");
	snprintf(h.why, sizeof(h.why), "carrier is back");
	return h;
}

static bool exists(void *arg)
{
	return !access(path_of(arg), F_OK);
}

static bool logged(void *arg)
{
	return log_count(log_fd, arg) > 0;
}

/* Run one hook that ends by making "done". */
static bool run_one(struct hooks *h, const char *text)
{
	struct happening what = make("vm1", "attached");
	char *paths[] = { script("one", text), NULL };

	unlink(path_of("done"));
	hooks_run(h, paths, &what, PATIENCE);
	free(paths[0]);
	return loop_until(loop, exists, (void *)"done", SOON);
}

/*
 * The mask that /proc tells.  32 and 33 are glibc's own: its posix_spawn(),
 * by which make starts us, leaves them ignored, and nobody can change that.
 */
static unsigned long long signals(const char *which)
{
	const char *line = strstr(contents("sig"), which);

	if (!line)
		return ~0ULL;
	return strtoull(line + strlen(which), NULL, 16) & ~(3ULL << 31);
}

static void test_given(struct tap *t, struct hooks *h)
{
	int extra = open("/dev/null", O_RDONLY);	/* inheritable */
	char own[64];
	bool good;

	signal(SIGPIPE, SIG_IGN);
	good = run_one(h, "env | grep -v '^_=\\|^PWD=\\|^SHLVL=' | sort "
		       ">$dir/env\n"
		       "(cd /proc/$$/fd; echo *) >$dir/fds\n"
		       "readlink /proc/$$/fd/0 >$dir/stdin\n"
		       /* Not the shell's: that blocks all for a moment. */
		       "grep -E 'Sig(Blk|Ign)' /proc/self/status >$dir/sig\n"
		       "cut -d' ' -f5,6 /proc/$$/stat >$dir/ids\n"
		       "echo $$ $$ >$dir/own; pwd >$dir/cwd; echo $# >$dir/n\n"
		       "echo said aloud; touch $dir/done");
	ok(t, good, "a hook is run");
	is_str(t, contents("env"),
	       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
	       "/bin\n"
	       "STABLETAP_DETACHED_MS=1234\nSTABLETAP_EVENT=attached\n"
	       "STABLETAP_FROM=\nSTABLETAP_PORT=vm1\nSTABLETAP_TO=eth1\n"
	       "STABLETAP_WHY=carrier is back\n", "its environment, whole");
	/* The shell has the script open. */
	is_str(t, contents("fds"), "0 1 10 2\n", "it inherits no fds");
	is_str(t, contents("stdin"), "/dev/null\n", "stdin is /dev/null");
	ok(t, !signals("SigBlk:") && !signals("SigIgn:"),
	   "no signal is blocked or ignored");
	snprintf(own, sizeof(own), "%s", contents("own"));
	is_str(t, contents("ids"), own, "it leads its own group and session");
	is_str(t, contents("cwd"), "/\n", "it works in the root directory");
	is_str(t, contents("n"), "0\n", "it gets no argument");
	ok(t, loop_until(loop, logged, (void *)"said aloud", SOON),
	   "what it says goes to the log");
	close(extra);
}

/* Text of QEMU or the kernel is foreign. */
static void test_foreign(struct tap *t, struct hooks *h)
{
	struct happening what = make("vm1", "attached");
	char *paths[] = {
		script("foreign", "printf '%s|' \"$STABLETAP_WHY\" "
		       "\"$STABLETAP_TO\" >$dir/why; touch $dir/done"),
		NULL,
	};

	snprintf(what.why, sizeof(what.why), "gone\nPATH=/evil\x1b[0m");
	snprintf(what.to, sizeof(what.to), "\xff\teth1");
	unlink(path_of("done"));
	hooks_run(h, paths, &what, PATIENCE);
	free(paths[0]);
	ok(t, loop_until(loop, exists, (void *)"done", SOON),
	   "a hook is run for an event with foreign text");
	is_str(t, contents("why"),
	       "gone\\x0aPATH=/evil\\x1b[0m|\\xff\\x09eth1|",
	       "foreign text is escaped in a hook's environment");
}

static void test_failures(struct tap *t, struct hooks *h)
{
	struct happening what = make("vm1", "lost");
	char *bad = script("bad", "exit 7");
	char *killed = script("killed", "kill -SEGV $$");
	char *last = script("last", "touch $dir/last-done");
	char *paths[] = { bad, (char *)"/nowhere/at-all", killed, last, NULL };

	log_forget(log_fd);
	hooks_run(h, paths, &what, PATIENCE);
	ok(t, loop_until(loop, exists, (void *)"last-done", SOON),
	   "after a failure the event's next hook is run");
	ok(t, logged((void *)"bad failed: status 7"), "a status is logged");
	ok(t, logged((void *)"/nowhere/at-all can't be run: No such file"),
	   "why one can't be run is logged");
	ok(t, logged((void *)"killed was killed: Segmentation"),
	   "a signal is logged");
	ok(t, log_count(log_fd, "vm1: hook ") == 3,
	   "the journal finds all of it by the port's name");
	ok(t, model.hook_failures == 3, "failures are counted");
	free(bad);
	free(killed);
	free(last);
}

/* Is the process gone whose number the file has? */
static bool is_gone(void *name)
{
	pid_t pid = (pid_t)strtol(contents(name), NULL, 10);
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/fd/0", (int)pid);
	return pid > 1 && access(path, F_OK);
}

/*
 * Run a hook that takes too long until it has been ended; the ms that it had,
 * or 0.  It makes the file @ready when it is prepared for its end: the limit is
 * doubled until it has had a turn for that.
 */
static uint64_t overrun(struct hooks *h, char *hook, const char *ready,
			const char *told)
{
	struct happening what = make("vm1", "lost");
	char *paths[] = { hook, NULL };
	unsigned int limit;
	uint64_t begin;

	for (limit = 300; limit < SOON; limit *= 2) {
		log_forget(log_fd);
		begin = loop_now_ms();
		hooks_run(h, paths, &what, limit * MS);
		if (!loop_until(loop, logged, (void *)told, SOON + limit))
			return 0;
		if (exists((void *)ready))
			return loop_now_ms() - begin;
	}
	return 0;
}

static void test_limit(struct tap *t, struct hooks *h)
{
	char *deaf = script("deaf", "trap '' TERM; sleep 1000 & "
			    "echo $! >$dir/pid; touch $dir/deaf-ready; "
			    "wait; wait; sleep 1000");
	char *soft = script("soft", "trap 'touch $dir/asked; exit 0' TERM\n"
			    "sh -c \"trap '' TERM; touch $dir/child-ready; "
			    "sleep 1000\" &\n"
			    "echo $! >$dir/deaf-child\n"
			    "while [ ! -e $dir/child-ready ]; do sleep 0.01; "
			    "done\n"
			    "touch $dir/soft-ready; wait");
	uint64_t took = overrun(h, soft, "soft-ready", "soft was killed after");

	ok(t, took >= 300, "a hook that takes too long is ended (%d ms)",
	   (int)took);
	ok(t, exists((void *)"asked"), "by SIGTERM");
	ok(t, loop_until(loop, is_gone, (void *)"deaf-child", SOON),
	   "what it has left behind is killed");

	took = overrun(h, deaf, "deaf-ready", "deaf was killed after");
	ok(t, took >= 2300, "one that ignores SIGTERM, too, later (%d ms)",
	   (int)took);
	ok(t, loop_until(loop, is_gone, (void *)"pid", SOON),
	   "with its whole group");
	free(deaf);
	free(soft);
}

static bool six_done(void *arg)
{
	(void)arg;
	return strlen(contents("order")) >= sizeof("a e1\n") * 6 - 6;
}

static void test_order(struct tap *t, struct hooks *h)
{
	char *a = script("a", "while [ ! -e $dir/order-go ]; do sleep 0.01; "
			 "done\n"
			 "echo a $STABLETAP_EVENT >>$dir/order");
	char *b = script("b", "echo b $STABLETAP_EVENT >>$dir/order");
	char *c = script("c", "touch $dir/other");
	char *paths[] = { a, b, NULL };
	char *other[] = { c, NULL };
	struct happening what;
	char event[16];
	int i;

	for (i = 1; i <= 3; i++) {
		snprintf(event, sizeof(event), "e%d", i);
		what = make("vm1", event);
		hooks_run(h, paths, &what, PATIENCE);
	}
	what = make("vm2", "e");
	hooks_run(h, other, &what, PATIENCE);
	/* The caller may change or free the paths after hooks_run(). */
	a[0] = b[0] = '\0';
	ok(t, loop_until(loop, exists, (void *)"other", SOON),
	   "another port's hooks don't wait");
	make_file("order-go");
	loop_until(loop, six_done, NULL, SOON);
	is_str(t, contents("order"), "a e1\nb e1\na e2\nb e2\na e3\nb e3\n",
	       "one port's are run one after the other");
	free(a);
	free(b);
	free(c);
}

static bool last_held(void *arg)
{
	(void)arg;
	return strstr(contents("held"), "e30\n");
}

static void test_bounded(struct tap *t, struct hooks *h)
{
	char *hold = script("hold", "echo $STABLETAP_EVENT >>$dir/held; "
			    "while [ ! -e $dir/go ]; do sleep 0.05; done");
	char *paths[] = { hold, NULL };
	uint64_t before = model.hook_failures;
	struct happening what;
	char event[16];
	int i;

	log_forget(log_fd);
	for (i = 1; i <= 30; i++) {
		snprintf(event, sizeof(event), "e%d", i);
		what = make("vm1", event);
		hooks_run(h, paths, &what, PATIENCE);
		if (i == 1)
			loop_until(loop, exists, (void *)"held", SOON);
	}
	ok(t, log_count(log_fd, "was dropped") == 14,
	   "of too many events the oldest are dropped, and it is said");
	ok(t, model.hook_failures == before + 14,
	   "events that are dropped count as failures");
	ok(t, logged((void *)"e2 was dropped") && !logged((void *)"e1 was") &&
	   !logged((void *)"e16 was"), "but not the one under way");
	make_file("go");
	loop_until(loop, last_held, NULL, SOON);
	ok(t, !strncmp(contents("held"), "e1\ne16\ne17\n", 11) &&
	   strstr(contents("held"), "e30\n"), "and the others are run");
	free(hold);
}

static void test_free(struct tap *t, struct hooks *h)
{
	char *paths[] = { script("one", "touch $dir/begun; exec sleep 1000"),
			  NULL };
	struct happening what = make("vm1", "attached");
	siginfo_t si = { 0 };

	hooks_run(h, paths, &what, PATIENCE);
	hooks_run(h, paths, &what, PATIENCE);
	loop_until(loop, exists, (void *)"begun", SOON);
	hooks_free(h);
	ok(t, !waitid(P_ALL, 0, &si, WEXITED) && si.si_code == CLD_KILLED &&
	   si.si_status == SIGTERM, "what runs at the end is ended");
	free(paths[0]);
}

int main(void)
{
	struct tap t = { 0 };
	struct hooks *h;
	char command[96];

	snprintf(dir, sizeof(dir), "/tmp/test-hooks.XXXXXX");
	if (!mkdtemp(dir) || sd_event_new(&loop) < 0)
		return 1;
	log_fd = log_capture();
	h = hooks_new(loop);
	hooks_watch(h, &model);
	test_given(&t, h);
	test_foreign(&t, h);
	test_failures(&t, h);
	test_limit(&t, h);
	test_order(&t, h);
	test_bounded(&t, h);
	test_free(&t, h);
	sd_event_unref(loop);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return shell(command) || tap_end(&t);
}
