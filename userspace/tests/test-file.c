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

static void note_children(int port, int n)
{
	char child[16], device[16];
	int i;

	for (i = 1; i <= n; i++) {
		snprintf(child, sizeof(child), "st12-%02d", i);
		snprintf(device, sizeof(device), "eth%d", i);
		origin_note(dir, port, child, device);
	}
}

static void test_origin(struct tap *t)
{
	char device[16] = "";

	ok(t, !origin_find(dir, 12, "st12-01", device, sizeof(device)),
	   "there is no record at first");
	note_children(12, 6);
	ok(t, origin_find(dir, 12, "st12-06", device, sizeof(device)) &&
	   !strcmp(device, "eth6"), "the newest child's device is known");
	ok(t, origin_find(dir, 12, "st12-05", device, sizeof(device)) &&
	   !strcmp(device, "eth5"), "so is the one's before");
	ok(t, !origin_find(dir, 12, "st12-01", device, sizeof(device)),
	   "an old one is forgotten");
	origin_note(dir, 12, "st12-ffffffffff", "averylongname15");
	ok(t, origin_find(dir, 12, "st12-ffffffffff", device,
			  sizeof(device)) && !strcmp(device, "averylongname15"),
	   "the longest names have room");
	origin_forget(dir, 12);
	ok(t, !origin_find(dir, 12, "st12-06", device, sizeof(device)),
	   "the record goes with the port");
}

/* The name of the record of @port in this network namespace */
static const char *record_name(int port)
{
	static char name[64];
	struct stat sb = { 0 };

	stat("/proc/self/ns/net", &sb);
	snprintf(name, sizeof(name), "%lu.%d", (unsigned long)sb.st_ino, port);
	return name;
}

static void test_stale_origin(struct tap *t)
{
	char device[16] = "";
	char buf[256] = "";

	/* Written in a namespace that is gone, whose inode we have now */
	file_replace(dir, record_name(12), "18446744073709551615\nst12-06 eth6\n",
		     0644);
	ok(t, !origin_find(dir, 12, "st12-06", device, sizeof(device)),
	   "the record of another namespace is ignored");
	note_children(12, 1);
	ok(t, contents(record_name(12), buf, sizeof(buf)) &&
	   strstr(buf, "st12-01 eth1") && !strstr(buf, "eth6"),
	   "and overwritten");
	origin_forget(dir, 12);
}

static void test_origin_sweep(struct tap *t)
{
	const int absent = 2000000000;
	char device[16] = "";
	int before = count_files();

	note_children(1, 1);		/* lo, as a device that exists */
	note_children(absent, 1);
	file_replace(dir, "1.2000000000", "1\nst1-01 eth1\n", 0644);
	origin_sweep(dir);
	ok(t, !origin_find(dir, absent, "st12-01", device, sizeof(device)),
	   "a sweep removes the record of a port that is gone");
	ok(t, origin_find(dir, 1, "st12-01", device, sizeof(device)) &&
	   count_files() == before + 2,
	   "but not those of devices here, or of other namespaces");
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
	test_stale_origin(&t);
	test_origin_sweep(&t);
	snprintf(command, sizeof(command), "rm -r '%s'", top);
	return system(command) || tap_end(&t);
}
