/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What has to be looked at: devices and ports, now or at a time.  Holds no
 * timer and no event source; the engine is told by @wake and asks for the
 * next time.
 */
#ifndef MODEL_AGENDA_H
#define MODEL_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum agenda_kind { AGENDA_DEVICE, AGENDA_PORT, AGENDA_KINDS };

/* One thing to look at; embedded in a device or a port. */
struct todo {
	enum agenda_kind kind;
	struct todo *next;
	struct todo **link;	/* that points here; NULL: not in the queue */
	uint64_t when;		/* ns of CLOCK_BOOTTIME; 0: at no time */
	size_t place;		/* in the heap, from 1 on; 0: not there */
};

struct agenda {
	struct {
		struct todo *first;
		struct todo **last;
	} queue[AGENDA_KINDS];
	struct todo **heap;	/* the soonest first */
	size_t heap_n, heap_room;
	size_t members;		/* todos for which the heap must have room */
	void (*wake)(void *arg);	/* there is something new in it */
	void *arg;
};

void agenda_init(struct agenda *a, void (*wake)(void *arg), void *arg);
void agenda_release(struct agenda *a);

/* -ENOMEM.  Everything below can't fail. */
int agenda_join(struct agenda *a, struct todo *t, enum agenda_kind kind);
void agenda_leave(struct agenda *a, struct todo *t);

/* Look at @t now, after those that are in the queue already. */
void agenda_mark(struct agenda *a, struct todo *t);
/* Look at @t at @when, or sooner if that was said before. */
void agenda_at(struct agenda *a, struct todo *t, uint64_t when);
/* Look at @t at @when and not at the time that was said before; 0: never. */
void agenda_set(struct agenda *a, struct todo *t, uint64_t when);

/* The first of its queue, which it leaves, or NULL */
struct todo *agenda_take(struct agenda *a, enum agenda_kind kind);
/* Is the queue of @kind empty? */
bool agenda_is_empty(const struct agenda *a, enum agenda_kind kind);
static inline bool agenda_is_marked(const struct todo *t)
{
	return t->link != NULL;
}

/* Mark all whose time has come. */
void agenda_due(struct agenda *a, uint64_t now);
/* When the next time comes; 0: there is none */
uint64_t agenda_next(const struct agenda *a);

#endif /* MODEL_AGENDA_H */
