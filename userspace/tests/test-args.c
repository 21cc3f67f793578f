// SPDX-License-Identifier: GPL-2.0
/* Words, numbers and options of the command line. */
#include <unistd.h>

#include "parse.h"
#include "tap.h"
#include "verbs.h"
#include "words.h"

static const char *const words[] = {
	"add", "attach", "announce", "detach", "dev", "device", NULL,
};

static void test_words(struct tap *t)
{
	ok(t, word_find("add", words) == 0, "a whole word is found");
	ok(t, word_find("at", words) == 1, "an unambiguous beginning is found");
	ok(t, word_find("a", words) == WORD_AMBIGUOUS,
	   "an ambiguous beginning is said to be so");
	ok(t, word_find("dev", words) == 4,
	   "a whole word wins over a longer one that it begins");
	ok(t, word_find("devi", words) == 5, "the longer one is reachable");
	ok(t, word_find("adds", words) == WORD_UNKNOWN,
	   "a word with something behind it is unknown");
	ok(t, word_find("", words) == WORD_UNKNOWN,
	   "the empty word abbreviates nothing");
}

static void test_options(struct tap *t)
{
	struct cli cli = { 0 };

	ok(t, option_take(&cli, "-j") && cli.json, "-j is JSON");
	ok(t, option_take(&cli, "--pretty") && cli.pretty,
	   "two dashes do as one");
	ok(t, option_take(&cli, "-br") && cli.brief, "-br is brief");
	ok(t, option_take(&cli, "-s") && cli.stats, "-s is statistics");
	ok(t, option_take(&cli, "-statistics"), "-statistics is an option");
	ok(t, option_take(&cli, "-d") && cli.details, "-d is details");
	ok(t, option_take(&cli, "-t") && cli.timestamp, "-t is timestamps");
	ok(t, option_take(&cli, "-u") && cli.utc, "-u is UTC");
	ok(t, option_take(&cli, "--version") && cli.version,
	   "--version is -V");
	ok(t, !option_take(&cli, "-x"), "-x is no option");
	ok(t, !option_take(&cli, "-"), "a dash is no option");
	ok(t, !option_take(&cli, "--"), "two dashes are no option");
	ok(t, !option_take(&cli, "-jsonx"), "-jsonx is no option");
	ok(t, !option_take(&cli, "json"), "a word is no option");
}

static void test_numbers(struct tap *t)
{
	uint32_t n = 7;

	ok(t, parse_number("256", "n", 1, 256, &n) && n == 256,
	   "the largest number is taken");
	ok(t, !parse_number("257", "n", 1, 256, &n), "one beyond is not");
	ok(t, !parse_number("0", "n", 1, 256, &n), "one below is not");
	ok(t, !parse_number("-1", "n", 0, 256, &n), "a sign is refused");
	ok(t, !parse_number("+1", "n", 0, 256, &n), "a plus is refused");
	ok(t, !parse_number(" 1", "n", 0, 256, &n), "a blank is refused");
	ok(t, !parse_number("1k", "n", 0, 256, &n), "a unit is refused");
	ok(t, !parse_number("", "n", 0, 256, &n), "nothing is refused");
	ok(t, !parse_number("99999999999999999999", "n", 0, UINT32_MAX, &n),
	   "an overflow is refused");
	ok(t, n == 256, "a refusal leaves the value alone");
}

static void test_sizes(struct tap *t)
{
	uint64_t n = 7;

	ok(t, parse_size("65536", "n", 4294967296, &n) && n == 65536,
	   "a size in bytes is taken");
	ok(t, parse_size("4G", "n", 4294967296, &n) && n == 4294967296,
	   "with a unit, too");
	ok(t, !parse_size("4294967297", "n", 4294967296, &n),
	   "a larger one than the largest is refused");
	ok(t, !parse_size("0", "n", 4294967296, &n), "so is nothing");
	ok(t, n == 4294967296, "a refusal leaves the size alone");
}

static void test_ids(struct tap *t)
{
	uint32_t n = 7;

	ok(t, parse_user("root", &n) && n == 0, "a user by name");
	ok(t, parse_user("4242", &n) && n == 4242, "a user by number");
	ok(t, !parse_user("no such user", &n), "an unknown user is refused");
	ok(t, !parse_user("4294967295", &n), "the id of nobody is refused");
	ok(t, parse_group("root", &n) && n == 0, "a group by name");
	ok(t, !parse_group("no such group", &n), "an unknown group is refused");
	ok(t, parse_perm("0660", &n) && n == 0660, "perm is octal");
	ok(t, parse_perm("600", &n) && n == 0600, "with or without the zero");
	ok(t, !parse_perm("0800", &n), "no octal digit: refused");
	ok(t, !parse_perm("01777", &n), "more than nine bits: refused");
	ok(t, !parse_perm("0", &n), "no bit at all: refused");
}

/* ---- whole command lines ---- */

#define WORDS 12

/* A copy of @text, which parse_line() may cut, as main() gets it */
static char **split(char *text, char *v[WORDS + 1])
{
	size_t n = 0;
	char *p;

	for (p = strtok(text, " "); p && n < WORDS; p = strtok(NULL, " "))
		v[n++] = p;
	v[n] = NULL;
	return v;
}

static int parse(const char *line, struct cli *cli, struct call *call)
{
	static char text[256];
	static char *v[WORDS + 1];

	*cli = (struct cli){ .verbs = verbs };
	snprintf(text, sizeof(text), "%s", line);
	return parse_line(cli, split(text, v), call);
}

