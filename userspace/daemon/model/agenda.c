// SPDX-License-Identifier: GPL-2.0
/* Devices and ports to evaluate: a queue for each kind, and a heap of times. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/agenda.h"

void agenda_init(struct agenda *a)
{
	size_t i;

	memset(a, 0, sizeof(*a));
	for (i = 0; i < AGENDA_KINDS; i++)
		TAILQ_INIT(&a->queue[i]);
}

void agenda_on_entry(struct agenda *a, void (*wake)(void *arg), void *arg)
{
	a->wake = wake;
	a->arg = arg;
}

void agenda_release(struct agenda *a)
{
	free(a->heap);
	a->heap = NULL;
}

/* ---- the heap ---- */

static void heap_put(struct agenda *a, size_t place, struct todo *t)
{
	a->heap[place - 1] = t;
	t->place = place;
}

static void heap_up(struct agenda *a, struct todo *t)
{
	size_t place = t->place;

	while (place > 1 && a->heap[place / 2 - 1]->when > t->when) {
		heap_put(a, place, a->heap[place / 2 - 1]);
		place /= 2;
	}
	heap_put(a, place, t);
}

static void heap_down(struct agenda *a, struct todo *t)
{
	size_t place = t->place, child;

	while ((child = 2 * place) <= a->heap_n) {
		if (child < a->heap_n &&
		    a->heap[child]->when < a->heap[child - 1]->when)
			child++;
		if (a->heap[child - 1]->when >= t->when)
			break;
		heap_put(a, place, a->heap[child - 1]);
		place = child;
	}
	heap_put(a, place, t);
}

static void heap_drop(struct agenda *a, struct todo *t)
{
	struct todo *last;

	if (!t->place)
		return;
	last = a->heap[--a->heap_n];
	if (last != t) {
		heap_put(a, t->place, last);
		heap_up(a, last);
		heap_down(a, last);
	}
	t->place = 0;
	t->when = 0;
}

/* ---- joining and leaving ---- */

int agenda_join(struct agenda *a, struct todo *t, enum agenda_kind kind)
{
	size_t room = a->heap_room ? a->heap_room * 2 : 64;
	struct todo **grown;

	if (a->members == a->heap_room) {
		grown = reallocarray(a->heap, room, sizeof(struct todo *));
		if (!grown)
			return -ENOMEM;
		a->heap = grown;
		a->heap_room = room;
	}
	a->members++;
	*t = (struct todo){ .kind = kind, .since = AGENDA_LAST };
	return 0;
}

/* The search begins at the end, where most entries belong. */
static void queue_put(struct agenda *a, struct todo *t)
{
	struct todo_queue *queue = &a->queue[t->kind];
	struct todo *before = TAILQ_LAST(queue, todo_queue);

	while (before && before->since > t->since)
		before = TAILQ_PREV(before, todo_queue, entry);
	if (before)
		TAILQ_INSERT_AFTER(queue, before, t, entry);
	else
		TAILQ_INSERT_HEAD(queue, t, entry);
	t->is_queued = true;
}

static void queue_drop(struct agenda *a, struct todo *t)
{
	if (!t->is_queued)
		return;
	TAILQ_REMOVE(&a->queue[t->kind], t, entry);
	t->is_queued = false;
}

void agenda_leave(struct agenda *a, struct todo *t)
{
	queue_drop(a, t);
	heap_drop(a, t);
	a->members--;
}

/* ---- now, and at a time ---- */

static void wake(const struct agenda *a)
{
	if (a->wake)
		a->wake(a->arg);
}

void agenda_mark(struct agenda *a, struct todo *t)
{
	if (t->is_queued)
		return;
	queue_put(a, t);
	wake(a);
}

void agenda_order(struct agenda *a, struct todo *t, uint64_t since)
{
	if (t->since == since)
		return;
	t->since = since;
	if (!t->is_queued)
		return;
	queue_drop(a, t);
	queue_put(a, t);
}

void agenda_set(struct agenda *a, struct todo *t, uint64_t when)
{
	heap_drop(a, t);
	if (!when)
		return;
	t->when = when;
	t->place = ++a->heap_n;
	heap_up(a, t);
	if (t->place == 1)
		wake(a);
}

void agenda_at(struct agenda *a, struct todo *t, uint64_t when)
{
	if (when && (!t->place || when < t->when))
		agenda_set(a, t, when);
}

struct todo *agenda_take(struct agenda *a, enum agenda_kind kind)
{
	struct todo *t = TAILQ_FIRST(&a->queue[kind]);

	if (t)
		queue_drop(a, t);
	return t;
}

bool agenda_is_empty(const struct agenda *a, enum agenda_kind kind)
{
	return TAILQ_EMPTY(&a->queue[kind]);
}

void agenda_due(struct agenda *a, uint64_t now)
{
	struct todo *t;

	while (a->heap_n && a->heap[0]->when <= now) {
		t = a->heap[0];
		heap_drop(a, t);
		agenda_mark(a, t);
	}
}

uint64_t agenda_next(const struct agenda *a)
{
	return a->heap_n ? a->heap[0]->when : 0;
}
