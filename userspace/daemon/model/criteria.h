/* SPDX-License-Identifier: GPL-2.0 */
/* Does a device fit a description?  VLAN, VF and pool are match.c's. */
#ifndef MODEL_CRITERIA_H
#define MODEL_CRITERIA_H

#include <stdbool.h>

struct conf_selector;
struct device;

/* Do they describe the same device, apart from the VLAN or VF on it? */
bool criteria_equal(const struct conf_selector *a,
		    const struct conf_selector *b);
/* @stacks: the selector is for a VLAN on the device, not the device itself. */
bool criteria_match(const struct conf_selector *s, bool stacks,
		      const struct device *dev);

#endif /* MODEL_CRITERIA_H */
