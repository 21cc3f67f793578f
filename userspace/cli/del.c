// SPDX-License-Identifier: GPL-2.0
/* stabletap del */
#include <errno.h>

#include "managed.h"
#include "report.h"
#include "verb.h"

enum { PORT, FORCE };

/* No abbreviation: a typo would cost a guest its network. */
static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED, "the port", NULL },
	[FORCE] = { "force", NULL, WORD_WHOLE,
		    "although it is open: the guest loses its network", NULL },
	{ .name = NULL },
};

static void give_hints(struct cli *cli, int ifindex, const char *name)
{
	report_holders(cli, ifindex, name);
	hint("'stabletap del %s force' deletes it anyway: the guest has no "
	     "network until it is restarted", name);
}

static int run(struct cli *cli, const struct call *call)
{
	const char *name = call->v[PORT];
	struct stabletap_link port;
	int err = find_port(cli, name, &port);

	if (err)
		return err;
	err = stabletap_place_delete(cli->st, port.ifindex, call->v[FORCE] ?
				     STABLETAP_DELETE_FORCE : 0);
	if (err) {
		refused(cli, err, "can't delete port '%s'", name);
		if (err == -EBUSY)
			give_hints(cli, port.ifindex, name);
	} else {
		/* Children that an earlier run left behind */
		stabletap_child_sweep(cli->st, port.ifindex, NULL);
		managed_note_delete(cli, name);
	}
	stabletap_link_release(&port);
	return err ? CLI_REFUSED : CLI_DONE;
}

const struct verb verb_del = {
	.name = "del",
	.aliases = "delete rm remove",
	.purpose = "delete a port and what was made for it",
	.example = "del vm1",
	.words = words,
	.run = run,
};
