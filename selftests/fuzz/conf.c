// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's configuration, of any bytes: read, and if it is taken, written
 * and compared with itself, which must find no difference.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct conf *conf, FILE *out)
{
	char text[64];
	size_t i;

	if (conf_diff(conf, conf, out))
		abort();
	for (i = 0; i < conf->selectors_n; i++) {
		conf_selector_format(&conf->selectors[i], text, sizeof(text));
		fputs(text, out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf = NULL;
	char *said = NULL;
	size_t len;
	FILE *in, *out;
	int wrong;

	/* fmemopen() takes no empty buffer. */
	if (!size)
		return 0;
	in = fmemopen((void *)data, size, "r");
	out = open_memstream(&said, &len);
	if (!in || !out)
		abort();
	wrong = conf_read_stream(in, "fuzz", out, &conf);
	/* Nothing is refused without a word, and nothing half taken. */
	if (!wrong != !!conf || (wrong > 0 && !ftell(out)))
		abort();
	if (conf)
		look(conf, out);
	conf_free(conf);
	fclose(out);
	fclose(in);
	free(said);
	return 0;
}
