// SPDX-License-Identifier: GPL-2.0
/*
 * The command line: options, which may stand anywhere, a verb, its words.
 *
 * A word may be given with two dashes before it (--follow), and with "=" before
 * its value (--user=qemu).  A value of a keyword, and all words after "--", are
 * not interpreted.
 */
#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "report.h"
#include "words.h"

struct line {
	struct cli *cli;
	struct call *call;
	char **at;		/* the next argument */
};

/* ---- options ---- */

/* "-json", "--json", "-j" and abbreviations, as in iproute2 */
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
	const struct {
		const char *name;
		bool *to;
	} options[] = {
		{ "json", &cli->json }, { "pretty", &cli->pretty },
		{ "brief", &cli->brief }, { "stats", &cli->stats },
		{ "statistics", &cli->stats }, { "details", &cli->details },
		{ "timestamp", &cli->timestamp }, { "utc", &cli->utc },
		{ "help", &cli->help }, { "Version", &cli->version },
	};
	size_t i;

	if (!strcmp(arg, "--version"))
		arg = "-V";
	for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (option_is(arg, options[i].name, 1)) {
			*options[i].to = true;
			return true;
		}
	}
	return false;
}

static int take_option(struct line *l, const char *where)
{
	const char *arg = *l->at++;

	if (option_take(l->cli, arg))
		return 0;
	if (!option_is(arg, "netns", 1))
		return usage("%s%soption '%s' is unknown; 'stabletap help' "
			     "lists them", where, *where ? ": " : "", arg);
	if (!*l->at)
		return usage("option '%s' needs the name of a network "
			     "namespace", arg);
	l->cli->netns = *l->at++;
	return 0;
}

/* An option without effect is an error. */
static int check_options(const struct cli *cli, const struct verb *v)
{
	const struct {
		bool given;
		unsigned int option;
		const char *name;
	} options[] = {
		{ cli->brief, OPTION_BRIEF, "-brief" },
		{ cli->stats, OPTION_STATS, "-statistics" },
		{ cli->details, OPTION_DETAILS, "-details" },
		{ cli->timestamp, OPTION_TIMESTAMP, "-timestamp" },
		{ cli->utc, OPTION_UTC, "-utc" },
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (options[i].given && !(v->options & options[i].option))
			return usage("%s: option '%s' has no meaning here",
				     v->name, options[i].name);
	return 0;
}

/* ---- verbs ---- */

#define VERBS_MAX 32

static bool is_alias(const struct verb *v, const char *given)
{
	const char *at = v->aliases;
	size_t len = strlen(given);

	for (; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n == len && !strncmp(at, given, n))
			return true;
		at += n;
	}
	return false;
}

const struct verb *parse_verb(const struct verb *const *table,
			      const char *given)
{
	const char *names[VERBS_MAX + 1] = { NULL };
	size_t i;
	int found;

	for (i = 0; table[i] && i < VERBS_MAX; i++) {
		if (is_alias(table[i], given))
			return table[i];
		names[i] = table[i]->name;
	}
	found = word_expect(given, names, "verb");
	return found < 0 ? NULL : table[found];
}

/* ---- words ---- */

static void put(char *buf, size_t size, size_t *used, const char *text)
{
	if (*used < size)
		*used += (size_t)snprintf(buf + *used, size - *used, "%s",
					  text);
}

/* "bridge|vepa|private" */
static void put_choices(char *buf, size_t size, size_t *used,
			const char *const *choices)
{
	size_t i;

	for (i = 0; choices[i]; i++) {
		put(buf, size, used, i ? "|" : "");
		put(buf, size, used, choices[i]);
	}
}

void usage_value(const struct word *w, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	if (w->choices)
		put_choices(buf, size, &used, w->choices);
	else if (w->value)
		put(buf, size, &used, w->value);
}

void usage_format(const struct verb *v, char *buf, size_t size)
{
	const struct word *w;
	size_t used = 0;
	char value[128];

	buf[0] = '\0';
	for (w = v->words; w->name; w++) {
		usage_value(w, value, sizeof(value));
		put(buf, size, &used, w == v->words ? "" : " ");
		put(buf, size, &used, w->flags & WORD_NEEDED ? "" : "[");
		put(buf, size, &used, w->name);
		put(buf, size, &used, *value ? " " : "");
		put(buf, size, &used, value);
		put(buf, size, &used, w->flags & WORD_NEEDED ? "" : "]");
	}
}

/* Is @arg, after two dashes, the word @name, perhaps with "=VALUE"? */
static bool is_dashed(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(arg, "--", 2) && !strncmp(arg + 2, name, len) &&
	       (!arg[2 + len] || arg[2 + len] == '=');
}

static const struct word *find_dashed(const struct verb *v, const char *arg)
{
	const struct word *w;

	for (w = v->words; w->name; w++) {
		if (w->flags & WORD_REST ? !strcmp(arg, w->name) :
		    !(w->flags & WORD_PLACE) && is_dashed(arg, w->name))
			return w;
	}
	return NULL;
}

/* Returns the first place that has no word yet, or NULL. */
static const struct word *free_place(const struct call *call,
				     unsigned int flags)
{
	const struct word *w;

	for (w = call->verb->words; w->name; w++)
		if (w->flags & WORD_PLACE && (w->flags & flags) == flags &&
		    !call->v[w - call->verb->words])
			return w;
	return NULL;
}

