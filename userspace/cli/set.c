// SPDX-License-Identifier: GPL-2.0
/* stabletap set */
#include <errno.h>
#include <net/if.h>

#include "managed.h"
#include "options.h"
#include "report.h"
#include "verb.h"
#include "words.h"

enum { PORT, ON_DETACH, FRAMES, BYTES, TIME, ADDRESS, MTU, UP, DOWN };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED, "the port", NULL },
	[ON_DETACH] = OPTIONS_ON_DETACH,
	[FRAMES] = OPTIONS_FRAMES,
	[BYTES] = OPTIONS_BYTES,
	[TIME] = OPTIONS_TIME,
	[ADDRESS] = { "address", "MAC", 0, "its MAC address", NULL },
	[MTU] = { "mtu", "N", 0, "bytes, 68 to 65535", NULL },
	[UP] = { "up", NULL, 0, "set it up", NULL },
	[DOWN] = { "down", NULL, 0, "set it down: it drops all frames", NULL },
	{ .name = NULL },
};

static bool take(const struct call *call, struct stabletap_change *change,
		 uint8_t mac[6])
{
	const struct options_given given = {
		call->v[ON_DETACH], call->v[FRAMES], call->v[BYTES],
		call->v[TIME],
	};

	if (call->v[ADDRESS]) {
		if (!parse_address(call->v[ADDRESS], mac))
			return false;
		change->addr = mac;
	}
	if (call->v[MTU] &&
	    !parse_number(call->v[MTU], "mtu", 68, 65535, &change->mtu))
		return false;
	change->up = call->v[UP] != NULL;
	change->down = call->v[DOWN] != NULL;
	return options_take(&given, change);
}

static bool has_change(const struct call *call)
{
	size_t i;

	for (i = PORT + 1; words[i].name; i++)
		if (call->v[i])
			return true;
	return false;
}

static int check(const struct call *call)
{
	if (call->v[UP] && call->v[DOWN])
		return usage("set: 'up' and 'down' exclude each other");
	if (!has_change(call))
		return usage("set: what is to change? 'stabletap help set' lists "
			     "it");
	return 0;
}

static int run(struct cli *cli, const struct call *call)
{
	struct stabletap_change change = { 0 };
	struct stabletap_link port;
	uint8_t mac[6];
	int err = check(call);

	if (err)
		return err;
	if (!take(call, &change, mac))
		return CLI_USAGE;
	err = find_port(cli, call->v[PORT], &port);
	if (err)
		return err;
	err = stabletap_port_change(cli->st, port.ifindex, &change);
	if (err)
		refused(cli, err, "can't change port '%s'", call->v[PORT]);
	if (err == -EBUSY && change.addr && port.flags & IFF_UP)
		hint("stabletap set %s down", call->v[PORT]);
	if (err)
		options_hint(cli, &change);
	else if (change.options)
		managed_note_options(cli, call->v[PORT]);
	stabletap_link_release(&port);
	return err ? CLI_REFUSED : CLI_DONE;
}

const struct verb verb_set = {
	.name = "set",
	.aliases = "change",
	.purpose = "change a port: MAC, MTU, on-detach and bounds, up or down",
	.example = "set vm1 on-detach hold",
	.words = words,
	.run = run,
};
