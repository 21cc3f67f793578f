// SPDX-License-Identifier: GPL-2.0
/* The words of add and set for on-detach, and what is said of a refusal. */
#include <stdlib.h>

#include "cli.h"
#include "options.h"
#include "tap.h"

#define FRAMES STABLETAP_SET_HOLD_FRAMES
#define BYTES STABLETAP_SET_HOLD_BYTES
#define TIME STABLETAP_SET_HOLD_TIME

int __wrap_stabletap_version_get(struct stabletap *st,
				 struct stabletap_version *out);

static struct {
	int result;
	uint64_t features;
} module;

int __wrap_stabletap_version_get(struct stabletap *st,
				 struct stabletap_version *out)
{
	(void)st;
	out->features = module.features;
	return module.result;
}

static void test_words(struct tap *t)
{
	static const struct options_given all = { "hold", "9", "4G", "500" };
	static const struct options_given one = { .bytes = "64K" };
	static const struct options_given bad[] = {
		{ .frames = "0" }, { .frames = "1000001" }, { .frames = "1K" },
		{ .bytes = "0" }, { .bytes = "4294967297" }, { .bytes = "1KB" },
		{ .time = "0" }, { .time = "3600001" }, { .time = "1s" },
	};
	struct stabletap_change c = { 0 };
	size_t i;

	ok(t, options_take(&all, &c) &&
	   c.options == (STABLETAP_SET_ON_DETACH | FRAMES | BYTES | TIME) &&
	   c.on_detach == STABLETAP_ON_DETACH_HOLD && c.hold_frames == 9 &&
	   c.hold_bytes == 4294967296 && c.hold_time == 500,
	   "on-detach and its bounds are taken");
	c = (struct stabletap_change){ 0 };
	ok(t, options_take(&one, &c) && c.options == BYTES &&
	   c.hold_bytes == 65536, "what is not given is not changed");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(t, !options_take(&bad[i], &c), "a bound out of range: %zu",
		   i);
}

/* Is there a hint after the refusal of these options? */
static bool is_hinted(uint32_t options, uint32_t on_detach)
{
	struct stabletap_change c = {
		.options = options, .on_detach = on_detach,
	};
	struct cli cli = { 0 };
	FILE *old = stderr;
	char *text = NULL;
	size_t size = 0;
	bool found;

	stderr = open_memstream(&text, &size);
	if (!stderr)
		abort();
	options_hint(&cli, &c);
	fclose(stderr);
	stderr = old;
	found = strstr(text, "hint: the loaded module can't hold frames");
	free(text);
	return found;
}

static void test_hint(struct tap *t)
{
	ok(t, is_hinted(STABLETAP_SET_ON_DETACH, STABLETAP_ON_DETACH_HOLD),
	   "a module that can't hold is the cause");
	ok(t, is_hinted(FRAMES, 0) && is_hinted(BYTES, 0) && is_hinted(TIME, 0),
	   "of the refusal of a bound, too");
	ok(t, !is_hinted(STABLETAP_SET_ON_DETACH, STABLETAP_ON_DETACH_DROP) &&
	   !is_hinted(0, 0), "but not of any other refusal");
	module.features = STABLETAP_FEATURE_HOLD;
	ok(t, !is_hinted(STABLETAP_SET_ON_DETACH | FRAMES,
			 STABLETAP_ON_DETACH_HOLD),
	   "nor is a module that can hold");
	module.features = 0;
	module.result = -1;
	ok(t, !is_hinted(FRAMES, 0), "nor one that can't be asked");
}

int main(void)
{
	struct tap t = { 0 };
	FILE *null = fopen("/dev/null", "we");
	FILE *old = stderr;

	if (!null)
		return 1;
	/* The messages are not what is tested. */
	stderr = null;
	test_words(&t);
	stderr = old;
	fclose(null);
	test_hint(&t);
	return tap_end(&t);
}
