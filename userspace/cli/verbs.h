/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The verbs, in one table: it drives the parser, help, completion and the
 * test that compares it with the manual page.  Each verb's own file has its
 * entry.  The parser and help get the table from main(), so that they don't
 * depend on the verbs.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "verb.h"

/* In the order of the help page, ended by NULL */
extern const struct verb *const verbs[];

extern const struct verb verb_activate, verb_add, verb_announce, verb_attach,
	verb_del, verb_detach, verb_events, verb_exec, verb_failback, verb_help,
	verb_hold_off, verb_monitor, verb_pin, verb_prefer, verb_set, verb_show,
	verb_status, verb_unpin, verb_version, verb_wait;

#endif /* CLI_VERBS_H */
