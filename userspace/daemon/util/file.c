// SPDX-License-Identifier: GPL-2.0
/* Files below /run, and files that are replaced as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"

int file_make_dir(const char *dir)
{
	if ((mkdir(FILE_RUN_DIR, 0755) && errno != EEXIST) ||
	    (mkdir(dir, 0755) && errno != EEXIST))
		return -errno;
	return 0;
}

/*
 * The directory may be another user's (the exporter's), who is not to have us
 * write to what he has put there.
 */
static FILE *make_new(const char *path, mode_t mode)
{
	FILE *out;
	int fd;

	/* Left by a daemon that was killed */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  mode);
	if (fd < 0)
		return NULL;
	out = fdopen(fd, "w");
	if (!out)
		close(fd);
	return out;
}

int file_replace(const char *path, const char *suffix, mode_t mode,
		 void (*write)(FILE *out, const void *arg), const void *arg)
{
	char tmp[PATH_MAX];
	FILE *out;
	int err = 0;

	if (snprintf(tmp, sizeof(tmp), "%s%s", path, suffix) >=
	    (int)sizeof(tmp))
		return -ENAMETOOLONG;
	out = make_new(tmp, mode);
	if (!out)
		return -errno;
	write(out, arg);
	if (ferror(out))
		err = -EIO;
	if (fchmod(fileno(out), mode) && !err)
		err = -errno;
	if (fclose(out) && !err)
		err = -errno;
	if (!err && rename(tmp, path))
		err = -errno;
	if (err)
		unlink(tmp);
	return err;
}

int file_read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	int err = 0;

	if (!file)
		return -errno;
	if (fgets(line, (int)size, file))
		line[strcspn(line, "\n")] = '\0';
	else
		err = ferror(file) ? -EIO : -ENODATA;
	fclose(file);
	return err;
}
