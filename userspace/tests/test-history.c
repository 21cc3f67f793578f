// SPDX-License-Identifier: GPL-2.0
/* The daemon's history: what is kept, what is let go, its form in JSON. */
#include <stdlib.h>

#include "model/history.h"
#include "serve/json.h"
#include "tap.h"

static struct happening make(const char *port, const char *event)
{
	struct happening h = { .real = 1700000000123456789ULL };

	snprintf(h.port, sizeof(h.port), "%s", port);
	snprintf(h.event, sizeof(h.event), "%s", event);
	return h;
}

/* The numbers in the array, "3 4 5". */
static const char *numbers(json_t *list)
{
	static char text[256];
	size_t len = 0;
	size_t i;

	text[0] = '\0';
	for (i = 0; i < json_array_size(list); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"%s%lld", i ? " " : "", (long long)json_integer_value(
			json_object_get(json_array_get(list, i), "number")));
	json_decref(list);
	return text;
}

static void test_ring(struct tap *t)
{
	struct history *h = history_new(4);
	struct happening one = make("vm1", "attached");
	struct happening two = make("vm2", "detached");
	int i;

	is_str(t, numbers(history_json(h, NULL, 0)), "",
	       "a new history is empty");
	ok(t, history_last(h) == 0, "and has no last number");
	ok(t, history_add(h, &one) == 1 && history_add(h, &two) == 2 &&
	   history_last(h) == 2, "numbers count from 1");
	is_str(t, numbers(history_json(h, NULL, 0)), "1 2",
	       "all is there while there is room");
	for (i = 0; i < 5; i++)
		history_add(h, i % 2 ? &two : &one);
	is_str(t, numbers(history_json(h, NULL, 0)), "4 5 6 7",
	       "the oldest goes first");
	is_str(t, numbers(history_json(h, NULL, 1)), "4 5 6 7",
	       "since a number that is gone: what there is");
	is_str(t, numbers(history_json(h, NULL, 5)), "6 7",
	       "since a number: what came after it");
	is_str(t, numbers(history_json(h, NULL, 7)), "",
	       "since the last: nothing");
	is_str(t, numbers(history_json(h, NULL, UINT64_MAX)), "",
	       "since a number that is to come: nothing");
	is_str(t, numbers(history_json(h, "vm2", 0)), "4 6",
	       "one port's alone");
	is_str(t, numbers(history_json(h, "vm9", 0)), "",
	       "nothing of a port that did nothing");
	history_free(h);
}

static void test_json(struct tap *t)
{
	struct history *h = history_new(1);
	struct happening a = make("vm1", "replaced");
	json_t *list;
	char *text;

	snprintf(a.from, sizeof(a.from), "eth0");
	snprintf(a.to, sizeof(a.to), "eth\xff\"1");
	a.number = 99;
	a.detached = 1500000000;
	history_add(h, &a);
	list = history_json(h, NULL, 0);
	text = json_dumps(list, JSON_COMPACT | JSON_PRESERVE_ORDER);
	is_str(t, text, "[{\"number\":1,"
	       "\"time\":\"2023-11-14T22:13:20.123456Z\","
	       "\"port\":\"vm1\",\"event\":\"replaced\",\"from\":\"eth0\","
	       "\"to\":\"eth?\\\"1\",\"why\":null,\"detached_seconds\":1.5}]",
	       "an event's keys, its time, a name that is no UTF-8");
	free(text);
	json_decref(list);
	history_free(h);
}

int main(void)
{
	struct tap t = { 0 };

	test_ring(&t);
	test_json(&t);
	return tap_end(&t);
}
