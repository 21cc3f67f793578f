/* SPDX-License-Identifier: GPL-2.0 */
/* Files of the command and the daemon below /run, whole or not there at all. */
#ifndef STABLETAP_FILE_H
#define STABLETAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define STABLETAP_RUN_DIR	"/run/stabletap"
#define STABLETAP_SOCKET	STABLETAP_RUN_DIR "/stabletapd.sock"
/* A file for each port: what the operator asks for by hand */
#define STABLETAP_OVERRIDE_DIR	STABLETAP_RUN_DIR "/override"

/*
 * Make directory @path, and the one that it is in, if they are not there.
 * Returns 0 or a negative errno.
 */
int file_make_dir(const char *path);

/* Can @name be that of a file in a directory of ours? */
bool file_name_is_plain(const char *name);

/*
 * Make @text the contents of file @name in directory @dir: it is written
 * under another name, and renamed, so that a reader sees the old contents or
 * the new.  What stood under the other name, a symbolic link too, is removed.
 * Returns 0 or a negative errno.
 */
int file_replace(const char *dir, const char *name, const char *text,
		 mode_t mode);

/*
 * The first line of @path, without its newline and cut to @size.  -ENOENT:
 * there is no such file; -ENODATA: it is empty.
 */
int file_read_line(const char *path, char *line, size_t size);

#endif /* STABLETAP_FILE_H */
