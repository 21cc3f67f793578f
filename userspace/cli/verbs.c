// SPDX-License-Identifier: GPL-2.0
/* The table of verbs. */
#include <stddef.h>

#include "verbs.h"

const struct verb *const verbs[] = {
	&verb_add, &verb_set, &verb_del,
	&verb_attach, &verb_detach,
	&verb_show, &verb_monitor, &verb_wait,
	&verb_exec, &verb_announce, &verb_activate,
	&verb_status, &verb_events,
	&verb_pin, &verb_prefer, &verb_hold_off, &verb_unpin, &verb_failback,
	&verb_doctor, &verb_version, &verb_help,
	NULL,
};
