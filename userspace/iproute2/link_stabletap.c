// SPDX-License-Identifier: GPL-2.0
/*
 * A plug-in of ip(8): the attributes of kind stabletap, and of the lowers of
 * such ports, for "ip link add", "set", "show" and "xstats".
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <net/if.h>
#include <string.h>
#include <linux/if_link.h>
#include <linux/stabletap.h>

#include "../lib/stabletap.h"
#include "ip.h"

/* ip looks for these by name. */
extern struct link_util stabletap_link_util;
extern struct link_util stabletap_slave_link_util;

/* The size of ip's own buffer, which iproute2's plug-ins assume, too */
#define MESSAGE_SIZE 1024

/* ---- options ---- */

static void print_help(struct link_util *self, int argc, char **argv, FILE *out)
{
	(void)self;
	(void)argc;
	(void)argv;
	fputs("Usage: ... stabletap [ queues N ] [ owner USER ] [ group GROUP ]\n"
	      "                     [ perm OCTAL ] [ on-detach { drop | hold } ]\n"
	      "                     [ hold-frames N ] [ hold-bytes SIZE ]\n"
	      "                     [ hold-time MS ] [ lower DEVICE | nolower ]\n"
	      "                     [ promisc | filter ] [ replace ]\n"
	      "\n"
	      "queues, owner, group and perm are given when a port is made.\n"
	      "See stabletap(4), and stabletap(8) for macvlans made for a port.\n",
	      out);
}

static void print_slave_help(struct link_util *self, int argc, char **argv,
			     FILE *out)
{
	(void)self;
	(void)argc;
	(void)argv;
	fputs("Usage: ... stabletap_slave [ promisc | filter ]\n", out);
}

static int bad(const char *what, const char *value)
{
	fprintf(stderr, "stabletap: %s is not a valid value of \"%s\"\n", value,
		what);
	return -1;
}

static int no_device(const char *name)
{
	fprintf(stderr, "stabletap: there is no device %s\n", name);
	return -1;
}

static int parse_decimal(const char *text, uint32_t *value)
{
	uint64_t number;
	int err = stabletap_number_parse(text, 10, UINT32_MAX, &number);

	if (!err)
		*value = (uint32_t)number;
	return err;
}

static int parse_lower(const char *text, uint32_t *value)
{
	*value = ll_name_to_index(text);
	return *value ? 0 : -ENODEV;
}

static const struct option_with_value {
	const char *name;
	int type;
	int (*parse)(const char *text, uint32_t *value);	/* NULL: a size */
} options_with_value[] = {
	{ "queues", IFLA_STABLETAP_QUEUES, parse_decimal },
	{ "owner", IFLA_STABLETAP_OWNER, stabletap_user_parse },
	{ "group", IFLA_STABLETAP_GROUP, stabletap_group_parse },
	{ "perm", IFLA_STABLETAP_PERM, stabletap_perm_parse },
	{ "on-detach", IFLA_STABLETAP_ON_DETACH, stabletap_on_detach_parse },
	{ "hold-frames", IFLA_STABLETAP_HOLD_FRAMES, parse_decimal },
	{ "hold-bytes", IFLA_STABLETAP_HOLD_BYTES, NULL },
	{ "hold-time", IFLA_STABLETAP_HOLD_TIME, parse_decimal },
	{ "lower", IFLA_STABLETAP_LOWER, parse_lower },
};

static int parse_size(const struct option_with_value *o, const char *value,
		      struct nlmsghdr *msg)
{
	uint64_t bytes;

	if (stabletap_size_parse(value, UINT64_MAX, &bytes))
		return bad(o->name, value);
	return addattr64(msg, MESSAGE_SIZE, o->type, bytes);
}

/* 1: no such option; 0, or -1 after saying why */
static int parse_value(const char *name, const char *value,
		       struct nlmsghdr *msg)
{
	const struct option_with_value *o = options_with_value;
	const size_t n = sizeof(options_with_value) / sizeof(*o);
	uint32_t number;
	size_t i;
	int err;

