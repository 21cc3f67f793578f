/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What everything that reads the configuration has in hand: the place that is
 * being read, the output for complaints, and what has been read so far.
 */
#ifndef CONF_READER_H
#define CONF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf/conf.h"

/* A line of a file; line 0: the whole file, or (of a key) not said. */
struct conf_place {
	const char *file;	/* of conf.files; pointers can be compared */
	unsigned int line;
};

/* The first error of a section */
struct conf_fault {
	struct conf_place at;
	char *why;		/* NULL: no error */
};

struct conf_reader {
	struct conf *conf;	/* what is being put together */
	FILE *out;		/* takes complaints, a line each */
	int wrong;		/* number of errors */
	int err;		/* -ENOMEM: nothing counts any more */
	bool unreadable;	/* a file could not be read */
	struct conf_place here;
	struct conf_fault *fault; /* of the section that is being read */
};

/* Report an error in @text at r->here: "what is wrong; what would be right" */
__attribute__((format(printf, 3, 4)))
void conf_wrong(struct conf_reader *r, const char *text, const char *fmt, ...);
/* The same in another place, and of another section. */
__attribute__((format(printf, 5, 6)))
void conf_wrong_at(struct conf_reader *r, struct conf_place at,
		   struct conf_fault *fault, const char *text,
		   const char *fmt, ...);
/* Report what is probably not meant; it is taken all the same. */
__attribute__((format(printf, 4, 5)))
void conf_warn_at(struct conf_reader *r, struct conf_place at,
		  const char *text, const char *fmt, ...);
/* Report that @path could not be read, so that nothing else counts. */
void conf_unreadable(struct conf_reader *r, const char *path, int err);

/* Write @text; what could steer a terminal, or the journal, becomes "\x1b". */
void conf_put(FILE *out, const char *text);
/* The same as a copy that the caller owns; NULL, with r->err set. */
char *conf_escape(struct conf_reader *r, const char *text);

/* A copy that the caller owns; NULL, with r->err set: out of memory. */
char *conf_copy(struct conf_reader *r, const char *text);
/* @v with room for one more than @n; NULL, with r->err set: out of memory. */
void *conf_grow(struct conf_reader *r, void *v, size_t n, size_t size);
/* @path in conf.files; NULL: out of memory. */
const char *conf_file_add(struct conf_reader *r, const char *path);

#endif /* CONF_READER_H */
