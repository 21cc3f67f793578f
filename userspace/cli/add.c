// SPDX-License-Identifier: GPL-2.0
/* stabletap add */
#include <errno.h>
#include <string.h>

#include "cli.h"

enum { ADDRESS, MTU, QUEUES, OWNER, GROUP, PERM, ON_DETACH, DOWN };

static const char *const keywords[] = {
	[ADDRESS] = "address", [MTU] = "mtu", [QUEUES] = "queues",
	[OWNER] = "owner", [GROUP] = "group", [PERM] = "perm",
	[ON_DETACH] = "on-detach", [DOWN] = "down", NULL,
};

static bool parse_on_detach(const char *text, uint32_t *out)
{
	static const char *const words[] = { "drop", "hold", NULL };
	int i = word_expect(text, words, "on-detach");

	return i >= 0 && !stabletap_on_detach_parse(words[i], out);
}

static bool parse_address(const char *text, uint8_t mac[6])
{
	static const uint8_t zero[6];

	if (!parse_mac(text, mac))
		return false;
	/* The module would take it for none at all. */
	if (memcmp(mac, zero, sizeof(zero)) != 0)
		return true;
	usage("address '%s' is no device's; leave out 'address' for a random "
	      "one", text);
	return false;
}

static bool take_keyword(struct args *a, int keyword,
			 struct stabletap_create *port)
{
	const char *value = args_value(a, keywords[keyword]);

	if (!value)
		return false;
	switch (keyword) {
	case ADDRESS:
		return parse_address(value, port->mac);
	case MTU:
		return parse_number(value, "mtu", 68, 65535, &port->mtu);
	case QUEUES:
		return parse_number(value, "queues", 1, STABLETAP_MAX_QUEUES,
				    &port->queues);
	case OWNER:
		port->flags |= STABLETAP_CREATE_OWNER;
		return parse_user(value, &port->owner);
	case GROUP:
		/* A group that may do nothing is never what is meant. */
		if (!port->perm)
			port->perm = 0660;
		port->flags |= STABLETAP_CREATE_GROUP | STABLETAP_CREATE_PERM;
		return parse_group(value, &port->group);
	case PERM:
		port->flags |= STABLETAP_CREATE_PERM;
		return parse_perm(value, &port->perm);
	default:
		return parse_on_detach(value, &port->on_detach);
	}
}

static int report(struct cli *cli, int err, const struct stabletap_create *port)
{
	int status = refused(cli, err, "can't add port '%s'", port->name);

	if (err == -EEXIST)
		hint("'ip link show %s' shows who has the name", port->name);
	else if (err == -EADDRNOTAVAIL)
		hint("the first byte of a MAC address must be even");
	else if (err == -EOPNOTSUPP && port->on_detach)
		hint("leave out 'on-detach' or say 'on-detach drop'");
	return status;
}

int cmd_add(struct cli *cli, int argc, char **argv)
{
	struct args a = { "add", argc, argv };
	struct stabletap_create port = { 0 };
	const char *name = args_next(&a);
	const char *word;
	bool up = true;
	int i;
	int err;

	if (!name)
		return usage("add: which port? 'stabletap add PORT'");
	if (!*name || strlen(name) >= sizeof(port.name))
		return usage("'%s' is no interface name: it must have 1 to %zu "
			     "characters", name, sizeof(port.name) - 1);
	memcpy(port.name, name, strlen(name));
	while ((word = args_next(&a))) {
		i = word_expect(word, keywords, "add");
		if (i == DOWN)
			up = false;
		else if (i < 0 || !take_keyword(&a, i, &port))
			return CLI_USAGE;
	}

	err = need_module(cli);
	if (err)
		return err;
	err = stabletap_port_create(cli->st, &port);
	if (err)
		return report(cli, err, &port);
	if (strchr(name, '%'))
		printf("%s\n", port.name);
	if (!up)
		return CLI_DONE;

	/* A port that is down drops all; few would look for that. */
	err = stabletap_link_set_up(cli->st, (int)port.port, true);
	if (!err)
		return CLI_DONE;
	err = refused(cli, err, "can't set port '%s' up", port.name);
	stabletap_port_delete(cli->st, (int)port.port, 0);
	return err;
}
