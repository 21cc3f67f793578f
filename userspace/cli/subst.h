/* SPDX-License-Identifier: GPL-2.0 */
/* {fd}, {fds}, {vhostfd} and {vhostfds} in a command's arguments. */
#ifndef CLI_SUBST_H
#define CLI_SUBST_H

#include <stdbool.h>

/* Numbers joined by ":"; to be given to free().  NULL: out of memory. */
char *join_fds(const int *fds, unsigned int n);

/* True if @text has @what, braces included, in it. */
bool has_place(const char *text, const char *what);

/* @text with each @what replaced by @with; to be given to free(). */
char *replace_all(const char *text, const char *what, const char *with);

#endif /* CLI_SUBST_H */