/* The values of the verb's words, joined by commas; a status if refused */
static const char *parsed(const char *line)
{
	static char out[256];
	const struct word *w;
	struct call call;
	struct cli cli;
	size_t used;
	int status = parse(line, &cli, &call);

	if (status) {
		snprintf(out, sizeof(out), "status %d", status);
		return out;
	}
	used = (size_t)snprintf(out, sizeof(out), "%s", call.verb->name);
	for (w = call.verb->words; w->name; w++)
		if (call.v[w - call.verb->words])
			used += (size_t)snprintf(out + used,
				sizeof(out) - used, ",%s",
				call.v[w - call.verb->words]);
	if (call.rest && *call.rest)
		snprintf(out + used, sizeof(out) - used, ",-- %s", *call.rest);
	return out;
}

static void test_lines(struct tap *t)
{
	static const struct {
		const char *line;
		const char *want;
		const char *name;
	} lines[] = {
		{ "attach vm1 dev d0 mode vepa replace",
		  "attach,vm1,d0,vepa,replace", "words with their values" },
		{ "att vm1 d d0 m v", "attach,vm1,d0,vepa",
		  "verb, keywords and choices may be abbreviated" },
		{ "attach vm1 dev d0 dev d1", "status 2",
		  "a repeated word is refused" },
		{ "attach vm1 dev d0 replace replace", "status 2",
		  "so is one without a value" },
		{ "attach vm1", "status 2", "a needed word is missed" },
		{ "attach vm1 dev", "status 2", "a needed value is missed" },
		{ "attach vm1 dev d0 mode tap", "status 2",
		  "what a value can't be is refused" },
		{ "attach vm1 dev d0 mode p", "status 2",
		  "an ambiguous value is refused" },
		{ "attach vm1 dev d0 f", "status 2",
		  "filter is not to be taken for force" },
		{ "attach vm1 d0", "status 2", "a word too much is refused" },
		{ "del vm1 force", "del,vm1,force", "force in full" },
		{ "del vm1 forc", "status 2", "force is not abbreviated" },
		{ "rm vm1", "del,vm1", "rm is del" },
		{ "delete vm1", "del,vm1", "delete is del" },
		{ "remove vm1", "del,vm1", "remove is del" },
		{ "r vm1", "status 2", "an alias is not abbreviated" },
		{ "create vm1", "add,vm1", "create is add" },
		{ "ls", "show", "ls is show" },
		{ "lst", "show", "lst is show" },
		{ "list vm1", "show,vm1", "list is show" },
		{ "show dev vm1", "show,vm1", "dev before a name, as ip has it" },
		{ "show dev", "show,dev", "a port may be named dev" },
		{ "pin vm1 dev eth0", "pin,vm1,eth0", "pin ... dev DEVICE" },
		{ "show vm1 vm2", "status 2", "one port at most" },
		{ "events since 5 vm1", "events,vm1,5", "in any order" },
		{ "events --since 5 --follow", "events,5,follow",
		  "words may have two dashes" },
		{ "events --since=5", "events,5", "and an equals sign" },
		{ "events --follow=1", "status 2",
		  "which a word without value has not" },
		{ "status vm1 --watch", "status,vm1,watch", "status --watch" },
		{ "wait vm1 det timeout 3", "wait,vm1,detached,3", "wait" },
		{ "exec vm1 --user=qemu -- sh -c id", "exec,vm1,qemu,-- sh",
		  "exec keeps what follows the dashes" },
		{ "exec vm1 vhost -- -j", "exec,vm1,vhost,-- -j",
		  "also what looks like an option" },
		{ "exec vm1 --", "status 2", "exec wants a command" },
		{ "exec -- true", "status 2", "exec wants a port" },
		{ "add vm1 address -j", "add,vm1,-j",
		  "a value is taken as it is" },
		{ "add vm1 on-detach hold frames 9 bytes 4M time 500",
		  "add,vm1,hold,9,4M,500", "hold with its bounds" },
		{ "set vm1 fr 9 by 4M t 500", "set,vm1,9,4M,500",
		  "bounds without hold" },
		{ "set vm1 frames", "status 2", "a bound needs its value" },
		{ "status -t", "status 2", "an option without meaning" },
		{ "del vm1 -br", "status 2", "is refused" },
		{ "status -s -d -br", "status", "status takes its options" },
		{ "show -x", "status 2", "an unknown option is refused" },
		{ "show -n", "status 2", "-n wants a name" },
		{ "frob", "status 2", "an unknown verb is refused" },
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		is_str(t, parsed(lines[i].line), lines[i].want, lines[i].name);
}

static void test_places(struct tap *t)
{
	struct call call;
	struct cli cli;

	ok(t, !parse("-j -p show", &cli, &call) && cli.json && cli.pretty,
	   "options before the verb");
	ok(t, !parse("show vm1 -j -n blue -s", &cli, &call) && cli.json &&
	   cli.stats && !strcmp(cli.netns, "blue"),
	   "options behind it and the words, -n too");
	ok(t, !parse("attach help", &cli, &call) && cli.help &&
	   call.verb == &verb_attach, "VERB help");
	ok(t, !parse("attach --help", &cli, &call) && cli.help &&
	   call.verb == &verb_attach, "VERB --help");
	ok(t, !parse("-V -j", &cli, &call) && cli.version && cli.json &&
	   !call.verb, "-V -j, as -j -V");
	ok(t, !parse("help attach", &cli, &call) && call.verb == &verb_help &&
	   !strcmp(call.v[0], "attach"), "help VERB");
	ok(t, !parse("", &cli, &call) && !call.verb && !cli.help,
	   "nothing is no verb");
}

int main(void)
{
	struct tap t = { 0 };

	/* The messages are not what is tested. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	test_words(&t);
	test_options(&t);
	test_numbers(&t);
	test_sizes(&t);
	test_ids(&t);
	test_lines(&t);
	test_places(&t);
	return tap_end(&t);
}
