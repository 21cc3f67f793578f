// SPDX-License-Identifier: GPL-2.0
/* Removes orphaned children. */
#include "act/act.h"
#include "act/sweep.h"
#include "util/log.h"

int sweep_children(struct act *a)
{
	unsigned int removed;
	int err = stabletap_child_sweep(a->st, STABLETAP_CHILD_ANY, &removed);

	if (removed)
		log_line(LOG_NOTICE, NULL,
			 "removed %u children that no port used", removed);
	/* The command works on a port: retry when it has finished. */
	if (err && !act_is_busy(err))
		log_line(LOG_WARNING, NULL,
			 "can't remove children that no port uses: %s",
			 act_why(a, err));
	return err;
}
