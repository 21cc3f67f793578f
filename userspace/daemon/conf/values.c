// SPDX-License-Identifier: GPL-2.0
/* Values of keys: numbers, time spans, words, addresses, ids, paths. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/values.h"

#define NS_PER_US 1000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_SEC 1000000000ULL
#define NS_PER_DAY (86400 * NS_PER_SEC)

void *conf_at(const struct conf_field *f, const void *base)
{
	return (char *)(uintptr_t)base + f->offset;
}

/* ---- words ---- */

#define WORD_MAX 32

/* Edit distance without regard to case; a longer word is far from all. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t len = strlen(b);
	size_t i, k, corner, keep;

	if (len > WORD_MAX || strlen(a) > WORD_MAX)
		return SIZE_MAX;
	for (k = 0; k <= len; k++)
		row[k] = k;
	for (i = 0; a[i]; i++) {
		corner = row[0]++;
		for (k = 0; k < len; k++) {
			keep = row[k + 1];
			if (tolower((unsigned char)a[i]) !=
			    tolower((unsigned char)b[k])) {
				if (keep < corner)
					corner = keep;
				if (row[k] < corner)
					corner = row[k];
				corner++;
			}
			row[k + 1] = corner;
			corner = keep;
		}
	}
	return row[len];
}

const char *conf_closest(const char *text, const char *const *words)
{
	size_t len = strlen(text);
	size_t best = len / 3 + 1;
	const char *found = NULL;
	size_t i, d;

	for (i = 0; words[i]; i++) {
		d = distance(text, words[i]);
		if (d > best || (found && d == best))
			continue;
		best = d;
		found = words[i];
	}
	/*
	 * The beginning of a word has a large distance, but shows which is
	 * meant.
	 */
	for (i = 0; !found && len > 2 && words[i]; i++)
		if (!strncasecmp(text, words[i], len))
			found = words[i];
	return found;
}

/* Returns "yes" or "no" for the words that systemd accepts; else @value. */
static const char *plain(const char *value)
{
	static const char *const same[][2] = {
		{ "1", "yes" }, { "y", "yes" }, { "true", "yes" },
		{ "t", "yes" }, { "on", "yes" }, { "0", "no" }, { "n", "no" },
		{ "false", "no" }, { "f", "no" }, { "off", "no" },
	};
	size_t i;

	for (i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (!strcasecmp(value, same[i][0]))
			return same[i][1];
	return value;
}

void conf_words_put(const char *const *words, FILE *out)
{
	int i;

	for (i = 0; words[i]; i++)
		fprintf(out, "%s%s", !i ? "" : words[i + 1] ? ", " : " or ",
			words[i]);
}

static void unknown_word(struct conf_reader *r, const char *const *words,
			 const char *value)
{
	const char *close = conf_closest(value, words);
	char *list = NULL;
	size_t len;
	FILE *out = open_memstream(&list, &len);

	if (out) {
		conf_words_put(words, out);
		fclose(out);
	}
	if (!list)
		r->err = -ENOMEM;
	else if (close)
		conf_error(r, value, "is none of %s; did you mean '%s'?", list,
			   close);
	else
		conf_error(r, value, "is unknown; expected %s", list);
	free(list);
}

int conf_word_parse(struct conf_reader *r, const char *const *words,
		    const char *value)
{
	const char *given = plain(value);
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], given) || !strcasecmp(words[i], value))
			return i;
	unknown_word(r, words, value);
	return -1;
}

static void take_word(struct conf_reader *r, const struct conf_field *f,
		      void *base, const char *value)
{
	int i = value ? conf_word_parse(r, f->words, value) : -1;
	uint32_t n = i < 0 ? (uint32_t)f->fallback : (uint32_t)i;

	/* The fields are of different enums, all of this size. */
	memcpy(conf_at(f, base), &n, sizeof(n));
}

