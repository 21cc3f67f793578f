// SPDX-License-Identifier: GPL-2.0
/*
 * Following overrides in a directory of this test: files and the directory
 * itself are created, removed and moved.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "file.h"
#include "loop.h"
#include "scene.h"
#include "tap.h"
#include "watch/override.h"

/* More events than the kernel keeps (fs.inotify.max_queued_events) */
#define FLOOD 40000

static char top[] = "/tmp/override-XXXXXX";
static char dir[64], elsewhere[64];
static sd_event *loop;

/* ---- overrides: their files, and the model's ---- */

static void ask_for(const char *port, enum override_kind kind, const char *dev)
{
	struct override o = { .kind = kind };

	snprintf(o.dev, sizeof(o.dev), "%s", dev);
	if (override_write(dir, port, &o))
		abort();
}

static const char *path(const char *in, const char *name, char buf[128])
{
	snprintf(buf, 128, "%s/%s", in, name);
	return buf;
}

static void move(const char *from, const char *to)
{
	if (rename(from, to))
		abort();
}

static enum override_kind kind_of(const char *port)
{
	return scene_port(port)->override.kind;
}

struct expected {
	const char *port;
	enum override_kind kind;
};

static bool is_expected(void *arg)
{
	const struct expected *e = arg;

	return kind_of(e->port) == e->kind;
}

static bool becomes(enum override_kind kind, const char *port)
{
	struct expected e = { port, kind };

	return loop_until(loop, is_expected, &e, SOON);
}

/* ---- */

static void test_files(struct tap *t)
{
	char from[128], to[128];

	ask_for("p", OVERRIDE_PIN, "a");
	ok(t, becomes(OVERRIDE_PIN, "p") && kind_of("q") == OVERRIDE_NONE,
	   "a port's override is applied");
	is_str(t, scene_port("p")->override.dev, "a", "with its device");
	ask_for("p", OVERRIDE_HOLD_OFF, "");
	ok(t, becomes(OVERRIDE_HOLD_OFF, "p"), "another override replaces it");
	override_remove(dir, "p");
	ok(t, becomes(OVERRIDE_NONE, "p"),
	   "a file that is removed ends the override");
	ask_for("p", OVERRIDE_PIN, "a");
	becomes(OVERRIDE_PIN, "p");
	move(path(dir, "p", from), path(elsewhere, "p", to));
	ok(t, becomes(OVERRIDE_NONE, "p"), "so does a file that is moved away");
	move(to, from);
	ok(t, becomes(OVERRIDE_PIN, "p"), "until it is moved back");
	override_remove(dir, "p");
	becomes(OVERRIDE_NONE, "p");
}

static bool is_logged(void *arg)
{
	return log_count(*(int *)arg, "its line is no override") > 0;
}

static void test_unreadable(struct tap *t, int log)
{
	ask_for("p", OVERRIDE_PIN, "a");
	becomes(OVERRIDE_PIN, "p");
	log_forget(log);
	file_replace(dir, "p", "pinn b\n", 0644);
	ok(t, loop_until(loop, is_logged, &log, SOON) &&
	   kind_of("p") == OVERRIDE_PIN,
	   "a line that is no override changes nothing, and is logged");
	override_remove(dir, "p");
	becomes(OVERRIDE_NONE, "p");
}

static void test_removed(struct tap *t)
{
	char file[128];

	ask_for("p", OVERRIDE_PIN, "a");
	becomes(OVERRIDE_PIN, "p");
	if (unlink(path(dir, "p", file)) || rmdir(dir))
		abort();
	ok(t, becomes(OVERRIDE_NONE, "p"),
	   "overrides end with the directory");
	ask_for("q", OVERRIDE_PIN, "a");
	ok(t, becomes(OVERRIDE_PIN, "q"),
	   "a directory that is made anew is followed");
	override_remove(dir, "q");
	becomes(OVERRIDE_NONE, "q");
}

static void test_moved(struct tap *t)
{
	char to[128], file[256];

	ask_for("p", OVERRIDE_PIN, "a");
	becomes(OVERRIDE_PIN, "p");
	move(dir, path(elsewhere, "moved", to));
	ok(t, becomes(OVERRIDE_NONE, "p"),
	   "a directory that is moved away ends its overrides");
	ask_for("q", OVERRIDE_PIN, "a");
	ok(t, becomes(OVERRIDE_PIN, "q"), "the one in its place is followed");
	snprintf(file, sizeof(file), "%s/p", to);
	if (unlink(file) || rmdir(to))
		abort();
	override_remove(dir, "q");
	ok(t, becomes(OVERRIDE_NONE, "q"), "and nothing else");
}

