/* SPDX-License-Identifier: GPL-2.0 */
/* Leaves out or keeps sections with errors; makes the configuration. */
#ifndef CONF_SETTLE_H
#define CONF_SETTLE_H

#include "conf/section.h"

/*
 * Checks all sections; leaves out those with errors, or replaces them by the
 * ones in force; makes ports and pools of the others.
 */
void conf_settle(struct conf_draft *d);

#endif /* CONF_SETTLE_H */
