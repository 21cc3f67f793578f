// SPDX-License-Identifier: GPL-2.0
/*
 * Files below /run: atomic replacement, the record of children's devices, and
 * overrides.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "origin.h"
#include "override.h"
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
		n += strcmp(e->d_name, ".") != 0 &&
		     strcmp(e->d_name, "..") != 0;
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
	   "all users may list it, whatever the umask");
	ok(t, !file_replace(dir, "vm1", "pin eth0\n", 0644), "a file is made");
	ok(t, !file_replace(dir, "vm1", "pin eth1\n", 0644),
	   "a file is replaced");
	is_str(t, contents("vm1", buf, sizeof(buf)), "pin eth1\n",
	       "its contents are the last ones");
	snprintf(other, sizeof(other), "%s/vm1", dir);
	ok(t, !stat(other, &sb) && (sb.st_mode & 0777) == 0644,
	   "its mode is the one asked for");
	ok(t, count_files() == 1, "nothing else is left");

	/* A symbolic link at the temporary file's name */
	snprintf(tmp, sizeof(tmp), "%s/.vm1.%d", dir, getpid());
	if (symlink(other, tmp))
		return;
	ok(t, !file_replace(dir, "vm2", "x\n", 0644) &&
	   !file_replace(dir, "vm1", "pin eth2\n", 0644) &&
	   !lstat(other, &sb) && S_ISREG(sb.st_mode),
	   "a symbolic link is not written through");
	ok(t, file_replace("/nonexistent", "x", "", 0644) == -ENOENT,
	   "a missing directory is an error");
}

static bool leads_to(const char *name, const char *target)
{
	char path[PATH_MAX], buf[64];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	len = readlink(path, buf, sizeof(buf));
	return len == (ssize_t)strlen(target) &&
	       !memcmp(buf, target, (size_t)len);
}

static void test_replace_link(struct tap *t)
{
	int before = count_files();
	char tmp[PATH_MAX];

	ok(t, !file_replace_link(dir, "link", "one two") &&
	   leads_to("link", "one two"), "a link is made");
	snprintf(tmp, sizeof(tmp), "%s/.link.%d", dir, getpid());
	ok(t, !symlink("left", tmp) &&
	   !file_replace_link(dir, "link", "three") &&
	   leads_to("link", "three"),
	   "a link is replaced, though a killed process left a temporary one");
	ok(t, count_files() == before + 1, "nothing else is left");
	ok(t, !file_replace(dir, "vm2", "x\n", 0644) &&
	   !file_replace_link(dir, "vm2", "four") && leads_to("vm2", "four"),
	   "a file is replaced by a link");
	ok(t, file_replace_link("/nonexistent", "x", "y") == -ENOENT,
	   "a missing directory is an error, for a link as well");
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
	struct origin_netns here;
	int i;

	origin_here(&here);
	for (i = 1; i <= n; i++) {
		snprintf(child, sizeof(child), "st12-%02d", i);
		snprintf(device, sizeof(device), "eth%d", i);
		origin_note(dir, &here, port, child, device);
	}
}

static void test_origin(struct tap *t)
{
	struct origin_netns here;
	char device[16] = "";

	ok(t, !origin_find(dir, 12, "st12-01", device, sizeof(device)),
	   "there is no record at first");
	note_children(12, 6);
	ok(t, origin_find(dir, 12, "st12-06", device, sizeof(device)) &&
	   !strcmp(device, "eth6"), "the newest child's device is known");
	ok(t, origin_find(dir, 12, "st12-05", device, sizeof(device)) &&
	   !strcmp(device, "eth5"), "so is that of the child before");
	ok(t, !origin_find(dir, 12, "st12-01", device, sizeof(device)),
	   "an old one is forgotten");
	origin_here(&here);
	origin_note(dir, &here, 12, "st12-ffffffffff", "averylongname15");
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

	/* Written in a namespace that is gone, whose inode we have now */
	file_replace_link(dir, record_name(12),
			  "18446744073709551615 st12-06 eth6");
	ok(t, !origin_find(dir, 12, "st12-06", device, sizeof(device)),
	   "the record of another namespace is ignored");
	note_children(12, 1);
	ok(t, origin_find(dir, 12, "st12-01", device, sizeof(device)) &&
	   !origin_find(dir, 12, "st12-06", device, sizeof(device)),
	   "and replaced");
	origin_forget(dir, 12);
}

static void test_origin_sweep(struct tap *t)
{
	const int absent = 2000000000;
	char device[16] = "";
	int before = count_files();

	note_children(1, 1);		/* lo, as a device that exists */
	note_children(absent, 1);
	file_replace_link(dir, "1.2000000000", "1 st1-01 eth1");
	origin_sweep(dir);
	ok(t, !origin_find(dir, absent, "st12-01", device, sizeof(device)),
	   "a sweep removes the record of a port that is gone");
	ok(t, origin_find(dir, 1, "st12-01", device, sizeof(device)) &&
	   count_files() == before + 2,
	   "but not those of devices here, or of other namespaces");
}