	for (i = 0; i < n && strcmp(name, o[i].name) != 0; i++)
		;
	if (i == n)
		return 1;
	if (!value) {
		fprintf(stderr, "stabletap: \"%s\" needs a value\n", name);
		return -1;
	}
	if (!o[i].parse)
		return parse_size(&o[i], value, msg);
	err = o[i].parse(value, &number);
	if (err)
		return err == -ENODEV ? no_device(value) : bad(name, value);
	return addattr32(msg, MESSAGE_SIZE, o[i].type, number);
}

static uint32_t parse_flag(const char *word)
{
	if (!strcmp(word, "promisc"))
		return STABLETAP_ATTACH_PROMISC;
	if (!strcmp(word, "filter"))
		return STABLETAP_ATTACH_FILTER;
	return 0;
}

static int unknown(struct link_util *self, const char *word)
{
	if (strcmp(word, "help") != 0)
		fprintf(stderr, "%s: unknown option \"%s\"\n", self->id, word);
	self->print_help(self, 0, NULL, stderr);
	return -1;
}

static int parse_port(struct link_util *self, int argc, char **argv,
		      struct nlmsghdr *msg)
{
	uint32_t flags = 0, flag;
	int i, err;

	for (i = 0; i < argc; i++) {
		flag = parse_flag(argv[i]);
		if (!strcmp(argv[i], "replace"))
			flag = STABLETAP_ATTACH_REPLACE;
		flags |= flag;
		if (flag)
			continue;
		if (!strcmp(argv[i], "nolower")) {
			addattr32(msg, MESSAGE_SIZE, IFLA_STABLETAP_LOWER, 0);
			continue;
		}
		err = parse_value(argv[i], i + 1 < argc ? argv[i + 1] : NULL,
				  msg);
		if (err)
			return err > 0 ? unknown(self, argv[i]) : -1;
		i++;
	}
	if (!flags)
		return 0;
	return addattr32(msg, MESSAGE_SIZE, IFLA_STABLETAP_ATTACH_FLAGS, flags);
}

static int parse_slave(struct link_util *self, int argc, char **argv,
		       struct nlmsghdr *msg)
{
	uint32_t flags = 0, flag;
	int i;

	for (i = 0; i < argc; i++) {
		flag = parse_flag(argv[i]);
		if (!flag)
			return unknown(self, argv[i]);
		flags |= flag;
	}
	if (!flags)
		return 0;
	return addattr32(msg, MESSAGE_SIZE, IFLA_STABLETAP_SLAVE_ATTACH_FLAGS,
			 flags);
}

/* ---- output ---- */

static uint32_t u32(struct rtattr *const attr[], int type)
{
	return attr[type] && RTA_PAYLOAD(attr[type]) >= sizeof(uint32_t) ?
	       *(const uint32_t *)RTA_DATA(attr[type]) : 0;
}

static uint64_t u64(struct rtattr *const attr[], int type)
{
	uint64_t value = 0;

	/* The attribute's value need not be aligned. */
	if (attr[type] && RTA_PAYLOAD(attr[type]) >= sizeof(value))
		memcpy(&value, RTA_DATA(attr[type]), sizeof(value));
	return value;
}

static void print_word(const char *key, const char *format, const char *value)
{
	print_color_string(PRINT_ANY, COLOR_NONE, key, format, value);
}

static void print_number(const char *key, const char *format, uint32_t value)
{
	print_color_uint(PRINT_ANY, COLOR_NONE, key, format, value);
}

static void print_u64(const char *key, const char *format, uint64_t value)
{
	print_color_u64(PRINT_ANY, COLOR_NONE, key, format, value);
}

static const char *filter_name(uint32_t flags)
{
	if (flags & STABLETAP_ATTACH_FILTER)
		return "filter";
	return flags & STABLETAP_ATTACH_PROMISC ? "promisc" : "allmulti";
}

/* The same keys as the command's */
static void print_receive(uint32_t flags)
{
	print_word("receive", "%s ", filter_name(flags));
	if (flags & STABLETAP_ATTACH_INCOMPLETE)
		print_color_bool(PRINT_ANY, COLOR_NONE, "incomplete",
				 "incomplete ", true);
}

