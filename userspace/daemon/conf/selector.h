/* SPDX-License-Identifier: GPL-2.0 */
/* A selector describes devices; equal ones are kept once. */
#ifndef CONF_SELECTOR_H
#define CONF_SELECTOR_H

#include "conf/reader.h"

/* The words of a description, in the order in which they are written */
enum conf_selector_word {
	WORD_NAME, WORD_MAC, WORD_PATH, WORD_DRIVER, WORD_PROPERTY,
	WORD_PHYS_PORT, WORD_VLAN, WORD_VF, WORD_POOL, WORD_MODE, WORD_CREATE,
	CONF_SELECTOR_WORDS_N,
};
extern const char *const conf_selector_words[];	/* ended by NULL */

#define CONF_SELECTOR_NONE \
	((struct conf_selector){ .vlan = -1, .vf = -1, .vf_last = -1 })

/* Returns the string that @word sets, or NULL if its value is no string. */
char **conf_selector_text(struct conf_selector *s,
			  enum conf_selector_word word);
/* Do they describe the same devices? */
bool conf_selector_equal(const struct conf_selector *a,
			 const struct conf_selector *b);
/* Writes the description as in a file, "name=eth0 vlan=5"; cut to @size. */
void conf_selector_format(const struct conf_selector *s, char *buf,
			  size_t size);
void conf_selector_put(const struct conf_selector *s, FILE *out);
/* Frees the strings. */
void conf_selector_release(struct conf_selector *s);

/*
 * Returns the one of conf.selectors that is equal to @s, whose strings are
 * taken over.  NULL: out of memory; they are freed.
 */
struct conf_selector *conf_selector_intern(struct conf_reader *r,
					   struct conf_selector *s);

/* Does @text hold characters that make it a pattern? */
bool conf_is_pattern(const char *text);
/* Returns why @name can't be a pool's, or NULL. */
const char *conf_pool_name_fault(const char *name);

#endif /* CONF_SELECTOR_H */
