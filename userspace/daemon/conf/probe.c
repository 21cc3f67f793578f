// SPDX-License-Identifier: GPL-2.0
/* Probe= and its source address: reading, comparing, writing. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/probe.h"

#define BLANKS " \t"

static const char *const kinds[] = {
	[CONF_PROBE_NONE] = "",
	[CONF_PROBE_ARP] = "arp",
	[CONF_PROBE_ND] = "nd",
	[CONF_PROBE_SCRIPT] = "script",
	NULL,
};

static int family_of(enum conf_probe_kind kind)
{
	return kind == CONF_PROBE_ND ? AF_INET6 : AF_INET;
}

/* ---- addresses ---- */

/* Can the address be that of a single neighbour? */
static bool is_neighbour(int family, const uint8_t ip[16])
{
	struct in6_addr six;

	if (family == AF_INET)
		return ip[0] && ip[0] != 127 && ip[0] < 224;
	memcpy(&six, ip, sizeof(six));
	return !IN6_IS_ADDR_UNSPECIFIED(&six) && !IN6_IS_ADDR_LOOPBACK(&six) &&
	       !IN6_IS_ADDR_MULTICAST(&six) && !IN6_IS_ADDR_V4MAPPED(&six);
}

/* @value is no address of @family. */
static const char *address_fault(int family, const char *value)
{
	bool four = family == AF_INET;
	uint8_t ip[16];

	if (inet_pton(four ? AF_INET6 : AF_INET, value, ip) == 1)
		return four ? "is an IPv6 address; use 'nd' for it" :
			      "is an IPv4 address; use 'arp' for it";
	return four ? "is not an IPv4 address; write it as in 192.0.2.1" :
		      "is not an IPv6 address; write it as in 2001:db8::1";
}

static bool take_address(struct conf_reader *r, const char *value, int family,
			 uint8_t ip[16])
{
	memset(ip, 0, 16);
	if (strchr(value, '%')) {
		conf_error(r, value, "names a device; remove '%%' and what "
			   "follows: the probe is sent through each candidate");
		return false;
	}
	if (inet_pton(family, value, ip) != 1) {
		conf_error(r, value, "%s", address_fault(family, value));
		return false;
	}
	if (!is_neighbour(family, ip)) {
		conf_error(r, value, "can't be a neighbour's address; write "
			   "that of a gateway");
		return false;
	}
	return true;
}

/* ---- Probe= ---- */

static bool take_kind(struct conf_reader *r, const char *value,
		      const char *word, enum conf_probe_kind *kind)
{
	const char *close;
	uint8_t ip[16];
	int i;

	for (i = CONF_PROBE_ARP; kinds[i]; i++)
		if (!strcmp(kinds[i], word)) {
			*kind = (enum conf_probe_kind)i;
			return true;
		}
	close = conf_closest(word, kinds + 1);
	if (inet_pton(AF_INET, word, ip) == 1)
		close = "arp";
	else if (inet_pton(AF_INET6, word, ip) == 1)
		close = "nd";
	else if (*word == '/')
		close = "script";
	else if (close) {
		conf_error(r, value, "'%s' is unknown; did you mean '%s'?",
			   word, close);
		return false;
	}
	if (close)
		conf_error(r, value, "the kind of probe is missing; write '%s "
			   "%s'", close, value);
	else
		conf_error(r, value, "'%s' is unknown; expected 'arp ADDRESS', "
			   "'nd ADDRESS' or 'script PATH [ARGUMENT ...]'",
			   word);
	return false;
}

static bool take_target(struct conf_reader *r, const char *value, char *rest,
			struct conf_probe *p)
{
	const char *word = strtok_r(NULL, BLANKS, &rest);
	const char *more;

	if (!word) {
		conf_error(r, value, "the address is missing; write '%s %s'",
			   kinds[p->kind], p->kind == CONF_PROBE_ARP ?
			   "192.0.2.1" : "2001:db8::1");
		return false;
	}
	more = strtok_r(NULL, BLANKS, &rest);
	if (more) {
		conf_error(r, value, "'%s' is one address too many; a probe "
			   "has one", more);
		return false;
	}
	return take_address(r, word, family_of(p->kind), p->target);
}

static bool take_argv(struct conf_reader *r, const char *value, char *rest,
		      struct conf_probe *p)
{
	char *word;

