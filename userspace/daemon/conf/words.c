// SPDX-License-Identifier: GPL-2.0
/* Words, and what was probably meant. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "conf/internal.h"

#define WORD_MAX 32

/* Edit distance, capitals or not; words beyond WORD_MAX are far from all. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t len = strlen(b);
	size_t i, k, corner, keep;

	if (len > WORD_MAX || strlen(a) > WORD_MAX)
		return SIZE_MAX;
	for (k = 0; k <= len; k++)
		row[k] = k;
	for (i = 0; a[i]; i++) {
		corner = row[0]++;
		for (k = 0; k < len; k++) {
			keep = row[k + 1];
			if (tolower((unsigned char)a[i]) !=
			    tolower((unsigned char)b[k])) {
				if (keep < corner)
					corner = keep;
				if (row[k] < corner)
					corner = row[k];
				corner++;
			}
			row[k + 1] = corner;
			corner = keep;
		}
	}
	return row[len];
}

const char *conf_closest(const char *text, const char *const *words)
{
	size_t best = strlen(text) / 3 + 1;
	const char *found = NULL;
	size_t i, d, len;

	for (i = 0; words[i]; i++) {
		d = distance(text, words[i]);
		if (d > best || (found && d == best))
			continue;
		best = d;
		found = words[i];
	}
	/* What has been cut short is far, and yet no riddle. */
	len = strlen(text);
	for (i = 0; !found && len > 2 && words[i]; i++)
		if (!strncasecmp(text, words[i], len))
			found = words[i];
	return found;
}

/* What systemd takes for yes and no, too; else @value itself. */
static const char *plain(const char *value)
{
	static const char *const same[][2] = {
		{ "1", "yes" }, { "y", "yes" }, { "true", "yes" },
		{ "t", "yes" }, { "on", "yes" }, { "0", "no" }, { "n", "no" },
		{ "false", "no" }, { "f", "no" }, { "off", "no" },
	};
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (!strcasecmp(value, same[i][0]))
			return same[i][1];
	return value;
}

int conf_word(struct conf_reader *r, const char *const *words,
	      const char *value)
{
	const char *given = plain(value);
	const char *close;
	char list[128];
	size_t used = 0;
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], given) || !strcasecmp(words[i], value))
			return i;
	list[0] = '\0';
	for (i = 0; words[i] && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 "%s%s", !i ? "" : words[i + 1] ?
					 ", " : " or ", words[i]);
	close = conf_closest(value, words);
	if (close)
		conf_wrong(r, value, "is none of %s; did you mean '%s'?", list,
			   close);
	else
		conf_wrong(r, value, "is unknown; expected %s", list);
	return -1;
}

bool conf_take_word(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value)
{
	uint32_t n = (uint32_t)key->fallback;
	int i = value ? conf_word(r, key->words, value) : 0;

	if (value && i >= 0)
		n = (uint32_t)i;
	/* An enum of its own each, of this size */
	memcpy(conf_field(key, base), &n, sizeof(n));
	return i >= 0;
}

bool conf_take_bool(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value)
{
	bool *out = conf_field(key, base);
	int i = value ? conf_word(r, key->words, value) : (int)key->fallback;

	*out = i > 0;
	return i >= 0;
}
