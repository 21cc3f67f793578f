// SPDX-License-Identifier: GPL-2.0
/* Lines of a file: heads of sections, and KEY=VALUE. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/line.h"
#include "conf/selector.h"

#define BLANKS " \t\r\n\v\f"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* @text without blanks at both ends, which are cut off */
static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* The following lines belong to @s, and so do their errors. */
static void enter(struct conf_draft *d, struct conf_section *s)
{
	d->now = s;
	d->r.fault = s ? &s->fault : NULL;
}

/* ---- heads ---- */

/* The parts of a head */
struct head {
	const char *line;	/* the whole head */
	const char *word;
	const char *name;	/* "" if there is none */
};

/* Skips the following lines; the next complaint is about this section. */
static void skip(struct conf_draft *d, const struct head *h)
{
	enter(d, conf_section_add(d, CONF_OTHER, h->word, h->name));
}

/* A drop-in can only change what its file has. */
static void unknown_name(struct conf_draft *d, enum conf_kind kind,
			 const struct head *h)
{
	const char *close = conf_section_closest(d, kind, d->main, h->name);

	if (close)
		conf_error(&d->r, h->name, "there is no such %s in %s; did you "
			   "mean '%s'?", conf_kinds[kind].noun, d->main, close);
	else
		conf_error(&d->r, h->name, "there is no such %s in %s; a new "
			   "one needs a file of its own", conf_kinds[kind].noun,
			   d->main);
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
		/* The kernel's isspace() knows Latin-1, and no UTF-8. */
		if ((unsigned char)*p == 0xa0)
			return "it has the byte 0xa0 in it, a blank to the "
			       "kernel";
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
	const char *fault = kind == CONF_PORT ? port_name_fault(h->name) :
			    conf_pool_name_fault(h->name);
	struct conf_section *s = conf_section_find(d, kind, h->name);
	bool drop_in = d->r.here.file != d->main;

	if (fault) {
		skip(d, h);
		conf_error(&d->r, h->name, "is not a valid %s name: %s",
			   kind == CONF_PORT ? "interface" : "pool", fault);
	} else if (drop_in && (!s || s->main != d->main)) {
		skip(d, h);
		unknown_name(d, kind, h);
	} else if (!drop_in && s) {
		s->doubled = true;
		skip(d, h);
		conf_error(&d->r, h->name, "the %s is described already in "
			   "%s:%u; change it there or in a drop-in",
			   conf_kinds[kind].noun, s->at.file, s->at.line);
	} else {
		enter(d, s ? s : conf_section_add(d, kind, h->word, h->name));
	}
}

static void open_daemon(struct conf_draft *d, const struct head *h)
{
	struct conf_section *s = conf_section_find(d, CONF_DAEMON, "");

	if (*h->name) {
		skip(d, h);
		conf_error(&d->r, h->line, "there is one daemon, and it has no "
			   "name; write [Daemon]");
		return;
	}
	enter(d, s ? s : conf_section_add(d, CONF_DAEMON, h->word, ""));
}

static void unknown_section(struct conf_draft *d, const struct head *h)
{
	static const char *const words[] = { "Port", "Pool", "Daemon", NULL };
	const char *close = conf_closest(h->word, words);

	if (close)
		conf_error(&d->r, h->line, "there is no such section; did you "
			   "mean [%s%s%s]?", close, *h->name ? " " : "",
			   h->name);
	else
		conf_error(&d->r, h->line, "there is no such section; expected "
			   "[Port NAME], [Pool NAME] or [Daemon]");
}

static void open_head(struct conf_draft *d, const struct head *h)
{
	enum conf_kind kind = !strcmp(h->word, "Port") ? CONF_PORT :
			      !strcmp(h->word, "Pool") ? CONF_POOL :
			      CONF_OTHER;

	if (kind != CONF_OTHER && *h->name) {
		open_named(d, kind, h);
		return;
	}
	if (!strcmp(h->word, "Daemon")) {
		open_daemon(d, h);
		return;
	}
	skip(d, h);
	if (kind != CONF_OTHER)
		conf_error(&d->r, h->line, "the %s's name is missing; write "
			   "[%s NAME]", conf_kinds[kind].noun, h->word);
	else if (strncmp(h->word, "X-", 2) != 0)
		unknown_section(d, h);
}

