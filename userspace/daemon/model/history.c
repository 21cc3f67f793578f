// SPDX-License-Identifier: GPL-2.0
/* The last events of all ports. */
#include <stdlib.h>

#include "model/history.h"

/* A ring.  The numbers have no gap, so an element is found by its number. */
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

const struct happening *history_after(const struct history *h, uint64_t since)
{
	uint64_t first = h->last - h->n + 1;

	if (since >= h->last)
		return NULL;
	return &h->v[(since < first ? first : since + 1) % h->room];
}
