/* SPDX-License-Identifier: GPL-2.0 */
/* What a device's answers to Probe= amount to: no clock, no socket. */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

struct conf_probe;

enum verdict_word {
	VERDICT_UNKNOWN,	/* not asked often enough yet */
	VERDICT_ANSWERS,
	VERDICT_FAILS,
};

/*
 * The verdict and what it rests on.  All times are those of the question, not
 * of the answer: what is compared is when the target was there to be asked.
 */
struct verdict {
	enum verdict_word word;
	bool answered;		/* the last time */
	uint32_t row;		/* so often in a row that was so */
	uint64_t row_since;	/* the first question of that row */
	uint64_t asked;		/* the last question that has been settled */
	uint64_t last_answer;	/* the last question answered; 0: none */
};

/* A question of time @asked has been settled.  True: the word changes. */
bool verdict_settle(struct verdict *v, const struct conf_probe *spec,
		    uint64_t asked, bool answered);

/*
 * May a port leave a device whose verdict is @present, and that fails, for one
 * that answers?  Only when both have been seen at the same time: the other
 * has answered since this one began to fail, and this one has failed since
 * the other began to answer.  Otherwise it may be the target itself that has
 * just gone, or just come back, and the two were asked before and after.
 */
bool verdict_allows_move(const struct verdict *other,
			 const struct verdict *present);

/*
 * One question about one device: kept by the room that asks, in the device's
 * list while it does.
 */
struct verdict_entry {
	struct verdict_entry *next;
	const struct conf_probe *spec;
	bool whole;		/* asked by way of a device that is used whole */
	struct verdict verdict;
	uint64_t answered;	/* CLOCK_MONOTONIC of the last answer; 0: none */
};

/* NULL: that is not asked. */
const struct verdict_entry *
verdict_find(const struct verdict_entry *list, const struct conf_probe *spec,
	     bool whole);

#endif /* MODEL_VERDICT_H */
