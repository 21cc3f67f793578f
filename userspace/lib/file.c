// SPDX-License-Identifier: GPL-2.0
/* Directories below /run, and files that are replaced in one step. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static int make_one(const char *path)
{
	if (mkdir(path, 0755))
		return errno == EEXIST ? 0 : -errno;
	/* The daemon's umask would deny others to list it. */
	return chmod(path, 0755) ? -errno : 0;
}

int file_make_dir(const char *path)
{
	const char *last = strrchr(path, '/');
	char parent[PATH_MAX];
	int err = 0;

	if (last && last != path) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(last - path),
			 path);
		err = make_one(parent);
	}
	return err ? err : make_one(path);
}

bool file_name_is_plain(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') &&
	       strlen(name) <= NAME_MAX;
}

void file_keep_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd < STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);
	ssize_t n;

	while (left) {
		n = write(fd, text, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

static int write_new(const char *path, const char *text, mode_t mode)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = open(path, flags, mode);
	int err;

	/* Left by a killed process; O_EXCL does not follow a symbolic link. */
	if (fd < 0 && errno == EEXIST && !unlink(path))
		fd = open(path, flags, mode);
	if (fd < 0)
		return -errno;
	/* Set the mode explicitly: the process's umask is stricter. */
	err = fchmod(fd, mode) ? -errno : write_all(fd, text);
	if (close(fd) && !err)
		err = -errno;
	return err;
}

/* The file's path, and that of its temporary file */
struct paths {
	char file[PATH_MAX];
	char tmp[PATH_MAX];
};

static int format_paths(struct paths *p, const char *dir, const char *name)
{
	if (snprintf(p->file, sizeof(p->file), "%s/%s", dir, name) >=
	    (int)sizeof(p->file) ||
	    snprintf(p->tmp, sizeof(p->tmp), "%s/.%s.%d", dir, name,
		     getpid()) >= (int)sizeof(p->tmp))
		return -ENAMETOOLONG;
	return 0;
}

/* @err: the result of making the temporary file */
static int move_into_place(const struct paths *p, int err)
{
	if (!err && rename(p->tmp, p->file))
		err = -errno;
	if (err)
		unlink(p->tmp);
	return err;
}

int file_replace(const char *dir, const char *name, const char *text,
		 mode_t mode)
{
	struct paths p;
	int err = format_paths(&p, dir, name);

	return err ? err : move_into_place(&p, write_new(p.tmp, text, mode));
}

static int link_new(const char *path, const char *target)
{
	int err = symlink(target, path);

	/* Left by a killed process. */
	if (err && errno == EEXIST && !unlink(path))
		err = symlink(target, path);
	return err ? -errno : 0;
}

int file_replace_link(const char *dir, const char *name, const char *target)
{
	struct paths p;
	int err = format_paths(&p, dir, name);

	return err ? err : move_into_place(&p, link_new(p.tmp, target));
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
