/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices and ports to evaluate, now or at a time.  The agenda holds no timer
 * and no event source: @wake tells the engine of new entries, and the engine
 * asks for the next time.
 */
#ifndef MODEL_AGENDA_H
#define MODEL_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum agenda_kind { AGENDA_DEVICE, AGENDA_PORT, AGENDA_KINDS };

/* An entry of the agenda; embedded in a device or a port. */
struct todo {
	enum agenda_kind kind;
	TAILQ_ENTRY(todo) entry;	/* in the queue */
	bool is_queued;
	uint64_t since;		/* the queue has the earliest first */
	uint64_t when;		/* ns of CLOCK_BOOTTIME; 0: at no time */
	size_t place;		/* in the heap, from 1 on; 0: not there */
};

/* An entry's @since unless it is set: behind the others, in turn */
#define AGENDA_LAST UINT64_MAX

TAILQ_HEAD(todo_queue, todo);

struct agenda {
	struct todo_queue queue[AGENDA_KINDS];
	struct todo **heap;	/* the soonest first */
	size_t heap_n, heap_room;
	size_t members;		/* todos for which the heap must have room */
	void (*wake)(void *arg);	/* called when there is a new entry */
	void *arg;
};

void agenda_init(struct agenda *a);
/* Calls @wake for each new entry from now on; NULL: no more. */
void agenda_on_entry(struct agenda *a, void (*wake)(void *arg), void *arg);
void agenda_release(struct agenda *a);

/* Returns 0 or -ENOMEM.  The functions below can't fail. */
int agenda_join(struct agenda *a, struct todo *t, enum agenda_kind kind);
void agenda_leave(struct agenda *a, struct todo *t);

/* Puts @t into its queue, behind all entries that have no later @since. */
void agenda_mark(struct agenda *a, struct todo *t);
/* Sets @since of @t, and its place in the queue. */
void agenda_order(struct agenda *a, struct todo *t, uint64_t since);
/* Evaluates @t at @when, or at an earlier time that was set before. */
void agenda_at(struct agenda *a, struct todo *t, uint64_t when);
/* Evaluates @t at @when and not at the time set before; 0: at no time. */
void agenda_set(struct agenda *a, struct todo *t, uint64_t when);

/* Takes the first entry from the queue of @kind; NULL: it is empty. */
struct todo *agenda_take(struct agenda *a, enum agenda_kind kind);
/* Is the queue of @kind empty? */
bool agenda_is_empty(const struct agenda *a, enum agenda_kind kind);
static inline bool agenda_is_marked(const struct todo *t)
{
	return t->is_queued;
}

/* Puts the entries whose time has come into their queues. */
void agenda_due(struct agenda *a, uint64_t now);
/* Returns the earliest time, or 0 if there is none. */
uint64_t agenda_next(const struct agenda *a);

#endif /* MODEL_AGENDA_H */
