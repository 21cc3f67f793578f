// SPDX-License-Identifier: GPL-2.0
/* Having a physical function make its virtual ones. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "pool.h"

struct maker {
	unsigned int count;
	char pf[STABLETAP_NAME_SIZE];
	char pool[64];
	char dir[128];		/* of the PF, in sysfs */
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

/*
 * Without a look at sriov_numvfs: that waits for whoever changes it, and here
 * nothing may wait.
 */
static unsigned int count_vfs(const struct maker *maker)
{
	char path[160];
	char name[64];
	unsigned int n = 0;

	do
		snprintf(path, sizeof(path), "%s/virtfn%u", maker->dir, n);
	while (select_target(path, name, sizeof(name)) && ++n);
	return n;
}

static void say_failed(const struct maker *maker, int err)
{
	const char *why = err == ENOENT ? "it can have none" : strerror(err);

	log_port(LOG_ERR, NULL, "can't make %u VFs on %s: %s%s", maker->count,
		 maker->pf, why, err == EROFS ?
		 "; the service needs ReadWritePaths=/sys/devices" : "");
}

static int on_made(sd_event_source *s, const siginfo_t *si, void *arg)
{
	const struct maker *maker = arg;
	int err = si->si_code == CLD_EXITED ? si->si_status : EINTR;
	unsigned int n;

	(void)s;
	if (!err) {
		log_port(LOG_NOTICE, NULL, "made %u VFs on %s", maker->count,
			 maker->pf);
		return 0;
	}
	if (err != EEXIST) {
		say_failed(maker, err);
		return 0;
	}
	n = count_vfs(maker);
	if (n && n != maker->count)
		log_port(LOG_WARNING, NULL,
			 "%s has %u VFs already, not the %u of pool '%s'; other numbers would take them away from who has them",
			 maker->pf, n, maker->count, maker->pool);
	return 0;
}

/* Whoever else is making some is waited for: it is the child that reads. */
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

/* Loading a driver for each takes seconds, so a child waits for it. */
static int maker_start(struct daemon *d, struct maker *maker)
{
	sd_event_source *s = NULL;
	pid_t pid = vfs_fork();
	int err;

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(make(maker));
	err = sd_event_add_child(d->loop, &s, pid, WEXITED, on_made, maker);
	if (err < 0)
		return err;
	sd_event_source_set_destroy_callback(s, free);
	sd_event_source_set_floating(s, 1);
	sd_event_source_unref(s);
	return 0;
}

/* Once for each PF: who takes them away by hand later means it. */
static bool is_tried(struct pools *p, int pf)
{
	size_t i;
	int *v;

	for (i = 0; i < p->tried_n; i++)
		if (p->tried[i] == pf)
			return true;
	v = realloc(p->tried, (p->tried_n + 1) * sizeof(*v));
	if (!v)
		return true;
	p->tried = v;
	v[p->tried_n++] = pf;
	return false;
}

void pool_make_vfs(struct pools *p, const struct conf_pool *pool,
		   const struct conf_selector *s,
		   const struct stabletap_link *pf)
{
	struct maker *maker;
	int err;

	(void)s;
	/* Those of a PF that is down come up without it. */
	if (!pool->vf_count || !(pf->flags & IFF_UP) ||
	    is_tried(p, pf->ifindex))
		return;
	maker = calloc(1, sizeof(*maker));
	if (!maker)
		return;
	maker->count = pool->vf_count;
	memcpy(maker->pf, pf->name, sizeof(maker->pf));
	snprintf(maker->pool, sizeof(maker->pool), "%s", pool->name);
	snprintf(maker->dir, sizeof(maker->dir), "/sys/bus/%s/devices/%s",
		 pf->parent_bus, pf->parent_dev);
	err = maker_start(p->daemon, maker);
	if (err < 0) {
		say_failed(maker, -err);
		free(maker);
	}
}
