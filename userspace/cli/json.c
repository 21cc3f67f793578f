// SPDX-License-Identifier: GPL-2.0
/* What all JSON of the command has in common. */
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
