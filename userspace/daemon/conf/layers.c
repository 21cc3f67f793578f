// SPDX-License-Identifier: GPL-2.0
/* Which files there are: layers, drop-ins, masks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "conf/internal.h"

#define LAYERS_N 3

/* The first hides the others. */
static const char *const layers[LAYERS_N] = {
	"/etc/stabletap", "/run/stabletap", "/usr/lib/stabletap",
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

static void cant_read(struct conf_reader *r, const char *path, int err)
{
	struct conf_said at = { path, 0 };

	conf_wrong_at(r, at, NULL, "can't be read: %s", strerror(err));
}

static void list_dir(struct conf_reader *r, struct list *list, size_t layer,
		     const char *path, const char *suffix)
{
	const struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir) {
		if (errno != ENOENT)
			cant_read(r, path, errno);
		return;
	}
	while (!r->err) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		if (ends_in(entry->d_name, suffix))
			list_add(r, list, layer, path, entry->d_name);
	}
	if (errno && !r->err)
		cant_read(r, path, errno);
	closedir(dir);
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
 * All that end in @suffix in directory @sub ("" or "/NAME.d") of each layer,
 * in order, of those with one name only the first layer's.
 */
static void list_layers(struct conf_reader *r, const char *root,
			const char *sub, const char *suffix, struct list *list)
{
	size_t i, n = 0;
	char *path;

	for (i = 0; i < LAYERS_N && !r->err; i++) {
		if (asprintf(&path, "%s%s%s", root, layers[i], sub) < 0) {
			r->err = -ENOMEM;
			return;
		}
		list_dir(r, list, i, path, suffix);
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

/* False: it is masked. */
static bool read_one(struct conf_reader *r, const char *path,
		     const char *main_file)
{
	struct stat st;
	int fd;

	/* Not to wait for a FIFO's writer */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		cant_read(r, path, errno);
		if (fd >= 0)
			close(fd);
		return true;
	}
	if (is_mask(&st) || !S_ISREG(st.st_mode)) {
		close(fd);
		if (!is_mask(&st))
			cant_read(r, path, S_ISDIR(st.st_mode) ? EISDIR :
							       EINVAL);
		return !is_mask(&st);
	}
	r->in = fdopen(fd, "r");
	r->file = conf_file_add(r, path);
	r->main = main_file ? main_file : r->file;
	if (r->in && r->file)
		conf_parse(r);
	else
		r->err = -ENOMEM;
	if (r->in)
		fclose(r->in);
	else
		close(fd);
	return true;
}

static void read_drop_ins(struct conf_reader *r, const char *root,
			  const char *name)
{
	const char *main_file = r->file;
	struct list list = { 0 };
	char *sub;
	size_t i;

	if (asprintf(&sub, "/%s.d", name) < 0) {
		r->err = -ENOMEM;
		return;
	}
	list_layers(r, root, sub, ".conf", &list);
	for (i = 0; i < list.n && !r->err; i++)
		read_one(r, list.v[i].path, main_file);
	list_release(&list);
	free(sub);
}

/* Drop-ins whose file has another name, or none: a slip of the pen */
static void warn_of_strays(struct conf_reader *r, const char *root,
			   const struct list *files)
{
	struct list list = { 0 };
	size_t i, k, len;

	list_layers(r, root, "", ".conf.d", &list);
	for (i = 0; i < list.n; i++) {
		struct conf_said at = { list.v[i].path, 0 };

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

int conf_layers_read(struct conf_reader *r, const char *root)
{
	struct list list = { 0 };
	size_t len = strlen(root);
	char *prefix;
	size_t i;

	while (len && root[len - 1] == '/')
		len--;
	prefix = strndup(root, len);
	if (!prefix)
		return -ENOMEM;
	list_layers(r, prefix, "", ".conf", &list);
	for (i = 0; i < list.n && !r->err; i++) {
		r->file = NULL;
		if (read_one(r, list.v[i].path, NULL) && r->file && !r->err)
			read_drop_ins(r, prefix, list.v[i].name);
	}
	if (!r->err)
		warn_of_strays(r, prefix, &list);
	list_release(&list);
	free(prefix);
	return r->err;
}
