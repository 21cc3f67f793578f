// SPDX-License-Identifier: GPL-2.0
/* Loading a configuration, at the start and later: the log and the result. */
#include <unistd.h>

#include "load.h"
#include "loop.h"
#include "scene.h"
#include "tap.h"

#define HOLD "[Port p]\nCandidate=a\nOnDetach=hold\n"

static bool is_loaded;
static uint64_t features;
static char path[] = "/tmp/stabletap-load.XXXXXX";

int __real_access(const char *file, int mode);
int __wrap_access(const char *file, int mode);
int __wrap_stabletap_version_get(struct stabletap *st,
				 struct stabletap_version *version);

int __wrap_access(const char *file, int mode)
{
	if (!strcmp(file, "/sys/module/stabletap"))
		return is_loaded ? 0 : -1;
	return __real_access(file, mode);
}

int __wrap_stabletap_version_get(struct stabletap *st,
				 struct stabletap_version *version)
{
	(void)st;
	memset(version, 0, sizeof(*version));
	version->features = features;
	return 0;
}

static int take(int log, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
	log_forget(log);
	return load(&scene.m, path);
}

static void test_features(struct tap *t, int log)
{
	scene_model();
	ok(t, !take(log, HOLD) && !log_count(log, "hold"),
	   "without a module there is no such error");
	is_loaded = true;
	take(log, HOLD);
	ok(t, log_count(log, "the loaded module can't hold frames") == 1 &&
	   log_count(log, "the configuration has 1 error;") == 1,
	   "a setting that the module lacks is an error of a reload");
	ok(t, model_port(&scene.m, "p") != NULL,
	   "the port counts: another module may be loaded later");
	features = STABLETAP_FEATURE_HOLD;
	take(log, HOLD);
	ok(t, !log_count(log, "hold"), "a module that has it causes no error");
	scene_end();
	scene_model();
	features = 0;
	take(log, HOLD);
	ok(t, log_count(log, "the loaded module can't hold frames") == 1,
	   "the same at the start");
	scene_end();
}

static void test_errors(struct tap *t, int log)
{
	scene_begin("[Port p]\nCandidate=a\n");
	ok(t, !take(log, "[Port p]\nNonsense=1\n[Port q]\nCandidate=a\n") &&
	   log_count(log, "section [Port p] is left out; its previous version stays") == 1,
	   "a section with an error is left out, which is logged");
	ok(t, model_port(&scene.m, "p") && model_port(&scene.m, "q"),
	   "its previous version stays, and the others take effect");
	unlink(path);
	log_forget(log);
	ok(t, load(&scene.m, path) < 0 && log_count(log, "can't read") >= 1 &&
	   model_port(&scene.m, "q"),
	   "a file that can't be read changes nothing");
	scene_end();
}

int main(void)
{
	struct tap t = { 0 };
	int log = log_capture();
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	test_features(&t, log);
	test_errors(&t, log);
	unlink(path);
	return tap_end(&t);
}
