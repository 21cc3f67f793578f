// SPDX-License-Identifier: GPL-2.0
/* Logs a line for each event of a port. */
#include <stdio.h>

#include "model/model.h"
#include "tell/journal.h"
#include "util/log.h"

static void on_happened(struct port *port, const struct happening *w,
			void *arg)
{
	char gap[64] = "";

	(void)port, (void)arg;
	if (w->detached)
		snprintf(gap, sizeof(gap), ", without a lower for %.3f s",
			 (double)w->detached / 1e9);
	log_line(LOG_NOTICE, w->port, "%s%s%s%s%s%s%s%s", w->event,
		 *w->from ? " from " : "", w->from, *w->to ? " to " : "",
		 w->to, *w->why ? ": " : "", w->why, gap);
}

void journal_watch(struct model *m)
{
	static const struct model_ops ops = { .happened = on_happened };

	model_watch(m, &ops, NULL);
}
