// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's configuration, of any bytes.  What is taken is written as it
 * would stand in a file and read again, which must make no difference.
 *
 * The input is one file; or, if it begins with "== ", several below one root:
 *
 *	== etc/a.conf			what follows, in /etc/stabletap/a.conf
 *	== lib/a.conf.d/b.conf		in /usr/lib/stabletap/a.conf.d/b.conf
 *	== run/a.conf masked		a link to /dev/null
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/diff.h"
#include "conf/keys.h"
#include "conf/read.h"
#include "conf/selector.h"
#include "fuzz.h"

#define FILES_MAX 16
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789.-"

/* ---- what was taken ---- */

static void write_keys(enum conf_kind kind, const void *base, FILE *out)
{
	const struct conf_key *key;
	char *lines, *value;

	for (key = conf_keys; key < conf_keys + CONF_KEYS_N; key++) {
		if (key->kind != kind)
			continue;
		lines = conf_key_lines(key, base);
		must(lines);
		value = strtok(lines, "\n");
		/* An empty Probe= is a word for what tunes it. */
		do
			fprintf(out, "%s=%s\n", key->name, value ? value : "");
		while (value && (value = strtok(NULL, "\n")));
		free(lines);
	}
}

/* conf_diff() sees what is written, not what may have been left out. */
static void compare(const struct conf *a, const struct conf *b)
{
	const struct conf_candidate *x, *y;
	size_t i, k;

	must(a->ports_n == b->ports_n);
	for (i = 0; i < a->ports_n; i++) {
		must(a->ports[i].candidates.n == b->ports[i].candidates.n);
		for (k = 0; k < a->ports[i].candidates.n; k++) {
			x = &a->ports[i].candidates.v[k];
			y = &b->ports[i].candidates.v[k];
			must(conf_selector_equal(x->selector, y->selector));
			must(x->mode_set == y->mode_set && x->mode == y->mode);
		}
	}
}

static void read_again(const struct conf *conf, FILE *out)
{
	struct conf *again = NULL;
	char *text = NULL;
	size_t i, len;
	FILE *file;

	file = open_memstream(&text, &len);
	must(file);
	fputs("[Daemon]\n", file);
	write_keys(CONF_DAEMON, conf, file);
	for (i = 0; i < conf->pools_n; i++) {
		fprintf(file, "[Pool %s]\n", conf->pools[i].name);
		write_keys(CONF_POOL, &conf->pools[i], file);
	}
	for (i = 0; i < conf->ports_n; i++) {
		fprintf(file, "[Port %s]\n", conf->ports[i].name);
		write_keys(CONF_PORT, &conf->ports[i], file);
	}
	fclose(file);
	file = fmemopen(text, len, "r");
	must(file);
	must(!conf_read_stream(file, "again", NULL, out, &again));
	must(!conf_diff(conf, again, out));
	compare(conf, again);
	fclose(file);
	conf_free(again);
	free(text);
}

/* A reload of nothing but errors changes nothing. */
static void keep(const struct conf *conf, FILE *out)
{
	struct conf *kept = NULL;
	char *text = NULL;
	size_t i, len;
	FILE *file = open_memstream(&text, &len);

	must(file);
	fputs("[Daemon]\nX=1\n", file);
	for (i = 0; i < conf->pools_n; i++)
		fprintf(file, "[Pool %s]\nX=1\n", conf->pools[i].name);
	for (i = 0; i < conf->ports_n; i++)
		fprintf(file, "[Port %s]\nX=1\n", conf->ports[i].name);
	fclose(file);
	file = fmemopen(text, len, "r");
	must(file);
	must(conf_read_stream(file, "kept", conf, out, &kept) > 0);
	must(!conf_diff(conf, kept, out));
	compare(conf, kept);
	fclose(file);
	conf_free(kept);
	free(text);
}

static void look(const struct conf *conf, FILE *out)
{
	const struct conf none = { 0 };
	int n = (int)conf->ports_n + (int)conf->pools_n +
		(conf->metrics != NULL);

	must(!conf_diff(conf, conf, out));
	must(conf_diff(&none, conf, out) == n);
	must(conf_diff(conf, &none, out) == n);
	read_again(conf, out);
	keep(conf, out);
}

/* ---- files ---- */

struct tree {
	char root[64];
	char made[2 * FILES_MAX][160];	/* files, and their directories */
	size_t made_n;
	FILE *file;
};

static void tree_made(struct tree *t, const char *path)
{
	snprintf(t->made[t->made_n++], sizeof(t->made[0]), "%s", path);
}

