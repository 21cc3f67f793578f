/* SPDX-License-Identifier: GPL-2.0 */
/* What ends the refusals of devices; see port.h for those of one port. */
#ifndef MODEL_REFUSAL_H
#define MODEL_REFUSAL_H

struct device;
struct model;
struct stabletap_link;

/*
 * Device @dev was @old and is @now (NULL: not there).  It, what it is stacked
 * on and its members may be attached now where they refused before.
 */
void refusals_end(struct model *m, const struct device *dev,
		  const struct stabletap_link *old,
		  const struct stabletap_link *now);

#endif /* MODEL_REFUSAL_H */
