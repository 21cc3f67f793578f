// SPDX-License-Identifier: GPL-2.0
/* Time spans, as systemd writes them. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "conf/internal.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_SEC 1000000000ULL

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "", NS_PER_SEC }, { "s", NS_PER_SEC }, { "sec", NS_PER_SEC },
	{ "second", NS_PER_SEC }, { "seconds", NS_PER_SEC },
	{ "ms", 1000000 }, { "msec", 1000000 },
	{ "us", 1000 }, { "usec", 1000 },
	{ "m", 60 * NS_PER_SEC }, { "min", 60 * NS_PER_SEC },
	{ "minute", 60 * NS_PER_SEC }, { "minutes", 60 * NS_PER_SEC },
	{ "h", 3600 * NS_PER_SEC }, { "hr", 3600 * NS_PER_SEC },
	{ "hour", 3600 * NS_PER_SEC }, { "hours", 3600 * NS_PER_SEC },
	{ "d", 86400 * NS_PER_SEC }, { "day", 86400 * NS_PER_SEC },
	{ "days", 86400 * NS_PER_SEC },
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

bool conf_take_span(struct conf_reader *r, const struct conf_key *key,
		    void *base, const char *value)
{
	uint64_t *out = conf_field(key, base);
	uint64_t n;
	int err;

	*out = key->fallback;
	if (!value)
		return true;
	err = span_parse(value, key->max, &n);
	if (err == -EINVAL) {
		conf_wrong(r, value, "is no time span; write it as in 5, "
			   "500ms, 2min or 1min 30s");
		return false;
	}
	if (err) {
		conf_wrong(r, value, "is too long; at most %llud are taken",
			   (unsigned long long)(key->max / NS_PER_SEC / 86400));
		return false;
	}
	if (n < key->min) {
		conf_wrong(r, value, "is too short; at least %llums are needed",
			   (unsigned long long)(key->min / 1000000));
		return false;
	}
	*out = n;
	return true;
}

void conf_show_span(const struct conf *conf, const struct conf_key *key,
		    const void *base, FILE *out)
{
	const uint64_t *span = conf_field(key, base);
	unsigned long long ns = *span;

	(void)conf;
	if (ns % NS_PER_MS)
		fprintf(out, "%lluus", ns / 1000);
	else if (ns % NS_PER_SEC)
		fprintf(out, "%llums", ns / NS_PER_MS);
	else
		fprintf(out, "%llus", ns / NS_PER_SEC);
}
