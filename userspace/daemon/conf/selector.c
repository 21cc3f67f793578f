// SPDX-License-Identifier: GPL-2.0
/* A selector describes devices; equal ones are kept once. */
#include <ctype.h>
#include <errno.h>
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

char **conf_selector_text(struct conf_selector *s, enum conf_selector_word word)
{
	switch (word) {
	case WORD_NAME:
		return &s->name;
	case WORD_PATH:
		return &s->path;
	case WORD_DRIVER:
		return &s->driver;
	case WORD_PROPERTY:
		return &s->property;
	case WORD_PHYS_PORT:
		return &s->phys_port;
	case WORD_POOL:
		return &s->pool;
	default:
		return NULL;
	}
}

static const char *text_of(const struct conf_selector *s, size_t word)
{
	char **text = conf_selector_text((void *)(uintptr_t)s,
					 (enum conf_selector_word)word);

	return text ? *text : NULL;
}

void conf_selector_release(struct conf_selector *s)
{
	size_t i;

	for (i = 0; i < CONF_SELECTOR_WORDS_N; i++)
		free((void *)(uintptr_t)text_of(s, i));
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

bool conf_selector_equal(const struct conf_selector *a,
			 const struct conf_selector *b)
{
	const char *x, *y;
	size_t i;

	/* Numbers first: many ports may be on one device, each in its VLAN. */
	if (a->vlan != b->vlan || a->vlan_create != b->vlan_create ||
	    a->vf != b->vf || a->vf_last != b->vf_last ||
	    a->mac_set != b->mac_set ||
	    (a->mac_set && memcmp(a->mac, b->mac, sizeof(a->mac)) != 0))
		return false;
	for (i = 0; i < CONF_SELECTOR_WORDS_N; i++) {
		x = text_of(a, i);
		y = text_of(b, i);
		if (x && y ? strcmp(x, y) != 0 : x != y)
			return false;
	}
	return true;
}

void conf_selector_put(const struct conf_selector *s, FILE *out)
{
	char mac[STABLETAP_MAC_TEXT];
	const char *text, *gap = "";
	size_t i;

	for (i = 0; i < CONF_SELECTOR_WORDS_N; i++) {
		text = i == WORD_MAC && s->mac_set ?
		       stabletap_mac_format(s->mac, mac) : text_of(s, i);
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
	FILE *out = fmemopen(buf, size, "w");

	buf[0] = '\0';
	if (out) {
		conf_selector_put(s, out);
		fclose(out);
	}
	buf[size - 1] = '\0';
}

struct conf_selector *conf_selector_intern(struct conf_reader *r,
					   struct conf_selector *s)
{
	struct conf *conf = r->conf;
	struct conf_selector **v, *copy = NULL;
	size_t i;

	for (i = 0; i < conf->selectors_n; i++) {
		if (!conf_selector_equal(conf->selectors[i], s))
			continue;
		conf_selector_release(s);
		return conf->selectors[i];
	}
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	v = conf_grow(r, conf->selectors, conf->selectors_n, sizeof(*v));
	if (v) {
		conf->selectors = v;
		copy = malloc(sizeof(*copy));
	}
	if (!copy) {
		r->err = -ENOMEM;
		conf_selector_release(s);
		return NULL;
	}
	*copy = *s;
	copy->number = conf->selectors_n;
	v[conf->selectors_n++] = copy;
	return copy;
}
