// SPDX-License-Identifier: GPL-2.0
/* stabletap announce */
#include <errno.h>
#include <string.h>

#include "cli.h"

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

/* The end of "quiet": it sends and receives from now on, and says so. */
int cmd_activate(struct cli *cli, int argc, char **argv)
{
	struct args a = { "activate", argc, argv };
	const char *name = args_next(&a);
	struct stabletap_link port;
	int status = CLI_DONE;
	int err;

	if (!name)
		return usage("activate: which port? 'stabletap activate PORT'");
	if (a.n)
		return usage("activate: '%s' is too much; only a port is "
			     "expected", *a.v);

	err = find_port(cli, name, &port);
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

int cmd_announce(struct cli *cli, int argc, char **argv)
{
	struct args a = { "announce", argc, argv };
	const char *name = args_next(&a);
	struct stabletap_link port;
	struct stabletap_get get;
	int status = CLI_REFUSED;
	int err;

	if (!name)
		return usage("announce: which port? 'stabletap announce PORT'");
	if (a.n)
		return usage("announce: '%s' is too much; only a port is "
			     "expected", *a.v);

	err = find_port(cli, name, &port);
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