/* A file is where the directory should be. */
static void test_unwatchable(struct tap *t, int log)
{
	int fd;

	log_forget(log);
	if (rmdir(dir))
		abort();
	fd = open(dir, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	close(fd);
	loop_for(loop, 700);
	ok(t, log_count(log, "can't watch") == 1,
	   "a directory that can't be watched is logged, once");
	if (unlink(dir))
		abort();
	ask_for("q", OVERRIDE_PIN, "nowhere");
	ok(t, becomes(OVERRIDE_PIN, "q"), "it is tried again, until it can");
	override_remove(dir, "q");
	ok(t, becomes(OVERRIDE_NONE, "q"), "and is followed from then on");
}

/* One warning per cause, after the port was evaluated. */
static void test_in_the_way(struct tap *t, int log)
{
	struct port *p = scene_port("p");

	log_forget(log);
	ask_for("p", OVERRIDE_PIN, "d");
	becomes(OVERRIDE_PIN, "p");
	ok(t, !log_count(log, "does not exist"),
	   "the device may be unknown yet: no warning when a file is read");
	model_port_settled(p);
	model_port_settled(p);
	ok(t, log_count(log, "is pinned to d, which does not exist") == 1,
	   "a pin that keeps a port detached is logged once");
	scene_play("d");
	model_port_settled(p);
	ok(t, log_count(log, "is pinned to") == 1,
	   "a pin that works is not logged");
	scene_play("d:down");
	model_port_settled(p);
	ok(t, log_count(log, "is pinned to d, which is down") == 1,
	   "it is logged when its device is lost");
	scene_play("d:up refuse=p,d");
	model_port_settled(p);
	ok(t, log_count(log, "is pinned to") == 2,
	   "a refusal is logged as such only");
	override_remove(dir, "p");
	becomes(OVERRIDE_NONE, "p");
	scene_play("d:gone");
}

/* Two names in turn: the kernel joins events that are the same. */
static void test_overflow(struct tap *t)
{
	char file[2][128];
	int i, fd;

	path(dir, "x", file[0]);
	path(dir, "y", file[1]);
	for (i = 0; i < FLOOD; i++) {
		fd = open(file[i & 1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			abort();
		close(fd);
	}
	ask_for("p", OVERRIDE_PIN, "a");
	ok(t, becomes(OVERRIDE_PIN, "p"),
	   "all files are read again when events were lost");
	override_remove(dir, "p");
	becomes(OVERRIDE_NONE, "p");
	unlink(file[0]);
	unlink(file[1]);
}

static void test_reload(struct tap *t)
{
	ask_for("r", OVERRIDE_PIN, "a");
	scene_configure("[Port p]\nCandidate=a\n[Port q]\nCandidate=a\n"
			"[Port r]\nCandidate=a\n");
	ok(t, kind_of("r") == OVERRIDE_PIN,
	   "a new port gets its override");
	ask_for("p", OVERRIDE_PIN, "a");
	ok(t, becomes(OVERRIDE_PIN, "p"), "and files are followed as before");
}

int main(void)
{
	struct override_watch *w = NULL;
	struct tap t = { 0 };
	char command[64];
	int log = log_capture();

	if (!mkdtemp(top) || sd_event_new(&loop) < 0)
		return 1;
	snprintf(dir, sizeof(dir), "%s/override", top);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", top);
	if (mkdir(elsewhere, 0700))
		return 1;
	scene_begin("[Port p]\nCandidate=a\n[Port q]\nCandidate=a\n");
	scene_play("a");
	ok(&t, !override_start(loop, &scene.m, dir, &w), "the files are followed");
	test_files(&t);
	test_unreadable(&t, log);
	test_removed(&t);
	test_moved(&t);
	test_unwatchable(&t, log);
	test_in_the_way(&t, log);
	test_overflow(&t);
	test_reload(&t);
	override_stop(w);
	scene_end();
	sd_event_unref(loop);
	snprintf(command, sizeof(command), "rm -r '%s'", top);
	return shell(command) || tap_end(&t);
}
