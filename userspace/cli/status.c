// SPDX-License-Identifier: GPL-2.0
/* stabletap status */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "json.h"
#include "report.h"
#include "status.h"
#include "text.h"
#include "times.h"
#include "verb.h"
#include "view.h"
#include "watch.h"

/* ---- a port ---- */

static void print_key(const json_t *port, const char *key, const char *label)
{
	const char *text = json_text_of(port, key);

	if (*text)
		printf(" %s %s", label, text);
}

static void print_warnings(const json_t *port)
{
	const json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(port, "warnings"), i, warning)
		if (json_is_string(warning))
			printf("    warning: %s\n",
			       json_string_value(warning));
}

void status_print_headline(const json_t *port)
{
	printf("%s: %s", json_text_of(port, "port"),
	       json_text_of(port, "state"));
	print_key(port, "dev", "dev");
	print_key(port, "pin", "pin");
	print_key(port, "prefer", "prefer");
	if (json_is_true(json_object_get(port, "held_off")))
		fputs(" held-off", stdout);
	print_key(port, "guest_filter", "guest-filter");
	putchar('\n');
	print_warnings(port);
}

static void print_since(const json_t *port)
{
	const json_t *blackout = json_object_get(port, "blackout_seconds");
	const char *since = json_text_of(port, "since");
	struct timespec ts;
	char age[32];

	if (!*since)
		return;
	printf("    since %s", since);
	if (time_parse(since, &ts))
		printf(" (%s)", time_span(time_since(&ts), age, sizeof(age)));
	if (json_is_number(blackout))
		printf(", blackout %.3f s", json_number_value(blackout));
	putchar('\n');
}

/* " (not usable: probe fails, last answer 2.5 s ago)" */
static void print_state(const json_t *device)
{
	const json_t *ago = json_object_get(device, "answered_seconds_ago");
	const char *probe = json_text_of(device, "probe");

	if (json_is_true(json_object_get(device, "wifi")))
		printf(" (Wi-Fi, which can't carry a guest's frames)");
	else if (!strcmp(probe, "fails") && ago)
		printf(" (not usable: probe fails, last answer %.1f s ago)",
		       json_number_value(ago));
	else if (!strcmp(probe, "fails"))
		printf(" (not usable: probe fails)");
	else if (!json_is_true(json_object_get(device, "usable")))
		printf(" (not usable%s)",
		       strcmp(probe, "unknown") ? "" : " yet");
	else if (ago)
		printf(" (answered %.1f s ago)", json_number_value(ago));
}

static void print_candidate(const json_t *c, bool present)
{
	const json_t *device;
	size_t i;

	printf("    %s%s:", json_text_of(c, "candidate"),
	       present ? " (now)" : "");
	json_array_foreach(json_object_get(c, "devices"), i, device) {
		printf(" %s", json_text_of(device, "name"));
		print_state(device);
	}
	puts(i ? "" : " no device");
}

static void print_candidates(const json_t *port)
{
	const json_t *rank = json_object_get(port, "rank");
	const json_t *candidate;
	size_t i;

	json_array_foreach(json_object_get(port, "candidates"), i, candidate)
		print_candidate(candidate, rank && (json_int_t)i ==
				json_integer_value(rank));
}

static void print_refusals(const json_t *port)
{
	const json_t *r;
	size_t i;

	json_array_foreach(json_object_get(port, "refusals"), i, r)
		printf("    refused by %s %" JSON_INTEGER_FORMAT " times%s%s\n",
		       json_text_of(r, "name"),
		       json_integer_value(json_object_get(r, "times")),
		       *json_text_of(r, "why") ? ": " : "",
		       json_text_of(r, "why"));
}

static void print_monitor(const json_t *port)
{
	const json_t *monitor = json_object_get(port, "monitor");
	const char *state = json_text_of(monitor, "state");
	const char *why = json_text_of(monitor, "why");

	if (*state && strcmp(state, "none") != 0)
		printf("    QEMU monitor %s%s%s\n", state, *why ? ": " : "",
		       why);
}

static void print_missing(const json_t *port)
{
	const char *why = json_text_of(json_object_get(port, "missing"), "why");

	if (*why)
		printf("    can't be made: %s\n", why);
}

static void print_moved(const json_t *port)
{
	const json_t *moved = json_object_get(port, "moved");
	const char *netns = json_text_of(moved, "netns");
	const char *dev = json_text_of(port, "dev");

	if (*netns)
		printf("    moved: %s went to network namespace %s, and the port is still on it\n",
		       strcmp(dev, "?") ? dev : "its device", netns);
	else if (moved)
		printf("    moved: %s\n", json_text_of(moved, "why"));
}

/* ---- additions of the command ---- */

/* Adds the namespace's name: the daemon only knows its number. */
static void add_netns(struct cli *cli, json_t *ports)
{
	char name[NAME_MAX + 1];
	json_t *port, *moved;
	const json_t *nsid;
	size_t i;

	json_array_foreach(ports, i, port) {
		moved = json_object_get(port, "moved");
		nsid = json_object_get(moved, "nsid");
		if (cli->shares_netns && json_is_integer(nsid) &&
		    !stabletap_netns_name(cli->st,
					  (int)json_integer_value(nsid),
					  name, sizeof(name)))
			json_object_set_new(moved, "netns",
					    stabletap_json_text(name));
	}
}

/* ---- counters, which only the kernel has ---- */

static bool get_stats(struct cli *cli, const json_t *port,
		      struct stabletap_stats *stats)
{
	int ifindex = (int)json_integer_value(json_object_get(port,
							      "ifindex"));

