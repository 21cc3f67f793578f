/* SPDX-License-Identifier: GPL-2.0 */
/* Sections, while the files are being read. */
#ifndef CONF_SECTION_H
#define CONF_SECTION_H

#include "conf/keys.h"

struct conf_section {
	enum conf_kind kind;
	char *name;		/* of the port or pool; else "" */
	char *title;		/* "Port vm1" */
	struct conf_place at;	/* its first head */
	const char *main;	/* the file whose drop-ins may change it */
	struct conf_fault fault; /* its first error */
	bool settled;		/* its error has been dealt with */
	bool doubled;		/* the name has a second section */
	bool kept;		/* holds what was in force before the reload */
	size_t users;		/* of a pool: ports that name it */
	struct conf_place said[CONF_KEYS_N];
	union {
		void *base;	/* what the keys go to; of CONF_OTHER: NULL */
		struct conf_port *port;
		struct conf_pool *pool;
		struct conf *daemon;
	};
};

/* The configuration as it is being put together */
struct conf_draft {
	struct conf_reader r;
	const struct conf *before;	/* what is in force, or NULL */
	struct conf_section **v;	/* in the order of the files */
	size_t n;
	void *by_name;		/* the same but CONF_OTHER, for tfind(3) */

	/* The file being read */
	const char *main;	/* the file, or that of a drop-in */
	struct conf_section *now; /* the section of the next line; NULL: none */
};

/* Is the section of that kind, and without an error or kept? */
bool conf_section_is_valid(const struct conf_section *s, enum conf_kind kind);
/* Must the section be checked?  A kept one was checked when it was read. */
bool conf_section_is_new(const struct conf_section *s, enum conf_kind kind);
/* Returns the place of @key or, if it is not set, of the section's head. */
struct conf_place conf_section_place(const struct conf_section *s,
				     enum conf_key_id key);
/* Returns the section of port or pool @name, or NULL. */
struct conf_section *conf_section_find(const struct conf_draft *d,
				       enum conf_kind kind, const char *name);
/*
 * Returns the name, of all or of those in file @main, that was probably meant
 * by @name, or NULL.
 */
const char *conf_section_closest(struct conf_draft *d, enum conf_kind kind,
				 const char *main, const char *name);
/*
 * Creates a section whose keys have their defaults.  @word and @name are those
 * of its head; each may be "".  NULL: out of memory, r.err is set.
 */
struct conf_section *conf_section_add(struct conf_draft *d,
				      enum conf_kind kind, const char *word,
				      const char *name);
void conf_sections_free(struct conf_draft *d);

#endif /* CONF_SECTION_H */
