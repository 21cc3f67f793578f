// SPDX-License-Identifier: GPL-2.0
/* Reading the configuration as a whole. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/internal.h"

/* Long enough to be found again, short enough for a line */
#define TEXT_MAX 72

static void put_text(FILE *out, const char *text)
{
	size_t i;

	putc('\'', out);
	for (i = 0; text[i] && i < TEXT_MAX; i++) {
		unsigned char c = (unsigned char)text[i];

		/* What a file holds must not steer the terminal. */
		if (c < ' ' || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
	fputs(text[i] ? "...': " : "': ", out);
}

static void put(FILE *out, struct conf_said at, bool warning,
		const char *text, const char *fmt, va_list ap)
{
	fputs(at.file, out);
	if (at.line)
		fprintf(out, ":%u", at.line);
	fputs(warning ? ": warning: " : ": ", out);
	if (text)
		put_text(out, text);
	vfprintf(out, fmt, ap);
	putc('\n', out);
}

void conf_wrong(struct conf_reader *r, const char *text, const char *fmt, ...)
{
	struct conf_said here = { r->file, r->line };
	va_list ap;

	va_start(ap, fmt);
	put(r->out, here, false, text, fmt, ap);
	va_end(ap);
	r->wrong++;
}

void conf_wrong_at(struct conf_reader *r, struct conf_said at,
		   const char *text, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(r->out, at, false, text, fmt, ap);
	va_end(ap);
	r->wrong++;
}

void conf_warn_at(struct conf_reader *r, struct conf_said at, const char *text,
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(r->out, at, true, text, fmt, ap);
	va_end(ap);
}

char *conf_copy(struct conf_reader *r, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		r->err = -ENOMEM;
	return copy;
}

void *conf_grow(struct conf_reader *r, void *v, size_t n, size_t size)
{
	/* Doubled each time it is full, which is at powers of two. */
	if (n & (n - 1))
		return v;
	v = reallocarray(v, n ? 2 * n : 1, size);
	if (!v)
		r->err = -ENOMEM;
	return v;
}

const char *conf_file_add(struct conf_reader *r, const char *path)
{
	struct conf *conf = r->conf;
	char **files = conf_grow(r, conf->files, conf->files_n,
				 sizeof(*files));
	char *copy;

	if (!files)
		return NULL;
	conf->files = files;
	copy = conf_copy(r, path);
	if (copy)
		files[conf->files_n++] = copy;
	return copy;
}

static void port_release(struct conf_port *port)
{
	size_t i;

	for (i = 0; port->hooks && port->hooks[i]; i++)
		free(port->hooks[i]);
	free(port->hooks);
	conf_probe_release(&port->probe);
	free(port->qmp_device);
	free(port->qmp_socket);
	free(port->candidates);
	free(port->name);
}

static void pool_release(struct conf_pool *pool)
{
	free(pool->members);
	free(pool->name);
}

void conf_free(struct conf *conf)
{
	size_t i;

	if (!conf)
		return;
	for (i = 0; i < conf->ports_n; i++)
		port_release(&conf->ports[i]);
	free(conf->ports);
	for (i = 0; i < conf->pools_n; i++)
		pool_release(&conf->pools[i]);
	free(conf->pools);
	for (i = 0; i < conf->selectors_n; i++)
		conf_selector_release(&conf->selectors[i]);
	free(conf->selectors);
	for (i = 0; i < conf->files_n; i++)
		free(conf->files[i]);
	free(conf->files);
	free(conf->metrics);
	free(conf);
}

static int by_name(const void *a, const void *b)
{
	const struct conf_port *x = a;
	const struct conf_port *y = b;

	return strcmp(x->name, y->name);
}

static int by_pool_name(const void *a, const void *b)
{
	const struct conf_pool *x = a;
	const struct conf_pool *y = b;

	return strcmp(x->name, y->name);
}

static void mark(const struct conf_candidate *v, size_t n, size_t *to)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[v[i].selector] = 1;
}

static void renumber(struct conf_candidate *v, size_t n, const size_t *to)
{
	size_t i;

	for (i = 0; i < n; i++)
		v[i].selector = to[v[i].selector];
}

/* What was taken back by an empty Candidate= leaves no selector behind. */
static void drop_unused(struct conf_reader *r)
{
	struct conf *conf = r->conf;
	size_t *to = calloc(conf->selectors_n + 1, sizeof(*to));
	size_t i, n = 0;

	if (!to) {
		r->err = -ENOMEM;
		return;
	}
	for (i = 0; i < conf->ports_n; i++)
		mark(conf->ports[i].candidates, conf->ports[i].candidates_n,
		     to);
	for (i = 0; i < conf->pools_n; i++) {
		mark(conf->pools[i].members, conf->pools[i].members_n, to);
		to[conf->pools[i].selector] = 1;
	}
	for (i = 0; i < conf->selectors_n; i++) {
		if (!to[i]) {
			conf_selector_release(&conf->selectors[i]);
			continue;
		}
		conf->selectors[n] = conf->selectors[i];
		to[i] = n++;
	}
	conf->selectors_n = n;
	for (i = 0; i < conf->ports_n; i++)
		renumber(conf->ports[i].candidates,
			 conf->ports[i].candidates_n, to);
	for (i = 0; i < conf->pools_n; i++) {
		renumber(conf->pools[i].members, conf->pools[i].members_n, to);
		conf->pools[i].selector = to[conf->pools[i].selector];
	}
	free(to);
}

static void settle_pools(struct conf_reader *r)
{
	struct conf *conf = r->conf;
	ssize_t number;
	size_t i;

	conf->pools = calloc(r->pools_n + 1, sizeof(*conf->pools));
	for (i = 0; i < r->pools_n; i++) {
		number = conf_pool_selector(r, r->pools[i].pool.name);
		r->pools[i].pool.selector = (size_t)number;
		if (conf->pools && number >= 0)
			conf->pools[conf->pools_n++] = r->pools[i].pool;
		else
			pool_release(&r->pools[i].pool);
	}
	if (!conf->pools) {
		r->err = -ENOMEM;
		return;
	}
	qsort(conf->pools, conf->pools_n, sizeof(*conf->pools), by_pool_name);
}

/* Drafts become ports and pools. */
static void settle(struct conf_reader *r)
{
	struct conf *conf = r->conf;
	size_t i;

	settle_pools(r);
	conf->ports = calloc(r->drafts_n + 1, sizeof(*conf->ports));
	for (i = 0; i < r->drafts_n; i++) {
		if (conf->ports)
			conf->ports[i] = r->drafts[i].port;
		else
			port_release(&r->drafts[i].port);
	}
	if (!conf->ports) {
		r->err = -ENOMEM;
		return;
	}
	conf->ports_n = r->drafts_n;
	qsort(conf->ports, conf->ports_n, sizeof(*conf->ports), by_name);
	drop_unused(r);
}

static int finish(struct conf_reader *r, int err, struct conf **conf)
{
	if (!err)
		err = r->err;
	if (!err)
		conf_check(r);
	settle(r);
	if (!err)
		err = r->err;
	free(r->drafts);
	free(r->pools);
	free(r->text);
	if (!err && !r->wrong)
		*conf = r->conf;
	else
		conf_free(r->conf);
	return err ? err : r->wrong;
}

int conf_read_stream(FILE *in, const char *name, FILE *out, struct conf **conf)
{
	struct conf_reader r = { .out = out, .in = in };

	r.conf = calloc(1, sizeof(*r.conf));
	if (!r.conf)
		return -ENOMEM;
	r.file = conf_file_add(&r, name);
	r.main = r.file;
	if (r.file)
		conf_parse(&r);
	return finish(&r, 0, conf);
}

int conf_read(const char *root, const char *file, FILE *out,
	      struct conf **conf)
{
	struct conf_reader r = { .out = out };
	FILE *in;
	int err;

	if (file) {
		in = fopen(file, "re");
		if (!in)
			return -errno;
		err = conf_read_stream(in, file, out, conf);
		fclose(in);
		return err;
	}
	r.conf = calloc(1, sizeof(*r.conf));
	if (!r.conf)
		return -ENOMEM;
	err = conf_layers_read(&r, root ? root : "");
	return finish(&r, err, conf);
}
