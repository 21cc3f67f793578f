/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the best device for a port: by rank, override and probe. */
#ifndef PLAN_RANK_H
#define PLAN_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stabletap.h"

struct device;
struct port;

struct choice {
	const struct device *dev;	/* NULL: none */
	size_t rank;			/* lower is better */
	enum stabletap_mode mode;
	bool by_hand;
};

/* The input of a choice, which does not change meanwhile */
struct rank_view {
	const struct port *port;
	const struct device *present;	/* of the lower; NULL: none, or away */
	uint64_t now;
};

/*
 * Does the device pass the port's probe, if there is one?  An unknown result
 * counts as passed for the present device only.
 */
bool rank_passes_probe(const struct rank_view *v, const struct device *dev,
		       enum stabletap_mode mode);
struct choice rank_best(const struct rank_view *v);

#endif /* PLAN_RANK_H */
