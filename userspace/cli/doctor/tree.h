/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads files below a root directory, which is "" except in tests.  Nothing is
 * written, and no device or pipe is opened.
 */
#ifndef DOCTOR_TREE_H
#define DOCTOR_TREE_H

#include <glob.h>
#include <stdbool.h>
#include <stddef.h>

#define TREE_PATH 512

/* Does the file exist?  Symbolic links are followed. */
bool tree_has(const char *root, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Reads the first line, cut to @size; "" and false: there is none. */
bool tree_line(const char *root, char *line, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Returns the text, ended by a NUL, for free(); NULL: it can't be read, or has
 * more than 16 MiB.  *len (may be NULL): its bytes.
 */
char *tree_text(const char *root, size_t *len, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Reads the target of a symbolic link; "" and false: it is none. */
bool tree_target(const char *root, char *target, size_t size,
		 const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Finds the files that match a pattern of glob(7), sorted.  Their paths begin
 * with the root, see tree_inside().  Returns their number; release @g with
 * globfree().
 */
size_t tree_glob(const char *root, glob_t *g, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Returns a path of tree_glob() without the root. */
const char *tree_inside(const char *root, const char *path);

/* Returns the last part of a path. */
const char *tree_name(const char *path);

#endif /* DOCTOR_TREE_H */
