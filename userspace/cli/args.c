// SPDX-License-Identifier: GPL-2.0
/* Words of the command line. */
#include <string.h>

#include "cli.h"

int word_find(const char *given, const char *const *words)
{
	size_t len = strlen(given);
	int found = WORD_UNKNOWN;
	int i;

	if (!len)
		return WORD_UNKNOWN;
	for (i = 0; words[i]; i++) {
		if (!strcmp(words[i], given))
			return i;
		if (strncmp(words[i], given, len) != 0)
			continue;
		found = found == WORD_UNKNOWN ? i : WORD_AMBIGUOUS;
	}
	return found;
}

/* " a, b or c" of those that @given may mean; all if it means none. */
static void list_words(char *buf, size_t size, const char *given,
		       const char *const *words, bool matching)
{
	size_t len = matching ? strlen(given) : 0;
	size_t used = 0;
	int i;

	buf[0] = '\0';
	for (i = 0; words[i] && used < size; i++) {
		if (strncmp(words[i], given, len) != 0)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 used ? ", " : "", words[i]);
	}
}

int word_expect(const char *given, const char *const *words, const char *where)
{
	int i = word_find(given, words);
	char list[256];

	if (i >= 0)
		return i;
	list_words(list, sizeof(list), given, words, i == WORD_AMBIGUOUS);
	if (i == WORD_AMBIGUOUS)
		usage("%s: '%s' may be any of: %s", where, given, list);
	else
		usage("%s: '%s' is unknown; expected one of: %s", where, given,
		      list);
	return i;
}

const char *args_next(struct args *a)
{
	if (!a->n)
		return NULL;
	a->n--;
	return *a->v++;
}

const char *args_value(struct args *a, const char *keyword)
{
	const char *value = args_next(a);

	if (!value)
		usage("%s: '%s' needs a value", a->verb, keyword);
	return value;
}

/* "-json", "--json", "-j" and what lies between, as iproute2 has it. */
static bool option_is(const char *arg, const char *option, size_t least)
{
	size_t len;

	if (arg[0] == '-' && arg[1] == '-')
		arg++;
	if (*arg++ != '-')
		return false;
	len = strlen(arg);
	return len >= least && !strncmp(option, arg, len);
}

bool option_take(struct cli *cli, const char *arg)
{
	if (option_is(arg, "json", 1))
		cli->json = true;
	else if (option_is(arg, "pretty", 1))
		cli->pretty = true;
	else if (option_is(arg, "brief", 1))
		cli->brief = true;
	else if (option_is(arg, "stats", 1) || option_is(arg, "statistics", 1))
		cli->stats = true;
	else if (option_is(arg, "details", 1))
		cli->details = true;
	else if (option_is(arg, "timestamp", 1))
		cli->timestamp = true;
	else
		return false;
	return true;
}

bool parse_number(const char *text, const char *what, uint32_t min,
		  uint32_t max, uint32_t *out)
{
	uint64_t value;

	if (stabletap_number_parse(text, 10, max, &value) || value < min) {
		usage("%s '%s' is not a number from %u to %u", what, text, min,
		      max);
		return false;
	}
	*out = (uint32_t)value;
	return true;
}

bool parse_user(const char *text, uint32_t *uid)
{
	if (!stabletap_user_parse(text, uid))
		return true;
	usage("there is no user '%s'", text);
	return false;
}

bool parse_group(const char *text, uint32_t *gid)
{
	if (!stabletap_group_parse(text, gid))
		return true;
	usage("there is no group '%s'", text);
	return false;
}

bool parse_perm(const char *text, uint32_t *perm)
{
	if (!stabletap_perm_parse(text, perm))
		return true;
	usage("perm '%s' is not an octal number from 0001 to 0777", text);
	return false;
}

bool parse_mac(const char *text, uint8_t mac[6])
{
	if (!stabletap_mac_parse(text, mac))
		return true;
	usage("address '%s' is not a MAC address as in 52:54:00:12:34:56",
	      text);
	return false;
}
