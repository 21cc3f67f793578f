/* SPDX-License-Identifier: GPL-2.0 */
/* Warnings: values that are possible, but probably not meant. */
#ifndef CONF_WARN_H
#define CONF_WARN_H

#include "conf/section.h"

/* Report it, of all sections that are new and hold. */
void conf_warn(struct conf_draft *d);

#endif /* CONF_WARN_H */