static void print_attachment(struct rtattr *const attr[])
{
	uint32_t lower = u32(attr, IFLA_STABLETAP_LOWER);
	uint32_t flags = u32(attr, IFLA_STABLETAP_ATTACH_FLAGS);

	if (!lower)
		return;
	print_word("lower", "lower %s ", ll_index_to_name(lower));
	print_word("lower_kind", "kind %s ", stabletap_lower_kind_name(
			   u32(attr, IFLA_STABLETAP_LOWER_KIND)));
	print_receive(flags);
}

static void print_last_detach(struct rtattr *const attr[])
{
	const struct rtattr *name = attr[IFLA_STABLETAP_LAST_LOWER];

	if (!u64(attr, IFLA_STABLETAP_DETACH_TIME))
		return;
	print_word("detach_reason", "last_detach %s ", stabletap_reason_name(
			   u32(attr, IFLA_STABLETAP_DETACH_REASON)));
	if (name && RTA_PAYLOAD(name))
		print_word("last_lower", "from %s ", RTA_DATA(name));
}

/* Text has only what matters now; JSON has all, with the command's keys. */
static void print_hold(struct rtattr *const attr[])
{
	uint32_t held = u32(attr, IFLA_STABLETAP_HELD_FRAMES);
	bool holds = u32(attr, IFLA_STABLETAP_ON_DETACH) ==
		     STABLETAP_ON_DETACH_HOLD;
	enum output_type type = holds ? PRINT_ANY : PRINT_JSON;

	open_json_object("hold");
	print_color_uint(type, COLOR_NONE, "frames", "hold-frames %u ",
			 u32(attr, IFLA_STABLETAP_HOLD_FRAMES));
	print_color_u64(type, COLOR_NONE, "bytes", "hold-bytes %llu ",
			u64(attr, IFLA_STABLETAP_HOLD_BYTES));
	print_color_uint(type, COLOR_NONE, "time_ms", "hold-time %u ",
			 u32(attr, IFLA_STABLETAP_HOLD_TIME));
	type = held ? PRINT_ANY : PRINT_JSON;
	print_color_uint(type, COLOR_NONE, "held_frames", "held %u frames ",
			 held);
	print_color_u64(type, COLOR_NONE, "held_bytes", "%llu bytes ",
			u64(attr, IFLA_STABLETAP_HELD_BYTES));
	close_json_object();
}

static void print_port(struct link_util *self, FILE *out,
		       struct rtattr *attr[])
{
	char perm[16];

	(void)self;
	(void)out;
	if (!attr)
		return;
	print_word("state", "state %s ",
		   stabletap_state_name(u32(attr, IFLA_STABLETAP_STATE)));
	print_attachment(attr);
	print_number("queues", "queues %u ", u32(attr, IFLA_STABLETAP_QUEUES));
	print_number("open_queues", "open %u ",
		     u32(attr, IFLA_STABLETAP_OPEN_QUEUES));
	print_word("on_detach", "on-detach %s ", stabletap_on_detach_name(
			   u32(attr, IFLA_STABLETAP_ON_DETACH)));
	print_hold(attr);
	print_number("owner", "owner %u ", u32(attr, IFLA_STABLETAP_OWNER));
	print_number("group", "group %u ", u32(attr, IFLA_STABLETAP_GROUP));
	snprintf(perm, sizeof(perm), "%04o", u32(attr, IFLA_STABLETAP_PERM));
	print_word("perm", "perm %s ", perm);
	print_u64("attaches", "attaches %llu ",
		  u64(attr, IFLA_STABLETAP_ATTACHES));
	print_u64("replaces", "replaces %llu ",
		  u64(attr, IFLA_STABLETAP_REPLACES));
	print_u64("losses", "losses %llu ", u64(attr, IFLA_STABLETAP_LOSSES));
	print_last_detach(attr);
}

static void print_slave(struct link_util *self, FILE *out,
			struct rtattr *attr[])
{
	(void)self;
	(void)out;
	/* The kernel sends nothing while the two are being linked. */
	if (!attr || !attr[IFLA_STABLETAP_SLAVE_LOWER_KIND])
		return;
	print_word("lower_kind", "kind %s ", stabletap_lower_kind_name(
			   u32(attr, IFLA_STABLETAP_SLAVE_LOWER_KIND)));
	print_receive(u32(attr, IFLA_STABLETAP_SLAVE_ATTACH_FLAGS));
}

