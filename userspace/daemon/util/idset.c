// SPDX-License-Identifier: GPL-2.0
/* A sorted set of numbers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sorted.h"
#include "util/idset.h"

#define ROOM_MIN 8

static int id_at(const void *v, size_t i)
{
	return ((const int *)v)[i];
}

/* Returns the position of @id, or where to insert it. */
static size_t position(const struct idset *s, int id)
{
	return sorted_position(s->v, s->n, id, id_at);
}

bool idset_has(const struct idset *s, int id)
{
	size_t i = position(s, id);

	return i < s->n && s->v[i] == id;
}

static int make_room(struct idset *s)
{
	size_t room = s->room ? s->room * 2 : ROOM_MIN;
	int *grown;

	if (s->n < s->room)
		return 0;
	grown = reallocarray(s->v, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->v = grown;
	s->room = room;
	return 0;
}

int idset_add(struct idset *s, int id)
{
	size_t i = position(s, id);

	if (i < s->n && s->v[i] == id)
		return 0;
	if (make_room(s))
		return -ENOMEM;
	memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof(*s->v));
	s->v[i] = id;
	s->n++;
	return 1;
}

bool idset_drop(struct idset *s, int id)
{
	size_t i = position(s, id);

	if (i == s->n || s->v[i] != id)
		return false;
	s->n--;
	memmove(&s->v[i], &s->v[i + 1], (s->n - i) * sizeof(*s->v));
	return true;
}

bool idset_make(struct idset *s, int id, bool member)
{
	return member ? idset_add(s, id) > 0 : idset_drop(s, id);
}

bool idset_equal(const struct idset *a, const struct idset *b)
{
	return a->n == b->n &&
	       (!a->n || !memcmp(a->v, b->v, a->n * sizeof(*a->v)));
}

void idset_clear(struct idset *s)
{
	s->n = 0;
}

void idset_release(struct idset *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}
