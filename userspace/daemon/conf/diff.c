// SPDX-License-Identifier: GPL-2.0
/* Lists the changes of a reload, for the log. */
#include <stdlib.h>
#include <string.h>

#include "conf/diff.h"
#include "conf/object.h"

static void put(FILE *out, const char *text)
{
	if (!*text) {
		fputs("the default", out);
		return;
	}
	putc('\'', out);
	conf_put(out, text);
	putc('\'', out);
}

static int diff_keys(enum conf_kind kind, const char *what, const char *name,
		     const void *was, const void *is, FILE *out)
{
	const struct conf_key *key;
	int count = 0;

	for (key = conf_keys; key < conf_keys + CONF_KEYS_N; key++) {
		char *a, *b;

		if (key->kind != kind)
			continue;
		a = conf_key_text(key, was);
		b = conf_key_text(key, is);
		if (a && b && strcmp(a, b) != 0) {
			fprintf(out, "%s%s: %s was ", what, name, key->name);
			put(out, a);
			fputs(", is ", out);
			put(out, b);
			putc('\n', out);
			count++;
		}
		free(a);
		free(b);
	}
	return count;
}

/* NULL: behind the last one */
static const char *name_of(enum conf_kind kind, const struct conf_objects *list,
			   size_t i)
{
	return i < list->n ?
	       *conf_object(kind, conf_objects_at(list, i)).name : NULL;
}

/* strcmp(), where NULL comes last */
static int compare(const char *a, const char *b)
{
	if (!a || !b)
		return (!a) - (!b);
	return strcmp(a, b);
}

/* Both lists are sorted by name. */
static int diff_lists(enum conf_kind kind, const char *what,
		      const struct conf *old, const struct conf *new, FILE *out)
{
	struct conf_objects was = conf_objects(old, kind);
	struct conf_objects is = conf_objects(new, kind);
	size_t i = 0, k = 0;
	int count = 0;
	int order;

	while (i < was.n || k < is.n) {
		const char *a = name_of(kind, &was, i);
		const char *b = name_of(kind, &is, k);

		order = compare(a, b);
		if (order) {
			fprintf(out, "%s%s: %s\n", what, order < 0 ? a : b,
				order < 0 ? "no longer configured" :
					    "newly configured");
			count++;
		} else {
			count += diff_keys(kind, what, b,
					   conf_objects_at(&was, i),
					   conf_objects_at(&is, k), out);
		}
		i += order <= 0;
		k += order >= 0;
	}
	return count;
}

int conf_diff(const struct conf *old, const struct conf *new, FILE *out)
{
	return diff_keys(CONF_DAEMON, "daemon", "", old, new, out) +
	       diff_lists(CONF_POOL, "pool ", old, new, out) +
	       diff_lists(CONF_PORT, "", old, new, out);
}