static void show_word(const struct conf_field *f, const void *base, FILE *out)
{
	uint32_t n;

	memcpy(&n, conf_at(f, base), sizeof(n));
	fputs(f->words[n], out);
}

static void take_bool(struct conf_reader *r, const struct conf_field *f,
		      void *base, const char *value)
{
	int i = value ? conf_word_parse(r, f->words, value) : (int)f->fallback;
	bool *on = conf_at(f, base);

	*on = i > 0;
}

static void show_bool(const struct conf_field *f, const void *base, FILE *out)
{
	const bool *on = conf_at(f, base);

	fputs(f->words[*on], out);
}

const struct conf_type conf_word_type = {
	.take = take_word, .show = show_word,
};
const struct conf_type conf_bool_type = {
	.take = take_bool, .show = show_bool,
};

/* ---- numbers ---- */

static void take_number(struct conf_reader *r, const struct conf_field *f,
			void *base, const char *value)
{
	uint32_t *out = conf_at(f, base);
	uint64_t n;

	*out = (uint32_t)f->fallback;
	if (!value)
		return;
	if (stabletap_number_parse(value, 10, f->max, &n) || n < f->min)
		conf_error(r, value, "is not a number from %u to %u",
			   (unsigned int)f->min, (unsigned int)f->max);
	else
		*out = (uint32_t)n;
}

static void take_size(struct conf_reader *r, const struct conf_field *f,
		      void *base, const char *value)
{
	uint64_t *out = conf_at(f, base);
	uint64_t n;

	*out = f->fallback;
	if (!value)
		return;
	if (stabletap_size_parse(value, f->max, &n) || n < f->min)
		conf_error(r, value, "is not a number of bytes from %llu to "
			   "%llu; write it as in 65536, 64K or 4M",
			   (unsigned long long)f->min,
			   (unsigned long long)f->max);
	else
		*out = n;
}

/* A value that the library reads; 0 is the module's default. */
static void take_parsed(struct conf_reader *r, const char *value, uint32_t *out,
			int (*parse)(const char *text, uint32_t *out),
			const char *fault)
{
	*out = 0;
	if (value && parse(value, out))
		conf_error(r, value, "%s", fault);
}

static void take_user(struct conf_reader *r, const struct conf_field *f,
		      void *base, const char *value)
{
	take_parsed(r, value, conf_at(f, base), stabletap_user_parse,
		    "there is no such user; 'getent passwd' lists them");
}

static void take_group(struct conf_reader *r, const struct conf_field *f,
		       void *base, const char *value)
{
	take_parsed(r, value, conf_at(f, base), stabletap_group_parse,
		    "there is no such group; 'getent group' lists them");
}

static void take_perm(struct conf_reader *r, const struct conf_field *f,
		      void *base, const char *value)
{
	take_parsed(r, value, conf_at(f, base), stabletap_perm_parse,
		    "is not an octal number from 0001 to 0777; as in 0660");
}

static void show_number(const struct conf_field *f, const void *base, FILE *out)
{
	const uint32_t *n = conf_at(f, base);

	if (*n)
		fprintf(out, "%u", *n);
}

static void show_size(const struct conf_field *f, const void *base, FILE *out)
{
	const uint64_t *n = conf_at(f, base);

	if (*n)
		fprintf(out, "%llu", (unsigned long long)*n);
}

static void show_perm(const struct conf_field *f, const void *base, FILE *out)
{
	const uint32_t *n = conf_at(f, base);

	if (*n)
		fprintf(out, "0%o", *n);
}

const struct conf_type conf_number_type = {
	"NUMBER", .take = take_number, .show = show_number,
};
const struct conf_type conf_size_type = {
	"SIZE", .take = take_size, .show = show_size,
};
const struct conf_type conf_user_type = {
	"USER", .take = take_user, .show = show_number,
};
const struct conf_type conf_group_type = {
	"GROUP", .take = take_group, .show = show_number,
};
const struct conf_type conf_perm_type = {
	"OCTAL", .take = take_perm, .show = show_perm,
};