/* Of "etc/a.conf": where that is; false: nowhere. */
static bool place(const struct tree *t, const char *name, char *path,
		  size_t size)
{
	static const struct {
		const char *word;
		const char *dir;
	} layers[] = {
		{ "etc/", "etc" }, { "run/", "run" }, { "lib/", "usr/lib" },
	};
	size_t i, len;

	for (i = 0; i < 3; i++)
		if (!strncmp(name, layers[i].word, 4))
			break;
	if (i == 3)
		return false;
	name += 4;
	/* One part, or two; "." and ".." are none of ours. */
	len = strspn(name, NAME_CHARS);
	if (name[len] == '/' && name[0] != '.')
		len += 1 + strspn(name + len + 1, NAME_CHARS);
	if (!len || name[len] || len > 40 || strstr(name, "..") ||
	    name[len - 1] == '.')
		return false;
	snprintf(path, size, "%s/%s/stabletap/%s", t->root, layers[i].dir,
		 name);
	return true;
}

static void tree_begin(struct tree *t, char *head)
{
	bool masked = false;
	char path[160];
	char *gap;

	if (t->file)
		fclose(t->file);
	t->file = NULL;
	gap = strchr(head, ' ');
	if (gap) {
		masked = !strcmp(gap, " masked");
		*gap = '\0';
	}
	if (t->made_n > 2 * FILES_MAX - 2 ||
	    !place(t, head, path, sizeof(path)))
		return;
	gap = strchr(head + 4, '/');
	if (gap) {
		char *slash = strrchr(path, '/');

		*slash = '\0';
		if (!mkdir(path, 0700))
			tree_made(t, path);
		*slash = '/';
	}
	if (masked && !symlink("/dev/null", path))
		tree_made(t, path);
	if (masked)
		return;
	/* Not through a link, nor what was written before. */
	t->file = fopen(path, "wx");
	if (t->file)
		tree_made(t, path);
}

static void tree_make(struct tree *t, const char *data, size_t size)
{
	char head[128];
	const char *end;
	size_t len;

	for (; size; data += len, size -= len) {
		end = memchr(data, '\n', size);
		len = end ? (size_t)(end - data) + 1 : size;
		if (len > 4 && len < sizeof(head) && !memcmp(data, "== ", 3)) {
			memcpy(head, data + 3, len - 3);
			head[len - 3 - (end != NULL)] = '\0';
			tree_begin(t, head);
		} else if (t->file) {
			fwrite(data, 1, len, t->file);
		}
	}
	if (t->file)
		fclose(t->file);
	t->file = NULL;
}

static void tree_empty(struct tree *t)
{
	while (t->made_n)
		must(!remove(t->made[--t->made_n]));
}

static void tree_init(struct tree *t)
{
	static const char *const dirs[] = {
		"etc", "etc/stabletap", "run", "run/stabletap", "usr",
		"usr/lib", "usr/lib/stabletap",
	};
	const char *tmp = getenv("TMPDIR");
	char path[160];
	size_t i;

	snprintf(t->root, sizeof(t->root), "%s/conf.XXXXXX",
		 tmp ? tmp : "/tmp");
	must(mkdtemp(t->root));
	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", t->root, dirs[i]);
		must(!mkdir(path, 0700));
	}
}

/* ---- */

static int read_files(const uint8_t *data, size_t size, FILE *out,
		      struct conf **conf)
{
	static struct tree tree;
	int wrong;

	if (!*tree.root)
		tree_init(&tree);
	tree_make(&tree, (const char *)data, size);
	wrong = conf_read(tree.root, NULL, NULL, out, conf);
	tree_empty(&tree);
	return wrong;
}

static int read_stream(const uint8_t *data, size_t size, FILE *out,
		       struct conf **conf)
{
	FILE *in;
	int wrong;

	/* fmemopen() takes no empty buffer. */
	if (!size)
		return conf_read(NULL, "/dev/null", NULL, out, conf);
	in = fmemopen((void *)(uintptr_t)data, size, "r");
	must(in);
	wrong = conf_read_stream(in, "fuzz", NULL, out, conf);
	fclose(in);
	return wrong;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf = NULL;
	char *said = NULL;
	size_t len;
	FILE *out;
	int wrong;

	out = open_memstream(&said, &len);
	must(out);
	if (size >= 3 && !memcmp(data, "== ", 3))
		wrong = read_files(data, size, out, &conf);
	else
		wrong = read_stream(data, size, out, &conf);
	/* Nothing is refused without a word, and nothing is half taken. */
	must(wrong >= 0);
	must(wrong || (conf && !conf->left_out_n));
	must(!wrong || ftell(out) > 0);
	if (conf)
		look(conf, out);
	conf_free(conf);
	fclose(out);
	free(said);
	return 0;
}
