// SPDX-License-Identifier: GPL-2.0
/* Bytes as JSON. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "stabletap.h"

/* Returns the bytes of the UTF-8 character at @text; 0 if it is invalid. */
static size_t character(const char *text)
{
	size_t max = strnlen(text, 4);
	json_t *value;
	size_t n;

	for (n = 1; n <= max; n++) {
		value = json_stringn(text, n);
		json_decref(value);
		if (value)
			return n;
	}
	return 0;
}

struct json_t *stabletap_json_text(const char *text)
{
	json_t *value = json_string(text);
	char *copy;
	size_t n;
	char *p;

	if (value)
		return value;
	copy = strdup(text);
	if (!copy)
		return NULL;
	for (p = copy; *p; p += n) {
		n = character(p);
		if (!n) {
			*p = '?';
			n = 1;
		}
	}
	value = json_string(copy);
	free(copy);
	return value;
}
