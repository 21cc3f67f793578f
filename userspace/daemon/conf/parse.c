// SPDX-License-Identifier: GPL-2.0
/*
 * Lines, sections and keys.  libinih takes lines apart; it is handed them one
 * by one, so that whatever it finds was said in the line handed out last.
 * What it would cut, join or pass over without a word is refused before.
 */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "conf/internal.h"

#define BLANKS " \t\r\n\v\f"

static const char *const section_words[] = { "Port", "Pool", "Daemon", NULL };

/* ---- keys ---- */

/* What the present section may hold, and where that goes */
struct place {
	const char *section;
	const struct conf_key *keys;
	size_t n;
	struct conf_said *said;
	void *base;
};

static struct place here(struct conf_reader *r)
{
	switch (r->section) {
	case SECTION_PORT:
		return (struct place){
			"Port", conf_port_keys, PORT_KEYS_N,
			r->drafts[r->draft].said, &r->drafts[r->draft].port,
		};
	case SECTION_POOL:
		return (struct place){
			"Pool", conf_pool_keys, POOL_KEYS_N,
			r->pools[r->draft].said, &r->pools[r->draft].pool,
		};
	default:
		return (struct place){
			"Daemon", conf_daemon_keys, DAEMON_KEYS_N,
			r->daemon_said, r->conf,
		};
	}
}

static void unknown_key(struct conf_reader *r, const char *name,
			const struct place *p)
{
	const char *words[PORT_KEYS_N + 1];
	const char *close;
	size_t i;

	for (i = 0; i < p->n; i++)
		words[i] = p->keys[i].name;
	words[p->n] = NULL;
	close = conf_closest(name, words);
	if (close)
		conf_wrong(r, name, "there is no such key; did you mean "
			   "'%s='?", close);
	else
		conf_wrong(r, name, "there is no such key; stabletap.conf(5) "
			   "lists those of [%s]", p->section);
}

static void take_key(struct conf_reader *r, const char *name,
		     const char *value)
{
	struct place p = here(r);
	struct conf_said *said;
	size_t i;

	for (i = 0; i < p.n; i++)
		if (!strcmp(p.keys[i].name, name))
			break;
	if (i == p.n) {
		unknown_key(r, name, &p);
		return;
	}
	said = &p.said[i];
	/* Another file's word may be overruled by a drop-in alone. */
	if (said->line && !p.keys[i].list &&
	    (said->file == r->file || r->file == r->main)) {
		conf_wrong(r, name, "is said already in %s:%u; leave one of "
			   "the two", said->file, said->line);
		return;
	}
	*said = (struct conf_said){ r->file, r->line };
	p.keys[i].take(r, &p.keys[i], p.base, *value ? value : NULL);
}

static int handle(void *user, const char *section, const char *name,
		  const char *value)
{
	struct conf_reader *r = user;

	(void)section;
	if (r->err || !name || !value)
		return 1;
	if (!strncmp(name, "X-", 2))
		return 1;
	switch (r->section) {
	case SECTION_NONE:
		conf_wrong(r, name, "stands before any section; begin with "
			   "[Port NAME]");
		r->section = SECTION_SKIPPED;
		break;
	case SECTION_SKIPPED:
		break;
	default:
		take_key(r, name, value);
		break;
	}
	return 1;
}

/* ---- sections ---- */

static struct conf_draft *draft_add(struct conf_reader *r, const char *name)
{
	struct conf_draft *v = conf_grow(r, r->drafts, r->drafts_n,
					 sizeof(*v));
	struct conf_draft *d;
	size_t i;

	if (!v)
		return NULL;
	r->drafts = v;
	d = &v[r->drafts_n];
	*d = (struct conf_draft){
		.port = { .file = r->file, .line = r->line },
		.main = r->main,
	};
	d->port.name = conf_copy(r, name);
	if (!d->port.name)
		return NULL;
	for (i = 0; i < PORT_KEYS_N; i++)
		conf_port_keys[i].take(r, &conf_port_keys[i], &d->port, NULL);
	r->drafts_n++;
	return d;
}

