// SPDX-License-Identifier: GPL-2.0
/* Descriptions of devices. */
#include <stdlib.h>
#include <string.h>

#include "conf/internal.h"

const char *const conf_selector_words[] = {
	[WORD_NAME] = "name", [WORD_MAC] = "mac", [WORD_PATH] = "path",
	[WORD_DRIVER] = "driver", [WORD_PROPERTY] = "property",
	[WORD_PHYS_PORT] = "port", [WORD_VLAN] = "vlan", [WORD_VF] = "vf",
	[WORD_POOL] = "pool", [WORD_MODE] = "mode", [WORD_CREATE] = "create", NULL,
};

void conf_selector_release(struct conf_selector *s)
{
	free(s->name);
	free(s->path);
	free(s->driver);
	free(s->property);
	free(s->phys_port);
	free(s->pool);
	*s = (struct conf_selector){ .vlan = -1, .vf = -1, .vf_last = -1 };
}

bool conf_is_pattern(const char *text)
{
	return strpbrk(text, "*?[\\") != NULL;
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

static void show_selector(const struct conf_selector *s, FILE *out)
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
	show_selector(s, out);
	fclose(out);
	if (text)
		snprintf(buf, size, "%s", text);
	free(text);
}

static void show_list(const struct conf *conf, const struct conf_candidate *v,
		      size_t n, FILE *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i)
			fputs(", ", out);
		show_selector(&conf->selectors[v[i].selector], out);
		if (v[i].mode_set)
			fprintf(out, " mode=%s",
				stabletap_mode_name(v[i].mode));
	}
}

void conf_show_candidates(const struct conf *conf, const struct conf_key *key,
			  const void *base, FILE *out)
{
	const struct conf_port *port = base;

	(void)key;
	show_list(conf, port->candidates, port->candidates_n, out);
}

void conf_show_members(const struct conf *conf, const struct conf_key *key,
		       const void *base, FILE *out)
{
	const struct conf_pool *pool = base;

	(void)key;
	show_list(conf, pool->members, pool->members_n, out);
}
