// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes what libvirt's hook reads: the input is the XML of a domain.  Whatever
 * it says, each section that the hook would write is one section of the
 * configuration, and is that of the port; it has no program.
 */
#include <stdarg.h>
#include <string.h>

#include "conf/read.h"
#include "domain.h"
#include "fuzz.h"
#include "say.h"

/* The messages go nowhere, but are formatted. */
void say_begin(const char *domain)
{
	(void)domain;
}

void say(int priority, const char *port, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	must(priority >= 0 && (!port || strlen(port) < sizeof(text)));
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
}

static void check_conf(const struct conf *conf, const char *name)
{
	must(conf->ports_n + conf->left_out_n == 1);
	must(!conf->pools_n && !conf->metrics);
	if (!conf->ports_n) {
		must(!strncmp(conf->left_out[0].section, "Port ", 5));
		must(!strcmp(conf->left_out[0].section + 5, name));
		return;
	}
	must(!strcmp(conf->ports[0].name, name));
	must(!conf->ports[0].hooks && !conf->ports[0].probe.argv);
	must(!conf->ports[0].owner && !conf->ports[0].group);
	must(!conf->ports[0].perm);
}

static void check_port(const struct domain_port *port)
{
	FILE *in = fmemopen(port->section, strlen(port->section), "r");
	FILE *out = fopen("/dev/null", "w");
	struct conf *conf = NULL;

	must(in && out);
	must(conf_read_stream(in, "f", NULL, out, &conf) >= 0 && conf);
	fclose(in);
	fclose(out);
	check_conf(conf, port->name);
	conf_free(conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct domain d;
	size_t i;

	if (!domain_read((const char *)data, size, &d)) {
		must(strlen(d.uuid) == DOMAIN_UUID_SIZE - 1);
		must(!strchr(d.uuid, '/'));
		for (i = 0; i < d.n; i++)
			check_port(&d.ports[i]);
	}
	domain_release(&d);
	return 0;
}
