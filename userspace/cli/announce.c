// SPDX-License-Identifier: GPL-2.0
/* stabletap announce, stabletap activate */
#include <errno.h>
#include <string.h>

#include "report.h"
#include "verb.h"

enum { PORT };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED, "the port", NULL },
	{ .name = NULL },
};

static int report(struct cli *cli, int err, const char *name, int lower)
{
	struct stabletap_link link;

	refuse("can't announce port '%s': %s", name, strerror(-err));
	if (err == -EPERM)
		hint("this needs CAP_NET_RAW in the network namespace: run it "
		     "as root");
	if (err == -ENETDOWN && !stabletap_link_get(cli->st, lower, &link)) {
		hint("ip link set %s up", link.name);
		stabletap_link_release(&link);
	}
	return CLI_REFUSED;
}

/* Ends "quiet": sets the port up and announces it. */
static int run_activate(struct cli *cli, const struct call *call)
{
	const char *name = call->v[PORT];
	struct stabletap_link port;
	int status = CLI_DONE;
	int err = find_port(cli, name, &port);

	if (err)
		return err;
	err = stabletap_link_set_up(cli->st, port.ifindex, true);
	if (err)
		status = refused(cli, err, "can't set port '%s' up", name);
	else if (port.port.lower)
		err = stabletap_announce_rarp((int)port.port.lower, port.addr);
	if (!status && err)
		status = report(cli, err, name, (int)port.port.lower);
	stabletap_link_release(&port);
	return status;
}

const struct verb verb_activate = {
	.name = "activate",
	.aliases = "",
	.purpose = "set a port up that was attached quietly, and announce it",
	.example = "activate vm1",
	.words = words,
	.run = run_activate,
};

static int run_announce(struct cli *cli, const struct call *call)
{
	const char *name = call->v[PORT];
	struct stabletap_link port;
	struct stabletap_get get;
	int status = CLI_REFUSED;
	int err = find_port(cli, name, &port);

	if (err)
		return err;
	err = stabletap_port_get(cli->st, port.ifindex, &get);
	if (err) {
		refused(cli, err, "can't ask about port '%s'", name);
	} else if (!get.lower) {
		refuse("can't announce port '%s': it has no lower", name);
		hint("stabletap attach %s dev DEVICE", name);
	} else {
		err = stabletap_announce_rarp((int)get.lower, port.addr);
		status = err ? report(cli, err, name, (int)get.lower) :
			 CLI_DONE;
	}
	stabletap_link_release(&port);
	return status;
}

const struct verb verb_announce = {
	.name = "announce",
	.aliases = "",
	.purpose = "tell switches on which device the port's address is",
	.example = "announce vm1",
	.words = words,
	.run = run_announce,
};
