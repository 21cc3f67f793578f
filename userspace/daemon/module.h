/* SPDX-License-Identifier: GPL-2.0 */
/* Finds settings of a configuration that the loaded module does not support. */
#ifndef MODULE_H
#define MODULE_H

#include <stdio.h>

struct conf;

/*
 * Reports errors on @out as conf_read() does, and returns their number.  Returns
 * 0 if no module is loaded, and does not load it.
 */
int module_check(const struct conf *conf, FILE *out);

#endif /* MODULE_H */
