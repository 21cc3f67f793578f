// SPDX-License-Identifier: GPL-2.0
/* stabletap detach */
#include <errno.h>

#include "cli.h"

int cmd_detach(struct cli *cli, int argc, char **argv)
{
	struct args a = { "detach", argc, argv };
	const char *name = args_next(&a);
	struct stabletap_link port;
	int err;

	if (!name)
		return usage("detach: which port? 'stabletap detach PORT'");
	if (a.n)
		return usage("detach: '%s' is too much; only a port is "
			     "expected", *a.v);

	err = find_port(cli, name, &port);
	if (err)
		return err;
	err = stabletap_place_remove(cli->st, port.ifindex, 0);
	if (err)
		refused(cli, err, "can't detach port '%s'", name);
	/* Children that an earlier run left behind, attached or not. */
	stabletap_child_sweep(cli->st, port.ifindex, NULL);
	stabletap_link_release(&port);
	return err ? CLI_REFUSED : CLI_DONE;
}
