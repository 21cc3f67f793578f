/* SPDX-License-Identifier: GPL-2.0 */
/* A port as it is shown, and its JSON; text.h has the lines of text. */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <jansson.h>

#include "cli.h"

/*
 * All that is shown of one port.  The pointers belong to the caller that filled
 * them in; each may be NULL except @link.
 */
struct view {
	struct stabletap_get get;
	struct stabletap_stats stats;	/* with -s */
	const struct stabletap_link *link;
	const struct stabletap_link *lower;
	const struct stabletap_link *parent;
	const struct stabletap_holder *holders;
	size_t holders_n;
	bool holders_partial;
	char last_device[STABLETAP_NAME_SIZE];	/* of a last child, or "" */
	const char *module;	/* how the module differs, "", or NULL */
	uint64_t now;		/* CLOCK_BOOTTIME, nanoseconds */
};

/* New references, owned by the caller. */
json_t *view_json(const struct cli *cli, const struct view *v);
json_t *view_stats_json(const struct stabletap_stats *stats);

/* Returns the time since @then; not negative. */
uint64_t view_age(const struct view *v, uint64_t then);

/*
 * Formats the warning that the lower's MTU is below the port's; false: it is
 * not.
 */
bool view_mtu_warning(const struct view *v, char *buf, size_t size);

#endif /* CLI_VIEW_H */
