/* SPDX-License-Identifier: GPL-2.0 */
/* An event of a port, for the log, the history and hooks. */
#ifndef MODEL_HAPPENING_H
#define MODEL_HAPPENING_H

#include <stdint.h>

#include "stabletap.h"

struct happening {
	uint64_t time;		/* CLOCK_BOOTTIME, ns */
	uint64_t real;		/* CLOCK_REALTIME, ns */
	uint64_t number;	/* the history's, from 1 on */
	char port[STABLETAP_NAME_SIZE];
	char event[16];		/* attached, replaced, changed, detached,
				 * deleted, moved, guest-mac */
	char from[STABLETAP_NAME_SIZE];	/* device, "" if none */
	char to[STABLETAP_NAME_SIZE];
	char why[64];
	uint64_t detached;	/* ns without a lower before this, or 0 */
};

#endif /* MODEL_HAPPENING_H */
