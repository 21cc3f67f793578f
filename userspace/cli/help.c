// SPDX-License-Identifier: GPL-2.0
/* stabletap help; the text is from the table of verbs. */
#include <jansson.h>
#include <string.h>

#include "help.h"
#include "json.h"
#include "parse.h"
#include "verb.h"

#define WIDTH 79

int help_print(const struct verb *const *table, FILE *out)
{
	size_t i;

	fputs("Usage: stabletap [OPTION]... VERB ...\n", out);
	for (i = 0; table[i]; i++)
		fprintf(out, "  %-10s %s\n", table[i]->name,
			table[i]->purpose);
	fputs("Options: -j[son] -p[retty] -br[ief] -s[tatistics] -d[etails]\n"
	      "         -t[imestamp] -u[tc] -n[etns] NAME -h[elp] -V[ersion]\n"
	      "'stabletap help VERB' explains a verb; see also stabletap(8).\n",
	      out);
	return CLI_DONE;
}

/* Breaks the line between words, or before a bracket. */
static void print_usage(const struct verb *v)
{
	char text[512];
	char *at = text;
	size_t column, n;

	usage_format(v, text, sizeof(text));
	column = (size_t)printf("Usage: stabletap %s", v->name);
	while (*at) {
		n = *at == '[' ? strcspn(at, "]") + 1 : strcspn(at, " ");
		if (column + 1 + n > WIDTH)
			column = (size_t)printf("\n%*s", 11, "") - 1;
		column += (size_t)printf(" %.*s", (int)n, at);
		at += n;
		at += strspn(at, " ");
	}
	putchar('\n');
}

static int print_verb(const struct verb *v)
{
	const struct word *w;
	char value[128];
	char left[160];

	print_usage(v);
	printf("\nTo %s.\n", v->purpose);
	if (*v->aliases)
		printf("Also: %s\n", v->aliases);
	putchar('\n');
	for (w = v->words; w->name; w++) {
		usage_value(w, value, sizeof(value));
		snprintf(left, sizeof(left), "%s%s%s", w->name,
			 *value ? " " : "", value);
		if (strlen(left) > 20)
			printf("  %s\n  %-20s  %s\n", left, "", w->help);
		else
			printf("  %-20s  %s\n", left, w->help);
	}
	printf("%sExample:\n  stabletap %s\n", v->words->name ? "\n" : "",
	       v->example);
	return CLI_DONE;
}

/* ---- for programs ---- */

static json_t *word_json(const struct word *w)
{
	json_t *choices = json_array();
	size_t i;

	for (i = 0; w->choices && w->choices[i]; i++)
		json_array_append_new(choices, json_string(w->choices[i]));
	return json_pack("{s:s, s:s?, s:b, s:b, s:s, s:o}", "word", w->name,
			 "value", w->value, "needed",
			 !!(w->flags & WORD_NEEDED), "place",
			 !!(w->flags & WORD_PLACE), "help", w->help,
			 "choices", choices);
}

static json_t *verb_json(const struct verb *v)
{
	json_t *words = json_array();
	const struct word *w;

	for (w = v->words; w->name; w++)
		json_array_append_new(words, word_json(w));
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "verb", v->name,
			 "aliases", v->aliases, "purpose", v->purpose,
			 "example", v->example, "words", words);
}

static int print_verbs_json(const struct cli *cli, const struct verb *only)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; cli->verbs[i]; i++)
		if (!only || only == cli->verbs[i])
			json_array_append_new(list, verb_json(cli->verbs[i]));
	return json_print(cli, json_versioned("verbs", list), stdout);
}

/* For completion: the verbs, or a line "WORD [VALUE]" for each word of one. */
static int print_brief(const struct cli *cli, const struct verb *v)
{
	const struct word *w;
	char value[128];
	size_t i;

	for (i = 0; !v && cli->verbs[i]; i++)
		puts(cli->verbs[i]->name);
	for (w = v ? v->words : NULL; w && w->name; w++) {
		usage_value(w, value, sizeof(value));
		printf("%s%s%s\n", w->name, *value ? " " : "", value);
	}
	return CLI_DONE;
}

int help_explain(const struct cli *cli, const struct verb *v)
{
	if (cli->json)
		return print_verbs_json(cli, v);
	if (cli->brief)
		return print_brief(cli, v);
	return v ? print_verb(v) : help_print(cli->verbs, stdout);
}

/* ---- the verb ---- */

enum { VERB };

static const struct word help_words[] = {
	[VERB] = { "VERB", NULL, WORD_PLACE,
		   "explain this verb (default: list all verbs)", NULL },
	{ .name = NULL },
};

static int run_help(struct cli *cli, const struct call *call)
{
	const struct verb *v = NULL;

	if (call->v[VERB]) {
		v = parse_verb(cli->verbs, call->v[VERB]);
		if (!v)
			return CLI_USAGE;
	}
	return help_explain(cli, v);
}

const struct verb verb_help = {
	.name = "help",
	.aliases = "",
	.purpose = "explain the verbs",
	.example = "help attach",
	.options = OPTION_BRIEF,
	.words = help_words,
	.run = run_help,
};
