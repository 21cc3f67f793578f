// SPDX-License-Identifier: GPL-2.0
/*
 * stabletap events.  The daemon numbers its events from 1 on; each start of it
 * is an instance with an id.  Only both together name one event, so lines begin
 * with INSTANCE:NUMBER, which "since" takes.  A follower sends the daemon both,
 * so that nothing is lost while the connection or the daemon is away.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "json.h"
#include "report.h"
#include "verb.h"
#include "words.h"

enum { PORT, SINCE, INSTANCE, FOLLOW };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE, "of this port (default: all)",
		   NULL },
	[SINCE] = { "since", "[INSTANCE:]NUMBER", WORD_WHOLE,
		    "only events after this number, which begins a line",
		    NULL },
	[INSTANCE] = { "instance", "ID", WORD_WHOLE,
		       "as INSTANCE: before NUMBER", NULL },
	[FOLLOW] = { "follow", NULL, WORD_WHOLE,
		     "then print new events as they happen, until interrupted", NULL },
	{ .name = NULL },
};

struct follower {
	struct cli *cli;
	const char *port;
	json_int_t last;	/* number of the last event that was seen */
	char instance[64];	/* "": not known yet */
	bool met;		/* the daemon has answered before */
	bool gone;		/* the daemon is gone, which was printed */
};

static json_t *request(const struct follower *f, bool follow)
{
	json_t *o = json_pack("{s:I}", "events", f->last);

	if (f->port)
		json_object_set_new(o, "port", stabletap_json_text(f->port));
	if (*f->instance)
		json_object_set_new(o, "instance", stabletap_json_text(f->instance));
	if (follow)
		json_object_set_new(o, "follow", json_true());
	return o;
}

static void print_event(const char *instance, const json_t *e)
{
	const json_t *gap = json_object_get(e, "detached_seconds");

	printf("%s%s%" JSON_INTEGER_FORMAT " %s %s: %s",
	       instance, *instance ? ":" : "",
	       json_integer_value(json_object_get(e, "number")),
	       json_text_of(e, "time"), json_text_of(e, "port"),
	       json_text_of(e, "event"));
	if (*json_text_of(e, "from"))
		printf(" from %s", json_text_of(e, "from"));
	if (*json_text_of(e, "to"))
		printf(" to %s", json_text_of(e, "to"));
	if (*json_text_of(e, "why"))
		printf(", %s", json_text_of(e, "why"));
	if (json_number_value(gap) > 0)
		printf(", without a lower for %.3f s", json_number_value(gap));
	putchar('\n');
}

/*
 * A number without its instance may be one of an earlier instance.  Unless this
 * one has not reached that number, only the caller can know.
 */
static void note_number(const struct follower *f, const json_t *answer)
{
	const char *instance = json_text_of(answer, "instance");
	json_int_t last = json_integer_value(json_object_get(answer, "last"));

	if (!*instance || !f->last)
		return;
	if (last < f->last)
		note("the last event has number %" JSON_INTEGER_FORMAT
		     ": stabletapd was restarted, and numbers them anew", last);
	else if (!f->cli->json)
		note("if stabletapd was restarted after event %"
		     JSON_INTEGER_FORMAT ", events are missing here; 'since INSTANCE:%"
		     JSON_INTEGER_FORMAT "', as the line of that event begins, misses none",
		     f->last, f->last);
}

static void note_restart(void)
{
	note("stabletapd was restarted: events are numbered anew");
}

/* ---- once ---- */

static int print_list(struct cli *cli, json_t *answer)
{
	const json_t *e;
	size_t i;

	if (ask_error(answer))
		return refuse("stabletapd refuses: %s", ask_error(answer));
	if (cli->json)
		return json_print(cli, json_incref(answer), stdout);
	json_array_foreach(json_object_get(answer, "events"), i, e)
		print_event(json_text_of(answer, "instance"), e);
	return CLI_DONE;
}

static int list(struct follower *f)
{
	json_t *answer = ask(f->cli, request(f, false));
	int status = CLI_REFUSED;

	if (answer) {
		if (!*f->instance)
			note_number(f, answer);
		else if (strcmp(json_text_of(answer, "instance"),
				f->instance) != 0)
			note_restart();
		status = print_list(f->cli, answer);
	}
	json_decref(answer);
	return status;
}

/* ---- following ---- */

