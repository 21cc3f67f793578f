/* SPDX-License-Identifier: GPL-2.0 */
/* Which files there are: layers, drop-ins, masks. */
#ifndef CONF_LAYERS_H
#define CONF_LAYERS_H

#include "conf/section.h"

/* Read what is below @root, file by file. */
void conf_layers_read(struct conf_draft *d, const char *root);

#endif /* CONF_LAYERS_H */
