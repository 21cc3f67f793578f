/* SPDX-License-Identifier: GPL-2.0 */
/* Warnings: values that are possible, but probably not meant. */
#ifndef CONF_WARN_H
#define CONF_WARN_H

#include "conf/section.h"

/* Reports them for all sections that are valid and not kept. */
void conf_warn(struct conf_draft *d);

#endif /* CONF_WARN_H */
