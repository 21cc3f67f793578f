// SPDX-License-Identifier: GPL-2.0
/* Logs a line for each event of a port. */
#include "model/model.h"
#include "tell/journal.h"
#include "util/log.h"

static void on_happened(struct port *port, const struct happening *w,
			void *arg)
{
	(void)port, (void)arg;
	if (w->detached)
		log_line(LOG_NOTICE, w->port,
			 "%s%s%s%s%s: %s, without a lower for %.3f s",
			 w->event, *w->from ? " from " : "", w->from,
			 *w->to ? " to " : "", w->to, w->why,
			 (double)w->detached / 1e9);
	else
		log_line(LOG_NOTICE, w->port, "%s%s%s%s%s: %s", w->event,
			 *w->from ? " from " : "", w->from,
			 *w->to ? " to " : "", w->to, w->why);
}

void journal_watch(struct model *m)
{
	static const struct model_ops ops = { .happened = on_happened };

	model_watch(m, &ops, NULL);
}
