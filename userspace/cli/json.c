// SPDX-License-Identifier: GPL-2.0
/* Shared parts of the command's JSON. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "json.h"

json_t *json_versioned(const char *key, json_t *value)
{
	return json_pack("{s:i, s:o}", "version", STABLETAP_JSON_VERSION, key,
			 value);
}

int json_print(const struct cli *cli, json_t *value, FILE *out)
{
	json_dumpf(value, out, cli->pretty ? JSON_INDENT(4) : JSON_COMPACT);
	fputc('\n', out);
	json_decref(value);
	return CLI_DONE;
}

void json_print_line(json_t *value, FILE *out)
{
	json_dumpf(value, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(value);
}

const char *json_text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static int escape_string(json_t *value)
{
	const char *text = json_string_value(value);
	size_t size = 4 * strlen(text) + 1;
	char *escaped = malloc(size);
	int err;

	if (!escaped)
		return -ENOMEM;
	escape_line(escaped, size, text);
	err = json_string_set(value, escaped) ? -ENOMEM : 0;
	free(escaped);
	return err;
}

/* Nested objects and arrays are appended to @todo. */
static int escape_member(json_t *member, json_t *todo)
{
	if (json_is_string(member))
		return escape_string(member);
	if (json_is_object(member) || json_is_array(member))
		return json_array_append(todo, member) ? -ENOMEM : 0;
	return 0;
}

static int escape_members(json_t *value, json_t *todo)
{
	const char *key;
	json_t *member;
	int err = 0;
	size_t i;

	json_object_foreach(value, key, member)
		if (!err)
			err = escape_member(member, todo);
	json_array_foreach(value, i, member)
		if (!err)
			err = escape_member(member, todo);
	return err;
}

int json_make_printable(json_t *value)
{
	json_t *todo = json_pack("[O]", value);
	int err = todo ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !err && i < json_array_size(todo); i++)
		err = escape_members(json_array_get(todo, i), todo);
	json_decref(todo);
	return err;
}
