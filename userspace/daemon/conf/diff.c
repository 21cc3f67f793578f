// SPDX-License-Identifier: GPL-2.0
/* Lists the changes of a reload, for the log. */
#include <stdlib.h>
#include <string.h>

#include "conf/diff.h"
#include "conf/keys.h"

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

/* One version of a section */
struct side {
	const struct conf *conf;
	const void *base;
};

static int diff_keys(enum conf_kind kind, const char *who, struct side was,
		     struct side is, FILE *out)
{
	const struct conf_key *key;
	int count = 0;

	for (key = conf_keys; key < conf_keys + CONF_KEYS_N; key++) {
		char *a, *b;

		if (key->kind != kind)
			continue;
		a = conf_key_text(key, was.conf, was.base);
		b = conf_key_text(key, is.conf, is.base);
		if (a && b && strcmp(a, b) != 0) {
			fprintf(out, "%s: %s was ", who, key->name);
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

/* Ports or pools, sorted by their names, which are their first member */
struct list {
	const struct conf *conf;
	const void *v;
	size_t n;
	size_t size;		/* of an element */
};

static const void *element(const struct list *l, size_t i)
{
	return (const char *)l->v + i * l->size;
}

/* NULL: behind the last one */
static const char *name_of(const struct list *l, size_t i)
{
	return i < l->n ? *(char *const *)element(l, i) : NULL;
}

/* strcmp(), where NULL comes last */
static int compare(const char *a, const char *b)
{
	if (!a || !b)
		return (!a) - (!b);
	return strcmp(a, b);
}

static int diff_lists(enum conf_kind kind, const char *what,
		      const struct list *old, const struct list *new,
		      FILE *out)
{
	size_t i = 0, k = 0;
	int count = 0;
	int order;

	while (i < old->n || k < new->n) {
		const char *a = name_of(old, i);
		const char *b = name_of(new, k);

		order = compare(a, b);
		if (order) {
			fprintf(out, "%s%s: is %s\n", what, order < 0 ? a : b,
				order < 0 ? "gone" : "new");
			count++;
		} else {
			struct side was = { old->conf, element(old, i) };
			struct side is = { new->conf, element(new, k) };
			char who[128];

			snprintf(who, sizeof(who), "%s%s", what, b);
			count += diff_keys(kind, who, was, is, out);
		}
		i += order <= 0;
		k += order >= 0;
	}
	return count;
}

int conf_diff(const struct conf *old, const struct conf *new, FILE *out)
{
	const struct list ports[] = {
		{ old, old->ports, old->ports_n, sizeof(*old->ports) },
		{ new, new->ports, new->ports_n, sizeof(*new->ports) },
	};
	const struct list pools[] = {
		{ old, old->pools, old->pools_n, sizeof(*old->pools) },
		{ new, new->pools, new->pools_n, sizeof(*new->pools) },
	};
	struct side was = { old, old };
	struct side is = { new, new };

	return diff_keys(CONF_DAEMON, "daemon", was, is, out) +
	       diff_lists(CONF_POOL, "pool ", &pools[0], &pools[1], out) +
	       diff_lists(CONF_PORT, "", &ports[0], &ports[1], out);
}
