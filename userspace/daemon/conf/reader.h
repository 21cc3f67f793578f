/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State of the reader: the place that is being read, the output for complaints,
 * and the configuration so far.
 */
#ifndef CONF_READER_H
#define CONF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf/conf.h"

/* The first error of a section */
struct conf_fault {
	struct conf_place at;
	char *why;		/* NULL: no error */
};

struct conf_reader {
	struct conf *conf;	/* the configuration so far */
	FILE *out;		/* takes complaints, a line each */
	int errors;		/* their number */
	int err;		/* -ENOMEM: the result is unusable */
	bool unreadable;	/* a file could not be read */
	struct conf_place here;
	struct conf_fault *fault; /* of the section that is being read */
};

/* Reports an error in @text at r->here: "what is wrong; what would be right" */
__attribute__((format(printf, 3, 4)))
void conf_error(struct conf_reader *r, const char *text, const char *fmt, ...);
/* Reports an error in another place, of another section. */
__attribute__((format(printf, 5, 6)))
void conf_error_at(struct conf_reader *r, struct conf_place at,
		   struct conf_fault *fault, const char *text,
		   const char *fmt, ...);
/* Reports a warning; the value is used nevertheless. */
__attribute__((format(printf, 4, 5)))
void conf_warn_at(struct conf_reader *r, struct conf_place at,
		  const char *text, const char *fmt, ...);
/* Reports that @path could not be read, which refuses the configuration. */
void conf_unreadable(struct conf_reader *r, const char *path, const char *why);

/*
 * Returns "Port vm1", a section in messages, cut if it is long; the caller owns
 * it.  NULL: no memory.
 */
char *conf_title(const char *word, const char *name);

/* Writes @text; control characters are written as "\x1b". */
void conf_put(FILE *out, const char *text);
/*
 * Returns the same as a copy that the caller owns; NULL: no memory, r->err is
 * set.
 */
char *conf_escape(struct conf_reader *r, const char *text);

/* Returns a copy that the caller owns; NULL: no memory, r->err is set. */
char *conf_copy(struct conf_reader *r, const char *text);
/* Returns @v with room for one more than @n; NULL: no memory, r->err is set. */
void *conf_grow(struct conf_reader *r, void *v, size_t n, size_t size);
/* Adds a copy of @text to a list that ends with NULL; false: no memory. */
bool conf_strings_add(struct conf_reader *r, char ***list, const char *text);
void conf_strings_clear(char ***list);
/* Returns @path in conf.files; NULL: out of memory. */
const char *conf_file_add(struct conf_reader *r, const char *path);

#endif /* CONF_READER_H */
