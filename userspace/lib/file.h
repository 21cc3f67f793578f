/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of the command and the daemon below /run, replaced atomically; standard
 * descriptors.
 */
#ifndef STABLETAP_FILE_H
#define STABLETAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define STABLETAP_RUN_DIR	"/run/stabletap"
#define STABLETAP_SOCKET	STABLETAP_RUN_DIR "/stabletapd.sock"
/* Overrides: a file for each port */
#define STABLETAP_OVERRIDE_DIR	STABLETAP_RUN_DIR "/override"

/*
 * Creates directory @path and its parent directory, if missing.  Returns 0 or a
 * negative errno.
 */
int file_make_dir(const char *path);

/* Is @name valid for a file in these directories? */
bool file_name_is_plain(const char *name);

/*
 * Opens those of the descriptors 0 to 2 that are closed.  Otherwise the next
 * file or socket would get the number, and what is printed would go there: to
 * the kernel, or to a guest's network.  They are opened for reading, so that
 * output still fails.
 */
void file_keep_standard(void);

/*
 * Makes @text the contents of file @name in directory @dir.  The text is
 * written to a temporary file which is then renamed, so a reader sees the old
 * contents or the new.  A file or symbolic link with the temporary name is
 * removed.  Returns 0 or a negative errno.
 */
int file_replace(const char *dir, const char *name, const char *text,
		 mode_t mode);

/* The same for a symbolic link, which will have the target @target. */
int file_replace_link(const char *dir, const char *name, const char *target);

/*
 * Reads the first line of @path, without its newline and cut to @size.
 * -ENOENT: there is no such file; -ENODATA: it is empty.
 */
int file_read_line(const char *path, char *line, size_t size);

#endif /* STABLETAP_FILE_H */
