/* SPDX-License-Identifier: GPL-2.0 */
/* Words that add and set share: the options that can change at any time. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include "stabletap.h"

struct cli;

/* Their entries in a verb's table */
#define OPTIONS_ON_DETACH { "on-detach", "WHAT", 0,			\
	"what becomes of frames sent while it is detached",		\
	stabletap_on_detach_words }
#define OPTIONS_FRAMES { "frames", "N", 0,				\
	"frames to hold at most, to 1000000 (default: 1024)", NULL }
#define OPTIONS_BYTES { "bytes", "SIZE", 0,				\
	"memory for held frames, to 4G (default: 4M)", NULL }
#define OPTIONS_TIME { "time", "MS", 0,					\
	"time to hold a frame, to 3600000 (default: 10000)", NULL }

/* Their values on a command line; NULL: not given */
struct options_given {
	const char *on_detach;
	const char *frames;
	const char *bytes;
	const char *time;
};

/* Returns false after a message. */
bool options_take(const struct options_given *given,
		  struct stabletap_change *change);
/* After a refusal: if the loaded module can't hold frames, say so. */
void options_hint(struct cli *cli, const struct stabletap_change *change);

#endif /* CLI_OPTIONS_H */
