/* SPDX-License-Identifier: GPL-2.0 */
/* Words and numbers of the command line. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define WORD_UNKNOWN (-1)
#define WORD_AMBIGUOUS (-2)

/*
 * Returns the index of the word in @words (ended by NULL) that @given is or
 * abbreviates, WORD_UNKNOWN, or WORD_AMBIGUOUS.
 */
int word_find(const char *given, const char *const *words);

/* As word_find(), with a message if there is no such word. */
int word_expect(const char *given, const char *const *words,
		const char *where);

/* These return false after a message. */
bool parse_number(const char *text, const char *what, uint32_t min,
		  uint32_t max, uint32_t *out);
/* From 1 to @max bytes; "4M" is a number, too. */
bool parse_size(const char *text, const char *what, uint64_t max,
		uint64_t *out);
bool parse_user(const char *text, uint32_t *uid);
bool parse_group(const char *text, uint32_t *gid);
bool parse_perm(const char *text, uint32_t *perm);
/* A device's address; all zero is refused. */
bool parse_address(const char *text, uint8_t mac[6]);

#endif /* CLI_WORDS_H */
