// SPDX-License-Identifier: GPL-2.0
/* Sections, while the files are being read. */
#include <ctype.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "conf/section.h"
#include "conf/selector.h"

#define BLANKS " \t\r\n\v\f"

bool conf_section_is_valid(const struct conf_section *s)
{
	return s->kept || !s->fault.why;
}

bool conf_section_is_new(const struct conf_section *s, enum conf_kind kind)
{
	return s->kind == kind && !s->kept && conf_section_is_valid(s);
}

struct conf_place conf_section_place(const struct conf_section *s,
				     enum conf_key_id key)
{
	return s->said[key].line ? s->said[key] : s->at;
}

struct conf_place conf_candidate_place(const struct conf_candidate *c)
{
	return (struct conf_place){ c->file, c->line };
}

const struct conf_selector *conf_selector_of(const struct conf_draft *d,
					     const struct conf_candidate *c)
{
	return &d->r.conf->selectors[c->selector];
}

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

/* False, with r.err set: out of memory */
static bool index_add(struct conf_draft *d, struct conf_section *s)
{
	if (s->kind == CONF_OTHER || tsearch(s, &d->by_name, by_name))
		return true;
	d->r.err = -ENOMEM;
	return false;
}

/* The tree does not own the sections. */
static void index_release(void *section)
{
	(void)section;
}

/* ---- new sections ---- */

static void section_free(struct conf_section *s)
{
	if (s->kind == CONF_PORT && s->port)
		free(s->port->name);
	if (s->kind == CONF_POOL && s->pool)
		free(s->pool->name);
	if (s->kind == CONF_PORT || s->kind == CONF_POOL) {
		if (s->base)
			conf_keys_reset(s->kind, s->base);
		free(s->base);
	}
	free(s->fault.why);
	free(s->title);
	free(s->name);
	free(s);
}

void conf_sections_free(struct conf_draft *d)
{
	size_t i;

	tdestroy(d->by_name, index_release);
	d->by_name = NULL;
	for (i = 0; i < d->n; i++)
		section_free(d->v[i]);
	free(d->v);
	d->v = NULL;
	d->n = 0;
}

/*
 * Creates the object that has the keys of @s.  Returns false if there is no
 * memory; r.err is set then.
 */
static bool make_base(struct conf_draft *d, struct conf_section *s)
{
	if (s->kind == CONF_OTHER)
		return true;
	if (s->kind == CONF_DAEMON) {
		s->daemon = d->r.conf;
		return true;
	}
	s->base = calloc(1, s->kind == CONF_PORT ? sizeof(*s->port) :
						   sizeof(*s->pool));
	if (!s->base) {
		d->r.err = -ENOMEM;
		return false;
	}
	conf_keys_reset(s->kind, s->base);
	if (s->kind == CONF_PORT) {
		s->port->file = s->at.file;
		s->port->line = s->at.line;
		s->port->name = conf_copy(&d->r, s->name);
		return s->port->name;
	}
	s->pool->file = s->at.file;
	s->pool->line = s->at.line;
	s->pool->name = conf_copy(&d->r, s->name);
	return s->pool->name;
}

struct conf_section *conf_section_add(struct conf_draft *d,
				      enum conf_kind kind, const char *name,
				      const char *title)
{
	struct conf_section **v = conf_grow(&d->r, d->v, d->n, sizeof(*v));
	struct conf_section *s;

	if (!v)
		return NULL;
	d->v = v;
	s = calloc(1, sizeof(*s));
	if (!s) {
		d->r.err = -ENOMEM;
		return NULL;
	}
	s->kind = kind;
	s->at = d->r.here;
	s->main = d->main;
	s->name = conf_copy(&d->r, name);
	s->title = conf_copy(&d->r, title);
	if (s->name && s->title && make_base(d, s) && index_add(d, s)) {
		v[d->n++] = s;
		return s;
	}
	section_free(s);
	return NULL;
}

/* The following lines belong to @s, and so do their errors. */
static void enter(struct conf_draft *d, struct conf_section *s)
{
	d->now = s;
	d->r.fault = s ? &s->fault : NULL;
}

