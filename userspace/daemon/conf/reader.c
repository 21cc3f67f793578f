// SPDX-License-Identifier: GPL-2.0
/* Complaints about the configuration, and memory for its values. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf/reader.h"
#include "escape.h"

/* Bytes of a text in a complaint: enough to find it, short enough for a line */
#define TEXT_MAX 72
/* Bytes of a complaint, whose words can be as long as the file's lines */
#define WHY_MAX 1000

void conf_put(FILE *out, const char *text)
{
	size_t len;

	for (; *text; text += len ? len : 1) {
		len = escape_printable(text);
		if (len)
			fwrite(text, 1, len, out);
		else
			fprintf(out, "\\x%02x", (unsigned char)*text);
	}
}

char *conf_escape(struct conf_reader *r, const char *text)
{
	char *copy = NULL;
	size_t len;
	FILE *out = open_memstream(&copy, &len);

	if (out) {
		conf_put(out, text);
		fclose(out);
	}
	if (!copy)
		r->err = -ENOMEM;
	return copy;
}

/* Returns the number of bytes of @text to show; no character is cut. */
static int shown(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len <= max)
		return (int)len;
	for (len = max; len; len--)
		if (((unsigned char)text[len] & 0xc0) != 0x80)
			break;
	return (int)len;
}

/* Cuts a text that is longer than @max, and marks it with "...". */
static void cut(char *text, size_t max)
{
	if (text[shown(text, max)])
		memcpy(text + shown(text, max - 3), "...", 4);
}

char *conf_title(const char *word, const char *name)
{
	char *title;

	if (asprintf(&title, "%s%s%s", word, *name ? " " : "", name) < 0)
		return NULL;
	cut(title, TEXT_MAX);
	return title;
}

/* "'TEXT': what is wrong"; the caller frees it.  NULL: out of memory. */
static char *phrase(const char *text, const char *fmt, va_list ap)
{
	char *why = NULL;
	size_t len;
	FILE *out = open_memstream(&why, &len);

	if (!out)
		return NULL;
	if (text)
		fprintf(out, "'%.*s%s': ", shown(text, TEXT_MAX), text,
			text[shown(text, TEXT_MAX)] ? "..." : "");
	vfprintf(out, fmt, ap);
	if (fclose(out)) {
		free(why);
		return NULL;
	}
	cut(why, WHY_MAX);
	return why;
}

static void put(struct conf_reader *r, struct conf_place at,
		const char *severity, const char *why)
{
	conf_put(r->out, at.file);
	if (at.line)
		fprintf(r->out, ":%u", at.line);
	fprintf(r->out, ": %s", severity);
	conf_put(r->out, why);
	putc('\n', r->out);
}

/* Takes over @why, which is NULL if there was no memory for it. */
static void add_error(struct conf_reader *r, struct conf_place at,
		      struct conf_fault *fault, char *why)
{
	r->errors++;
	if (!why) {
		r->err = -ENOMEM;
		return;
	}
	put(r, at, "", why);
	if (fault && !fault->why)
		*fault = (struct conf_fault){ at, why };
	else
		free(why);
}

void conf_error(struct conf_reader *r, const char *text, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_error(r, r->here, r->fault, phrase(text, fmt, ap));
	va_end(ap);
}

void conf_error_at(struct conf_reader *r, struct conf_place at,
		   struct conf_fault *fault, const char *text,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_error(r, at, fault, phrase(text, fmt, ap));
	va_end(ap);
}

void conf_warn_at(struct conf_reader *r, struct conf_place at,
		  const char *text, const char *fmt, ...)
{
	va_list ap;
	char *why;

	va_start(ap, fmt);
	why = phrase(text, fmt, ap);
	va_end(ap);
	if (why)
		put(r, at, "warning: ", why);
	else
		r->err = -ENOMEM;
	free(why);
}

void conf_unreadable(struct conf_reader *r, const char *path, const char *why)
{
	struct conf_place at = { path, 0 };

	r->unreadable = true;
	conf_error_at(r, at, NULL, NULL, "can't be read: %s", why);
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
	/* The room doubles whenever it is full, which is at powers of two. */
	if (n & (n - 1))
		return v;
	v = reallocarray(v, n ? 2 * n : 1, size);
	if (!v)
		r->err = -ENOMEM;
	return v;
}

bool conf_strings_add(struct conf_reader *r, char ***list, const char *text)
{
	char **v;
	size_t n = 0;

	while (*list && (*list)[n])
		n++;
	v = reallocarray(*list, n + 2, sizeof(*v));
	if (!v) {
		r->err = -ENOMEM;
		return false;
	}
	*list = v;
	v[n] = conf_copy(r, text);
	v[n + 1] = NULL;
	return v[n];
}

void conf_strings_clear(char ***list)
{
	size_t i;

	for (i = 0; *list && (*list)[i]; i++)
		free((*list)[i]);
	free(*list);
	*list = NULL;
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
