// SPDX-License-Identifier: GPL-2.0
/*
 * The table of verbs: whole, and the manual page says the same.
 * MAN_PAGE is the page's source.
 */
#include <stdlib.h>
#include <unistd.h>

#include "help.h"
#include "parse.h"
#include "tap.h"
#include "verbs.h"

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

/* ---- the table ---- */

static void test_table(struct tap *t)
{
	const struct verb *v;
	const struct word *w;
	bool words = true, whole = true;
	size_t i, n;

	for (i = 0; verbs[i]; i++) {
		v = verbs[i];
		whole &= v->run && v->purpose && *v->purpose && v->example &&
			 v->aliases && !strchr(v->purpose, '\n') &&
			 strlen(v->purpose) < 66;
		for (w = v->words, n = 0; w->name; w++, n++)
			words &= w->help && *w->help && strlen(w->help) < 56 &&
				 (!w->choices || w->value);
		words &= n < WORDS_MAX;
	}
	ok(t, whole, "each verb has a line of purpose and an example");
	ok(t, words, "each word has a line");
}

/* The parser accepts each example. */
static void test_examples(struct tap *t)
{
	char text[256];
	char *v[32];
	struct call call;
	struct cli cli;
	size_t i, n;
	char *p;

	for (i = 0; verbs[i]; i++) {
		cli = (struct cli){ .verbs = verbs };
		snprintf(text, sizeof(text), "%s", verbs[i]->example);
		for (n = 0, p = strtok(text, " "); p; p = strtok(NULL, " "))
			v[n++] = p;
		v[n] = NULL;
		ok(t, !parse_line(&cli, v, &call) && call.verb == verbs[i],
		   "the example of %s is one", verbs[i]->name);
	}
}

static void test_clashes(struct tap *t)
{
	char aliases[128];
	size_t i;
	char *p;

	for (i = 0; verbs[i]; i++) {
		ok(t, parse_verb(verbs, verbs[i]->name) == verbs[i],
		   "%s is found by its name", verbs[i]->name);
		snprintf(aliases, sizeof(aliases), "%s", verbs[i]->aliases);
		for (p = strtok(aliases, " "); p; p = strtok(NULL, " "))
			ok(t, parse_verb(verbs, p) == verbs[i], "%s is %s", p,
			   verbs[i]->name);
	}
}

/* ---- the page ---- */

/* Where the text of section ".Ss <name>" begins; *end: where it ends */
static const char *section(const char *page, const char *name,
			   const char **end)
{
	char head[64];
	const char *at;

	snprintf(head, sizeof(head), "\n.Ss %s\n", name);
	at = strstr(page, head);
	if (!at)
		return NULL;
	at += strlen(head);
	*end = strstr(at, "\n.S");
	if (!*end)
		*end = at + strlen(at);
	return at;
}

/* Is @word one of the words of a line that begins with ".It" or ".Cm"? */
static bool has_word(const char *from, const char *end, const char *macro,
		     const char *word)
{
	size_t len = strlen(word);
	const char *p = from;
	char before, after;

	while ((p = strstr(p, word)) && p < end) {
		const char *line = p;

		while (line > from && line[-1] != '\n')
			line--;
		before = p[-1];
		after = p[len];
		if (before == ' ' && (after == ' ' || after == '\n') &&
		    !strncmp(line, macro, strlen(macro)))
			return true;
		p += len;
	}
	return false;
}

static void test_verb(struct tap *t, const char *page, const struct verb *v)
{
	const char *end = NULL;
	const char *at = section(page, v->name, &end);
	const struct word *w;
	char aliases[128];
	char *p;

	if (!ok(t, at, "the manual page has a section '%s'", v->name))
		return;
	for (w = v->words; w->name; w++)
		ok(t, has_word(at, end, ".It", w->flags & WORD_REST ?
			       "COMMAND" : w->name),
		   "which explains '%s' of %s", w->name, v->name);
	snprintf(aliases, sizeof(aliases), "%s", v->aliases);
	for (p = strtok(aliases, " "); p; p = strtok(NULL, " "))
		ok(t, has_word(at, end, ".Cm", p), "and names alias '%s'", p);
}

/* Each section under VERBS is that of a verb. */
static void test_sections(struct tap *t, const char *page)
{
	const char *at = strstr(page, "\n.Sh VERBS\n");
	const char *end = at ? strstr(at + 1, "\n.Sh ") : NULL;
	char name[64];
	size_t i, n = 0;

	while (at && (at = strstr(at + 1, "\n.Ss ")) && at < end) {
		if (sscanf(at, "\n.Ss %63s", name) != 1)
			continue;
		n++;
		for (i = 0; verbs[i] && strcmp(verbs[i]->name, name) != 0; i++)
			;
		ok(t, verbs[i], "section '%s' is of a verb", name);
	}
	for (i = 0; verbs[i]; i++)
		;
	ok(t, n == i, "there is one section a verb");
}

/* ---- help ---- */

static void test_help(struct tap *t)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	char line[128];
	bool all = true;
	size_t i;

	if (!out)
		return;
	help_print(verbs, out);
	fclose(out);
	for (i = 0; verbs[i]; i++) {
		snprintf(line, sizeof(line), "\n  %-10s %s\n", verbs[i]->name,
			 verbs[i]->purpose);
		all &= strstr(text, line) != NULL;
	}
	ok(t, all, "help has a line of purpose a verb");
	free(text);
}

int main(void)
{
	char *page = read_file(MAN_PAGE);
	struct tap t = { 0 };
	size_t i;

	/* The messages are not what is tested. */
	if (!page || !freopen("/dev/null", "w", stderr))
		return 1;
	test_table(&t);
	test_examples(&t);
	test_clashes(&t);
	test_help(&t);
	for (i = 0; verbs[i]; i++)
		test_verb(&t, page, verbs[i]);
	test_sections(&t, page);
	free(page);
	return tap_end(&t);
}