/* ---- overrides ---- */

static void put(const char *name, const char *text)
{
	if (file_replace(dir, name, text, 0644))
		abort();
}

static void test_read_line(struct tap *t)
{
	char path[PATH_MAX], line[32];

	snprintf(path, sizeof(path), "%s/lines", dir);
	put("lines", "one\ntwo\n");
	ok(t, !file_read_line(path, line, sizeof(line)) && !strcmp(line, "one"),
	   "the first line of a file");
	put("lines", "");
	ok(t, file_read_line(path, line, sizeof(line)) == -ENODATA,
	   "an empty file has none");
	unlink(path);
	ok(t, file_read_line(path, line, sizeof(line)) == -ENOENT, "no file");
}

static void test_override(struct tap *t)
{
	static const struct override asked[] = {
		{ OVERRIDE_PIN, "eth0" }, { OVERRIDE_PREFER, "eth1" },
		{ OVERRIDE_HOLD_OFF, "" },
	};
	struct override o;
	char sub[80];
	size_t i;

	snprintf(sub, sizeof(sub), "%s/override", dir);
	ok(t, !override_read(sub, "vm1", &o) && o.kind == OVERRIDE_NONE,
	   "without a file there is no override");
	for (i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		ok(t, !override_write(sub, "vm1", &asked[i]) &&
		   !override_read(sub, "vm1", &o) && o.kind == asked[i].kind &&
		   !strcmp(o.dev, asked[i].dev),
		   "override %zu is read as it was written", i);
	ok(t, !override_remove(sub, "vm1") &&
	   !override_read(sub, "vm1", &o) && o.kind == OVERRIDE_NONE,
	   "an override can be removed");
	ok(t, override_remove(sub, "vm1") == -ENOENT, "once");
	rmdir(sub);
}

static void test_override_lines(struct tap *t)
{
	static const struct {
		const char *line;
		enum override_kind kind;
		const char *dev;
	} rows[] = {
		{ "pin eth0", OVERRIDE_PIN, "eth0" },	/* no newline */
		{ "prefer eth0\npin eth1\n", OVERRIDE_PREFER, "eth0" },
		{ "pin", OVERRIDE_NONE, NULL }, { "pin ", OVERRIDE_NONE, NULL },
		{ "pin a b", OVERRIDE_NONE, NULL },
		{ "hold-off eth0", OVERRIDE_NONE, NULL },
		{ "pinned eth0", OVERRIDE_NONE, NULL },
		{ " eth0", OVERRIDE_NONE, NULL },
		{ "\n", OVERRIDE_NONE, NULL },
	};
	char line[256];
	struct override o;
	size_t i;
	int err;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		put("vm1", rows[i].line);
		err = override_read(dir, "vm1", &o);
		ok(t, o.kind == rows[i].kind && err == (rows[i].dev ? 0 :
		   -EINVAL) && !strcmp(o.dev, rows[i].dev ? rows[i].dev : ""),
		   "line %zu", i);
	}
	snprintf(line, sizeof(line), "pin %0127d", 0);
	put("vm1", line);
	ok(t, !override_read(dir, "vm1", &o), "the longest name");
	snprintf(line, sizeof(line), "pin %0200d", 0);
	put("vm1", line);
	ok(t, override_read(dir, "vm1", &o) == -EINVAL,
	   "a name that would be cut off is none");
}

/* Returns what is wrong after a start without standard descriptors. */
static int start_closed(void)
{
	int fd;

	for (fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	file_keep_standard();
	for (fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD))
			return 1;
	if (write(STDOUT_FILENO, "", 1) >= 0 || write(STDERR_FILENO, "", 1) >= 0)
		return 2;
	fd = dup(0);
	return fd == STDERR_FILENO + 1 ? 0 : 3;
}

static void test_standard(struct tap *t)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	/* Close what is above, too, so that the numbers are known. */
	pid = fork();
	if (!pid) {
		closefrom(STDERR_FILENO + 1);
		_exit(start_closed());
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	ok(t, !status, "closed standard descriptors are not used for files, "
	   "and take no output (%d)",
	   WIFEXITED(status) ? WEXITSTATUS(status) : status);
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
	test_read_line(&t);
	test_names(&t);
	test_override(&t);
	test_override_lines(&t);
	test_replace_link(&t);
	test_origin(&t);
	test_stale_origin(&t);
	test_origin_sweep(&t);
	test_standard(&t);
	snprintf(command, sizeof(command), "rm -r '%s'", top);
	return system(command) || tap_end(&t);
}
