// SPDX-License-Identifier: GPL-2.0
/* Files below /run: replaced whole, and the record of children's devices. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "origin.h"
#include "tap.h"

static char top[] = "/tmp/file-XXXXXX";
static char dir[64];

static const char *contents(const char *name, char *buf, size_t size)
{
	char path[PATH_MAX];
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	n = fread(buf, 1, size - 1, file);
	buf[n] = '\0';
	fclose(file);
	return buf;
}

static int count_files(void)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	if (d)
		closedir(d);
	return n;
}

static void test_replace(struct tap *t)
{
	char other[PATH_MAX], tmp[PATH_MAX];
	char buf[64] = "";
	struct stat sb = { 0 };

	ok(t, !file_make_dir(dir) && !file_make_dir(dir),
	   "a directory is made, and may be there");
	ok(t, !stat(dir, &sb) && (sb.st_mode & 0777) == 0755,
	   "everybody may look into it, whatever the umask");
	ok(t, !file_replace(dir, "vm1", "pin eth0\n", 0644), "a file is made");
	ok(t, !file_replace(dir, "vm1", "pin eth1\n", 0644),
	   "and made anew");
	is_str(t, contents("vm1", buf, sizeof(buf)), "pin eth1\n",
	       "its contents are the last ones");
	snprintf(other, sizeof(other), "%s/vm1", dir);
	ok(t, !stat(other, &sb) && (sb.st_mode & 0777) == 0644,
	   "its mode is the one asked for");
	ok(t, count_files() == 1, "nothing else is left");

	/* What somebody has put where the new file is about to be written */
	snprintf(tmp, sizeof(tmp), "%s/.vm1.%d", dir, getpid());
	if (symlink(other, tmp))
		return;
	ok(t, !file_replace(dir, "vm2", "x\n", 0644) &&
	   !file_replace(dir, "vm1", "pin eth2\n", 0644) &&
	   !lstat(other, &sb) && S_ISREG(sb.st_mode),
	   "a symbolic link is not written through");
	ok(t, file_replace("/nonexistent", "x", "", 0644) == -ENOENT,
	   "what is missing is told");
}

static void test_names(struct tap *t)
{
	ok(t, file_name_is_plain("vm1") && !file_name_is_plain("") &&
	   !file_name_is_plain("..") && !file_name_is_plain(".vm1") &&
	   !file_name_is_plain("a/b"), "names that leave the directory");
}

static void test_origin(struct tap *t)
{
	char device[16] = "";
	char file[64];
	char child[16];
	int i;

	origin_name(12, file, sizeof(file));
	ok(t, strstr(file, ".12") && file[0] != '0',
	   "the record is of a namespace and a port");
	ok(t, !origin_find(dir, file, "st12-01", device, sizeof(device)),
	   "there is no record at first");
	for (i = 1; i <= 6; i++) {
		snprintf(child, sizeof(child), "st12-%02d", i);
		snprintf(device, sizeof(device), "eth%d", i);
		origin_note(dir, file, child, device);
	}
	ok(t, origin_find(dir, file, "st12-06", device, sizeof(device)) &&
	   !strcmp(device, "eth6"), "the newest child's device is known");
	ok(t, origin_find(dir, file, "st12-05", device, sizeof(device)) &&
	   !strcmp(device, "eth5"), "so is the one's before");
	ok(t, !origin_find(dir, file, "st12-01", device, sizeof(device)),
	   "an old one is forgotten");
	origin_note(dir, file, "st12-ffffffffff", "averylongname15");
	ok(t, origin_find(dir, file, "st12-ffffffffff", device,
			  sizeof(device)) && !strcmp(device, "averylongname15"),
	   "the longest names have room");
	origin_forget(dir, file);
	ok(t, !origin_find(dir, file, "st12-06", device, sizeof(device)),
	   "the record goes with the port");
}

int main(void)
{
	struct tap t = { 0 };
	char command[128];

	if (!mkdtemp(top))
		return 1;
	snprintf(dir, sizeof(dir), "%s/run", top);
	umask(077);
	test_replace(&t);
	test_names(&t);
	test_origin(&t);
	snprintf(command, sizeof(command), "rm -r '%s'", top);
	return system(command) || tap_end(&t);
}
