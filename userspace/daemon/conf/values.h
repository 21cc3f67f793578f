/* SPDX-License-Identifier: GPL-2.0 */
/* Values of keys: numbers, time spans, words, addresses, ids, paths. */
#ifndef CONF_VALUES_H
#define CONF_VALUES_H

#include "conf/reader.h"

/* The place of a key's value, and its valid values */
struct conf_field {
	size_t offset;		/* in a struct conf_port, conf_pool or conf */
	uint64_t min, max;
	uint64_t fallback;	/* the default */
	const char *const *words; /* by value, ended by NULL */
};

struct conf_type {
	const char *syntax;	/* for people, "NUMBER"; NULL: the words */
	bool list;		/* each further value is added */
	/* Reads @value; NULL sets the default, or empties the list. */
	void (*take)(struct conf_reader *r, const struct conf_field *f,
		     void *base, const char *value);
	/*
	 * Writes the value as in a file; nothing if the module has the default.
	 * The values of a list are separated by newlines, which no value has.
	 */
	void (*show)(const struct conf_field *f, const void *base, FILE *out);
};

extern const struct conf_type conf_mac_type, conf_number_type, conf_size_type,
	conf_span_type, conf_user_type, conf_group_type, conf_perm_type,
	conf_word_type, conf_bool_type, conf_path_type, conf_id_type,
	conf_hook_type;

/* Returns the address of the field in @base. */
void *conf_at(const struct conf_field *f, const void *base);
/* Reads a device's MAC address.  Returns false after a complaint. */
bool conf_mac_parse(struct conf_reader *r, const char *value, uint8_t mac[6]);
/* Does @value begin with "/"?  Returns false after a complaint. */
bool conf_is_absolute(struct conf_reader *r, const char *value);
/* Returns the index of @value in @words; -1 after a complaint. */
int conf_word_parse(struct conf_reader *r, const char *const *words,
		    const char *value);
/* Returns the word of @words (ended by NULL) closest to @text, or NULL. */
const char *conf_closest(const char *text, const char *const *words);
/* Writes the words, "a, b or c". */
void conf_words_put(const char *const *words, FILE *out);

#endif /* CONF_VALUES_H */
