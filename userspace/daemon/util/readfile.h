/* SPDX-License-Identifier: GPL-2.0 */
/* Small files, a line at a time. */
#ifndef UTIL_READFILE_H
#define UTIL_READFILE_H

#include <stddef.h>

/* The first line of @path, without its newline; -ENOENT: there is none. */
int readfile_line(const char *path, char *line, size_t size);

#endif /* UTIL_READFILE_H */
