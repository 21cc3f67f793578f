/* SPDX-License-Identifier: GPL-2.0 */
/* The context of every verb: the options, and the library's handle. */
#ifndef CLI_H
#define CLI_H

#include <signal.h>
#include <stdbool.h>

#include "stabletap.h"

/* Exit statuses. */
enum {
	CLI_DONE = 0,
	CLI_REFUSED = 1,	/* by the kernel or stabletapd, or by a check */
	CLI_USAGE = 2,
	CLI_WARNED = 3,		/* of doctor: warnings, but no errors */
};

struct verb;

struct cli {
	const struct verb *const *verbs;	/* ended by NULL */
	struct stabletap *st;
	const char *socket;		/* path of stabletapd's socket */
	const char *overrides;		/* directory of the overrides */
	const char *netns;		/* -n, or NULL */
	bool shares_netns;		/* stabletapd works in our namespace */
	struct sigaction sigpipe;	/* as the command found it */
	bool json;
	bool pretty;
	bool brief;
	bool stats;
	bool details;
	bool timestamp;
	bool utc;
	bool help;
	bool version;
};

#endif /* CLI_H */