/* The names for word_find(), ended by NULL */
static void list_keywords(const struct verb *v,
			  const char *names[WORDS_MAX + 1])
{
	const struct word *w;
	size_t n = 0;

	for (w = v->words; w->name; w++)
		if (!(w->flags & WORD_PLACE))
			names[n++] = w->name;
	names[n] = NULL;
}

/* Returns the keyword that @arg is or abbreviates, or NULL. */
static const struct word *find_keyword(const struct verb *v, const char *arg)
{
	const char *names[WORDS_MAX + 1];
	const struct word *w = v->words;
	int i;

	list_keywords(v, names);
	i = word_find(arg, names);
	if (i < 0)
		return NULL;
	while (strcmp(w->name, names[i]) != 0)
		w++;
	if (w->flags & (WORD_WHOLE | WORD_REST) && strcmp(w->name, arg) != 0)
		return NULL;
	return w;
}

static int complain(const struct verb *v, const char *arg)
{
	const char *names[WORDS_MAX + 1];
	char line[512];

	list_keywords(v, names);
	usage_format(v, line, sizeof(line));
	if (!names[0])
		return usage("%s: '%s' is unexpected; 'stabletap %s%s%s'",
			     v->name, arg, v->name, *line ? " " : "", line);
	if (word_find(arg, names) >= 0)
		return usage("%s: '%s' can't be abbreviated", v->name, arg);
	word_expect(arg, names, v->name);
	return CLI_USAGE;
}

/* Finds the choice that @arg is or abbreviates; *value gets the whole word. */
static int choose(const struct verb *v, const struct word *w,
		  const char **value)
{
	char where[64];
	int i;

	snprintf(where, sizeof(where), "%s: %s", v->name, w->name);
	i = word_expect(*value, w->choices, where);
	if (i < 0)
		return CLI_USAGE;
	*value = w->choices[i];
	return 0;
}

static int take_value(struct line *l, const struct word *w, const char *arg)
{
	const struct verb *v = l->call->verb;
	const char **slot = &l->call->v[w - v->words];
	const char *equals = !strncmp(arg, "--", 2) ? strchr(arg, '=') : NULL;

	if (*slot)
		return usage("%s: '%s' is given twice", v->name, w->name);
	if (!w->value) {
		if (equals)
			return usage("%s: '%s' takes no value", v->name,
				     w->name);
		*slot = w->name;
		return 0;
	}
	*slot = equals ? equals + 1 : *l->at;
	if (!*slot)
		return usage("%s: '%s' needs a value", v->name, w->name);
	l->at += !equals;
	return w->choices ? choose(v, w, slot) : 0;
}

static int take_rest(struct line *l)
{
	l->call->rest = l->at;
	while (*l->at)
		l->at++;
	return 0;
}

/* As in ip: "show dev vm1", "pin vm1 dev eth1" */
static bool is_filler(const struct verb *v, const char *arg, const char *next)
{
	return next && !strcmp(arg, "dev") && !find_keyword(v, arg);
}

static int take_word(struct line *l)
{
	const struct verb *v = l->call->verb;
	const char *arg = *l->at++;
	const struct word *w = free_place(l->call, WORD_NEEDED);

	if (is_filler(v, arg, *l->at) && free_place(l->call, 0))
		arg = *l->at++;
	if (!w) {
		w = find_keyword(v, arg);
		if (w)
			return take_value(l, w, arg);
		w = free_place(l->call, 0);
	}
	if (!w)
		return complain(v, arg);
	l->call->v[w - v->words] = arg;
	return 0;
}

static int take_words(struct line *l)
{
	const struct verb *v = l->call->verb;
	const struct word *w;
	int status = 0;

	/* As in ip: "attach help" */
	if (*l->at && !strcmp(*l->at, "help") && v->words->name) {
		l->cli->help = true;
		return 0;
	}
	while (!status && *l->at) {
		if (**l->at != '-' || !(*l->at)[1]) {
			status = take_word(l);
			continue;
		}
		w = find_dashed(v, *l->at);
		if (!w)
			status = take_option(l, v->name);
		else if (w->flags & WORD_REST)
			l->at++, status = take_rest(l);
		else
			l->at++, status = take_value(l, w, l->at[-1]);
	}
	return status;
}

static int check_needed(const struct call *call)
{
	const struct verb *v = call->verb;
	const struct word *w;
	char line[512];

	for (w = v->words; w->name; w++) {
		if (!(w->flags & WORD_NEEDED) || call->v[w - v->words])
			continue;
		if (w->flags & WORD_REST && call->rest && *call->rest)
			continue;
		usage_format(v, line, sizeof(line));
		return usage("%s: %s is missing; 'stabletap %s %s'", v->name,
			     w->flags & WORD_REST ? w->value : w->name,
			     v->name, line);
	}
	return 0;
}

int parse_line(struct cli *cli, char **argv, struct call *call)
{
	struct line l = { cli, call, argv };
	int status = 0;

	memset(call, 0, sizeof(*call));
	while (!status && *l.at && **l.at == '-')
		status = take_option(&l, "");
	if (status || !*l.at)
		return status;
	call->verb = parse_verb(cli->verbs, *l.at++);
	if (!call->verb)
		return CLI_USAGE;
	status = take_words(&l);
	if (status || cli->help || cli->version)
		return status;
	status = check_needed(call);
	return status ? status : check_options(cli, call->verb);
}