void conf_section_none(struct conf_draft *d)
{
	enter(d, NULL);
}

/* ---- heads ---- */

/* The parts of a head */
struct head {
	const char *line;	/* the whole head */
	const char *title;	/* the text between the brackets */
	const char *word;
	const char *name;	/* "" if there is none */
};

/* Skips the following lines; the next complaint is about this section. */
static void skip(struct conf_draft *d, const struct head *h)
{
	enter(d, conf_section_add(d, CONF_OTHER, h->name, h->title));
}

/* A drop-in can only change what its file has. */
static void unknown_name(struct conf_draft *d, enum conf_kind kind,
			 const struct head *h)
{
	const char *what = kind == CONF_PORT ? "port" : "pool";
	const char **words = calloc(d->n + 1, sizeof(*words));
	const char *close;
	size_t i, n = 0;

	if (!words) {
		d->r.err = -ENOMEM;
		return;
	}
	for (i = 0; i < d->n; i++)
		if (d->v[i]->kind == kind && d->v[i]->main == d->main)
			words[n++] = d->v[i]->name;
	close = conf_closest(h->name, words);
	if (close)
		conf_wrong(&d->r, h->name, "there is no such %s in %s; did you "
			   "mean '%s'?", what, d->main, close);
	else
		conf_wrong(&d->r, h->name, "there is no such %s in %s; a new "
			   "one needs a file of its own", what, d->main);
	free(words);
}

/* Returns why @name can't be an interface's, or NULL. */
static const char *port_name_fault(const char *name)
{
	const char *p;

	if (strlen(name) >= STABLETAP_NAME_SIZE)
		return "it is longer than 15 bytes";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "'.' and '..' are directories";
	if (!strcmp(name, "all") || !strcmp(name, "default"))
		return "the kernel reserves 'all' and 'default'";
	for (p = name; *p; p++) {
		if (isspace((unsigned char)*p))
			return "it has a blank in it";
		if (strchr("/:%", *p))
			return "'/', ':' and '%' are not allowed";
		if (iscntrl((unsigned char)*p))
			return "it has an unprintable byte in it";
	}
	return NULL;
}

static void open_named(struct conf_draft *d, enum conf_kind kind,
		       const struct head *h)
{
	bool port = kind == CONF_PORT;
	const char *fault = port ? port_name_fault(h->name) :
			    conf_pool_name_fault(h->name);
	struct conf_section *s = conf_section_find(d, kind, h->name);
	bool drop_in = d->r.here.file != d->main;

	if (fault) {
		skip(d, h);
		conf_wrong(&d->r, h->name, "is not a valid %s name: %s",
			   port ? "interface" : "pool", fault);
	} else if (drop_in && (!s || s->main != d->main)) {
		skip(d, h);
		unknown_name(d, kind, h);
	} else if (!drop_in && s) {
		s->doubled = true;
		skip(d, h);
		conf_wrong(&d->r, h->name, "the %s is described already in "
			   "%s:%u; change it there or in a drop-in", port ?
			   "port" : "pool", s->at.file, s->at.line);
	} else {
		enter(d, s ? s : conf_section_add(d, kind, h->name, h->title));
	}
}

static void open_daemon(struct conf_draft *d, const struct head *h)
{
	struct conf_section *s = conf_section_find(d, CONF_DAEMON, "");

	if (*h->name) {
		skip(d, h);
		conf_wrong(&d->r, h->line, "there is one daemon, and it has no "
			   "name; write [Daemon]");
		return;
	}
	enter(d, s ? s : conf_section_add(d, CONF_DAEMON, "", h->title));
}

static void unknown_section(struct conf_draft *d, const struct head *h)
{
	static const char *const words[] = { "Port", "Pool", "Daemon", NULL };
	const char *close = conf_closest(h->word, words);

	if (close)
		conf_wrong(&d->r, h->line, "there is no such section; did you "
			   "mean [%s%s%s]?", close, *h->name ? " " : "",
			   h->name);
	else
		conf_wrong(&d->r, h->line, "there is no such section; expected "
			   "[Port NAME], [Pool NAME] or [Daemon]");
}