/* ---- time spans, as systemd writes them ---- */

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "", NS_PER_SEC }, { "s", NS_PER_SEC }, { "sec", NS_PER_SEC },
	{ "second", NS_PER_SEC }, { "seconds", NS_PER_SEC },
	{ "ms", NS_PER_MS }, { "msec", NS_PER_MS },
	{ "us", NS_PER_US }, { "usec", NS_PER_US },
	{ "m", 60 * NS_PER_SEC }, { "min", 60 * NS_PER_SEC },
	{ "minute", 60 * NS_PER_SEC }, { "minutes", 60 * NS_PER_SEC },
	{ "h", 3600 * NS_PER_SEC }, { "hr", 3600 * NS_PER_SEC },
	{ "hour", 3600 * NS_PER_SEC }, { "hours", 3600 * NS_PER_SEC },
	{ "d", NS_PER_DAY }, { "day", NS_PER_DAY }, { "days", NS_PER_DAY },
};

static uint64_t unit_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i].name) == len &&
		    !strncmp(units[i].name, name, len))
			return units[i].ns;
	return 0;
}

/* "5", "5s", "500ms", "1min 30s"; -ERANGE: above @max. */
static int span_parse(const char *p, uint64_t max, uint64_t *out)
{
	uint64_t sum = 0, n, unit;
	size_t len;

	do {
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
		for (n = 0; isdigit((unsigned char)*p); p++)
			if (n <= UINT64_MAX / 100)
				n = n * 10 + (uint64_t)(*p - '0');
		p += strspn(p, " \t");
		for (len = 0; isalpha((unsigned char)p[len]); len++)
			;
		unit = unit_find(p, len);
		if (!unit)
			return -EINVAL;
		p += len;
		p += strspn(p, " \t");
		if (n > (max - sum) / unit)
			return -ERANGE;
		sum += n * unit;
	} while (*p);
	*out = sum;
	return 0;
}

static void span_too_long(struct conf_reader *r, const struct conf_field *f,
			  const char *value)
{
	bool days = f->max >= NS_PER_DAY;

	conf_error(r, value, "is too long; at most %llu%s are possible",
		   (unsigned long long)(f->max / (days ? NS_PER_DAY :
							 NS_PER_SEC)),
		   days ? "d" : "s");
}

static void take_span(struct conf_reader *r, const struct conf_field *f,
		      void *base, const char *value)
{
	uint64_t *out = conf_at(f, base);
	uint64_t n = 0;
	int err;

	*out = f->fallback;
	if (!value)
		return;
	err = span_parse(value, f->max, &n);
	if (err == -EINVAL)
		conf_error(r, value, "is not a time span; write it as in 5, "
			   "500ms, 2min or 1min 30s");
	else if (err)
		span_too_long(r, f, value);
	else if (n < f->min)
		conf_error(r, value, "is too short; at least %llums are needed",
			   (unsigned long long)(f->min / NS_PER_MS));
	else
		*out = n;
}

static void show_span(const struct conf_field *f, const void *base, FILE *out)
{
	const uint64_t *span = conf_at(f, base);
	unsigned long long ns = *span;

	if (ns == CONF_SPAN_NONE)
		return;
	if (ns % NS_PER_MS)
		fprintf(out, "%lluus", ns / NS_PER_US);
	else if (ns % NS_PER_SEC)
		fprintf(out, "%llums", ns / NS_PER_MS);
	else
		fprintf(out, "%llus", ns / NS_PER_SEC);
}

const struct conf_type conf_span_type = {
	"SPAN", .take = take_span, .show = show_span,
};

/* ---- a port's address ---- */

