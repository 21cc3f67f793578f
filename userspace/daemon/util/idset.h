/* SPDX-License-Identifier: GPL-2.0 */
/* A sorted set of numbers: ifindexes, VLAN ids, places in an array. */
#ifndef UTIL_IDSET_H
#define UTIL_IDSET_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed it is empty; released by idset_release(). */
struct idset {
	int *v;			/* ascending, each once */
	size_t n;
	size_t room;
};

bool idset_has(const struct idset *s, int id);
/* -ENOMEM; 1: it was added; 0: it was there. */
int idset_add(struct idset *s, int id);
/* True: it was there. */
bool idset_drop(struct idset *s, int id);
/* Make membership what it should be; true if that is a change. */
bool idset_make(struct idset *s, int id, bool member);
bool idset_equal(const struct idset *a, const struct idset *b);
void idset_clear(struct idset *s);
void idset_release(struct idset *s);

#endif /* UTIL_IDSET_H */