static void open_head(struct conf_draft *d, const struct head *h)
{
	enum conf_kind kind = !strcmp(h->word, "Port") ? CONF_PORT :
			      !strcmp(h->word, "Pool") ? CONF_POOL :
			      CONF_OTHER;

	if (kind != CONF_OTHER && *h->name) {
		open_named(d, kind, h);
	} else if (!strcmp(h->word, "Daemon")) {
		open_daemon(d, h);
	} else if (!strncmp(h->word, "X-", 2)) {
		skip(d, h);
	} else if (kind != CONF_OTHER) {
		skip(d, h);
		conf_wrong(&d->r, h->line, "the %s's name is missing; write "
			   "[%s NAME]", kind == CONF_PORT ? "port" : "pool",
			   h->word);
	} else {
		skip(d, h);
		unknown_section(d, h);
	}
}

static void trim_end(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
}

/* Splits @title into word and name, in @copy, which is as long. */
static struct head take_apart(const char *line, const char *title, char *copy)
{
	struct head h = { .line = line, .title = title };
	char *name;

	copy = strcpy(copy, title) + strspn(title, BLANKS);
	h.word = copy;
	name = copy + strcspn(copy, BLANKS);
	if (*name)
		*name++ = '\0';
	name += strspn(name, BLANKS);
	trim_end(name);
	h.name = name;
	return h;
}

void conf_section_open(struct conf_draft *d, const char *line)
{
	char *title = conf_copy(&d->r, line + 1);
	char *copy = conf_copy(&d->r, line + 1);
	char *end = title ? strchr(title, ']') : NULL;
	struct head h;

	if (title && copy) {
		bool more = end && end[1 + strspn(end + 1, BLANKS)];

		if (end)
			*end = '\0';
		h = take_apart(line, title, copy);
		if (end && !more) {
			open_head(d, &h);
		} else {
			skip(d, &h);
			conf_wrong(&d->r, line, more ? "something follows the "
				   "section's ']'; give it a line of its own" :
				   "the section's ']' is missing");
		}
	}
	free(copy);
	free(title);
}

/* ---- keys ---- */

bool conf_section_takes_line(struct conf_draft *d, const char *line)
{
	struct head none = { .title = "", .name = "" };
	char *name;

	if (d->now)
		return d->now->kind != CONF_OTHER;
	skip(d, &none);
	name = strndup(line, strcspn(line, "= \t"));
	if (name)
		conf_wrong(&d->r, name, "stands before any section; begin with "
			   "[Port NAME]");
	else
		d->r.err = -ENOMEM;
	free(name);
	return false;
}

static void unknown_key(struct conf_draft *d, const char *name)
{
	enum conf_kind kind = d->now->kind;
	const char *close = conf_key_closest(kind, name);

	if (close)
		conf_wrong(&d->r, name, "there is no such key; did you mean "
			   "'%s='?", close);
	else
		conf_wrong(&d->r, name, "there is no such key; "
			   "stabletap.conf(5) lists those of [%s]",
			   conf_kind_name(kind));
}

void conf_section_set(struct conf_draft *d, const char *name,
		      const char *value)
{
	enum conf_key_id id = conf_key_find(d->now->kind, name);
	const struct conf_key *key = &conf_keys[id];
	struct conf_place *said = &d->now->said[id];
	struct conf_place here = d->r.here;

	if (!strncmp(name, "X-", 2))
		return;
	if (id == KEY_NONE) {
		unknown_key(d, name);
		return;
	}
	/* Only a drop-in may override another file. */
	if (said->line && !key->type->list &&
	    (said->file == here.file || here.file == d->main)) {
		conf_wrong(&d->r, name, "is set already in %s:%u; remove one "
			   "of the two", said->file, said->line);
		return;
	}
	*said = here;
	key->type->take(&d->r, &key->field, d->now->base,
			*value ? value : NULL);
}
