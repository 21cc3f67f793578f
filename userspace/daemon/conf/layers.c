// SPDX-License-Identifier: GPL-2.0
/* Finds the files: layers, drop-ins, masks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "conf/layers.h"
#include "conf/line.h"
#include "file.h"

#define LAYERS_N 3

/* A file in an earlier layer masks those of its name in later ones. */
static const char *const layers[LAYERS_N] = {
	"/etc/stabletap", STABLETAP_RUN_DIR, "/usr/lib/stabletap",
};

struct entry {
	char *path;
	const char *name;	/* its last part */
	size_t layer;
};

struct list {
	struct entry *v;
	size_t n;
};

static void list_release(struct list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->v[i].path);
	free(list->v);
	*list = (struct list){ 0 };
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t slen = strlen(suffix);

	return *name != '.' && len > slen &&
	       !strcmp(name + len - slen, suffix);
}

static int is_conf(const struct dirent *entry)
{
	return ends_in(entry->d_name, ".conf");
}

static int is_drop_in_dir(const struct dirent *entry)
{
	return ends_in(entry->d_name, ".conf.d");
}

typedef int filter_fn(const struct dirent *entry);

static void list_add(struct conf_reader *r, struct list *list, size_t layer,
		     const char *dir, const char *name)
{
	struct entry *v = conf_grow(r, list->v, list->n, sizeof(*v));
	char *path;

	if (!v)
		return;
	list->v = v;
	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		r->err = -ENOMEM;
		return;
	}
	v[list->n++] = (struct entry){
		path, path + strlen(dir) + 1, layer,
	};
}

static void list_dir(struct conf_reader *r, struct list *list, size_t layer,
		     const char *path, filter_fn *filter)
{
	struct dirent **entries = NULL;
	int i, n = scandir(path, &entries, filter, NULL);

	if (n < 0 && errno != ENOENT)
		conf_unreadable(r, path, strerror(errno));
	for (i = 0; i < n; i++) {
		list_add(r, list, layer, path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static int by_name_and_layer(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->layer < y->layer ? -1 : x->layer > y->layer;
}

/*
 * Lists what @filter takes of directory @sub ("" or "/NAME.d") of each layer,
 * in order; of files with the same name only the first layer's.
 */
static void list_layers(struct conf_reader *r, const char *root,
			const char *sub, filter_fn *filter, struct list *list)
{
	size_t i, n = 0;
	char *path;

	for (i = 0; i < LAYERS_N && !r->err; i++) {
		if (asprintf(&path, "%s%s%s", root, layers[i], sub) < 0) {
			r->err = -ENOMEM;
			return;
		}
		list_dir(r, list, i, path, filter);
		free(path);
	}
	if (!list->n)
		return;
	qsort(list->v, list->n, sizeof(*list->v), by_name_and_layer);
	for (i = 0; i < list->n; i++) {
		if (n && !strcmp(list->v[n - 1].name, list->v[i].name))
			free(list->v[i].path);
		else
			list->v[n++] = list->v[i];
	}
	list->n = n;
}

static bool is_mask(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Opens a regular file.  NULL: after a complaint, or if it is masked. */
static FILE *open_file(struct conf_reader *r, const char *path)
{
	struct stat st;
	FILE *in;
	int fd;

	/* O_NONBLOCK: an open of a FIFO would wait for its writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		conf_unreadable(r, path, strerror(errno));
	} else if (S_ISREG(st.st_mode)) {
		in = fdopen(fd, "r");
		if (in)
			return in;
		r->err = -ENOMEM;
	} else if (!is_mask(&st)) {
		conf_unreadable(r, path, "it is not a regular file");
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

/*
 * Reads a drop-in of @main_file or, if that is NULL, a file of its own.
 * Returns its name in conf.files, or NULL if nothing was read.
 */
static const char *read_one(struct conf_draft *d, const char *path,
			    const char *main_file)
{
	FILE *in = open_file(&d->r, path);
	const char *file;

	if (!in)
		return NULL;
	file = conf_file_add(&d->r, path);
	if (file)
		conf_lines_read(d, in, file, main_file ? main_file : file);
	fclose(in);
	return file;
}

static void read_drop_ins(struct conf_draft *d, const char *root,
			  const char *name, const char *main_file)
{
	struct list list = { 0 };
	char *sub;
	size_t i;

	if (asprintf(&sub, "/%s.d", name) < 0) {
		d->r.err = -ENOMEM;
		return;
	}
	list_layers(&d->r, root, sub, is_conf, &list);
	for (i = 0; i < list.n && !d->r.err; i++)
		read_one(d, list.v[i].path, main_file);
	list_release(&list);
	free(sub);
}

/* Warns of drop-ins without a file to change: probably a typo. */
static void warn_of_strays(struct conf_reader *r, const char *root,
			   const struct list *files)
{
	struct list list = { 0 };
	size_t i, k, len;

	list_layers(r, root, "", is_drop_in_dir, &list);
	for (i = 0; i < list.n; i++) {
		struct conf_place at = { list.v[i].path, 0 };

		len = strlen(list.v[i].name) - strlen(".d");
		for (k = 0; k < files->n; k++)
			if (strlen(files->v[k].name) == len &&
			    !strncmp(files->v[k].name, list.v[i].name, len))
				break;
		if (k == files->n)
			conf_warn_at(r, at, NULL, "is not read: there is no "
				     "'%.*s' that it could add to", (int)len,
				     list.v[i].name);
	}
	list_release(&list);
}

void conf_file_read(struct conf_draft *d, const char *path)
{
	read_one(d, path, NULL);
}

void conf_layers_read(struct conf_draft *d, const char *root)
{
	struct list list = { 0 };
	size_t len = strlen(root);
	const char *file;
	char *prefix;
	size_t i;

	while (len && root[len - 1] == '/')
		len--;
	prefix = strndup(root, len);
	if (!prefix) {
		d->r.err = -ENOMEM;
		return;
	}
	list_layers(&d->r, prefix, "", is_conf, &list);
	for (i = 0; i < list.n && !d->r.err; i++) {
		file = read_one(d, list.v[i].path, NULL);
		if (file)
			read_drop_ins(d, prefix, list.v[i].name, file);
	}
	if (!d->r.err)
		warn_of_strays(&d->r, prefix, &list);
	list_release(&list);
	free(prefix);
}
