// SPDX-License-Identifier: GPL-2.0
/* Parts of JSON that several answers to clients share. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "model/happening.h"
#include "model/history.h"
#include "serve/json.h"
#include "stabletap.h"

json_t *json_time(uint64_t real)
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

json_t *json_text_or_null(const char *text)
{
	return *text ? stabletap_json_text(text) : json_null();
}

json_t *happening_json(const struct happening *what)
{
	/* "o" takes over its argument, also when packing fails. */
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:f}",
			 "number", (json_int_t)what->number,
			 "time", json_time(what->real),
			 "port", json_text_or_null(what->port),
			 "event", json_text_or_null(what->event),
			 "from", json_text_or_null(what->from),
			 "to", json_text_or_null(what->to),
			 "why", json_text_or_null(what->why),
			 "detached_seconds", (double)what->detached / 1e9);
}

json_t *history_json(const struct history *h, const char *port, uint64_t since)
{
	const struct happening *what;
	json_t *list = json_array();

	if (!list)
		return NULL;
	while ((what = history_after(h, since))) {
		since = what->number;
		if (port && strcmp(port, what->port) != 0)
			continue;
		if (json_array_append_new(list, happening_json(what))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