static struct conf_pool_draft *pool_add(struct conf_reader *r, const char *name)
{
	struct conf_pool_draft *v = conf_grow(r, r->pools, r->pools_n,
					      sizeof(*v));
	struct conf_pool_draft *d;
	size_t i;

	if (!v)
		return NULL;
	r->pools = v;
	d = &v[r->pools_n];
	*d = (struct conf_pool_draft){
		.pool = { .file = r->file, .line = r->line },
		.main = r->main,
	};
	d->pool.name = conf_copy(r, name);
	if (!d->pool.name)
		return NULL;
	for (i = 0; i < POOL_KEYS_N; i++)
		conf_pool_keys[i].take(r, &conf_pool_keys[i], &d->pool, NULL);
	r->pools_n++;
	return d;
}

/* A port or pool that was begun before */
struct head {
	const char *name;
	const char *main;
	struct conf_said at;
};

static struct head head_of(const struct conf_reader *r,
			   enum conf_section section, size_t i)
{
	const struct conf_port *port;
	const struct conf_pool *pool;

	if (section == SECTION_PORT) {
		port = &r->drafts[i].port;
		return (struct head){ port->name, r->drafts[i].main,
				      { port->file, port->line } };
	}
	pool = &r->pools[i].pool;
	return (struct head){ pool->name, r->pools[i].main,
			      { pool->file, pool->line } };
}

/* A drop-in speaks of what its file has not. */
static void unknown_name(struct conf_reader *r, enum conf_section section,
			 size_t n, const char *name)
{
	const char *what = section == SECTION_PORT ? "port" : "pool";
	const char **words = calloc(n + 1, sizeof(*words));
	const char *close;
	struct head h;
	size_t i, k = 0;

	if (!words) {
		r->err = -ENOMEM;
		return;
	}
	for (i = 0; i < n; i++) {
		h = head_of(r, section, i);
		if (h.main == r->main)
			words[k++] = h.name;
	}
	close = conf_closest(name, words);
	if (close)
		conf_wrong(r, name, "there is no such %s in %s; did you "
			   "mean '%s'?", what, r->main, close);
	else
		conf_wrong(r, name, "there is no such %s in %s; a new one "
			   "needs a file of its own", what, r->main);
	free(words);
}

static void open_named(struct conf_reader *r, enum conf_section section,
		       const char *name)
{
	bool port = section == SECTION_PORT;
	const char *fault = port ? conf_name_fault(name) :
			    conf_pool_name_fault(name);
	size_t n = port ? r->drafts_n : r->pools_n;
	bool drop_in = r->file != r->main;
	struct head h = { 0 };
	size_t i;

	if (fault) {
		conf_wrong(r, name, "is no %s name: %s", port ?
			   "interface's" : "pool's", fault);
		return;
	}
	for (i = 0; i < n; i++) {
		h = head_of(r, section, i);
		if (!strcmp(h.name, name))
			break;
	}
	if (drop_in && (i == n || h.main != r->main)) {
		unknown_name(r, section, n, name);
		return;
	}
	if (!drop_in && i < n) {
		conf_wrong(r, name, "the %s is described already in %s:%u; "
			   "change it there or in a drop-in", port ? "port" :
			   "pool", h.at.file, h.at.line);
		return;
	}
	if (i == n && !(port ? (void *)draft_add(r, name) :
			(void *)pool_add(r, name)))
		return;
	r->draft = i;
	r->section = section;
}

static void unknown_section(struct conf_reader *r, const char *word,
			    const char *name)
{
	const char *close = conf_closest(word, section_words);

	if (close)
		conf_wrong(r, r->text, "there is no such section; did you "
			   "mean [%s%s%s]?", close, *name ? " " : "", name);
	else
		conf_wrong(r, r->text, "there is no such section; expected "
			   "[Port NAME], [Pool NAME] or [Daemon]");
}

