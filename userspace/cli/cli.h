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
	CLI_REFUSED = 1,	/* by the kernel, or for what it said */
	CLI_USAGE = 2,
};

struct verb;

struct cli {
	const struct verb *const *verbs;	/* ended by NULL */
	struct stabletap *st;
	const char *socket;		/* where stabletapd is asked */
	const char *overrides;		/* directory of what is asked by hand */
	const char *netns;		/* -n, or NULL */
	bool shares_netns;		/* with stabletapd, which was asked */
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
