// SPDX-License-Identifier: GPL-2.0
/* Follows overrides; lib/override.h describes their files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "file.h"
#include "model/model.h"
#include "model/pin.h"
#include "override.h"
#include "util/log.h"
#include "util/priority.h"
#include "util/retry.h"
#include "watch/override.h"

/* A file was written, added or removed, or the directory was. */
#define CHANGES (IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | \
		 IN_MOVE_SELF | IN_ONLYDIR)
/* IN_IGNORED: the directory was removed, or its file system unmounted. */
#define DIR_LOST (IN_IGNORED | IN_MOVE_SELF)

struct override_watch {
	sd_event *loop;
	struct model *m;
	const char *dir;
	sd_event_source *inotify;
	dev_t device;			/* of the directory that is watched */
	ino_t inode;
	sd_event_source *again;		/* begins a new watch */
	struct retry retry;
};

static void tell(const struct port *port, const struct override *o)
{
	static const char *const verbs[] = {
		[OVERRIDE_PIN] = "pinned to ", [OVERRIDE_PREFER] = "prefers ",
		[OVERRIDE_HOLD_OFF] = "held off",
	};
	const char *name = port->conf->name;

	if (o->kind == OVERRIDE_NONE)
		log_line(LOG_NOTICE, name,
			 "is no longer pinned or held off, and prefers no device");
	else
		log_line(LOG_NOTICE, name, "%s%s, by hand", verbs[o->kind],
			 o->dev);
}

/*
 * Warns of a pin only after the port was evaluated: when the daemon starts, it
 * reads the files before it knows any device.
 */
static void on_settled(struct port *port, void *arg)
{
	const char *name = port->conf->name;
	char why[sizeof(port->pin_why)];

	(void)arg;
	if (!pin_obstacle(port, why, sizeof(why))) {
		port->pin_why[0] = '\0';
		return;
	}
	/* A refusal has a log line of its own. */
	if (!port->refusals_n &&
	    log_is_new_cause(port->pin_why, sizeof(port->pin_why), why))
		log_line(LOG_WARNING, name,
			 "is pinned to %s, which %s; 'stabletap unpin %s' removes the pin",
			 port->override.dev, why, name);
}

/* While a file can't be read, the previous override stays in force. */
static void read_one(const struct override_watch *w, struct port *port)
{
	const char *name = port->conf->name;
	struct override o;
	int err = override_read(w->dir, name, &o);

	if (err) {
		log_line(LOG_WARNING, name, "can't read %s/%s: %s", w->dir,
			 name, err == -EINVAL ?
			 "its line is no override" : strerror(-err));
		return;
	}
	if (o.kind == port->override.kind &&
	    !strcmp(o.dev, port->override.dev))
		return;
	tell(port, &o);
	port->pin_why[0] = '\0';
	model_override(port, &o);
}

static void read_all(const struct override_watch *w)
{
	size_t i;

	for (i = 0; i < w->m->ports_n; i++)
		read_one(w, w->m->ports[i]);
}

/* ---- the directory ---- */

static void again_after(struct override_watch *w, uint64_t ns)
{
	sd_event_source_set_time_relative(w->again, ns / 1000);
	sd_event_source_set_enabled(w->again, SD_EVENT_ONESHOT);
}

static int on_change(sd_event_source *s, const struct inotify_event *event,
		     void *arg)
{
	struct override_watch *w = arg;
	struct port *port;

	(void)s;
	/* Don't replace the watch here: @s is being dispatched. */
	if (event->mask & DIR_LOST)
		again_after(w, 0);
	else if (event->mask & IN_Q_OVERFLOW)
		read_all(w);
	port = event->len ? model_port(w->m, event->name) : NULL;
	if (port)
		read_one(w, port);
	return 0;
}

static bool is_watched(const struct override_watch *w)
{
	struct stat sb;

	return w->inotify && !stat(w->dir, &sb) && sb.st_dev == w->device &&
	       sb.st_ino == w->inode;
}

static int watch_dir(struct override_watch *w)
{
	struct stat sb = { 0 };
	int err = file_make_dir(w->dir);

	w->inotify = sd_event_source_disable_unref(w->inotify);
	/* If another directory comes here meanwhile, it is watched again. */
	if (!err)
		stat(w->dir, &sb);
	w->device = sb.st_dev;
	w->inode = sb.st_ino;
	if (!err)
		err = sd_event_add_inotify(w->loop, &w->inotify, w->dir,
					   CHANGES, on_change, w);
	if (err >= 0)
		err = sd_event_source_set_priority(w->inotify,
						   PRIORITY_EVENTS);
	return err < 0 ? err : 0;
}

/* Watch before reading, so that no change in between is missed. */
static void watch_again(struct override_watch *w)
{
	int err = watch_dir(w);

	if (!err) {
		retry_reset(&w->retry);
	} else {
		if (!w->retry.failures)
			log_line(LOG_WARNING, NULL,
				 "can't watch %s: %s; retried until it succeeds",
				 w->dir, strerror(-err));
		again_after(w, retry_after(&w->retry, &retry_refused));
	}
	read_all(w);
}

static int on_again(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	watch_again(arg);
	return 0;
}

/*
 * If the directory is removed while a process has it open, the kernel reports
 * that only when that process closes it.  A watch is not replaced without need:
 * the kernel lets its end wait some milliseconds.
 */
static void on_configured(const struct conf *before, void *arg)
{
	struct override_watch *w = arg;

	(void)before;
	if (is_watched(w))
		read_all(w);
	else
		watch_again(w);
}

int override_start(sd_event *loop, struct model *m, const char *dir,
		   struct override_watch **out)
{
	static const struct model_ops ops = {
		.configured = on_configured, .port_settled = on_settled,
	};
	struct override_watch *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->loop = loop;
	w->m = m;
	w->dir = dir;
	*out = w;
	model_watch(m, &ops, w);
	err = sd_event_add_time(loop, &w->again, CLOCK_MONOTONIC, 0, 1000,
				on_again, w);
	if (err >= 0)
		err = sd_event_source_set_priority(w->again, PRIORITY_EVENTS);
	if (err >= 0)
		err = sd_event_source_set_enabled(w->again, SD_EVENT_OFF);
	return err < 0 ? err : watch_dir(w);
}

void override_stop(struct override_watch *w)
{
	if (!w)
		return;
	sd_event_source_disable_unref(w->inotify);
	sd_event_source_disable_unref(w->again);
	free(w);
}
