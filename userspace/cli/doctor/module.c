// SPDX-License-Identifier: GPL-2.0
/* The module: loaded, and the installed one; or can it be loaded? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/modules.h"

/* ---- loaded ---- */

static void check_control(const struct host *h, struct findings *f)
{
	char number[32];

	tree_line(h->root, number, sizeof(number),
		  "/sys/class/misc/" STABLETAP_KIND "/dev");
	switch (h->control) {
	case 0:
		break;
	case -EPERM:
	case -EACCES:
		finding_error(f, "control-refused", NULL,
			      "the kernel does not let this process open " STABLETAP_CONTROL ": %s",
			      strerror(-h->control));
		finding_remedy(f, h->control == -EPERM ?
			       "allow the device in the control group (DeviceAllow=" STABLETAP_CONTROL " rw in the systemd unit)" :
			       "chmod 0666 " STABLETAP_CONTROL
			       "; the module checks the caller's capabilities");
		break;
	case -ENOTTY:
		finding_error(f, "control-foreign", NULL,
			      STABLETAP_CONTROL " is not the module's device (%s)",
			      number);
		finding_remedy(f, "remove the file, and run 'mknod -m 0666 " STABLETAP_CONTROL " c %.*s %s'",
			       (int)strcspn(number, ":"), number,
			       strchr(number, ':') ? strchr(number, ':') + 1 :
			       "");
		break;
	default:
		finding_error(f, "control-missing", NULL,
			      "the module is loaded, but " STABLETAP_CONTROL " (%s) can't be opened: %s",
			      number, strerror(-h->control));
		finding_remedy(f, "mount devtmpfs on /dev; in a container, add the device " STABLETAP_CONTROL);
	}
}

static void check_releases(const struct host *h, struct findings *f)
{
	const char *release = *h->module.loaded_version ?
			      h->module.loaded_version : h->loaded.version;

	if (h->control)
		return;
	if (h->loaded.api != STABLETAP_API_VERSION) {
		finding_error(f, "module-other-interface", NULL,
			      "the loaded module has version %u of the interface, the command version %u",
			      h->loaded.api, STABLETAP_API_VERSION);
		finding_remedy(f, "install module and command of one release, and reboot");
	} else if (strcmp(release, stabletap_release()) != 0) {
		finding_warning(f, "module-other-release", NULL,
				"the loaded module is of release %s, the command of release %s",
				release, stabletap_release());
		finding_remedy(f, "install module and command of one release, and reboot");
	}
}

static void check_installed(const struct host *h, struct findings *f)
{
	const struct stabletap_module *m = &h->module;
	char path[TREE_PATH];

	if (!modules_path(h, STABLETAP_KIND, path)) {
		finding_warning(f, "module-not-installed", NULL,
				"the module is loaded, but not installed for Linux %s, so that it is missing after a reboot",
				h->release);
		finding_remedy(f, "make dkms-install, or make modules_install");
	} else if (*m->loaded && *m->installed &&
		   strcmp(m->loaded, m->installed) != 0) {
		finding_warning(f, "module-outdated", NULL,
				"the loaded module (srcversion %s) is not the installed one (%s, srcversion %s)",
				m->loaded, path, m->installed);
		finding_remedy(f, "reboot; or end all guests, delete all ports, and run 'rmmod " STABLETAP_KIND " && modprobe " STABLETAP_KIND "'");
	}
}

/* ---- not loaded ---- */

/* Is there a line "<word> stabletap"? */
static bool has_line(char *text, const char *word)
{
	char *line, *rest = NULL, *at;

	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		at = strtok(line, " \t");
		if (!at || strcmp(at, word) != 0)
			continue;
		at = strtok(NULL, " \t");
		if (at && !strcmp(at, STABLETAP_KIND))
			return true;
	}
	return false;
}

static bool blacklists(const char *path)
{
	char *text = tree_text("", NULL, "%s", path);
	char *copy = text ? strdup(text) : NULL;
	bool found = text && copy && (has_line(text, "blacklist") ||
				      has_line(copy, "install"));

	free(copy);
	free(text);
	return found;
}

static void check_blacklists(const struct host *h, struct findings *f)
{
	static const char *const dirs[] = {
		"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib",
	};
	const char *file;
	glob_t g;
	size_t i, k;

	for (k = 0; k < sizeof(dirs) / sizeof(*dirs); k++) {
		tree_glob(h->root, &g, "%s/modprobe.d/*.conf", dirs[k]);
		for (i = 0; i < g.gl_pathc; i++) {
			file = tree_inside(h->root, g.gl_pathv[i]);
			if (!blacklists(g.gl_pathv[i]) ||
			    finding_get(f, "module-blacklisted", NULL))
				continue;
			finding_error(f, "module-blacklisted", NULL,
				      "%s keeps the module from being loaded",
				      file);
			finding_remedy(f, "remove the line with " STABLETAP_KIND " from %s",
				       file);
		}
		globfree(&g);
	}
}

static void check_absent(const struct host *h, struct findings *f)
{
	char path[TREE_PATH];

	if (!modules_are_listed(h))
		return;
	if (!modules_path(h, STABLETAP_KIND, path)) {
		check_build(h, f);
		return;
	}
	/* It is loaded when the first port is added. */
	check_blacklists(h, f);
	check_signature(h, path, f);
}

void check_module(const struct host *h, struct findings *f)
{
	if (!h->is_loaded) {
		check_absent(h, f);
		return;
	}
	check_control(h, f);
	check_releases(h, f);
	if (modules_are_listed(h))
		check_installed(h, f);
}
