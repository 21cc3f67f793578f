// SPDX-License-Identifier: GPL-2.0
/* The table of verbs, and finding one in it. */
#include <string.h>

#include "report.h"
#include "verb.h"
#include "words.h"

/* In the order of the help page */
const struct verb *const verbs[] = {
	&verb_add, &verb_set, &verb_del,
	&verb_attach, &verb_detach,
	&verb_show, &verb_monitor, &verb_wait,
	&verb_exec, &verb_announce, &verb_activate,
	&verb_status, &verb_events,
	&verb_pin, &verb_prefer, &verb_hold_off, &verb_unpin, &verb_failback,
	&verb_version, &verb_help,
	NULL,
};

static bool is_alias(const struct verb *v, const char *given)
{
	const char *at = v->aliases;
	size_t len = strlen(given);

	for (; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		if (n == len && !strncmp(at, given, n))
			return true;
		at += n;
	}
	return false;
}

const struct verb *verb_find(const char *given)
{
	const char *names[sizeof(verbs) / sizeof(*verbs)] = { NULL };
	size_t i;
	int found;

	for (i = 0; verbs[i]; i++) {
		if (is_alias(verbs[i], given))
			return verbs[i];
		names[i] = verbs[i]->name;
	}
	found = word_expect(given, names, "verb");
	return found < 0 ? NULL : verbs[found];
}
