/* SPDX-License-Identifier: GPL-2.0 */
/* Reads a configuration and puts it in force. */
#ifndef LOAD_H
#define LOAD_H

struct model;

/*
 * Read @file, or the layers if it is NULL.  Sections with errors are left out,
 * which is logged.  -ENOEXEC: a file can't be read, which was logged, and the
 * configuration before stays in force.
 */
int load(struct model *m, const char *file);

#endif /* LOAD_H */
