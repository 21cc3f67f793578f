// SPDX-License-Identifier: GPL-2.0
/* The options that don't start the daemon: --check and --keys. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/keys.h"
#include "conf/read.h"
#include "module.h"
#include "offline.h"

static void report(const struct conf *conf, int errors)
{
	size_t i;

	fprintf(stderr, "stabletapd: %d error%s", errors,
		errors == 1 ? "" : "s");
	for (i = 0; i < conf->left_out_n; i++)
		fprintf(stderr, "%s[%s]", i ? ", " : "; left out: ",
			conf->left_out[i].section);
	putc('\n', stderr);
}

/* Unlike a daemon, which must not wait for a writer, this may read a pipe. */
static int read_file(const char *file, struct conf **conf)
{
	FILE *in = fopen(file, "re");
	int n;

	if (!in)
		return -errno;
	n = conf_read_stream(in, file, NULL, stderr, conf);
	fclose(in);
	return n;
}

int offline_check(const char *file)
{
	struct conf *conf = NULL;
	int n = file ? read_file(file, &conf) :
		       conf_read(NULL, NULL, NULL, stderr, &conf);

	if (n < 0) {
		fprintf(stderr, "stabletapd: can't read %s: %s\n",
			file ? file : "the configuration", strerror(-n));
		return EXIT_FAILURE;
	}
	if (!conf) {
		fputs("stabletapd: not everything could be read\n", stderr);
		return EXIT_FAILURE;
	}
	n += module_check(conf, stderr);
	if (n)
		report(conf, n);
	else
		printf("%zu port%s, no errors\n", conf->ports_n,
		       conf->ports_n == 1 ? "" : "s");
	conf_free(conf);
	return n ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Returns the key of any section that was probably meant, or NULL. */
static const char *closest(const char *name)
{
	const char *close = conf_key_closest(CONF_PORT, name);

	if (!close)
		close = conf_key_closest(CONF_POOL, name);
	return close ? close : conf_key_closest(CONF_DAEMON, name);
}

int offline_keys(const char *name)
{
	const char *close;

	if (conf_keys_list(name, stdout))
		return EXIT_SUCCESS;
	close = closest(name);
	if (close)
		fprintf(stderr, "stabletapd: there is no key '%s'; did you "
			"mean '%s'?\n", name, close);
	else
		fprintf(stderr, "stabletapd: there is no key '%s'; 'stabletapd "
			"--keys' lists them\n", name);
	return EXIT_FAILURE;
}
