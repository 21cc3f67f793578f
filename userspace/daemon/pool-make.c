// SPDX-License-Identifier: GPL-2.0
/* Having a physical function make its virtual ones. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "pool.h"

struct maker {
	unsigned int count;
	char pf[STABLETAP_NAME_SIZE];
};

static int on_made(sd_event_source *s, const siginfo_t *si, void *arg)
{
	const struct maker *maker = arg;
	int err = si->si_code == CLD_EXITED ? si->si_status : EINTR;

	(void)s;
	if (!err)
		log_port(LOG_NOTICE, NULL, "made %u VFs on %s", maker->count,
			 maker->pf);
	else
		log_port(LOG_ERR, NULL, "can't make %u VFs on %s: %s%s",
			 maker->count, maker->pf, strerror(err),
			 err == EROFS ? "; the service needs ReadWritePaths=/sys/devices" :
			 "");
	return 0;
}

/* Loading a driver for each takes seconds, so a child waits for it. */
static int spawn_maker(struct daemon *d, const char *path,
		       const struct stabletap_link *pf, unsigned int count)
{
	sd_event_source *s = NULL;
	struct maker *maker;
	pid_t pid = fork();
	int err, fd;

	if (pid < 0)
		return -errno;
	if (!pid) {
		/* It may outlive the daemon: not with its lock and sockets. */
		close_range(3, ~0U, 0);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		_exit(fd >= 0 && dprintf(fd, "%u", count) > 0 ? 0 : errno);
	}
	maker = calloc(1, sizeof(*maker));
	if (!maker)
		return -ENOMEM;
	maker->count = count;
	memcpy(maker->pf, pf->name, sizeof(maker->pf));
	err = sd_event_add_child(d->loop, &s, pid, WEXITED, on_made, maker);
	if (err < 0) {
		free(maker);
		return err;
	}
	sd_event_source_set_destroy_callback(s, free);
	sd_event_source_set_floating(s, 1);
	sd_event_source_unref(s);
	return 0;
}

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
	unsigned int n = 0;
	char path[160];
	int err;

	(void)s;
	/* Those of a PF that is down come up without it. */
	if (!pool->vf_count || !(pf->flags & IFF_UP) ||
	    is_tried(p, pf->ifindex))
		return;
	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/sriov_numvfs",
		 pf->parent_bus, pf->parent_dev);
	err = read_number(path, &n);
	if (!err && !n)
		err = spawn_maker(p->daemon, path, pf, pool->vf_count);
	if (err)
		log_port(LOG_ERR, NULL, "can't make VFs on %s: %s", pf->name,
			 err == -ENOENT ? "it can have none" : strerror(-err));
	else if (n && n != pool->vf_count)
		log_port(LOG_WARNING, NULL,
			 "%s has %u VFs already, not the %u of pool '%s'; other numbers would take them away from who has them",
			 pf->name, n, pool->vf_count, pool->name);
}
