// SPDX-License-Identifier: GPL-2.0
/* stabletap version: of which release and build each part is. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "json.h"
#include "verb.h"

/* What other programs load: this one has the library in itself. */
struct library {
	void *handle;			/* or NULL: there is none */
	const char *release;
	const char *build;
};

struct versions {
	struct library library;
	bool is_loaded;			/* and answers */
	struct stabletap_version loaded;
	struct stabletap_module module;
	json_t *daemon;			/* its answer, or NULL: */
	int daemon_err;
};

/* A function of the library that returns a string */
static const char *ask_library(const struct library *library, const char *name)
{
	union {
		void *symbol;
		const char *(*function)(void);
	} u = { .symbol = dlsym(library->handle, name) };

	return u.symbol ? u.function() : "";
}

static void find_library(struct library *library)
{
	library->handle = dlopen(STABLETAP_SONAME, RTLD_LAZY | RTLD_LOCAL);
	if (!library->handle)
		return;
	library->release = ask_library(library, "stabletap_release");
	library->build = ask_library(library, "stabletap_build");
}

static void forget_versions(struct versions *v)
{
	json_decref(v->daemon);
	if (v->library.handle)
		dlclose(v->library.handle);
}

static void find_versions(struct cli *cli, struct versions *v)
{
	memset(v, 0, sizeof(*v));
	find_library(&v->library);
	v->is_loaded = !stabletap_version_get(cli->st, &v->loaded);
	stabletap_module_compare(&v->module);
	v->daemon_err = ask_status_quietly(cli, &v->daemon);
}

/* ---- for programs ---- */

static json_t *part_json(const char *release, const char *build)
{
	return json_pack("{s:o, s:o}", "release", stabletap_json_text(release),
			 "build", stabletap_json_text(build));
}

static json_t *loaded_json(const struct versions *v)
{
	json_t *o;

	if (!v->is_loaded)
		return json_null();
	o = part_json(v->loaded.version, v->module.loaded);
	json_object_set_new(o, "api", json_integer(v->loaded.api));
	return o;
}

static json_t *installed_json(const struct versions *v)
{
	if (!*v->module.installed)
		return json_null();
	return part_json(v->module.version, v->module.installed);
}

static json_t *library_json(const struct versions *v)
{
	if (!v->library.handle)
		return json_null();
	return part_json(v->library.release, v->library.build);
}

static json_t *daemon_json(const struct versions *v)
{
	if (!v->daemon)
		return json_null();
	return part_json(json_text_of(v->daemon, "release"),
			 json_text_of(v->daemon, "build"));
}

static int print_json(const struct cli *cli, const struct versions *v)
{
	json_t *o = json_versioned("release", json_string(stabletap_release()));

	json_object_set_new(o, "build", stabletap_json_text(stabletap_build()));
	json_object_set_new(o, "api", json_integer(STABLETAP_API_VERSION));
	json_object_set_new(o, "library", library_json(v));
	json_object_set_new(o, "daemon", daemon_json(v));
	json_object_set_new(o, "module", loaded_json(v));
	json_object_set_new(o, "installed", installed_json(v));
	return json_print(cli, o, stdout);
}

/* ---- for people ---- */

static void print_part(const char *name, const char *release, const char *build)
{
	printf("%s %s", name, *release ? release : "of an unknown release");
	if (*build)
		printf(", build %s", build);
}

static void print_daemon(const struct versions *v)
{
	if (v->daemon)
		print_part("stabletapd", json_text_of(v->daemon, "release"),
			   json_text_of(v->daemon, "build"));
	else if (v->daemon_err == -ENOENT || v->daemon_err == -ECONNREFUSED)
		fputs("stabletapd not running", stdout);
	else
		printf("stabletapd can't be asked: %s",
		       strerror(-v->daemon_err));
	putchar('\n');
}

static void print_library(const struct versions *v)
{
	if (v->library.handle)
		print_part("libstabletap", v->library.release,
			   v->library.build);
	else
		fputs("libstabletap not installed", stdout);
	putchar('\n');
}

static void print_text(const struct versions *v)
{
	print_part("stabletap", stabletap_release(), stabletap_build());
	printf(", interface version %d\n", STABLETAP_API_VERSION);
	print_library(v);
	print_daemon(v);
	if (v->is_loaded) {
		print_part("module", v->loaded.version, v->module.loaded);
		printf(", interface version %u\n", v->loaded.api);
	} else {
		puts("module not loaded");
	}
	if (*v->module.installed) {
		print_part("installed module", v->module.version,
			   v->module.installed);
		putchar('\n');
	} else {
		puts("installed module not found");
	}
}

/* ---- the verb ---- */

static const struct word no_words[] = {
	{ .name = NULL },
};

static int run(struct cli *cli, const struct call *call)
{
	struct versions v;
	int status = CLI_DONE;

	(void)call;
	find_versions(cli, &v);
	if (cli->json)
		status = print_json(cli, &v);
	else
		print_text(&v);
	forget_versions(&v);
	return status;
}

const struct verb verb_version = {
	.name = "version",
	.aliases = "",
	.purpose = "print the versions of command, library, daemon and module",
	.example = "version",
	.options = OPTION_BRIEF | OPTION_STATS | OPTION_DETAILS,
	.words = no_words,
	.run = run,
};
