// SPDX-License-Identifier: GPL-2.0
/* A selector describes devices; equal ones are kept once. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/selector.h"

const char *const conf_selector_words[] = {
	[WORD_NAME] = "name", [WORD_MAC] = "mac", [WORD_PATH] = "path",
	[WORD_DRIVER] = "driver", [WORD_PROPERTY] = "property",
	[WORD_PHYS_PORT] = "port", [WORD_VLAN] = "vlan", [WORD_VF] = "vf",
	[WORD_POOL] = "pool", [WORD_MODE] = "mode", [WORD_CREATE] = "create",
	NULL,
};

void conf_selector_release(struct conf_selector *s)
{
	free(s->name);
	free(s->path);
	free(s->driver);
	free(s->property);
	free(s->phys_port);
	free(s->pool);
	*s = CONF_SELECTOR_NONE;
}

bool conf_is_pattern(const char *text)
{
	return strpbrk(text, "*?[\\") != NULL;
}

const char *conf_pool_name_fault(const char *name)
{
	const char *p;

	if (strlen(name) > 63)
		return "it is longer than 63 bytes";
	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return "only letters, digits, '-', '_' and '.' are "
			       "allowed";
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool conf_selector_equal(const struct conf_selector *a,
			 const struct conf_selector *b)
{
	return a->vlan == b->vlan && a->vlan_create == b->vlan_create &&
	       a->vf == b->vf && a->vf_last == b->vf_last &&
	       a->mac_set == b->mac_set &&
	       (!a->mac_set || !memcmp(a->mac, b->mac, sizeof(a->mac))) &&
	       same(a->name, b->name) && same(a->path, b->path) &&
	       same(a->driver, b->driver) && same(a->property, b->property) &&
	       same(a->phys_port, b->phys_port) && same(a->pool, b->pool);
}

void conf_selector_put(const struct conf_selector *s, FILE *out)
{
	const char *const texts[] = {
		[WORD_NAME] = s->name, [WORD_PATH] = s->path,
		[WORD_DRIVER] = s->driver, [WORD_PROPERTY] = s->property,
		[WORD_PHYS_PORT] = s->phys_port, [WORD_POOL] = s->pool,
	};
	char buf[STABLETAP_MAC_TEXT];
	const char *gap = "";
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *text = texts[i];

		if (i == WORD_MAC && s->mac_set)
			text = stabletap_mac_format(s->mac, buf);
		if (!text)
			continue;
		fprintf(out, "%s%s=%s", gap, conf_selector_words[i], text);
		gap = " ";
	}
	if (s->vlan >= 0)
		fprintf(out, " vlan=%d%s", s->vlan,
			s->vlan_create ? " create" : "");
	if (s->vf < 0)
		return;
	if (!s->vf && s->vf_last == CONF_VF_MAX)
		fputs(" vf=*", out);
	else if (s->vf_last > s->vf)
		fprintf(out, " vf=%d-%d", s->vf, s->vf_last);
	else
		fprintf(out, " vf=%d", s->vf);
}

void conf_selector_format(const struct conf_selector *s, char *buf,
			  size_t size)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	if (!size)
		return;
	buf[0] = '\0';
	out = open_memstream(&text, &len);
	if (!out)
		return;
	conf_selector_put(s, out);
	fclose(out);
	if (text)
		snprintf(buf, size, "%s", text);
	free(text);
}

ssize_t conf_selector_intern(struct conf_reader *r, struct conf_selector *s)
{
	struct conf *conf = r->conf;
	struct conf_selector *v;
	size_t i;

	for (i = 0; i < conf->selectors_n; i++) {
		if (!conf_selector_equal(&conf->selectors[i], s))
			continue;
		conf_selector_release(s);
		return (ssize_t)i;
	}
	v = conf_grow(r, conf->selectors, conf->selectors_n, sizeof(*v));
	if (!v) {
		conf_selector_release(s);
		return -1;
	}
	conf->selectors = v;
	v[conf->selectors_n] = *s;
	return (ssize_t)conf->selectors_n++;
}

ssize_t conf_selector_of_pool(struct conf_reader *r, const char *name)
{
	struct conf_selector s = CONF_SELECTOR_NONE;

	s.pool = conf_copy(r, name);
	return s.pool ? conf_selector_intern(r, &s) : -1;
}
