/* SPDX-License-Identifier: GPL-2.0 */
/* What happened: the last so many happenings. */
#ifndef MODEL_HISTORY_H
#define MODEL_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "model/happening.h"

struct history;
struct history *history_new(size_t room);
void history_free(struct history *h);
/* Gives it its number, which is returned; @what->number is not looked at. */
uint64_t history_add(struct history *h, const struct happening *what);
uint64_t history_last(const struct history *h);	/* 0: nothing yet */
/* The first one that is still there with a number above @since, or NULL */
const struct happening *history_after(const struct history *h, uint64_t since);

#endif /* MODEL_HISTORY_H */