/* ---- counters ---- */

static const char *const counter_names[STABLETAP_XSTATS_MAX + 1] = {
	[STABLETAP_XSTATS_TX_PACKETS]	= "tx_packets",
	[STABLETAP_XSTATS_TX_BYTES]	= "tx_bytes",
	[STABLETAP_XSTATS_TX_DETACHED]	= "tx_detached",
	[STABLETAP_XSTATS_TX_LOWER]	= "tx_lower",
	[STABLETAP_XSTATS_TX_REFUSED]	= "tx_refused",
	[STABLETAP_XSTATS_TX_HELD]	= "tx_held",
	[STABLETAP_XSTATS_TX_EXPIRED]	= "tx_expired",
	[STABLETAP_XSTATS_RX_PACKETS]	= "rx_packets",
	[STABLETAP_XSTATS_RX_BYTES]	= "rx_bytes",
	[STABLETAP_XSTATS_RX_MULTICAST]	= "rx_multicast",
	[STABLETAP_XSTATS_RX_NO_READER]	= "rx_no_reader",
	[STABLETAP_XSTATS_RX_RING]	= "rx_ring",
	[STABLETAP_XSTATS_RX_DOWN]	= "rx_down",
	[STABLETAP_XSTATS_RX_INACTIVE]	= "rx_inactive",
	[STABLETAP_XSTATS_RX_LRO]	= "rx_lro",
	[STABLETAP_XSTATS_RX_NOMEM]	= "rx_nomem",
	[STABLETAP_XSTATS_TX_PURGED]	= "tx_purged",
};

/* The requested port, 0 for all.  ip runs one command and ends. */
static unsigned int only;

static int parse_xstats(struct link_util *self, int argc, char **argv)
{
	(void)self;
	if (!argc)
		return 0;
	if (argc != 2 || strcmp(argv[0], "dev") != 0) {
		fputs("Usage: ... xstats type stabletap [ dev PORT ]\n",
		      stderr);
		return -1;
	}
	only = ll_name_to_index(argv[1]);
	if (!only)
		return no_device(argv[1]);
	return 0;
}

static void print_counters(unsigned int index, const struct nlattr *nest)
{
	const struct nlattr *attr;
	char format[64];
	uint16_t type;

	open_json_object(NULL);
	print_word("ifname", "%-16s\n", ll_index_to_name(index));
	mnl_attr_for_each_nested(attr, nest) {
		type = mnl_attr_get_type(attr);
		if (type > STABLETAP_XSTATS_MAX || !counter_names[type])
			continue;
		snprintf(format, sizeof(format), "    %-14s %%llu\n",
			 counter_names[type]);
		print_u64(counter_names[type], format,
			  mnl_attr_get_u64(attr));
	}
	close_json_object();
}

static int print_xstats(struct nlmsghdr *msg, void *out)
{
	const struct if_stats_msg *ifsm = mnl_nlmsg_get_payload(msg);
	const struct nlattr *attr, *nest;

	(void)out;
	if (only && ifsm->ifindex != only)
		return 0;
	mnl_attr_for_each(attr, msg, sizeof(*ifsm)) {
		if (mnl_attr_get_type(attr) != IFLA_STATS_LINK_XSTATS)
			continue;
		mnl_attr_for_each_nested(nest, attr)
			if (mnl_attr_get_type(nest) ==
			    LINK_XSTATS_TYPE_STABLETAP)
				print_counters(ifsm->ifindex, nest);
	}
	return 0;
}

struct link_util stabletap_link_util = {
	.id = "stabletap",
	.maxattr = IFLA_STABLETAP_MAX,
	.parse_opt = parse_port,
	.print_opt = print_port,
	.print_help = print_help,
	.parse_ifla_xstats = parse_xstats,
	.print_ifla_xstats = print_xstats,
};

struct link_util stabletap_slave_link_util = {
	.id = "stabletap_slave",
	.maxattr = IFLA_STABLETAP_SLAVE_MAX,
	.parse_opt = parse_slave,
	.print_opt = print_slave,
	.print_help = print_slave_help,
};
