// SPDX-License-Identifier: GPL-2.0
/* What a reload changes. */
#include <stdlib.h>
#include <string.h>

#include "conf-internal.h"

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

int conf_diff(const struct conf *old, const struct conf *new, FILE *out)
{
	struct side was = { old, old };
	struct side is = { new, new };
	size_t i = 0, k = 0;
	int count;
	int order;

	count = diff_keys(conf_daemon_keys, DAEMON_KEYS_N, "daemon", was, is,
			  out);
	while (i < old->ports_n || k < new->ports_n) {
		/* Both are sorted by name. */
		if (i == old->ports_n)
			order = 1;
		else if (k == new->ports_n)
			order = -1;
		else
			order = strcmp(old->ports[i].name, new->ports[k].name);
		if (order < 0) {
			fprintf(out, "%s: is gone\n", old->ports[i++].name);
			count++;
		} else if (order > 0) {
			fprintf(out, "%s: is new\n", new->ports[k++].name);
			count++;
		} else {
			was.base = &old->ports[i++];
			is.base = &new->ports[k];
			count += diff_keys(conf_port_keys, PORT_KEYS_N,
					   new->ports[k++].name, was, is, out);
		}
	}
	return count;
}