/* One line of JSON, or of text, for each event */
static void tell(struct follower *f, const json_t *e)
{
	const json_t *number = json_object_get(e, "number");
	json_t *o;

	if (json_is_integer(number))
		f->last = json_integer_value(number);
	if (f->cli->json) {
		o = json_versioned("instance", stabletap_json_text(f->instance));
		json_object_update(o, (json_t *)e);
		json_print_line(o, stdout);
	} else {
		print_event(f->instance, e);
	}
}

static void tell_restart(struct follower *f)
{
	json_t *o;

	if (!f->cli->json) {
		note_restart();
		return;
	}
	o = json_versioned("instance", stabletap_json_text(f->instance));
	json_object_set_new(o, "event", json_string("daemon-restarted"));
	json_print_line(o, stdout);
}

/* The first line of a conversation: what has happened so far */
static int take_first(struct follower *f, const json_t *first)
{
	const char *instance = json_text_of(first, "instance");
	bool known = *f->instance;
	const json_t *e;
	size_t i;

	if (ask_error(first))
		return refuse("stabletapd refuses: %s", ask_error(first));
	if (!*instance)
		return refuse("this stabletapd is too old to be followed");
	if (strcmp(instance, f->instance) != 0) {
		snprintf(f->instance, sizeof(f->instance), "%s", instance);
		if (known)
			tell_restart(f);
		else
			note_number(f, first);
	}
	json_array_foreach(json_object_get(first, "events"), i, e)
		tell(f, e);
	/* Events of other ports have numbers, too. */
	f->last = json_integer_value(json_object_get(first, "last"));
	f->met = true;
	f->gone = false;
	return 0;
}

/* Before waiting for the daemon, give the reader all that was printed. */
static json_t *next(const struct follower *f, FILE *from)
{
	fflush(stdout);
	return ask_next(f->cli, from);
}

static int converse(struct follower *f, FILE *from)
{
	json_t *o = next(f, from);
	bool is_busy = json_is_true(json_object_get(o, "busy"));
	int status = 0;

	/* If a follower connects again and the daemon is busy, it tries again. */
	if (o && (!is_busy || !f->met))
		status = take_first(f, o);
	while (!status && o && !is_busy && !ferror(stdout)) {
		json_decref(o);
		o = next(f, from);
		if (json_object_get(o, "event"))
			tell(f, json_object_get(o, "event"));
	}
	json_decref(o);
	return status;
}

static void tell_gone(struct follower *f)
{
	if (!f->gone)
		note("stabletapd has gone; waiting for it");
	f->gone = true;
}

/* Try each second until the daemon is back. */
static int follow(struct follower *f)
{
	const struct timespec second = { .tv_sec = 1 };
	int status = 0;
	FILE *from;
	int err;

	for (;;) {
		from = ask_open(f->cli, request(f, true), &err);
		if (!from && (!f->met || err == -EXDEV))
			return ask_refused(err);
		if (from) {
			status = converse(f, from);
			fclose(from);
		}
		if (status || ferror(stdout))
			return status;
		tell_gone(f);
		nanosleep(&second, NULL);
	}
}

/* [INSTANCE:]NUMBER, as a line of this command begins */
static bool parse_since(struct follower *f, const char *text)
{
	size_t len = strcspn(text, ":");
	uint32_t since = 0;

	if (text[len] && (!len || len >= sizeof(f->instance) ||
			  !text[len + 1])) {
		usage("since: write [INSTANCE:]NUMBER, as 'stabletap events' prints it, not '%s'",
		      text);
		return false;
	}
	if (text[len])
		snprintf(f->instance, sizeof(f->instance), "%.*s", (int)len,
			 text);
	if (!parse_number(text[len] ? text + len + 1 : text, "since", 0,
			  UINT32_MAX, &since))
		return false;
	f->last = since;
	return true;
}

static int run(struct cli *cli, const struct call *call)
{
	struct follower f = { .cli = cli, .port = call->v[PORT] };

	if (call->v[SINCE] && !parse_since(&f, call->v[SINCE]))
		return CLI_USAGE;
	if (call->v[INSTANCE])
		snprintf(f.instance, sizeof(f.instance), "%s",
			 call->v[INSTANCE]);
	return call->v[FOLLOW] ? follow(&f) : list(&f);
}

const struct verb verb_events = {
	.name = "events",
	.aliases = "",
	.purpose = "print what stabletapd did, and why",
	.example = "events vm1 --follow",
	.options = OPTION_UTC,
	.words = words,
	.run = run,
};
