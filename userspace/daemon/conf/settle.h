/* SPDX-License-Identifier: GPL-2.0 */
/* What becomes of sections with errors, and the configuration of the rest. */
#ifndef CONF_SETTLE_H
#define CONF_SETTLE_H

#include "conf/section.h"

/*
 * Check all sections; leave out those with errors, or put what was in force
 * before in their place; make ports and pools of the others.
 */
void conf_settle(struct conf_draft *d);

#endif /* CONF_SETTLE_H */
