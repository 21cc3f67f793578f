/* SPDX-License-Identifier: GPL-2.0 */
/* What a file says is possible, but probably not what was meant. */
#ifndef CONF_WARN_H
#define CONF_WARN_H

#include "conf/section.h"

/* Report it, of all sections that are new and hold. */
void conf_warn(struct conf_draft *d);

#endif /* CONF_WARN_H */
