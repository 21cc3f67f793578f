/* SPDX-License-Identifier: GPL-2.0 */
/* A verb, and the words that may follow it. */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include "cli.h"

/* Flags of a word */
enum {
	WORD_PLACE = 1 << 0,	/* a value by its position, without a keyword */
	WORD_NEEDED = 1 << 1,
	WORD_WHOLE = 1 << 2,	/* can't be abbreviated */
	WORD_REST = 1 << 3,	/* takes all following arguments */
};

struct word {
	const char *name;	/* the keyword, or the name of the value */
	const char *value;	/* name of the keyword's value; NULL: none */
	unsigned int flags;
	const char *help;	/* one line */
	const char *const *choices;	/* values of @value, or NULL */
};

#define WORDS_MAX 16

/* Options that only some verbs accept; all verbs accept the others. */
enum {
	OPTION_BRIEF = 1 << 0,
	OPTION_STATS = 1 << 1,
	OPTION_DETAILS = 1 << 2,
	OPTION_TIMESTAMP = 1 << 3,
	OPTION_UTC = 1 << 4,
};

struct call;

struct verb {
	const char *name;
	const char *aliases;	/* separated by blanks; "" for none */
	const char *purpose;	/* one line */
	const char *example;	/* without the name of the command */
	unsigned int options;	/* OPTION_* */
	const struct word *words;	/* ended by one without a name */
	/* Returns the exit status. */
	int (*run)(struct cli *cli, const struct call *call);
};

/* A parsed command line */
struct call {
	const struct verb *verb;
	/*
	 * For each of the verb's words: its value, the name of a word that has
	 * none, or NULL if it was not given.
	 */
	const char *v[WORDS_MAX];
	char **rest;		/* arguments of WORD_REST, ended by NULL */
};

/* All verbs; each has its entry in its own file. */
extern const struct verb verb_activate, verb_add, verb_announce, verb_attach,
	verb_del, verb_detach, verb_doctor, verb_events, verb_exec,
	verb_failback, verb_help, verb_hold_off, verb_monitor, verb_pin,
	verb_prefer, verb_set, verb_show, verb_status, verb_unpin, verb_version, verb_wait;

#endif /* CLI_VERB_H */