	while ((word = strtok_r(NULL, BLANKS, &rest)))
		if (!conf_strings_add(r, &p->argv, word))
			return false;
	if (!p->argv) {
		conf_error(r, value, "the program is missing; write 'script "
			   "/path/of/it'");
		return false;
	}
	return conf_is_absolute(r, p->argv[0]);
}

static void forget(struct conf_probe *p)
{
	conf_strings_clear(&p->argv);
	p->kind = CONF_PROBE_NONE;
	memset(p->target, 0, sizeof(p->target));
}

static void take_probe(struct conf_reader *r, const struct conf_field *f,
		       void *base, const char *value)
{
	struct conf_probe *p = conf_at(f, base);
	char *text, *word, *rest;
	bool good;

	forget(p);
	text = value ? conf_copy(r, value) : NULL;
	if (!text)
		return;
	word = strtok_r(text, BLANKS, &rest);
	good = take_kind(r, value, word, &p->kind) &&
	       (p->kind == CONF_PROBE_SCRIPT ?
		take_argv(r, value, rest, p) : take_target(r, value, rest, p));
	free(text);
	if (!good)
		forget(p);
}

static void take_source(struct conf_reader *r, const struct conf_field *f,
			void *base, const char *value)
{
	struct conf_probe *p = conf_at(f, base);
	int family;

	p->source_family = 0;
	if (!value)
		return;
	family = strchr(value, ':') ? AF_INET6 : AF_INET;
	if (take_address(r, value, family, p->source))
		p->source_family = family;
}

/* ---- writing ---- */

static void put(const struct conf_probe *p, FILE *out)
{
	char text[INET6_ADDRSTRLEN];
	size_t i;

	if (p->kind == CONF_PROBE_NONE)
		return;
	fputs(kinds[p->kind], out);
	for (i = 0; p->argv && p->argv[i]; i++)
		fprintf(out, " %s", p->argv[i]);
	if (p->kind != CONF_PROBE_SCRIPT &&
	    inet_ntop(family_of(p->kind), p->target, text, sizeof(text)))
		fprintf(out, " %s", text);
}

static void show_probe(const struct conf_field *f, const void *base, FILE *out)
{
	put(conf_at(f, base), out);
}

static void show_source(const struct conf_field *f, const void *base, FILE *out)
{
	const struct conf_probe *p = conf_at(f, base);
	char text[INET6_ADDRSTRLEN];

	if (p->source_family &&
	    inet_ntop(p->source_family, p->source, text, sizeof(text)))
		fputs(text, out);
}

const struct conf_type conf_probe_type = {
	"arp ADDRESS | nd ADDRESS | script PATH [ARGUMENT ...]",
	.take = take_probe, .show = show_probe,
};
const struct conf_type conf_probe_source_type = {
	"ADDRESS", .take = take_source, .show = show_source,
};

void conf_probe_format(const struct conf_probe *p, char *buf, size_t size)
{
	FILE *out = fmemopen(buf, size, "w");

	buf[0] = '\0';
	if (out) {
		put(p, out);
		fclose(out);
	}
	buf[size - 1] = '\0';
}

/* ---- as a value ---- */

static bool same_argv(char *const *a, char *const *b)
{
	size_t i;

	if (!a || !b)
		return a == b;
	for (i = 0; a[i] && b[i]; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return a[i] == b[i];
}

bool conf_probe_equal(const struct conf_probe *a, const struct conf_probe *b)
{
	return a->kind != CONF_PROBE_NONE && a->kind == b->kind &&
	       a->interval == b->interval && a->limit == b->limit &&
	       a->misses == b->misses && a->answers == b->answers &&
	       !memcmp(a->target, b->target, sizeof(a->target)) &&
	       a->source_family == b->source_family &&
	       (!a->source_family ||
		!memcmp(a->source, b->source, sizeof(a->source))) &&
	       same_argv(a->argv, b->argv);
}

int conf_probe_copy(struct conf_probe *to, const struct conf_probe *from)
{
	struct conf_reader r = { 0 };
	size_t i;

	*to = *from;
	to->argv = NULL;
	for (i = 0; from->argv && from->argv[i]; i++)
		conf_strings_add(&r, &to->argv, from->argv[i]);
	if (r.err)
		conf_probe_release(to);
	return r.err;
}

void conf_probe_release(struct conf_probe *p)
{
	forget(p);
	*p = (struct conf_probe){ 0 };
}
