/* SPDX-License-Identifier: GPL-2.0 */
/* Which device a port should have: by rank, by hand, by answers. */
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

/* What is looked at: nothing of it changes meanwhile. */
struct rank_view {
	const struct port *port;
	const struct device *present;	/* of the lower; NULL: none, away */
	uint64_t now;
};

/*
 * Does Probe= speak for it?  What is not known yet speaks for the present
 * device, and against others.
 */
bool rank_passes_probe(const struct rank_view *v, const struct device *dev,
		       enum stabletap_mode mode);
struct choice rank_best(const struct rank_view *v);

#endif /* PLAN_RANK_H */
