// SPDX-License-Identifier: GPL-2.0
/*
 * Following the control device, in a directory of this test: when the module is
 * loaded, all ports are evaluated at once.
 */
#include <fcntl.h>
#include <sys/inotify.h>

#include "loop.h"
#include "scene.h"
#include "tap.h"
#include "watch/devnode.h"

static char dir[] = "/tmp/devnode-XXXXXX";
static sd_event_inotify_handler_t handler;
static sd_event_source *source;

int __real_sd_event_add_inotify(sd_event *e, sd_event_source **s,
				const char *path, uint32_t mask,
				sd_event_inotify_handler_t callback, void *arg);
int __wrap_sd_event_add_inotify(sd_event *e, sd_event_source **s,
				const char *path, uint32_t mask,
				sd_event_inotify_handler_t callback, void *arg);

int __wrap_sd_event_add_inotify(sd_event *e, sd_event_source **s,
				const char *path, uint32_t mask,
				sd_event_inotify_handler_t callback, void *arg)
{
	handler = callback;
	/*
	 * A source that belongs to the loop (no @s) keeps the loop from being
	 * freed, at least in libsystemd 252.
	 */
	return __real_sd_event_add_inotify(e, s ? s : &source,
					   strcmp(path, "/dev") ? path : dir,
					   mask, callback, arg);
}

static bool is_due(const char *port)
{
	return agenda_is_marked(&scene_port(port)->todo) &&
	       !scene_port(port)->create_until;
}

static bool both_due(void *arg)
{
	(void)arg;
	return is_due("p") && is_due("q");
}

/* Both ports wait for the module. */
static void wait_for_module(void)
{
	while (agenda_take(&scene.m.agenda, AGENDA_PORT) ||
	       agenda_take(&scene.m.agenda, AGENDA_DEVICE))
		;
	scene_port("p")->create_until = UINT64_MAX;
	scene_port("q")->create_until = UINT64_MAX;
}

static void create(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	close(fd);
}

static void delete(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static void test_created(struct tap *t, sd_event *loop)
{
	wait_for_module();
	create("stabletap.d");
	create("tap7");
	loop_for(loop, 100);
	ok(t, !is_due("p") && !is_due("q"), "other devices are not its matter");
	create("stabletap");
	ok(t, loop_until(loop, both_due, NULL, SOON),
	   "when the module is loaded, all ports are evaluated at once");
	wait_for_module();
	delete("stabletap");
	loop_for(loop, 100);
	ok(t, !is_due("p"), "when it goes, none is");
}

static void test_lost(struct tap *t)
{
	struct inotify_event lost = { .mask = IN_Q_OVERFLOW };

	wait_for_module();
	ok(t, !handler(NULL, &lost, &scene.m) && both_due(NULL),
	   "lost events may have been that of the module");
}

int main(void)
{
	struct tap t = { 0 };
	sd_event *loop = NULL;

	scene_begin("[Port p]\n[Port q]\n");
	if (!mkdtemp(dir) || sd_event_new(&loop) < 0)
		abort();
	if (ok(&t, !devnode_start(loop, &scene.m), "/dev is watched")) {
		test_created(&t, loop);
		test_lost(&t);
	}
	delete("stabletap.d");
	delete("tap7");
	rmdir(dir);
	sd_event_source_disable_unref(source);
	sd_event_unref(loop);
	scene_end();
	return tap_end(&t);
}