	return ifindex > 0 && !stabletap_port_stats(cli->st, ifindex, stats);
}

static void add_stats(struct cli *cli, json_t *ports)
{
	struct stabletap_stats stats;
	json_t *port;
	size_t i;

	json_array_foreach(ports, i, port)
		if (get_stats(cli, port, &stats))
			json_object_set_new(port, "stats",
					    view_stats_json(&stats));
}

/* ---- layouts ---- */

static void print_brief(const json_t *port)
{
	const char *dev = json_text_of(port, "dev");
	const char *since = json_text_of(port, "since");
	char age[32] = "-";
	struct timespec ts;

	if (time_parse(since, &ts))
		time_span(time_since(&ts), age, sizeof(age));
	printf("%-16s %-10s %-16s %s\n", json_text_of(port, "port"),
	       json_text_of(port, "state"), *dev ? dev : "-", age);
}

static void print_details(const json_t *port)
{
	const json_t *up = json_object_get(port, "up");

	printf("    index %" JSON_INTEGER_FORMAT,
	       json_integer_value(json_object_get(port, "ifindex")));
	if (up)
		printf(" link %s", json_is_true(up) ? "up" : "down");
	print_key(port, "probe", "probe");
	putchar('\n');
}

static void print_port(struct cli *cli, const json_t *port)
{
	struct stabletap_stats stats;

	status_print_headline(port);
	print_since(port);
	print_missing(port);
	print_moved(port);
	print_candidates(port);
	print_refusals(port);
	print_monitor(port);
	if (cli->details)
		print_details(port);
	if (cli->stats && get_stats(cli, port, &stats))
		view_stats_text(&stats, stdout);
}

static void print_member(const json_t *m)
{
	printf("    %s: ", json_text_of(m, "name"));
	if (*json_text_of(m, "port"))
		printf("port %s", json_text_of(m, "port"));
	else if (*json_text_of(m, "taken"))
		printf("taken, %s", json_text_of(m, "taken"));
	else
		fputs("free", stdout);
	puts(json_is_true(json_object_get(m, "usable")) ||
	     *json_text_of(m, "taken") ? "" : " (not usable)");
}

static void print_pools(const json_t *pools)
{
	const json_t *pool, *member;
	size_t i, k;

	json_array_foreach(pools, i, pool) {
		printf("pool %s:\n", json_text_of(pool, "pool"));
		json_array_foreach(json_object_get(pool, "members"), k, member)
			print_member(member);
		if (!k)
			puts("    no device");
	}
}

static void print_left_out(const json_t *list)
{
	const json_t *l;
	size_t i;

	json_array_foreach(list, i, l)
		note("[%s] is left out: %s (%s:%" JSON_INTEGER_FORMAT ")",
		     json_text_of(l, "section"), json_text_of(l, "why"),
		     json_text_of(l, "file"),
		     json_integer_value(json_object_get(l, "line")));
}

static void print_text(struct cli *cli, const json_t *o)
{
	const json_t *port;
	size_t i;

	if (json_is_true(json_object_get(o, "module_missing")))
		note("the module is not loaded");
	print_left_out(json_object_get(o, "left_out"));
	if (cli->details)
		printf("stabletapd %s instance %s resyncs %"
		       JSON_INTEGER_FORMAT "\n", json_text_of(o, "release"),
		       json_text_of(o, "instance"),
		       json_integer_value(json_object_get(o, "resyncs")));
	json_array_foreach(json_object_get(o, "ports"), i, port) {
		if (cli->brief)
			print_brief(port);
		else
			print_port(cli, port);
	}
	if (!cli->brief)
		print_pools(json_object_get(o, "pools"));
}

/* ---- the verb ---- */

enum { PORT, WATCH };

static const struct word words[] = {
	[PORT] = { "PORT", NULL, WORD_PLACE, "this port (default: all)", NULL },
	[WATCH] = { "watch", NULL, WORD_WHOLE,
		    "update the output each second, until interrupted",
		    NULL },
	{ .name = NULL },
};

static int print_status(struct cli *cli, const char *name, json_t *o)
{
	json_t *ports = json_object_get(o, "ports");

	if (ask_error(o))
		return refuse("stabletapd refuses: %s", ask_error(o));
	if (name && !json_array_size(ports))
		return refuse("stabletapd has no port '%s' in its configuration",
			      name);
	add_netns(cli, ports);
	if (!cli->json) {
		print_text(cli, o);
		return CLI_DONE;
	}
	if (cli->stats)
		add_stats(cli, ports);
	return json_print(cli, json_incref(o), stdout);
}

static int run(struct cli *cli, const struct call *call)
{
	const char *name = call->v[PORT];
	int status = CLI_REFUSED;
	json_t *o;

	if (call->v[WATCH] && (cli->brief || cli->stats || cli->details))
		return usage("status: 'watch' has a layout of its own; leave "
			     "out -brief, -statistics and -details");
	if (call->v[WATCH])
		return watch_run(cli, name);
	o = json_pack("{s:b}", "status", 1);
	if (name)
		json_object_set_new(o, "port", stabletap_json_text(name));
	o = ask(cli, o);
	if (o)
		status = print_status(cli, name, o);
	json_decref(o);
	return status;
}

const struct verb verb_status = {
	.name = "status",
	.aliases = "",
	.purpose = "show what stabletapd knows of its ports, and why",
	.example = "status vm1 --watch",
	.options = OPTION_BRIEF | OPTION_STATS | OPTION_DETAILS | OPTION_UTC,
	.words = words,
	.run = run,
};
