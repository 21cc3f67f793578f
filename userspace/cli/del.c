// SPDX-License-Identifier: GPL-2.0
/* stabletap del */
#include <errno.h>
#include <string.h>

#include "cli.h"

int cmd_del(struct cli *cli, int argc, char **argv)
{
	struct args a = { "del", argc, argv };
	const char *name = args_next(&a);
	struct stabletap_link port;
	const char *word;
	uint32_t flags = 0;
	int err;

	if (!name)
		return usage("del: which port? 'stabletap del PORT'");
	while ((word = args_next(&a))) {
		/* Not abbreviated: a slip would cost a guest its network. */
		if (strcmp(word, "force") != 0)
			return usage("del: '%s' is unknown; only 'force', in "
				     "full, may follow the port", word);
		flags |= STABLETAP_DELETE_FORCE;
	}

	err = find_port(cli, name, &port);
	if (err)
		return err;
	err = stabletap_place_delete(cli->st, port.ifindex, flags);
	if (err) {
		refused(cli, err, "can't delete port '%s'", name);
		if (err == -EBUSY) {
			report_holders(cli, port.ifindex, name);
			hint("'stabletap del %s force' deletes it all the "
			     "same: the guest loses its network for good",
			     name);
		}
	}
	/* Children that an earlier run left behind. */
	if (!err)
		stabletap_child_sweep(cli->st, port.ifindex, NULL);
	stabletap_link_release(&port);
	return err ? CLI_REFUSED : CLI_DONE;
}
