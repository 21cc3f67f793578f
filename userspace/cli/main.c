// SPDX-License-Identifier: GPL-2.0
/* The command stabletap: options, and the table of verbs. */
#include <string.h>

#include "cli.h"

#define MAX_VERBS 24

static const struct verb verbs[] = {
	{ "add", cmd_add,
	  "PORT [address MAC] [mtu N] [queues N] [owner USER] [group GROUP]\n"
	  "           [perm MODE] [on-detach drop|hold] [down]" },
	{ "del", cmd_del, "PORT [force]" },
	{ "delete", cmd_del, NULL },
	{ "attach", cmd_attach,
	  "PORT dev DEVICE [mode bridge|vepa|private|passthru|direct]\n"
	  "           [replace] [filter|promisc] [quiet] [force]" },
	{ "detach", cmd_detach, "PORT" },
	{ "show", cmd_show, "[PORT]" },
	{ "list", cmd_show, NULL },
	{ "monitor", cmd_monitor, "[PORT] [now]" },
	{ "exec", cmd_exec,
	  "PORT [queues N] [vhost] [--user USER[:GROUP]] -- COMMAND [ARG]..." },
	{ "announce", cmd_announce, "PORT" },
	{ "activate", cmd_activate, "PORT" },
	{ "status", cmd_status, "[PORT]" },
	{ "events", cmd_events, "[PORT] [since NUMBER]" },
	{ "pin", cmd_pin, "PORT DEVICE" },
	{ "prefer", cmd_prefer, "PORT DEVICE" },
	{ "unpin", cmd_unpin, "PORT" },
	{ "failback", cmd_failback, "PORT" },
	{ "help", NULL, NULL },
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void print_verb(const struct verb *v, FILE *out)
{
	if (v->usage)
		fprintf(out, "  %-9s%s\n", v->name, v->usage);
}

static void print_help(FILE *out)
{
	size_t i;

	fputs("Usage: stabletap [OPTION]... VERB ...\n", out);
	for (i = 0; i < VERBS; i++)
		print_verb(&verbs[i], out);
	fputs("Options: -j[son] -p[retty] -br[ief] -s[tatistics] -d[etails]\n"
	      "         -t[imestamp] -n[etns] NAME -h[elp] -V[ersion]\n"
	      "See stabletap(8).\n", out);
}

static int print_version(void)
{
	struct stabletap_version version;
	struct stabletap *st;

	printf("stabletap %s, interface version %d\n", STABLETAP_VERSION,
	       STABLETAP_API_VERSION);
	if (stabletap_open(&st))
		return CLI_DONE;
	if (!stabletap_version_get(st, &version))
		printf("module %s, interface version %u\n", version.version,
		       version.api);
	stabletap_close(st);
	return CLI_DONE;
}

static int run_verb(struct cli *cli, const struct verb *v, int argc,
		    char **argv)
{
	int status;
	int err;

	if (!v->run) {
		print_help(stdout);
		return CLI_DONE;
	}
	if (argc && (!strcmp(argv[0], "help") || !strcmp(argv[0], "-h") ||
		     !strcmp(argv[0], "--help"))) {
		/* "delete" is another word for the verb before it. */
		while (!v->usage)
			v--;
		fputs("Usage:\n", stdout);
		print_verb(v, stdout);
		return CLI_DONE;
	}
	err = stabletap_open(&cli->st);
	if (err)
		return refuse("can't open a netlink socket: %s",
			      strerror(-err));
	status = v->run(cli, argc, argv);
	stabletap_close(cli->st);
	return status;
}

/*
 * Take the options; *n: how many words they are.  Returns -1 to go on, or the
 * exit status.
 */
static int take_options(struct cli *cli, int argc, char **argv, int *n)
{
	int status;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "-V") || !strcmp(argv[i], "-Version") ||
		    !strcmp(argv[i], "--version"))
			return print_version();
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "-help") ||
		    !strcmp(argv[i], "--help")) {
			print_help(stdout);
			return CLI_DONE;
		}
		if (!strcmp(argv[i], "-n") || !strcmp(argv[i], "-netns") ||
		    !strcmp(argv[i], "--netns")) {
			if (!argv[++i])
				return usage("option '%s' needs the name of a "
					     "network namespace", argv[i - 1]);
			status = netns_enter(argv[i]);
			if (status)
				return status;
		} else if (!option_take(cli, argv[i])) {
			return usage("option '%s' is unknown; 'stabletap help' "
				     "lists them", argv[i]);
		}
	}
	*n = i;
	return -1;
}

/* What can't be said is a failure, whatever else was done. */
static int finish(int status)
{
	bool lost = fflush(stdout) || ferror(stdout);

	if (lost && !status)
		status = refuse("can't write the output");
	return status;
}

int main(int argc, char **argv)
{
	const char *names[MAX_VERBS] = { 0 };
	struct cli cli = { 0 };
	int used = 0;
	int status;
	size_t n;
	int i;

	for (n = 0; n < VERBS; n++)
		names[n] = verbs[n].name;
	status = take_options(&cli, argc, argv, &used);
	if (status >= 0)
		return finish(status);
	if (used == argc) {
		print_help(stderr);
		return CLI_USAGE;
	}
	i = word_expect(argv[used], names, "verb");
	if (i < 0)
		return CLI_USAGE;
	return finish(run_verb(&cli, &verbs[i], argc - used - 1,
			       argv + used + 1));
}
