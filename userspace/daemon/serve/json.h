/* SPDX-License-Identifier: GPL-2.0 */
/* Parts of JSON that several answers to clients share. */
#ifndef SERVE_JSON_H
#define SERVE_JSON_H

#include <jansson.h>
#include <stdint.h>

struct happening;
struct history;

/* Returns "2026-01-31T12:34:56.123456Z" for ns of CLOCK_REALTIME. */
json_t *json_time(uint64_t real);
/* Returns null for an empty string. */
json_t *json_text_or_null(const char *text);
/*
 * Returns an object of number, time, port, event, from, to, why (null if empty)
 * and detached_seconds; NULL: no memory.
 */
json_t *happening_json(const struct happening *what);
/*
 * Returns an array of the events with a number above @since, the oldest first;
 * of @port only, if it is not NULL.
 */
json_t *history_json(const struct history *h, const char *port,
		     uint64_t since);

#endif /* SERVE_JSON_H */
