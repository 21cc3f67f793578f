// SPDX-License-Identifier: GPL-2.0
/* Small files, a line at a time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/readfile.h"

int readfile_line(const char *path, char *line, size_t size)
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
