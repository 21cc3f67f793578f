/* SPDX-License-Identifier: GPL-2.0 */
/* What the command's files share. */
#ifndef CLI_H
#define CLI_H

#include <jansson.h>
#include <stdio.h>

#include "stabletap.h"

/* Exit statuses. */
enum {
	CLI_DONE = 0,
	CLI_REFUSED = 1,	/* by the kernel, or for what it said */
	CLI_USAGE = 2,
};

/* What stands before the verb, and the handle. */
struct cli {
	struct stabletap *st;
	bool json;
	bool pretty;
	bool brief;
	bool stats;
	bool details;
	bool timestamp;
};

struct verb {
	const char *name;
	/* Returns the exit status.  @argv[0] is the first argument. */
	int (*run)(struct cli *cli, int argc, char **argv);
	/* Without the names of command and verb; NULL: as the verb before. */
	const char *usage;
};

int cmd_add(struct cli *cli, int argc, char **argv);
int cmd_del(struct cli *cli, int argc, char **argv);
int cmd_attach(struct cli *cli, int argc, char **argv);
int cmd_detach(struct cli *cli, int argc, char **argv);
int cmd_show(struct cli *cli, int argc, char **argv);
int cmd_monitor(struct cli *cli, int argc, char **argv);
int cmd_exec(struct cli *cli, int argc, char **argv);
int cmd_announce(struct cli *cli, int argc, char **argv);
int cmd_activate(struct cli *cli, int argc, char **argv);
int cmd_failback(struct cli *cli, int argc, char **argv);
int cmd_status(struct cli *cli, int argc, char **argv);
int cmd_events(struct cli *cli, int argc, char **argv);
int cmd_pin(struct cli *cli, int argc, char **argv);
int cmd_prefer(struct cli *cli, int argc, char **argv);
int cmd_unpin(struct cli *cli, int argc, char **argv);

/* ---- args.c: words of the command line ---- */

#define WORD_UNKNOWN (-1)
#define WORD_AMBIGUOUS (-2)

/*
 * Index of the word in @words (ended by NULL) that @given is or abbreviates,
 * WORD_UNKNOWN, or WORD_AMBIGUOUS.
 */
int word_find(const char *given, const char *const *words);

/* As word_find(); says what is wrong with the word otherwise. */
int word_expect(const char *given, const char *const *words,
		const char *where);

/* Arguments being eaten up. */
struct args {
	const char *verb;
	int n;
	char **v;
};

/* Take the next one, or NULL. */
const char *args_next(struct args *a);

/* Take the value of @keyword; says so and gives NULL when there is none. */
const char *args_value(struct args *a, const char *keyword);

/* One of the options that say how to print; false: it is none. */
bool option_take(struct cli *cli, const char *arg);

/* These say what is wrong, and return false then. */
bool parse_number(const char *text, const char *what, uint32_t min,
		  uint32_t max, uint32_t *out);
bool parse_user(const char *text, uint32_t *uid);
bool parse_group(const char *text, uint32_t *gid);
bool parse_perm(const char *text, uint32_t *perm);
bool parse_mac(const char *text, uint8_t mac[6]);

/* ---- netns.c ---- */

/*
 * Go to the network namespace that "ip netns" knows as @name; says what is
 * wrong and returns the exit status otherwise.
 */
int netns_enter(const char *name);

/* ---- report.c: one clear line, and what to do ---- */

/* Print "stabletap: ..." on stderr and return CLI_USAGE. */
int usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print "stabletap: ..." on stderr and return CLI_REFUSED. */
int refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print "hint: ..." on stderr. */
void hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print "note: ..." on stderr. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Print "stabletap: <what was tried>: <the kernel's sentence or the errno's
 * text>" on stderr, a hint where one is to be had for every caller, and
 * return CLI_REFUSED.
 */
int refused(struct cli *cli, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* 0, or the exit status after having said why the module can't be used. */
int need_module(struct cli *cli);

/* Find a port or a device by name; 0 or the exit status after a message. */
int find_port(struct cli *cli, const char *name, struct stabletap_link *out);
int find_device(struct cli *cli, const char *name, struct stabletap_link *out);

/* Say on stderr, as hints, who has the port open. */
void report_holders(struct cli *cli, int port, const char *name);

/* ---- view.c, text.c: a port as it is shown ---- */

/*
 * All that is shown of one port.  The pointers belong to whoever filled it
 * in; each may be NULL but @link.
 */
struct view {
	struct stabletap_get get;
	struct stabletap_stats stats;	/* with -s */
	const struct stabletap_link *link;
	const struct stabletap_link *lower;
	const struct stabletap_link *parent;
	const struct stabletap_holder *holders;
	size_t holders_n;
	bool holders_partial;
	const char *module;	/* what is wrong with it, "", or NULL */
	uint64_t now;		/* CLOCK_BOOTTIME, nanoseconds */
};

/* New reference, owned by the caller. */
json_t *view_json(const struct cli *cli, const struct view *v);
void view_text(const struct cli *cli, const struct view *v, FILE *out);
void view_brief(const struct view *v, FILE *out);

/* How long ago @then was; never less than nothing. */
uint64_t view_age(const struct view *v, uint64_t then);

/* The sentence for a lower that shrank, or false. */
bool view_mtu_warning(const struct view *v, char *buf, size_t size);

/* Print @value with the options' layout and a newline. */
void print_json(const struct cli *cli, const json_t *value, FILE *out);

/* ---- events.c: what happened between two looks at a port ---- */

/* Resolves an ifindex to a name for display; never NULL. */
typedef const char *(*name_fn)(int ifindex, void *arg);

/* Takes one event; @fields is the function's to release. */
typedef void (*event_fn)(const char *event, const struct stabletap_link *port,
			 json_t *fields, void *arg);

/*
 * Compare and emit, in order.  @old NULL: the port is new; @new NULL: gone.
 * @arg goes to both functions.
 */
void events_compare(const struct stabletap_link *old,
		    const struct stabletap_link *new, name_fn name,
		    event_fn emit, void *arg);

/* ---- subst.c: {fd}, {fds}, {vhostfd}, {vhostfds} ---- */

/* Numbers joined by ":"; to be given to free().  NULL: out of memory. */
char *join_fds(const int *fds, unsigned int n);

/* True if @text has @what, braces included, in it. */
bool has_place(const char *text, const char *what);

/* @text with each @what replaced by @with; to be given to free(). */
char *replace_all(const char *text, const char *what, const char *with);

#endif /* CLI_H */