/* "[Port NAME]", "[Pool NAME]", "[Daemon]"; @head is changed. */
static void open_section(struct conf_reader *r, char *head)
{
	char *end = strchr(head, ']');
	char *word, *name;

	r->section = SECTION_SKIPPED;
	if (!end || end[1 + strspn(end + 1, BLANKS)]) {
		conf_wrong(r, r->text, end ?
			   "something follows the section's ']'; give it a "
			   "line of its own" :
			   "the section's ']' is missing");
		return;
	}
	*end = '\0';
	word = head + 1 + strspn(head + 1, BLANKS);
	name = word + strcspn(word, BLANKS);
	if (*name)
		*name++ = '\0';
	name += strspn(name, BLANKS);
	for (end = name + strlen(name); end > name; end--) {
		if (!isspace((unsigned char)end[-1]))
			break;
		end[-1] = '\0';
	}
	if (!strncmp(word, "X-", 2))
		return;
	if (!strcmp(word, "Port") && *name) {
		open_named(r, SECTION_PORT, name);
	} else if (!strcmp(word, "Port")) {
		conf_wrong(r, r->text, "the port's name is missing; write "
			   "[Port NAME]");
	} else if (!strcmp(word, "Pool") && *name) {
		open_named(r, SECTION_POOL, name);
	} else if (!strcmp(word, "Pool")) {
		conf_wrong(r, r->text, "the pool's name is missing; write "
			   "[Pool NAME]");
	} else if (!strcmp(word, "Daemon") && !*name) {
		r->section = SECTION_DAEMON;
	} else if (!strcmp(word, "Daemon")) {
		conf_wrong(r, r->text, "there is one daemon, and it has no "
			   "name; write [Daemon]");
	} else {
		unknown_section(r, word, name);
	}
}

/* ---- lines ---- */

/* Why the parser would not read @line as it was meant, or NULL */
static const char *line_fault(const char *line, size_t room)
{
	size_t len = strlen(line);
	const char *p;

	if (len >= room)
		return "the line is too long; at most 198 bytes are read";
	if (*line == '[')
		return NULL;
	if (line[strcspn(line, "=:")] != '=')
		return "there is no '='; expected KEY=VALUE, [Port NAME], "
		       "[Pool NAME] or [Daemon]";
	if (line[len - 1] == '\\')
		return "a line can't be continued; lists grow by saying the "
		       "key again";
	for (p = line + 1; *p; p++)
		if ((*p == ';' || *p == '#') && isspace((unsigned char)p[-1]))
			return "something follows the value; a comment needs a "
			       "line of its own";
	return NULL;
}

/* The next line into r->text; false: the end. */
static bool next_line(struct conf_reader *r)
{
	ssize_t got = getline(&r->text, &r->text_room, r->in);
	size_t len;

	if (got < 0) {
		if (ferror(r->in))
			conf_wrong(r, NULL, "can't be read any further: %s",
				   strerror(errno));
		else if (!feof(r->in))
			r->err = -ENOMEM;
		return false;
	}
	r->line++;
	len = (size_t)got;
	while (len && strchr("\r\n", r->text[len - 1]) && r->text[len - 1])
		len--;
	if (strlen(r->text) < len) {
		conf_wrong(r, r->text, "a NUL byte follows; is this a text?");
		len = 0;
	}
	r->text[len] = '\0';
	return true;
}

/* What libinih reads by, instead of fgets() */
static char *read_line(char *buf, int size, void *stream)
{
	struct conf_reader *r = stream;
	const char *line, *fault;
	size_t len;

	buf[0] = '\0';
	if (r->err || !next_line(r))
		return NULL;
	line = r->text;
	if (r->line == 1 && !strncmp(line, "\xef\xbb\xbf", 3))
		line += 3;
	/* A line that begins with a blank would continue the one before. */
	line += strspn(line, BLANKS);
	len = strlen(line);
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	r->text[(size_t)(line - r->text) + len] = '\0';
	if (!len || *line == '#' || *line == ';')
		return buf;
	fault = line_fault(line, (size_t)size - 1);
	if (fault) {
		conf_wrong(r, line, "%s", fault);
		if (*line == '[')
			r->section = SECTION_SKIPPED;
		return buf;
	}
	memcpy(buf, line, len + 1);
	if (*line != '[')
		return buf;
	open_section(r, buf);
	/* It has been read; the parser has no use for its pieces. */
	buf[0] = '\0';
	return buf;
}

void conf_parse(struct conf_reader *r)
{
	r->section = SECTION_NONE;
	r->line = 0;
	ini_parse_stream(read_line, r, handle, r);
}
