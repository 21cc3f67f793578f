// SPDX-License-Identifier: GPL-2.0
/*
 * The files that are installed for udev and systemd-networkd.  A file of the
 * same name in /etc or /run replaces the installed one; an empty file, or a
 * symbolic link to /dev/null, masks it.
 */
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/tree.h"

#define UDEV "udev/rules.d"
#define NETWORK "systemd/network"

/* Earlier directories have precedence; the first two are not for packages. */
static const char *const dirs[] = {
	"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib",
};

#define DIRS_N (sizeof(dirs) / sizeof(*dirs))
#define DIRS_LOCAL 2

struct shipped {
	const char *dir;
	const char *name;
	const char *reader;	/* a file that is there if the reader runs */
	const char *missing, *masked, *overridden;	/* ids */
	const char *effect;	/* without it */
	const char *again;	/* what makes the reader read it again */
};

#define UDEV_AGAIN "udevadm control --reload"
#define NETWORKD_AGAIN "networkctl reload"

static const struct shipped files[] = {
	{ UDEV, "80-stabletap.rules", "/run/udev/control", "udev-rule-missing",
	  "udev-rule-masked", "udev-rule-overridden",
	  "network managers may take over ports, and /dev/stabletap.d/ lacks them",
	  UDEV_AGAIN },
	{ NETWORK, "80-stabletap.link", "/run/udev/control",
	  "link-file-missing", "link-file-masked", "link-file-overridden",
	  "udev may give ports another name or MAC address", UDEV_AGAIN },
	{ NETWORK, "80-stabletap-child.link", "/run/udev/control",
	  "link-file-missing", "link-file-masked", "link-file-overridden",
	  "udev may give children another name or MAC address", UDEV_AGAIN },
	{ NETWORK, "05-stabletap.network", "/run/systemd/netif/state",
	  "network-file-missing", "network-file-masked",
	  "network-file-overridden", "systemd-networkd may configure ports",
	  NETWORKD_AGAIN },
	{ NETWORK, "05-stabletap-child.network", "/run/systemd/netif/state",
	  "network-file-missing", "network-file-masked",
	  "network-file-overridden", "systemd-networkd may configure children",
	  NETWORKD_AGAIN },
};

/* Is there such a file in that directory?  A dangling link counts, too. */
static bool is_there(const struct host *h, const struct shipped *s, size_t dir)
{
	char target[TREE_PATH];

	return tree_target(h->root, target, sizeof(target), "%s/%s/%s",
			   dirs[dir], s->dir, s->name) ||
	       tree_has(h->root, "%s/%s/%s", dirs[dir], s->dir, s->name);
}

static bool is_mask(const struct host *h, const struct shipped *s, size_t dir)
{
	char target[TREE_PATH];
	size_t len = 0;
	char *text;

	if (tree_target(h->root, target, sizeof(target), "%s/%s/%s", dirs[dir],
			s->dir, s->name) && !strcmp(target, "/dev/null"))
		return true;
	text = tree_text(h->root, &len, "%s/%s/%s", dirs[dir], s->dir, s->name);
	free(text);
	return text && !len;
}

static bool is_same(const struct host *h, const struct shipped *s, size_t a,
		    size_t b)
{
	char *x = tree_text(h->root, NULL, "%s/%s/%s", dirs[a], s->dir,
			    s->name);
	char *y = tree_text(h->root, NULL, "%s/%s/%s", dirs[b], s->dir,
			    s->name);
	bool same = x && y && !strcmp(x, y);

	free(x);
	free(y);
	return same;
}

/* Returns the first directory from @first on that has the file, or DIRS_N. */
static size_t find(const struct host *h, const struct shipped *s, size_t first)
{
	while (first < DIRS_N && !is_there(h, s, first))
		first++;
	return first;
}

static void check_file(const struct host *h, const struct shipped *s,
		       struct findings *f)
{
	size_t used = find(h, s, 0), own = find(h, s, DIRS_LOCAL);

	if (used == DIRS_N) {
		finding_warning(f, s->missing, NULL,
				"%s is not installed, so %s", s->name,
				s->effect);
		finding_remedy(f, "install it: 'make install' does so, and '%s' afterwards",
			       s->again);
	} else if (is_mask(h, s, used)) {
		finding_warning(f, s->masked, NULL, "%s/%s/%s masks %s, so %s",
				dirs[used], s->dir, s->name, s->name,
				s->effect);
		finding_remedy(f, "rm %s/%s/%s, and '%s'",
			       dirs[used], s->dir, s->name, s->again);
	} else if (used < DIRS_LOCAL && own < DIRS_N &&
		   !is_same(h, s, used, own)) {
		finding_warning(f, s->overridden, NULL,
				"%s/%s/%s is used instead of %s/%s/%s, and differs, so %s",
				dirs[used], s->dir, s->name, dirs[own], s->dir,
				s->name, s->effect);
		finding_remedy(f, "remove %s/%s/%s, or bring it up to date, and run '%s'",
			       dirs[used], s->dir, s->name, s->again);
	}
}

void check_shipped(const struct host *h, struct findings *f)
{
	size_t i;

	if (!h->is_local)
		return;
	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (tree_has(h->root, "%s", files[i].reader))
			check_file(h, &files[i], f);
}
