// SPDX-License-Identifier: GPL-2.0
/* Words, numbers and options of the command line. */
#include <unistd.h>

#include "cli.h"
#include "tap.h"

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

static void test_args(struct tap *t)
{
	char one[] = "one", two[] = "two";
	char *v[] = { one, two, NULL };
	struct args a = { "verb", 2, v };

	is_str(t, args_next(&a), "one", "the first argument comes first");
	is_str(t, args_value(&a, "key"), "two", "a value is taken");
	ok(t, !args_value(&a, "key"), "a missing value is told");
	ok(t, !args_next(&a), "the end stays the end");
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
	test_ids(&t);
	test_args(&t);
	return tap_end(&t);
}
