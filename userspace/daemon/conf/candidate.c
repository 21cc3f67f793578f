// SPDX-License-Identifier: GPL-2.0
/* Candidate= and Member=: devices for a port, devices of a pool. */
#include <stdlib.h>
#include <string.h>

#include "conf/candidate.h"

#define ALTNAME_MAX 127		/* ALTIFNAMSIZ without its NUL */
#define BLANKS " \t"

/* A candidate being read */
struct wish {
	struct conf_selector s;
	bool mode_set;
	enum stabletap_mode mode;
	unsigned int seen;	/* a bit for each word that was given */
};

/* Returns why @value can't be that of @word, which sets a string, or NULL. */
static const char *text_fault(enum conf_selector_word word, const char *value)
{
	const char *mark = strchr(value, word == WORD_PATH ? '-' : '=');
	bool inside = mark && mark > value && mark[1];

	switch (word) {
	case WORD_NAME:
		return strchr(value, '/') || strlen(value) > ALTNAME_MAX ?
		       "is not a device's name; a name has no '/' and at most "
		       "127 bytes" : NULL;
	case WORD_PATH:
		return inside && !strchr(value, '/') ? NULL :
		       "is not a bus and a device; write them as in "
		       "path=pci-0000:03:00.0";
	case WORD_PROPERTY:
		return inside ? NULL : "is not a udev property; write it as in "
		       "property=ID_NET_NAME_SLOT=ens1*";
	default:
		return NULL;
	}
}

static bool take_text(struct conf_reader *r, char **text,
		      enum conf_selector_word word, const char *value)
{
	const char *fault = word == WORD_POOL ? conf_pool_name_fault(value) :
			    text_fault(word, value);

	if (fault)
		conf_error(r, value, "%s%s", word == WORD_POOL ?
			   "is not a valid pool name: " : "", fault);
	else
		*text = conf_copy(r, value);
	return *text;
}

static bool take_int(struct conf_reader *r, const char *value,
		     unsigned int min, unsigned int max, int *out)
{
	uint64_t n;

	if (stabletap_number_parse(value, 10, max, &n) || n < min) {
		conf_error(r, value, "is not a number from %u to %u", min, max);
		return false;
	}
	*out = (int)n;
	return true;
}

/* Splits "0-7" in two; of "3" both are 3. */
static bool vf_range(const char *value, uint64_t *first, uint64_t *last)
{
	size_t len = strcspn(value, "-");
	char text[8];

	if (len >= sizeof(text))
		return false;
	memcpy(text, value, len);
	text[len] = '\0';
	return !stabletap_number_parse(text, 10, CONF_VF_MAX, first) &&
	       !stabletap_number_parse(value[len] ? value + len + 1 : value,
				       10, CONF_VF_MAX, last);
}

/* "3", "0-7" or "*" */
static bool take_vf(struct conf_reader *r, struct wish *w, const char *value)
{
	uint64_t first = 0, last = CONF_VF_MAX;

	if (strcmp(value, "*") != 0 && !vf_range(value, &first, &last)) {
		conf_error(r, value, "is neither a number from 0 to %d nor a "
			   "range as in 0-7, nor '*'", CONF_VF_MAX);
		return false;
	}
	w->s.vf = (int)first;
	w->s.vf_last = (int)last;
	if (first <= last)
		return true;
	conf_error(r, value, "ends before it begins; write the lower number "
		   "first");
	return false;
}

static bool take_mode(struct conf_reader *r, struct wish *w, const char *value)
{
	int i = conf_word_parse(r, stabletap_mode_words, value);

	if (i < 0)
		return false;
	w->mode = (enum stabletap_mode)i;
	w->mode_set = true;
	return true;
}

static bool take_value(struct conf_reader *r, struct wish *w,
		       enum conf_selector_word word, const char *value)
{
	char **text = conf_selector_text(&w->s, word);

	if (text)
		return take_text(r, text, word, value);
	switch (word) {
	case WORD_MAC:
		w->s.mac_set = conf_mac_parse(r, value, w->s.mac);
		return w->s.mac_set;
	case WORD_VLAN:
		return take_int(r, value, 1, 4094, &w->s.vlan);
	case WORD_VF:
		return take_vf(r, w, value);
	case WORD_MODE:
		return take_mode(r, w, value);
	default:
		conf_error(r, value, "'create' has no value; write the word "
			   "alone");
		return false;
	}
}

static void unknown_word(struct conf_reader *r, const char *part, size_t len)
{
	const char *close;
	char word[32];

	snprintf(word, sizeof(word), "%.*s", (int)len, part);
	close = conf_closest(word, conf_selector_words);
	if (close)
		conf_error(r, part, "'%s' is unknown; did you mean '%s='?",
			   word, close);
	else
		conf_error(r, part, "'%s' is unknown; expected name=, mac=, "
			   "path=, driver=, property=, port=, vlan=, create, "
			   "vf=, pool= or mode=", word);
}

/* Returns the word that is the first @len bytes of @part; -1: none is. */
static int word_find(const char *part, size_t len)
{
	const char *const *words = conf_selector_words;
	int i;

	for (i = 0; words[i]; i++)
		if (strlen(words[i]) == len && !strncmp(words[i], part, len))
			return i;
	return -1;
}

