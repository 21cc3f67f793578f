/* SPDX-License-Identifier: GPL-2.0 */
/* The last events of all ports. */
#ifndef MODEL_HISTORY_H
#define MODEL_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "model/happening.h"

struct history;
struct history *history_new(size_t room);
void history_free(struct history *h);
/* Adds a copy of @what, and returns its number; @what->number is ignored. */
uint64_t history_add(struct history *h, const struct happening *what);
uint64_t history_last(const struct history *h);	/* 0: none yet */
/* Returns the first stored event with a number above @since, or NULL. */
const struct happening *history_after(const struct history *h, uint64_t since);

#endif /* MODEL_HISTORY_H */
