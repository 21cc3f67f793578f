// SPDX-License-Identifier: GPL-2.0
/* stabletap add */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "options.h"
#include "report.h"
#include "verb.h"
#include "words.h"

enum {
	PORT, ADDRESS, MTU, QUEUES, OWNER, GROUP, PERM, ON_DETACH, FRAMES,
	BYTES, TIME, DOWN
};

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE | WORD_NEEDED,
		   "its name; with %d the kernel chooses a number", NULL },
	[ADDRESS] = { "address", "MAC", 0,
		      "the guest's MAC address (default: random)", NULL },
	[MTU] = { "mtu", "N", 0, "bytes, 68 to 65535 (default: 1500)", NULL },
	[QUEUES] = { "queues", "N", 0,
		     "how often it can be open, 1 to 256 (default: 1)", NULL },
	[OWNER] = { "owner", "USER", 0, "the node's owner (default: root)",
		    NULL },
	[GROUP] = { "group", "GROUP", 0, "the node's group (default: root)",
		    NULL },
	[PERM] = { "perm", "MODE", 0,
		   "the node's octal mode (default: 0600, with group 0660)",
		   NULL },
	[ON_DETACH] = OPTIONS_ON_DETACH,
	[FRAMES] = OPTIONS_FRAMES,
	[BYTES] = OPTIONS_BYTES,
	[TIME] = OPTIONS_TIME,
	[DOWN] = { "down", NULL, 0, "leave it down (default: set it up)",
		   NULL },
	{ .name = NULL },
};

static bool take_node(const struct call *call, struct stabletap_create *port)
{
	if (call->v[OWNER]) {
		port->flags |= STABLETAP_CREATE_OWNER;
		if (!parse_user(call->v[OWNER], &port->owner))
			return false;
	}
	if (call->v[GROUP]) {
		/* Without "perm" the group would have no access. */
		port->perm = 0660;
		port->flags |= STABLETAP_CREATE_GROUP | STABLETAP_CREATE_PERM;
		if (!parse_group(call->v[GROUP], &port->group))
			return false;
	}
	if (call->v[PERM]) {
		port->flags |= STABLETAP_CREATE_PERM;
		return parse_perm(call->v[PERM], &port->perm);
	}
	return true;
}

static bool take_options(const struct call *call,
			 struct stabletap_change *options,
			 struct stabletap_create *port)
{
	const struct options_given given = {
		call->v[ON_DETACH], call->v[FRAMES], call->v[BYTES],
		call->v[TIME],
	};

	if (!options_take(&given, options))
		return false;
	port->on_detach = options->on_detach;
	port->hold_frames = options->hold_frames;
	port->hold_bytes = options->hold_bytes;
	port->hold_time = options->hold_time;
	return true;
}

static bool take(const struct call *call, struct stabletap_create *port)
{
	const char *name = call->v[PORT];

	if (!*name || strlen(name) >= sizeof(port->name)) {
		usage("'%s' is no interface name: it must have 1 to %zu "
		      "characters", name, sizeof(port->name) - 1);
		return false;
	}
	memcpy(port->name, name, strlen(name));
	if (call->v[ADDRESS] && !parse_address(call->v[ADDRESS], port->mac))
		return false;
	if (call->v[MTU] &&
	    !parse_number(call->v[MTU], "mtu", 68, 65535, &port->mtu))
		return false;
	if (call->v[QUEUES] &&
	    !parse_number(call->v[QUEUES], "queues", 1, STABLETAP_MAX_QUEUES,
			  &port->queues))
		return false;
	return take_node(call, port);
}

static int report(struct cli *cli, int err, const struct stabletap_create *port,
		  const struct stabletap_change *options)
{
	int status = refused(cli, err, "can't add port '%s'", port->name);

	if (err == -EEXIST)
		hint("'ip link show %s' shows who has the name", port->name);
	else if (err == -EADDRNOTAVAIL)
		hint("the first byte of a MAC address must be even");
	else
		options_hint(cli, options);
	return status;
}

static int run(struct cli *cli, const struct call *call)
{
	struct stabletap_change options = { 0 };
	struct stabletap_create port = { 0 };
	int err;

	if (!take(call, &port) || !take_options(call, &options, &port))
		return CLI_USAGE;
	err = load_module(cli);
	if (err)
		return err;
	err = stabletap_port_create(cli->st, &port);
	if (err)
		return report(cli, err, &port, &options);
	/* A port that is down drops all frames, so set it up unless told not to. */
	if (!call->v[DOWN])
		err = stabletap_link_set_up(cli->st, (int)port.port, true);
	if (err) {
		err = refused(cli, err, "can't set port '%s' up", port.name);
		stabletap_port_delete(cli->st, (int)port.port, 0);
		return err;
	}
	if (cli->json)
		return json_print(cli, json_pack("{s:i, s:o, s:I}", "version",
				  STABLETAP_JSON_VERSION, "port",
				  stabletap_json_text(port.name), "ifindex",
				  (json_int_t)port.port), stdout);
	if (strchr(call->v[PORT], '%'))
		printf("%s\n", port.name);
	return CLI_DONE;
}

const struct verb verb_add = {
	.name = "add",
	.aliases = "create new",
	.purpose = "create a port",
	.example = "add vm1 address 52:54:00:12:34:56 group kvm",
	.words = words,
	.run = run,
};
