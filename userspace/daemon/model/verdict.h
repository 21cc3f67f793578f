/* SPDX-License-Identifier: GPL-2.0 */
/* A device's probe result, from its answers: no clock, no socket. */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

struct conf_probe;

enum verdict_word {
	VERDICT_UNKNOWN,	/* too few answers and misses */
	VERDICT_ANSWERS,
	VERDICT_FAILS,
};

/*
 * The verdict and its basis.  All times are those of the question, not of the
 * answer: the rule compares when the target could be reached.
 */
struct verdict {
	enum verdict_word word;
	bool answered;		/* the last question was answered */
	uint32_t row;		/* number of equal results in a row */
	uint64_t row_since;	/* time of the first question in that row */
	uint64_t asked;		/* time of the last settled question */
	uint64_t last_answer;	/* time of the last answered one; 0: none */
};

/* Settles a question sent at @asked.  Returns true if the word changes. */
bool verdict_settle(struct verdict *v, const struct conf_probe *spec,
		    uint64_t asked, bool answered);

/*
 * May a port leave a device that fails, whose verdict is @present, for one that
 * answers?  Only if both states were seen at the same time: the other device
 * has answered since the present one began to fail, and the present one has
 * failed since the other began to answer.  Otherwise the target itself may have
 * gone or returned between the two questions.
 */
bool verdict_allows_move(const struct verdict *other,
			 const struct verdict *present);

/*
 * The verdict of one probe on one device.  probe/ puts it into the device's
 * list while it sends that probe.
 */
struct verdict_entry {
	struct verdict_entry *next;
	const struct conf_probe *spec;
	bool whole;		/* the port would use the device whole */
	struct verdict verdict;
	uint64_t answered;	/* CLOCK_MONOTONIC, last answer; 0: none */
};

/* Returns NULL if that probe is not sent through the device. */
const struct verdict_entry *
verdict_find(const struct verdict_entry *list, const struct conf_probe *spec,
	     bool whole);

#endif /* MODEL_VERDICT_H */
