// SPDX-License-Identifier: GPL-2.0
/* What the operator asks for by hand, in files that override.h describes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "file.h"
#include "model/model.h"
#include "override.h"
#include "util/log.h"
#include "util/priority.h"
#include "watch/override.h"

static void tell(const struct port *port, const struct override *o)
{
	static const char *const verbs[] = {
		[OVERRIDE_PIN] = "pinned to ", [OVERRIDE_PREFER] = "prefers ",
		[OVERRIDE_HOLD_OFF] = "held off",
	};
	const char *name = port->conf->name;

	if (o->kind == OVERRIDE_NONE)
		log_line(LOG_NOTICE, name,
			 "nothing is asked for by hand any more");
	else
		log_line(LOG_NOTICE, name, "%s%s, by hand", verbs[o->kind],
			 o->dev);
	if (o->kind == OVERRIDE_PIN && !model_device_named(port->model, o->dev))
		log_line(LOG_WARNING, name,
			 "is pinned to %s, which does not exist; 'stabletap unpin %s' takes that back",
			 o->dev, name);
}

/* While a file can't be read, what it asked for before stays in force. */
static void read_one(struct port *port)
{
	const char *name = port->conf->name;
	struct override o;
	int err = override_read(STABLETAP_OVERRIDE_DIR, name, &o);

	if (err) {
		log_line(LOG_WARNING, name,
			 "can't read " STABLETAP_OVERRIDE_DIR "/%s: %s", name,
			 err == -EINVAL ? "its line can't be understood" :
			 strerror(-err));
		return;
	}
	if (o.kind == port->override.kind &&
	    !strcmp(o.dev, port->override.dev))
		return;
	tell(port, &o);
	model_override(port, &o);
}

static void read_all(struct model *m)
{
	size_t i;

	for (i = 0; i < m->ports_n; i++)
		read_one(m->ports[i]);
}

static int watch_dir(sd_event *loop, struct model *m);

static int on_change(sd_event_source *s, const struct inotify_event *event,
		     void *arg)
{
	struct model *m = arg;
	struct port *port;

	/* The directory is gone, and what was asked for with it. */
	if (event->mask & IN_IGNORED) {
		watch_dir(sd_event_source_get_event(s), m);
		sd_event_source_disable_unref(s);
	}
	/* Or some events were lost. */
	if (event->mask & (IN_IGNORED | IN_Q_OVERFLOW)) {
		read_all(m);
		return 0;
	}
	port = event->len ? model_port(m, event->name) : NULL;
	if (port)
		read_one(port);
	return 0;
}

static int watch_dir(sd_event *loop, struct model *m)
{
	sd_event_source *s = NULL;
	int err = file_make_dir(STABLETAP_OVERRIDE_DIR);

	if (!err)
		err = sd_event_add_inotify(loop, &s, STABLETAP_OVERRIDE_DIR,
					   IN_CLOSE_WRITE | IN_MOVED_TO |
					   IN_DELETE, on_change, m);
	if (err < 0)
		return err;
	sd_event_source_set_priority(s, PRIORITY_EVENTS);
	return sd_event_source_set_floating(s, 1);
}

static void on_configured(const struct conf *before, void *arg)
{
	(void)before;
	read_all(arg);
}

int override_start(sd_event *loop, struct model *m)
{
	static const struct model_ops ops = { .configured = on_configured };
	int err = watch_dir(loop, m);

	model_watch(m, &ops, m);
	return err < 0 ? err : 0;
}
