// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting until VFs are made.
 *
 * A VF has its device before the PF's driver is done with making it: igb gives
 * all of them their defaults (address, spoof check, trust) after the last one
 * has been probed, and then sets itself down and up; a VF that was set up
 * before that has lost what it was given, and may never find its PF.  Whoever
 * reads sriov_numvfs waits until then, for the kernel holds the PF's lock.  It
 * may take seconds, so a child does that.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core.h"

#define VFS_NAME_SIZE sizeof(((struct stabletap_link *)0)->parent_dev)

/* One that waits for a PF; the VFs that it had before are made thereafter. */
struct vfs_wait {
	struct vfs_wait *next;
	struct daemon *daemon;
	char pf[VFS_NAME_SIZE];
	struct set devs;
	sd_event_source *child;
};

pid_t vfs_fork(void)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid)
		return pid;
	/* It may outlive the daemon, whose lock it must not keep. */
	close_range(3, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

static void wait_free(struct vfs_wait *w)
{
	sd_event_source_disable_unref(w->child);
	free(w->devs.v);
	free(w);
}

static int on_made(sd_event_source *s, const siginfo_t *si, void *arg)
{
	struct vfs_wait *w = arg, **p;
	struct daemon *d = w->daemon;
	size_t i;

	(void)s, (void)si;
	for (p = &d->vfs_waits; *p != w;)
		p = &(*p)->next;
	*p = w->next;
	for (i = 0; i < w->devs.n; i++) {
		if (stabletap_links_find(&d->links, w->devs.v[i]))
			set_make(&d->made, w->devs.v[i], true);
		pools_look(d, w->devs.v[i]);
	}
	wait_free(w);
	/* Those that have come meanwhile are waited for in turn. */
	for (i = 0; i < d->links.n; i++)
		select_initialized(d, d->links.v[i]);
	return 0;
}

static void wait_and_exit(const char *bus, const char *pf)
{
	char path[160];
	char number[16];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/sriov_numvfs",
		 bus, pf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	_exit(fd < 0 || read(fd, number, sizeof(number)) < 0);
}

static int wait_start(struct daemon *d, const char *bus, const char *pf)
{
	struct vfs_wait *w = calloc(1, sizeof(*w));
	char name[sizeof(w->pf)];
	size_t i;
	pid_t pid;
	int err;

	if (!w)
		return -ENOMEM;
	w->daemon = d;
	memcpy(w->pf, pf, sizeof(w->pf));
	for (i = 0; i < d->links.n; i++) {
		const struct stabletap_link *link = d->links.v[i];

		if (!strcmp(link->parent_bus, bus) &&
		    select_physical(bus, link->parent_dev, name,
				    sizeof(name)) && !strcmp(name, pf))
			set_make(&w->devs, link->ifindex, true);
	}
	pid = vfs_fork();
	if (!pid)
		wait_and_exit(bus, pf);
	err = pid < 0 ? -errno : sd_event_add_child(d->loop, &w->child, pid,
						    WEXITED, on_made, w);
	if (err < 0) {
		wait_free(w);
		return err;
	}
	w->next = d->vfs_waits;
	d->vfs_waits = w;
	return 0;
}

bool vfs_made(struct daemon *d, const struct stabletap_link *link)
{
	const struct vfs_wait *w;
	char pf[sizeof(w->pf)];

	if (set_has(&d->made, link->ifindex))
		return true;
	if (select_physical(link->parent_bus, link->parent_dev, pf,
			    sizeof(pf))) {
		for (w = d->vfs_waits; w; w = w->next)
			if (!strcmp(w->pf, pf))
				return false;
		if (!wait_start(d, link->parent_bus, pf))
			return false;
	}
	set_make(&d->made, link->ifindex, true);
	return true;
}

void vfs_free(struct daemon *d)
{
	struct vfs_wait *w, *next;

	for (w = d->vfs_waits; w; w = next) {
		next = w->next;
		wait_free(w);
	}
	d->vfs_waits = NULL;
	free(d->made.v);
}