/* Splits @text, which follows the '[' of @line, into word and name. */
static void take_head(struct conf_draft *d, const char *line, char *text)
{
	char *end = strchr(text, ']'), *name;
	const char *more = end ? end + 1 + strspn(end + 1, BLANKS) : NULL;
	struct head h = { .line = line };

	if (end)
		*end = '\0';
	text = trim(text);
	name = text + strcspn(text, BLANKS);
	h.word = text;
	h.name = name + strspn(name, BLANKS);
	*name = '\0';
	if (end && !*more) {
		open_head(d, &h);
		return;
	}
	skip(d, &h);
	conf_error(&d->r, line, end ? "something follows the section's ']'; "
		   "give it a line of its own" :
		   "the section's ']' is missing");
}

static void open_section(struct conf_draft *d, const char *line)
{
	char *text = conf_copy(&d->r, line + 1);

	if (text)
		take_head(d, line, text);
	free(text);
}

/* ---- keys ---- */

/* Skips the lines before any section; only the first of them is reported. */
static void skip_to_head(struct conf_draft *d)
{
	const struct head none = {
		.word = "lines before any section", .name = "",
	};

	skip(d, &none);
}

/* Does the present section take @line, which is no head?  Otherwise skip it. */
static bool takes_line(struct conf_draft *d, const char *line)
{
	char *name;

	if (d->now)
		return d->now->kind != CONF_OTHER;
	skip_to_head(d);
	name = strndup(line, strcspn(line, "= \t"));
	if (name)
		conf_error(&d->r, name, "stands before any section; begin with "
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
		conf_error(&d->r, name, "there is no such key; did you mean "
			   "'%s='?", close);
	else
		conf_error(&d->r, name, "there is no such key; "
			   "stabletap.conf(5) lists those of [%s]",
			   conf_kinds[kind].name);
}

static void set_key(struct conf_draft *d, const char *name, const char *value)
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
		conf_error(&d->r, name, "is set already in %s:%u; remove one "
			   "of the two", said->file, said->line);
		return;
	}
	*said = here;
	key->type->take(&d->r, &key->field, d->now->base,
			*value ? value : NULL);
}

/* ---- lines ---- */

/*
 * Returns the syntax in @line that other programs read and this one does not,
 * or NULL.
 */
static const char *line_fault(const char *line)
{
	const char *p;

	if (line[strcspn(line, "=:")] != '=')
		return "there is no '='; expected KEY=VALUE, [Port NAME], "
		       "[Pool NAME] or [Daemon]";
	if (line[strlen(line) - 1] == '\\')
		return "a line can't be continued on the next; repeat the key "
		       "to add to a list";
	for (p = line + 1; *p; p++)
		if ((*p == ';' || *p == '#') && isspace((unsigned char)p[-1]))
			return "something follows the value; a comment needs a "
			       "line of its own";
	return NULL;
}

static void take_line(struct conf_draft *d, char *line)
{
	const char *fault;
	char *value;

	line = trim(line);
	if (!*line || *line == '#' || *line == ';')
		return;
	if (*line == '[') {
		open_section(d, line);
		return;
	}
	if (!takes_line(d, line))
		return;
	fault = line_fault(line);
	if (fault) {
		conf_error(&d->r, line, "%s", fault);
		return;
	}
	value = strchr(line, '=');
	*value++ = '\0';
	set_key(d, trim(line), trim(value));
}

/* Reports a line with a NUL byte, which is where @line ends. */
static void refuse_nul(struct conf_draft *d, const char *line)
{
	if (!d->now)
		skip_to_head(d);
	else if (d->now->kind == CONF_OTHER)
		return;
	conf_error(&d->r, line, "a NUL byte follows; write the file as plain "
		   "text in UTF-8");
}

void conf_lines_read(struct conf_draft *d, FILE *in, const char *file,
		     const char *main)
{
	char *text = NULL, *line;
	size_t room = 0;
	ssize_t len;

	d->main = main;
	d->r.here = (struct conf_place){ file, 0 };
	enter(d, NULL);
	while (!d->r.err && (len = getline(&text, &room, in)) >= 0) {
		d->r.here.line++;
		line = text;
		if (d->r.here.line == 1 &&
		    !strncmp(line, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)))
			line += strlen(BYTE_ORDER_MARK);
		if (strlen(text) == (size_t)len)
			take_line(d, line);
		else
			refuse_nul(d, line);
	}
	if (ferror(in))
		conf_unreadable(&d->r, file, strerror(errno));
	else if (!d->r.err && !feof(in))
		d->r.err = -ENOMEM;
	free(text);
}
