/* SPDX-License-Identifier: GPL-2.0 */
/* What is told to clients: the parts that more than one answer has. */
#ifndef SERVE_JSON_H
#define SERVE_JSON_H

#include <jansson.h>
#include <stdint.h>

struct happening;
struct history;

/* "2026-01-31T12:34:56.123456Z" of ns of CLOCK_REALTIME */
json_t *json_time(uint64_t real);
/* null where it is empty */
json_t *json_text_or_null(const char *text);
/*
 * An object of number, time, port, event, from, to, why (null where empty)
 * and detached_seconds; NULL: no memory.
 */
json_t *happening_json(const struct happening *what);
/*
 * A JSON array of those with a number above @since, of @port or, if that is
 * NULL, all; the oldest first.
 */
json_t *history_json(const struct history *h, const char *port,
		     uint64_t since);

#endif /* SERVE_JSON_H */
