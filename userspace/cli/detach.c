// SPDX-License-Identifier: GPL-2.0
/* stabletap detach */
#include "managed.h"
#include "report.h"
#include "verb.h"

enum { PORT };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED, "the port", NULL },
	{ .name = NULL },
};

static int run(struct cli *cli, const struct call *call)
{
	const char *name = call->v[PORT];
	struct stabletap_link port;
	int err = find_port(cli, name, &port);

	if (err)
		return err;
	err = stabletap_place_remove(cli->st, port.ifindex, 0);
	if (err)
		refused(cli, err, "can't detach port '%s'", name);
	else
		managed_note_detach(cli, name);
	/* Children that an earlier run left behind, attached or not */
	stabletap_child_sweep(cli->st, port.ifindex, NULL);
	stabletap_link_release(&port);
	return err ? CLI_REFUSED : CLI_DONE;
}

const struct verb verb_detach = {
	.name = "detach",
	.aliases = "",
	.purpose = "take a port's lower away",
	.example = "detach vm1",
	.words = words,
	.run = run,
};
