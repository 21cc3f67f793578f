// SPDX-License-Identifier: GPL-2.0
/* A device's probe result, and the rule for leaving a device by it. */
#include "conf/probe.h"
#include "model/verdict.h"

bool verdict_settle(struct verdict *v, const struct conf_probe *spec,
		    uint64_t asked, bool answered)
{
	enum verdict_word word = answered ? VERDICT_ANSWERS : VERDICT_FAILS;

	if (!v->row || v->answered != answered) {
		v->answered = answered;
		v->row = 0;
		v->row_since = asked;
	}
	v->row++;
	v->asked = asked;
	if (answered)
		v->last_answer = asked;
	if (v->word == word ||
	    v->row < (answered ? spec->answers : spec->misses))
		return false;
	v->word = word;
	return true;
}

bool verdict_allows_move(const struct verdict *other,
			 const struct verdict *present)
{
	return other->word == VERDICT_ANSWERS && other->answered &&
	       present->word == VERDICT_FAILS && !present->answered &&
	       other->last_answer > present->row_since &&
	       present->asked > other->row_since;
}

const struct verdict_entry *
verdict_find(const struct verdict_entry *list, const struct conf_probe *spec,
	     bool whole)
{
	while (list && (list->whole != whole ||
			!conf_probe_equal(list->spec, spec)))
		list = list->next;
	return list;
}
