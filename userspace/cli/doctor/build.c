// SPDX-License-Identifier: GPL-2.0
/* Why is no module installed for the running kernel? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/tree.h"

#define DKMS "/var/lib/dkms/" STABLETAP_KIND

/* Words in the first line that says what is wrong */
static bool is_error(const char *line)
{
	return strcasestr(line, "error:") || strstr(line, "Error ") ||
	       strstr(line, "ERROR") || strstr(line, "*** ");
}

/*
 * Copies the first line of the log that reports an error to @quote, or the last
 * one if none does.  Returns false if the log is of another kernel.
 */
static bool quote_log(const struct host *h, const char *path, char *quote,
		      size_t size)
{
	char *text = tree_text("", NULL, "%s", path);
	char *line, *rest = NULL;
	char kernel[96];

	if (!text)
		return false;
	/* DKMS begins a log with "... make.log for <module> for kernel ..." */
	snprintf(kernel, sizeof(kernel), " kernel %s ", h->release);
	line = strtok_r(text, "\n", &rest);
	if (!line || (strstr(line, " kernel ") && !strstr(line, kernel))) {
		free(text);
		return false;
	}
	quote[0] = '\0';
	while ((line = strtok_r(NULL, "\n", &rest))) {
		snprintf(quote, size, "%s", line + strspn(line, " \t"));
		if (is_error(line))
			break;
	}
	free(text);
	return *quote;
}

/* Takes the first log that @g has of this kernel. */
static bool take_log(const struct host *h, glob_t *g, char path[TREE_PATH],
		     char *quote, size_t size)
{
	bool found = false;
	size_t i;

	for (i = 0; i < g->gl_pathc && !found; i++) {
		found = quote_log(h, g->gl_pathv[i], quote, size);
		snprintf(path, TREE_PATH, "%s",
			 tree_inside(h->root, g->gl_pathv[i]));
	}
	globfree(g);
	return found;
}

/* The log of a failed build stays in build/ until the next one. */
static bool find_log(const struct host *h, char path[TREE_PATH], char *quote,
		     size_t size)
{
	glob_t g;

	tree_glob(h->root, &g, DKMS "/*/build/make.log");
	if (take_log(h, &g, path, quote, size))
		return true;
	tree_glob(h->root, &g, DKMS "/*/%s/*/log/make.log", h->release);
	return take_log(h, &g, path, quote, size);
}

/* Finds a file that depmod has not listed. */
static bool is_unlisted(const struct host *h, char path[TREE_PATH])
{
	static const char *const depths[] = { "", "*/", "*/*/", "*/*/*/" };
	bool found = false;
	glob_t g;
	size_t i;

	for (i = 0; i < 4 && !found; i++) {
		found = tree_glob(h->root, &g, "/lib/modules/%s/%s"
				  STABLETAP_KIND ".ko*", h->release, depths[i]);
		if (found)
			snprintf(path, TREE_PATH, "%s",
				 tree_inside(h->root, g.gl_pathv[0]));
		globfree(&g);
	}
	return found;
}

static bool dkms_has_source(const struct host *h)
{
	glob_t g;
	bool has = tree_glob(h->root, &g, DKMS "/*/source");

	globfree(&g);
	return has;
}

static void say_not_built(const struct host *h, struct findings *f)
{
	finding_error(f, "module-not-built", NULL,
		      "the module is not built for Linux %s", h->release);
	if (dkms_has_source(h))
		finding_remedy(f, "dkms install " STABLETAP_KIND "/%s -k %s",
			       stabletap_release(), h->release);
	else
		finding_remedy(f, "make dkms-install, in stabletap's source");
}

void check_build(const struct host *h, struct findings *f)
{
	char path[TREE_PATH], quote[256];

	if (is_unlisted(h, path)) {
		finding_error(f, "module-not-indexed", NULL,
			      "%s is not in modules.dep, so modprobe does not find it",
			      path);
		finding_remedy(f, "depmod %s", h->release);
	} else if (!tree_has(h->root, "/lib/modules/%s/build/Makefile",
			     h->release)) {
		finding_error(f, "headers-missing", NULL,
			      "the module is not built, because the headers of Linux %s are missing (/lib/modules/%s/build)",
			      h->release, h->release);
		finding_remedy(f, "apt-get install linux-headers-%s, or the like, and dkms autoinstall",
			       h->release);
	} else if (find_log(h, path, quote, sizeof(quote))) {
		finding_error(f, "module-build-failed", NULL,
			      "DKMS could not build the module for Linux %s: \"%s\" (%s)",
			      h->release, quote, path);
		finding_remedy(f, "read %s, then run 'dkms install " STABLETAP_KIND "/%s -k %s'",
			       path, stabletap_release(), h->release);
	} else {
		say_not_built(h, f);
	}
}
