/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the files: layers, drop-ins, masks. */
#ifndef CONF_LAYERS_H
#define CONF_LAYERS_H

#include "conf/section.h"

/* Reads the regular file @path. */
void conf_file_read(struct conf_draft *d, const char *path);
/* Reads the files below @root one after the other. */
void conf_layers_read(struct conf_draft *d, const char *root);

#endif /* CONF_LAYERS_H */
