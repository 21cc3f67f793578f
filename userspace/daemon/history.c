// SPDX-License-Identifier: GPL-2.0
/* What happened: the last so many events, and their form in JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon.h"

/*
 * A ring whose elements' numbers follow one another without a gap, so that
 * the one with a given number is found without looking at the others.
 */
struct history {
	size_t room;
	size_t n;
	uint64_t last;		/* number of the newest; 0: none yet */
	struct happening v[];	/* number N stands at N % room */
};

struct history *history_new(size_t room)
{
	struct history *h;

	if (!room)
		room = 1;
	if (room > (SIZE_MAX - sizeof(*h)) / sizeof(h->v[0]))
		return NULL;
	h = calloc(1, sizeof(*h) + room * sizeof(h->v[0]));
	if (h)
		h->room = room;
	return h;
}

void history_free(struct history *h)
{
	free(h);
}

uint64_t history_add(struct history *h, const struct happening *what)
{
	struct happening *slot = &h->v[++h->last % h->room];

	*slot = *what;
	slot->number = h->last;
	if (h->n < h->room)
		h->n++;
	return h->last;
}

uint64_t history_last(const struct history *h)
{
	return h->last;
}

static json_t *text_json(const char *text)
{
	return *text ? stabletap_json_text(text) : json_null();
}

static json_t *time_json(uint64_t real)
{
	time_t seconds = (time_t)(real / 1000000000);
	unsigned int us = (unsigned int)(real % 1000000000 / 1000);
	char day[40];
	char text[64];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    !strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm))
		return json_null();
	snprintf(text, sizeof(text), "%s.%06uZ", day, us);
	return json_string(text);
}

json_t *happening_json(const struct happening *what)
{
	/* "o" takes over what was made for it, also when packing fails. */
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:f}",
			 "number", (json_int_t)what->number,
			 "time", time_json(what->real),
			 "port", text_json(what->port),
			 "event", text_json(what->event),
			 "from", text_json(what->from),
			 "to", text_json(what->to),
			 "why", text_json(what->why),
			 "detached_seconds", (double)what->detached / 1e9);
}

json_t *history_json(const struct history *h, const char *port, uint64_t since)
{
	uint64_t number = h->last - h->n;
	json_t *list = json_array();
	const struct happening *what;

	if (!list)
		return NULL;
	if (number < since)
		number = since;
	while (number < h->last) {
		what = &h->v[++number % h->room];
		if (port && strcmp(port, what->port) != 0)
			continue;
		if (json_array_append_new(list, happening_json(what))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
