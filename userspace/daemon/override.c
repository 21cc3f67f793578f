// SPDX-License-Identifier: GPL-2.0
/*
 * What the operator asks for by hand, until it is taken back or the machine
 * starts anew: a file for each port in OVERRIDE_DIR, written by the command,
 * with one line, "pin DEVICE" or "prefer DEVICE".
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <syslog.h>

#include "core.h"

void override_read(struct port *port)
{
	struct override o = { 0 };
	char path[128];
	char line[160];
	FILE *file;

	snprintf(path, sizeof(path), OVERRIDE_DIR "/%s", port->conf->name);
	file = fopen(path, "re");
	if (file) {
		if (fgets(line, sizeof(line), file)) {
			line[strcspn(line, "\n")] = '\0';
			o.pin = !strncmp(line, "pin ", 4);
			o.prefer = !strncmp(line, "prefer ", 7);
			if (override_is(&o))
				snprintf(o.dev, sizeof(o.dev), "%s",
					 strchr(line, ' ') + 1);
		}
		fclose(file);
	}
	if (!memcmp(&o, &port->override, sizeof(o)))
		return;
	port->daemon->by_hand_n -= override_is(&port->override);
	port->override = o;
	port->daemon->by_hand_n += override_is(&o);
	if (override_is(&o))
		log_port(LOG_NOTICE, port, "%s %s, by hand",
			 o.pin ? "pinned to" : "prefers", o.dev);
	else
		log_port(LOG_NOTICE, port, "nothing is asked for by hand any more");
	port_dirty(port);
}

static int on_change(sd_event_source *s, const struct inotify_event *event,
		     void *arg)
{
	struct daemon *d = arg;
	struct port *port;
	size_t i;

	/* The directory is gone, and what was asked for with it. */
	if (event->mask & IN_IGNORED) {
		sd_event_source_disable_unref(s);
		override_start(d);
	}
	/* Or some were lost. */
	if (event->mask & (IN_IGNORED | IN_Q_OVERFLOW)) {
		for (i = 0; i < d->ports_n; i++)
			override_read(&d->ports[i]);
		return 0;
	}
	port = event->len ? port_by_name(d, event->name) : NULL;
	if (port)
		override_read(port);
	return 0;
}

int override_start(struct daemon *d)
{
	int err;

	if ((mkdir("/run/stabletap", 0755) && errno != EEXIST) ||
	    (mkdir(OVERRIDE_DIR, 0755) && errno != EEXIST))
		return -errno;
	err = sd_event_add_inotify(d->loop, NULL, OVERRIDE_DIR,
				   IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE,
				   on_change, d);
	return err < 0 ? err : 0;
}