bool conf_mac_parse(struct conf_reader *r, const char *value, uint8_t mac[6])
{
	static const uint8_t zero[6];

	if (stabletap_mac_parse(value, mac)) {
		conf_error(r, value, "is not a MAC address; write it as in "
			   "52:54:00:12:34:56");
		return false;
	}
	if (mac[0] & 1) {
		conf_error(r, value, "is a multicast address; a device's has "
			   "an even first byte, as in 52:54:00:12:34:56");
		return false;
	}
	if (!memcmp(mac, zero, sizeof(zero))) {
		conf_error(r, value, "can't be a device's address; remove it");
		return false;
	}
	return true;
}

static void take_mac(struct conf_reader *r, const struct conf_field *f,
		     void *base, const char *value)
{
	struct conf_port *port = base;

	(void)f;
	memset(port->mac, 0, sizeof(port->mac));
	port->mac_set = value && conf_mac_parse(r, value, port->mac);
}

static void show_mac(const struct conf_field *f, const void *base, FILE *out)
{
	const struct conf_port *port = base;
	char buf[STABLETAP_MAC_TEXT];

	(void)f;
	if (port->mac_set)
		fputs(stabletap_mac_format(port->mac, buf), out);
}

const struct conf_type conf_mac_type = {
	"MAC", .take = take_mac, .show = show_mac,
};

/* ---- strings ---- */

bool conf_is_absolute(struct conf_reader *r, const char *value)
{
	if (*value == '/')
		return true;
	conf_error(r, value, "is not an absolute path; it must begin with '/'");
	return false;
}

static void take_path(struct conf_reader *r, const struct conf_field *f,
		      void *base, const char *value)
{
	char **out = conf_at(f, base);

	free(*out);
	*out = NULL;
	if (!value || !conf_is_absolute(r, value))
		return;
	if (f->max && strlen(value) > f->max)
		conf_error(r, value, "is too long for a socket; at most %u "
			   "bytes are possible", (unsigned int)f->max);
	else
		*out = conf_copy(r, value);
}

static void take_id(struct conf_reader *r, const struct conf_field *f,
		    void *base, const char *value)
{
	char **out = conf_at(f, base);
	const char *p;

	free(*out);
	*out = NULL;
	if (!value)
		return;
	for (p = value; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-._/[]#", *p))
			break;
	if (*p)
		conf_error(r, value, "is not a device's id; write what follows "
			   "'id=' in QEMU's -device or -netdev");
	else
		*out = conf_copy(r, value);
}

static void show_string(const struct conf_field *f, const void *base, FILE *out)
{
	char *const *text = conf_at(f, base);

	if (*text)
		fputs(*text, out);
}

static void hooks_clear(struct conf_port *port)
{
	conf_strings_clear(&port->hooks);
	free(port->hook_places);
	port->hook_places = NULL;
}

static void take_hook(struct conf_reader *r, const struct conf_field *f,
		      void *base, const char *value)
{
	struct conf_port *port = base;
	struct conf_place *places;
	size_t n = 0;

	(void)f;
	if (!value) {
		hooks_clear(port);
		return;
	}
	if (!conf_is_absolute(r, value))
		return;
	while (port->hooks && port->hooks[n])
		n++;
	places = conf_grow(r, port->hook_places, n, sizeof(*places));
	if (!places)
		return;
	port->hook_places = places;
	places[n] = r->here;
	conf_strings_add(r, &port->hooks, value);
}

static void show_hooks(const struct conf_field *f, const void *base, FILE *out)
{
	const struct conf_port *port = base;
	size_t i;

	(void)f;
	for (i = 0; port->hooks && port->hooks[i]; i++)
		fprintf(out, "%s%s", i ? "\n" : "", port->hooks[i]);
}

const struct conf_type conf_path_type = {
	"PATH", .take = take_path, .show = show_string,
};
const struct conf_type conf_id_type = {
	"ID", .take = take_id, .show = show_string,
};
const struct conf_type conf_hook_type = {
	"PATH", .list = true, .take = take_hook, .show = show_hooks,
};
