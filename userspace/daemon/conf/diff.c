// SPDX-License-Identifier: GPL-2.0
/* What a reload changes. */
#include <stdlib.h>
#include <string.h>

#include "conf/internal.h"

/* Caller frees; NULL: out of memory. */
static char *show(const struct conf *conf, const struct conf_key *key,
		  const void *base)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	key->show(conf, key, base, out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static void put(FILE *out, const char *text)
{
	if (*text)
		fprintf(out, "'%s'", text);
	else
		fputs("the default", out);
}

struct side {
	const struct conf *conf;
	const void *base;
};

static int diff_keys(const struct conf_key *keys, size_t n, const char *who,
		     struct side was, struct side is, FILE *out)
{
	int count = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		char *a = show(was.conf, &keys[i], was.base);
		char *b = show(is.conf, &keys[i], is.base);

		if (a && b && strcmp(a, b) != 0) {
			fprintf(out, "%s: %s was ", who, keys[i].name);
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

static const char *name_of(const struct list *l, size_t i)
{
	return *(char *const *)element(l, i);
}

static int diff_lists(const struct conf_key *keys, size_t n, const char *what,
		      const struct list *old, const struct list *new,
		      FILE *out)
{
	size_t i = 0, k = 0;
	int count = 0;
	int order;

	while (i < old->n || k < new->n) {
		if (i == old->n)
			order = 1;
		else if (k == new->n)
			order = -1;
		else
			order = strcmp(name_of(old, i), name_of(new, k));
		if (order) {
			fprintf(out, "%s%s: is %s\n", what, order < 0 ?
				name_of(old, i) : name_of(new, k),
				order < 0 ? "gone" : "new");
			count++;
		} else {
			struct side was = { old->conf, element(old, i) };
			struct side is = { new->conf, element(new, k) };
			char who[128];

			snprintf(who, sizeof(who), "%s%s", what,
				 name_of(new, k));
			count += diff_keys(keys, n, who, was, is, out);
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

	return diff_keys(conf_daemon_keys, DAEMON_KEYS_N, "daemon", was, is,
			 out) +
	       diff_lists(conf_pool_keys, POOL_KEYS_N, "pool ", &pools[0],
			  &pools[1], out) +
	       diff_lists(conf_port_keys, PORT_KEYS_N, "", &ports[0],
			  &ports[1], out);
}