/* One word of a candidate: KEY=VALUE, "create", or a name */
static bool take_part(struct conf_reader *r, struct wish *w, const char *part)
{
	size_t len = strcspn(part, "=");
	const char *value = part[len] ? part + len + 1 : part;
	int i = word_find(part, len);

	if (value == part && i != WORD_CREATE)
		i = WORD_NAME;
	if (i < 0) {
		unknown_word(r, part, len);
		return false;
	}
	if (w->seen & 1U << i) {
		conf_error(r, part, "a second '%s' in one candidate; give each "
			   "device a Candidate= of its own",
			   conf_selector_words[i]);
		return false;
	}
	w->seen |= 1U << i;
	if (!*value) {
		conf_error(r, part, "the value is missing; add one, or remove "
			   "the word");
		return false;
	}
	if (i == WORD_CREATE && value == part) {
		w->s.vlan_create = true;
		return true;
	}
	return take_value(r, w, (enum conf_selector_word)i, value);
}

/* Checks whether the words can be combined. */
static bool wish_whole(struct conf_reader *r, const struct wish *w,
		       const char *text)
{
	unsigned int which = 1U << WORD_NAME | 1U << WORD_MAC |
			     1U << WORD_PATH | 1U << WORD_DRIVER |
			     1U << WORD_PROPERTY | 1U << WORD_PHYS_PORT;

	if (w->s.pool) {
		if (!(w->seen & ~(1U << WORD_POOL | 1U << WORD_MODE)))
			return true;
		conf_error(r, text, "only 'mode' can be added to 'pool'; "
			   "describe the devices in [Pool %s]", w->s.pool);
		return false;
	}
	if (!(w->seen & which)) {
		conf_error(r, text, "names no device; add one, as in "
			   "'name=eth0'");
		return false;
	}
	if (w->s.vlan_create && w->s.vlan < 0) {
		conf_error(r, text, "only a VLAN can be created; add its "
			   "'vlan='");
		return false;
	}
	if (w->s.vf >= 0 && w->s.vlan >= 0) {
		conf_error(r, text, "'vf' and 'vlan' in one candidate; to have "
			   "a VLAN on a VF describe the VF as a device");
		return false;
	}
	return true;
}

/* ---- lists of candidates ---- */

static void list_clear(struct conf_candidates *list)
{
	free(list->v);
	*list = (struct conf_candidates){ 0 };
}

/* Takes over the strings of @w.  @what: the name of one entry, for messages */
static void list_add(struct conf_reader *r, struct conf_candidates *list,
		     struct wish *w, const char *text, const char *what)
{
	struct conf_selector *s = conf_selector_intern(r, &w->s);
	struct conf_candidate *v;
	size_t i;

	for (i = 0; s && i < list->n; i++) {
		v = &list->v[i];
		if (v->selector != s)
			continue;
		conf_error(r, text, "is a %s already in %s:%u; remove one of "
			   "the two", what, v->at.file, v->at.line);
		return;
	}
	v = s ? conf_grow(r, list->v, list->n, sizeof(*v)) : NULL;
	if (!v)
		return;
	list->v = v;
	v[list->n++] = (struct conf_candidate){
		.selector = s, .mode_set = w->mode_set, .mode = w->mode,
		.at = r->here,
	};
}

static void list_show(const struct conf_field *f, const void *base, FILE *out)
{
	const struct conf_candidates *list = conf_at(f, base);
	const struct conf_candidate *c;
	size_t i;

	for (i = 0; i < list->n; i++) {
		c = &list->v[i];
		if (i)
			putc('\n', out);
		conf_selector_put(c->selector, out);
		if (c->mode_set)
			fprintf(out, " mode=%s", stabletap_mode_name(c->mode));
	}
}

/* Returns false after a complaint; @w is empty then. */
static bool take_wish(struct conf_reader *r, const char *value, struct wish *w)
{
	char *parts, *part, *rest;
	bool good = true;

	*w = (struct wish){ .s = CONF_SELECTOR_NONE };
	parts = conf_copy(r, value);
	if (!parts)
		return false;
	for (part = strtok_r(parts, BLANKS, &rest); part;
	     part = strtok_r(NULL, BLANKS, &rest))
		good = take_part(r, w, part) && good;
	free(parts);
	if (good && wish_whole(r, w, value))
		return true;
	conf_selector_release(&w->s);
	return false;
}

/* ---- the keys ---- */

static void take_candidate(struct conf_reader *r, const struct conf_field *f,
			   void *base, const char *value)
{
	struct wish w;

	if (!value)
		list_clear(conf_at(f, base));
	else if (take_wish(r, value, &w))
		list_add(r, conf_at(f, base), &w, value, "candidate");
}

/*
 * Returns why @w can't be a member and what to write instead, or NULL if it
 * can.
 */
static const char *member_fault(const struct wish *w)
{
	if (w->s.pool)
		return "name the devices, not another pool";
	if (w->mode_set)
		return "say 'mode' with the port's Candidate=";
	return w->s.vlan_create ? "remove 'create'" : NULL;
}

static void take_member(struct conf_reader *r, const struct conf_field *f,
			void *base, const char *value)
{
	const char *fault;
	struct wish w;

	if (!value) {
		list_clear(conf_at(f, base));
		return;
	}
	if (!take_wish(r, value, &w))
		return;
	fault = member_fault(&w);
	if (!fault) {
		list_add(r, conf_at(f, base), &w, value, "member");
		return;
	}
	conf_error(r, value, "a member is an existing device; %s", fault);
	conf_selector_release(&w.s);
}

const struct conf_type conf_candidate_type = {
	"WORD [WORD ...]", .list = true,
	.take = take_candidate, .show = list_show,
};
const struct conf_type conf_member_type = {
	"WORD [WORD ...]", .list = true,
	.take = take_member, .show = list_show,
};
