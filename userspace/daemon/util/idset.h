/* SPDX-License-Identifier: GPL-2.0 */
/* A sorted set of numbers: ifindexes, VLAN ids, places in an array. */
#ifndef UTIL_IDSET_H
#define UTIL_IDSET_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty set.  Released by idset_release(). */
struct idset {
	int *v;			/* ascending, each once */
	size_t n;
	size_t room;
};

bool idset_has(const struct idset *s, int id);
/* Returns 1 if @id was added, 0 if the set had it, or -ENOMEM. */
int idset_add(struct idset *s, int id);
/* Returns true if the set had @id. */
bool idset_drop(struct idset *s, int id);
/* Adds or removes @id.  Returns true if that changed the set. */
bool idset_make(struct idset *s, int id, bool member);
bool idset_equal(const struct idset *a, const struct idset *b);
void idset_clear(struct idset *s);
void idset_release(struct idset *s);

#endif /* UTIL_IDSET_H */
