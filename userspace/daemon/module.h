/* SPDX-License-Identifier: GPL-2.0 */
/* What the loaded module can't do that a configuration asks for. */
#ifndef MODULE_H
#define MODULE_H

#include <stdio.h>

struct conf;

/*
 * Complain on @out as conf_read() does; the number of errors.  Without a module
 * there are none: asking must not load it.
 */
int module_check(const struct conf *conf, FILE *out);

#endif /* MODULE_H */
