// SPDX-License-Identifier: GPL-2.0
/* {fd}, {fds}, {vhostfd} and {vhostfds} in a command's arguments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subst.h"

char *join_fds(const int *fds, unsigned int n)
{
	/* Bytes per number: at most ten digits and a colon */
	char *text = malloc(n * 11u + 1u);
	size_t used = 0;
	unsigned int i;

	if (!text)
		return NULL;
	text[0] = '\0';
	for (i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, 12, "%s%d", i ? ":" : "",
					 fds[i]);
	return text;
}

bool has_place(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

char *replace_all(const char *text, const char *what, const char *with)
{
	size_t old = strlen(what);
	size_t new = strlen(with);
	size_t size = strlen(text) + 1;
	const char *p;
	char *result;
	char *to;

	for (p = strstr(text, what); p; p = strstr(p + old, what))
		size = size - old + new;
	result = malloc(size);
	if (!result)
		return NULL;
	to = result;
	while ((p = strstr(text, what))) {
		memcpy(to, text, (size_t)(p - text));
		to += p - text;
		memcpy(to, with, new);
		to += new;
		text = p + old;
	}
	memcpy(to, text, strlen(text) + 1);
	return result;
}
