// SPDX-License-Identifier: GPL-2.0
/* Words and numbers of the command line. */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "stabletap.h"
#include "words.h"

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

/* "a, b, c": the words that begin with @given; if not @matching, all */
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

bool parse_size(const char *text, const char *what, uint64_t max,
		uint64_t *out)
{
	uint64_t value;

	if (stabletap_size_parse(text, max, &value) || !value) {
		usage("%s '%s' is not a number from 1 to %llu, as in 65536, "
		      "64K or 4M", what, text, (unsigned long long)max);
		return false;
	}
	*out = value;
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

bool parse_address(const char *text, uint8_t mac[6])
{
	static const uint8_t zero[6];
	uint8_t out[6];

	if (stabletap_mac_parse(text, out)) {
		usage("address '%s' is not a MAC address as in "
		      "52:54:00:12:34:56", text);
		return false;
	}
	/* The module takes zeros for "no address given". */
	if (!memcmp(out, zero, sizeof(zero))) {
		usage("address '%s' can't be a device's", text);
		return false;
	}
	memcpy(mac, out, sizeof(out));
	return true;
}
