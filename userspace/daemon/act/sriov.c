// SPDX-License-Identifier: GPL-2.0
/*
 * Creates VFs, and waits until they are complete.
 *
 * A VF's device appears before the PF's driver has created all VFs.  igb gives
 * all of them their defaults (address, spoof check, trust) after the last one
 * has been probed, and then sets itself down and up.  A VF that was set up
 * before that loses its settings, and may never find its PF.  A read of
 * sriov_numvfs waits until the creation is complete, because the kernel holds
 * the PF's lock during it.  This may take seconds, so a child process does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "act/act.h"
#include "act/sriov.h"
#include "util/log.h"

/*
 * A child process that waits for a PF.  The VFs that exist when it starts are
 * complete when it ends.
 */
struct waiter {
	struct waiter *next;
	struct sriov *owner;
	char pf[sizeof(((struct device *)0)->pf)];
	struct idset vfs;
	sd_event_source *child;
};

struct sriov {
	struct act *act;
	struct waiter *waiters;
};

/* Forks a process for calls that may block longer than the daemon lives. */
static pid_t fork_apart(void)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid)
		return pid;
	/* The process must not inherit the daemon's lock. */
	close_range(3, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

/* ---- waiting ---- */

static void waiter_free(struct waiter *w)
{
	struct waiter **at = &w->owner->waiters;

	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
	sd_event_source_disable_unref(w->child);
	idset_release(&w->vfs);
	free(w);
}

static void end_wait(struct waiter *w)
{
	struct model *m = w->owner->act->m;
	struct device *dev;
	size_t i;

	for (i = 0; i < m->devices_n; i++) {
		dev = m->devices[i];
		if (strcmp(dev->pf, w->pf) != 0)
			continue;
		/* VFs that have appeared meanwhile need another wait. */
		dev->vfs = idset_has(&w->vfs, dev->link.ifindex) ? VFS_MADE :
			   VFS_UNKNOWN;
		model_facts_changed(m, dev->link.ifindex);
	}
	waiter_free(w);
}

static int on_made(sd_event_source *s, const siginfo_t *si, void *arg)
{
	(void)s, (void)si;
	end_wait(arg);
	return 0;
}

static _Noreturn void wait_and_exit(const char *bus, const char *pf)
{
	char path[160], number[16];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/sriov_numvfs",
		 bus, pf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	_exit(fd < 0 || read(fd, number, sizeof(number)) < 0);
}

static int waiter_start(struct waiter *w, const char *bus)
{
	pid_t pid = fork_apart();
	int err;

	if (!pid)
		wait_and_exit(bus, w->pf);
	if (pid < 0)
		return -errno;
	err = sd_event_add_child(w->owner->act->loop, &w->child, pid, WEXITED,
				 on_made, w);
	return err < 0 ? err : 0;
}

static struct waiter *waiter_new(struct sriov *s, const struct device *vf)
{
	struct waiter *w = calloc(1, sizeof(*w));
	struct model *m = s->act->m;
	size_t i;

	if (!w)
		return NULL;
	w->owner = s;
	memcpy(w->pf, vf->pf, sizeof(w->pf));
	for (i = 0; i < m->devices_n; i++)
		if (!strcmp(m->devices[i]->pf, vf->pf)) {
			idset_add(&w->vfs, m->devices[i]->link.ifindex);
			m->devices[i]->vfs = VFS_AWAITED;
		}
	w->next = s->waiters;
	s->waiters = w;
	return w;
}

void sriov_await(struct sriov *s, struct device *vf)
{
	struct waiter *w;

	for (w = s->waiters; w; w = w->next)
		if (!strcmp(w->pf, vf->pf))
			break;
	/* The VF has appeared during a wait, so another wait follows. */
	if (w) {
		vf->vfs = VFS_AWAITED;
		return;
	}
	w = waiter_new(s, vf);
	if (!w) {
		vf->vfs = VFS_MADE;
		model_facts_changed(s->act->m, vf->link.ifindex);
		return;
	}
	/* Without a process to wait, use the VFs as they are. */
	if (waiter_start(w, vf->link.parent_bus))
		end_wait(w);
}

/* ---- creating ---- */

struct maker {
	unsigned int count;
	char pf[STABLETAP_NAME_SIZE];
	char pool[64];
	char dir[128];		/* the PF's directory in sysfs */
};

static int read_number(const char *path, unsigned int *n)
{
	FILE *file = fopen(path, "re");
	char line[16];
	int err = 0;

	if (!file)
		return -errno;
	if (fgets(line, sizeof(line), file))
		*n = (unsigned int)strtoul(line, NULL, 10);
	else
		err = -EIO;
	fclose(file);
	return err;
}

/* Counts VFs without reading sriov_numvfs, which would block. */
static unsigned int count_vfs(const struct maker *maker)
{
	char path[160];
	unsigned int n = 0;

	do
		snprintf(path, sizeof(path), "%s/virtfn%u", maker->dir, n);
	while (!access(path, F_OK) && ++n);
	return n;
}

static void tell_failure(const struct maker *maker, int err)
{
	const char *why = err == ENOENT ? "it does not support VFs" : strerror(err);

	log_line(LOG_ERR, NULL, "can't make %u VFs on %s: %s%s", maker->count,
		 maker->pf, why, err == EROFS ?
		 "; the service needs ReadWritePaths=/sys/devices" : "");
}

static int on_maker(sd_event_source *s, const siginfo_t *si, void *arg)
{
	const struct maker *maker = arg;
	int err = si->si_code == CLD_EXITED ? si->si_status : EINTR;
	unsigned int n;

	(void)s;
	if (!err) {
		log_line(LOG_NOTICE, NULL, "made %u VFs on %s", maker->count,
			 maker->pf);
		return 0;
	}
	if (err != EEXIST) {
		tell_failure(maker, err);
		return 0;
	}
	n = count_vfs(maker);
	if (n && n != maker->count)
		log_line(LOG_WARNING, NULL,
			 "%s has %u VFs already, not the %u of pool '%s'; these are kept, for a change of the number would remove VFs in use",
			 maker->pf, n, maker->count, maker->pool);
	return 0;
}

/* Runs in the child process: it waits for programs that are creating VFs. */
static int make(const struct maker *maker)
{
	unsigned int n = 0;
	char path[160];
	int err, fd;

	snprintf(path, sizeof(path), "%s/sriov_numvfs", maker->dir);
	err = read_number(path, &n);
	if (err || n)
		return err ? -err : EEXIST;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && dprintf(fd, "%u", maker->count) > 0 ? 0 : errno;
}

static int maker_start(struct sriov *sriov, struct maker *maker)
{
	sd_event_source *s = NULL;
	pid_t pid = fork_apart();
	int err;

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(make(maker));
	err = sd_event_add_child(sriov->act->loop, &s, pid, WEXITED, on_maker,
				 maker);
	if (err < 0)
		return err;
	sd_event_source_set_destroy_callback(s, free);
	sd_event_source_set_floating(s, 1);
	sd_event_source_unref(s);
	return 0;
}

void sriov_make(struct sriov *s, const struct conf_pool *pool,
		struct device *pf)
{
	struct maker *maker;
	int err;

	/* VFs that are created under a PF that is down fail to reach it. */
	if (!pool->vf_count || !(pf->link.flags & IFF_UP) || pf->vf.tried)
		return;
	/*
	 * Once for each PF: VFs that the operator removes are not made again.
	 */
	pf->vf.tried = true;
	maker = calloc(1, sizeof(*maker));
	if (!maker)
		return;
	maker->count = pool->vf_count;
	memcpy(maker->pf, pf->link.name, sizeof(maker->pf));
	snprintf(maker->pool, sizeof(maker->pool), "%s", pool->name);
	snprintf(maker->dir, sizeof(maker->dir), "/sys/bus/%s/devices/%s",
		 pf->link.parent_bus, pf->link.parent_dev);
	err = maker_start(s, maker);
	if (err < 0) {
		tell_failure(maker, -err);
		free(maker);
	}
}

/* ---- beginning and end ---- */

struct sriov *sriov_new(struct act *a)
{
	struct sriov *s = calloc(1, sizeof(*s));

	if (s)
		s->act = a;
	return s;
}

void sriov_free(struct sriov *s)
{
	while (s && s->waiters)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
		waiter_free(s->waiters);
	free(s);
}
