// SPDX-License-Identifier: GPL-2.0
/* The command stabletap: from the command line to the exit status. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "help.h"
#include "netns.h"
#include "parse.h"
#include "report.h"
#include "verbs.h"

static int run_verb(struct cli *cli, const struct call *call)
{
	int status = cli->netns ? netns_enter(cli->netns) : 0;
	int err;

	if (status)
		return status;
	err = stabletap_open(&cli->st);
	if (err)
		return refuse("can't open a netlink socket: %s",
			      strerror(-err));
	status = call->verb->run(cli, call);
	stabletap_close(cli->st);
	return status;
}

static int run(struct cli *cli, char **argv)
{
	struct call call;
	int status = parse_line(cli, argv, &call);

	if (status)
		return status;
	if (cli->version)
		call.verb = &verb_version;
	else if (cli->help)
		return help_explain(cli, call.verb);
	else if (!call.verb)
		return help_print(cli->verbs, stderr), CLI_USAGE;
	return run_verb(cli, &call);
}

/* Output that can't be written is a failure, even if the verb succeeded. */
static int finish(int status)
{
	bool lost = fflush(stdout) || ferror(stdout);

	if (lost && !status)
		status = refuse("can't write the output");
	return status;
}

int main(int argc, char **argv)
{
	/* If the reader goes away (head), report that as any other error. */
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct cli cli = {
		.verbs = verbs,
		.socket = STABLETAP_SOCKET, .overrides = STABLETAP_OVERRIDE_DIR,
	};

	file_keep_standard();
	sigaction(SIGPIPE, &ignore, &cli.sigpipe);
	return finish(run(&cli, argc ? argv + 1 : argv));
}
