// SPDX-License-Identifier: GPL-2.0
/* Removes orphaned children. */
#include <errno.h>

#include "act/act.h"
#include "act/sweep.h"
#include "util/log.h"

/* The model may lag behind: another process may use the child again. */
static int delete_if_unused(struct act *a, int ifindex)
{
	struct stabletap_link now;
	int err = stabletap_link_get(a->st, ifindex, &now);

	if (err)
		return err;
	if (now.master || !stabletap_child_is(&now, NULL))
		err = -ENODEV;
	stabletap_link_release(&now);
	return err ? err : stabletap_link_delete(a->st, ifindex);
}

/*
 * Deletes the old children of replaces that the port has no use for any more.
 * Returns how many orphans are left; a refused one is swept with those.
 */
static size_t delete_replaced(struct act *a)
{
	struct model *m = a->m;
	size_t left = m->orphans.n;
	size_t i;
	int err;

	for (i = m->replaced.n; i-- > 0;) {
		if (!idset_has(&m->orphans, m->replaced.v[i]))
			continue;
		err = delete_if_unused(a, m->replaced.v[i]);
		if (!err || err == -ENODEV)
			left--;
		idset_drop(&m->replaced, m->replaced.v[i]);
	}
	return left;
}

int sweep_children(struct act *a)
{
	unsigned int removed;
	int err;

	if (!delete_replaced(a))
		return 0;
	err = stabletap_child_sweep(a->st, STABLETAP_CHILD_ANY, &removed);
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
