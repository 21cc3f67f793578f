// SPDX-License-Identifier: GPL-2.0
/* Does stabletapd run, if it is to?  It is if it has a configuration. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/configured.h"
#include "doctor/offline.h"
#include "doctor/tree.h"
#include "json.h"

#define UNIT "stabletapd.service"

/* ---- at the next boot ---- */

static bool is_masked(const struct host *h)
{
	char target[TREE_PATH];

	return tree_target(h->root, target, sizeof(target),
			   "/etc/systemd/system/" UNIT) &&
	       !strcmp(target, "/dev/null");
}

static bool is_enabled(const struct host *h)
{
	static const char *const dirs[] = {
		"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib",
	};
	char target[TREE_PATH];
	bool enabled = false;
	glob_t g;
	size_t i, k;

	for (k = 0; k < sizeof(dirs) / sizeof(*dirs) && !enabled; k++) {
		tree_glob(h->root, &g, "%s/systemd/system/*.*", dirs[k]);
		for (i = 0; i < g.gl_pathc && !enabled; i++)
			enabled = tree_target("", target, sizeof(target),
					      "%s/" UNIT, g.gl_pathv[i]);
		globfree(&g);
	}
	return enabled;
}

static void check_enabled(const struct host *h, struct findings *f)
{
	/* Other init systems keep this elsewhere. */
	if (!tree_has(h->root, "/run/systemd/system"))
		return;
	if (is_masked(h)) {
		finding_warning(f, "daemon-masked", NULL,
				UNIT " is masked, so stabletapd does not start");
		finding_remedy(f, "systemctl unmask stabletapd && systemctl enable --now stabletapd");
	} else if (!is_enabled(h)) {
		finding_warning(f, "daemon-not-enabled", NULL,
				"the configuration has ports, but " UNIT " is not enabled, so it does not start with the machine");
		finding_remedy(f, "systemctl enable --now stabletapd");
	}
}

/* ---- now ---- */

static void check_configuration(const struct host *h, struct findings *f)
{
	char line[256];

	/* A program of the host says nothing about a test's tree. */
	if (*h->root || !offline_check_fails(line, sizeof(line)))
		return;
	finding_error(f, "configuration-errors", NULL,
		      "stabletapd's configuration has errors, the first one: %s",
		      line);
	finding_remedy(f, "'stabletapd --check' reports all of them");
}

static void say_not_running(const struct host *h,
			    const struct configured *conf, struct findings *f)
{
	finding_error(f, "daemon-not-running", NULL,
		      "the configuration has %zu port%s, the first one %s, but stabletapd does not run",
		      conf->n, conf->n == 1 ? "" : "s", conf->v[0].port);
	if (tree_has(h->root, "/run/systemd/system"))
		finding_remedy(f, "systemctl start stabletapd; 'journalctl -u stabletapd' has the reason if that fails");
	else
		finding_remedy(f, "start stabletapd");
}

void check_service(const struct host *h, struct findings *f)
{
	struct configured conf = { 0 };
	int err = h->daemon_err;

	if (err == -ETIMEDOUT || err == -EAGAIN) {
		finding_error(f, "daemon-does-not-answer", NULL,
			      "stabletapd runs, but does not answer");
		finding_remedy(f, "systemctl restart stabletapd interrupts no traffic; 'journalctl -u stabletapd' may say why");
	} else if (err == -EACCES || err == -EPERM) {
		finding_unchecked(f, "stabletapd and its ports", "only root and members of group stabletap may ask it");
	}
	configured_read(h->root, &conf);
	if (conf.unreadable && !h->daemon)
		finding_unchecked(f, "stabletapd's configuration",
				  "only root may read it");
	if (conf.n && (err == -ENOENT || err == -ECONNREFUSED)) {
		check_configuration(h, f);
		say_not_running(h, &conf, f);
	}
	if (conf.n)
		check_enabled(h, f);
	configured_release(&conf);
}
