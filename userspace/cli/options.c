// SPDX-License-Identifier: GPL-2.0
/* Words that add and set share: the options that can change at any time. */
#include "options.h"
#include "report.h"
#include "words.h"

/* The module's bounds of its bounds */
#define FRAMES_MAX 1000000
#define BYTES_MAX (4ULL << 30)
#define TIME_MAX 3600000

static bool take_bounds(const struct options_given *given,
			struct stabletap_change *change)
{
	if (given->frames) {
		change->options |= STABLETAP_SET_HOLD_FRAMES;
		if (!parse_number(given->frames, "frames", 1, FRAMES_MAX,
				  &change->hold_frames))
			return false;
	}
	if (given->bytes) {
		change->options |= STABLETAP_SET_HOLD_BYTES;
		if (!parse_size(given->bytes, "bytes", BYTES_MAX,
				&change->hold_bytes))
			return false;
	}
	if (given->time) {
		change->options |= STABLETAP_SET_HOLD_TIME;
		return parse_number(given->time, "time", 1, TIME_MAX,
				    &change->hold_time);
	}
	return true;
}

bool options_take(const struct options_given *given,
		  struct stabletap_change *change)
{
	if (given->on_detach) {
		change->options |= STABLETAP_SET_ON_DETACH;
		stabletap_on_detach_parse(given->on_detach,
					  &change->on_detach);
	}
	return take_bounds(given, change);
}

void options_hint(struct cli *cli, const struct stabletap_change *change)
{
	struct stabletap_version loaded;

	if (!(change->options & ~STABLETAP_SET_ON_DETACH) &&
	    change->on_detach != STABLETAP_ON_DETACH_HOLD)
		return;
	if (!stabletap_version_get(cli->st, &loaded) &&
	    !(loaded.features & STABLETAP_FEATURE_HOLD))
		hint("the loaded module can't hold frames: load a newer one, "
		     "or leave out 'on-detach hold' and its bounds");
}
