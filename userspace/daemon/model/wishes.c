// SPDX-License-Identifier: GPL-2.0
/* Compares two versions of a port's section. */
#include "conf/selector.h"
#include "model/wishes.h"

bool wishes_equal(const struct conf_port *x, const struct conf_port *y)
{
	size_t i;

	if (x->mode != y->mode || x->filter != y->filter ||
	    x->candidates.n != y->candidates.n)
		return false;
	for (i = 0; i < x->candidates.n; i++) {
		const struct conf_candidate *p = &x->candidates.v[i];
		const struct conf_candidate *q = &y->candidates.v[i];

		if (p->mode_set != q->mode_set || p->mode != q->mode ||
		    !conf_selector_equal(p->selector, q->selector))
			return false;
	}
	return true;
}
