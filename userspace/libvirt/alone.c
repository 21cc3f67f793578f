// SPDX-License-Identifier: GPL-2.0
/*
 * A port without the daemon.  When stabletapd starts, it reads the domain's
 * file and takes over the port.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "alone.h"
#include "say.h"

#define MS_NS 1000000ULL

static int create(struct stabletap *st, const struct conf_port *conf)
{
	struct stabletap_create r = {
		.mtu = conf->mtu, .queues = conf->queues,
		.on_detach = conf->on_detach,
		.hold_frames = conf->hold_frames,
		.hold_bytes = conf->hold_bytes,
	};
	int err;

	if (conf->hold_time != CONF_SPAN_NONE)
		r.hold_time = (uint32_t)((conf->hold_time + MS_NS - 1) / MS_NS);
	strncpy(r.name, conf->name, sizeof(r.name) - 1);
	if (conf->mac_set)
		memcpy(r.mac, conf->mac, sizeof(r.mac));
	err = stabletap_port_create(st, &r);
	if (!err && !conf->quiet)
		err = stabletap_link_set_up(st, (int)r.port, true);
	if (err)
		say(LOG_ERR, conf->name, "can't be made: %s",
		    *stabletap_message(st) ? stabletap_message(st) :
		    strerror(-err));
	return err;
}

/* What the other words of Candidate= mean, only the daemon knows. */
static bool is_name(const struct conf_selector *s)
{
	return s->name && !strpbrk(s->name, "*?[\\") && !s->mac_set &&
	       !s->path && !s->driver && !s->property && !s->phys_port &&
	       !s->vlan_create && s->vlan < 0 && s->vf < 0 && !s->pool;
}

static bool exists(struct stabletap *st, const char *name)
{
	struct stabletap_link link;

	if (stabletap_link_find(st, name, &link))
		return false;
	stabletap_link_release(&link);
	return true;
}

/* The command is installed beside this program. */
static bool find_command(char *buf, size_t size)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len < 0)
		return false;
	self[len] = '\0';
	return snprintf(buf, size, "%s/stabletap", dirname(self)) < (int)size;
}

/* The command has the checks that protect the host's own network. */
static bool attach(const struct conf_port *conf, const char *dev,
		   enum stabletap_mode mode)
{
	const char *argv[] = {
		"stabletap", "attach", conf->name, "dev", dev, "mode",
		stabletap_mode_name(mode), conf->filter ? "filter" : NULL, NULL,
	};
	char *const env[] = { NULL };
	char path[PATH_MAX];
	int status = -1;
	pid_t pid;

	if (!find_command(path, sizeof(path)) ||
	    posix_spawn(&pid, path, NULL, NULL, (char *const *)argv, env))
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return !status;
}

void alone_make(struct stabletap *st, const struct conf_port *conf)
{
	const struct conf_candidate *c;
	const char *dev = NULL;
	size_t i;

	if (create(st, conf))
		return;
	for (i = 0; i < conf->candidates.n && !dev; i++) {
		c = &conf->candidates.v[i];
		if (is_name(c->selector) && exists(st, c->selector->name))
			dev = c->selector->name;
	}
	if (!dev)
		say(LOG_WARNING, conf->name, "made, but without stabletapd it gets no device: no candidate is a device's name alone, or none exists; 'systemctl start stabletapd'");
	else if (conf->quiet)
		say(LOG_WARNING, conf->name, "made, but without stabletapd it gets no device, since it is Quiet; 'systemctl start stabletapd'");
	else if (attach(conf, dev, c->mode_set ? c->mode : conf->mode))
		say(LOG_WARNING, conf->name, "made, and attached to %s; stabletapd does not run, so the port does not follow its candidates",
		    dev);
	else
		say(LOG_WARNING, conf->name, "made, but it can't be attached to %s; 'stabletap attach %s dev %s' says why",
		    dev, conf->name, dev);
}
