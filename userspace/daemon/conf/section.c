// SPDX-License-Identifier: GPL-2.0
/* Sections, while the files are being read. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "conf/object.h"
#include "conf/section.h"

bool conf_section_is_valid(const struct conf_section *s, enum conf_kind kind)
{
	return s->kind == kind && (s->kept || !s->fault.why);
}

bool conf_section_is_new(const struct conf_section *s, enum conf_kind kind)
{
	return conf_section_is_valid(s, kind) && !s->kept;
}

struct conf_place conf_section_place(const struct conf_section *s,
				     enum conf_key_id key)
{
	return s->said[key].line ? s->said[key] : s->at;
}

/* ---- names ---- */

/* For tsearch(3): there may be thousands of ports. */
static int by_name(const void *a, const void *b)
{
	const struct conf_section *x = a;
	const struct conf_section *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->name, y->name);
}

struct conf_section *conf_section_find(const struct conf_draft *d,
				       enum conf_kind kind, const char *name)
{
	const struct conf_section key = {
		.kind = kind, .name = (char *)(uintptr_t)name,
	};
	struct conf_section *const *found = tfind(&key, &d->by_name, by_name);

	return found ? *found : NULL;
}

const char *conf_section_closest(struct conf_draft *d, enum conf_kind kind,
				 const char *main, const char *name)
{
	const char **words = calloc(d->n + 1, sizeof(*words));
	const char *close;
	size_t i, n = 0;

	if (!words) {
		d->r.err = -ENOMEM;
		return NULL;
	}
	for (i = 0; i < d->n; i++)
		if (d->v[i]->kind == kind && (!main || d->v[i]->main == main))
			words[n++] = d->v[i]->name;
	close = conf_closest(name, words);
	free(words);
	return close;
}

/* ---- memory ---- */

static void section_free(struct conf_section *s)
{
	if (s->base && s->kind != CONF_DAEMON) {
		conf_object_release(s->kind, s->base);
		free(s->base);
	}
	free(s->fault.why);
	free(s->title);
	free(s->name);
	free(s);
}

/* The tree does not own the sections. */
static void index_release(void *section)
{
	(void)section;
}

void conf_sections_free(struct conf_draft *d)
{
	size_t i;

	tdestroy(d->by_name, index_release);
	for (i = 0; i < d->n; i++)
		section_free(d->v[i]);
	free(d->v);
}

/* Creates what the keys of @s set.  Returns false if there is no memory. */
static bool make_base(struct conf_draft *d, struct conf_section *s)
{
	struct conf_object object;

	if (s->kind == CONF_DAEMON)
		s->daemon = d->r.conf;
	if (s->kind == CONF_DAEMON || s->kind == CONF_OTHER)
		return true;
	s->base = conf_object_new(s->kind);
	if (!s->base)
		return false;
	object = conf_object(s->kind, s->base);
	*object.at = s->at;
	*object.name = strdup(s->name);
	return *object.name;
}

struct conf_section *conf_section_add(struct conf_draft *d,
				      enum conf_kind kind, const char *word,
				      const char *name)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	struct conf_section **v = conf_grow(&d->r, d->v, d->n, sizeof(*v));
	struct conf_section *s = v ? calloc(1, sizeof(*s)) : NULL;

	if (v)
		d->v = v;
	if (s) {
		s->kind = kind;
		s->at = d->r.here;
		s->main = d->main;
		s->name = strdup(name);
		s->title = conf_title(word, name);
		if (s->name && s->title && make_base(d, s) &&
		    (kind == CONF_OTHER || tsearch(s, &d->by_name, by_name))) {
			v[d->n++] = s;
			return s;
		}
		section_free(s);
	}
	d->r.err = -ENOMEM;
	return NULL;
}
