// SPDX-License-Identifier: GPL-2.0
/* Watches for the control device, which shows that the module was loaded. */
#include <string.h>
#include <sys/inotify.h>

#include "model/model.h"
#include "watch/devnode.h"

static int on_dev(sd_event_source *s, const struct inotify_event *event,
		  void *arg)
{
	struct model *m = arg;
	size_t i;

	(void)s;
	if (event->len && strcmp(event->name, STABLETAP_KIND) != 0)
		return 0;
	for (i = 0; i < m->ports_n; i++) {
		m->ports[i]->create_until = 0;
		port_mark(m->ports[i]);
	}
	return 0;
}

int devnode_start(sd_event *loop, struct model *m)
{
	int err = sd_event_add_inotify(loop, NULL, "/dev", IN_CREATE, on_dev,
				       m);

	return err < 0 ? err : 0;
}
