/* SPDX-License-Identifier: GPL-2.0 */
/* Files below /run, and files that are replaced as a whole. */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define FILE_RUN_DIR "/run/stabletap"

/* Make @dir, which is FILE_RUN_DIR or in it, and FILE_RUN_DIR. */
int file_make_dir(const char *dir);

/*
 * Replace @path by what @write writes, whole or not at all: a reader sees the
 * old or the new file.  It is written beside it first, as "@path@suffix",
 * which is a new file: whatever has that name, be it a link, is removed.
 */
int file_replace(const char *path, const char *suffix, mode_t mode,
		 void (*write)(FILE *out, const void *arg), const void *arg);

/* The first line of @path, without its newline; -ENOENT: there is none. */
int file_read_line(const char *path, char *line, size_t size);

#endif /* UTIL_FILE_H */
