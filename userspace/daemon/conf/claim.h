/* SPDX-License-Identifier: GPL-2.0 */
/* Several ports that claim one device, or one NIC of a guest. */
#ifndef CONF_CLAIM_H
#define CONF_CLAIM_H

#include "conf/section.h"

/*
 * Reports as errors: two ports with one MAC address on one device, and two
 * ports for one NIC of a guest.  The first port's section stays valid.
 */
void conf_claims_check(struct conf_draft *d);
/* Warns of a device that one of several ports uses as a whole. */
void conf_claims_warn(struct conf_draft *d);

#endif /* CONF_CLAIM_H */
