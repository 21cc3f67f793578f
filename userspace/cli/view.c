// SPDX-License-Identifier: GPL-2.0
/* A port as JSON. */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "view.h"

bool view_mtu_warning(const struct view *v, char *buf, size_t size)
{
	if (!v->get.lower || v->get.lower_mtu >= v->link->mtu)
		return false;
	snprintf(buf, size, "the lower's MTU %u is below the port's %u: larger "
		 "frames are dropped", v->get.lower_mtu, v->link->mtu);
	return true;
}

uint64_t view_age(const struct view *v, uint64_t then)
{
	return v->now > then ? v->now - then : 0;
}

/* A flag of a child's or direct lower's attachment, in a word. */
static const char *receive_name(const struct stabletap_get *g)
{
	if (g->attach_flags & STABLETAP_ATTACH_FILTER)
		return "filter";
	return g->lower_kind == STABLETAP_LOWER_DIRECT ? "promisc" : "allmulti";
}

static void set(json_t *object, const char *key, json_t *value)
{
	/* Takes over the reference also when it fails. */
	json_object_set_new(object, key, value);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *lower_json(const struct view *v)
{
	const struct stabletap_get *g = &v->get;
	json_t *o = json_object();

	set(o, "ifindex", number(g->lower));
	if (v->lower)
		set(o, "ifname", stabletap_json_text(v->lower->name));
	set(o, "kind", json_string(stabletap_lower_kind_name(g->lower_kind)));
	set(o, "mtu", number(g->lower_mtu));
	set(o, "receive", json_string(receive_name(g)));
	if (g->attach_flags & STABLETAP_ATTACH_INCOMPLETE)
		set(o, "incomplete", json_true());
	if (v->lower && stabletap_link_is_macvlan(v->lower)) {
		set(o, "mode", json_string(stabletap_macvlan_mode_name(
				   v->lower->macvlan_mode)));
		set(o, "child", json_boolean(
				   stabletap_child_is(v->lower, NULL)));
	}
	if (v->parent)
		set(o, "dev", stabletap_json_text(v->parent->name));
	return o;
}

/* Bounds of on-detach hold, and how much is held now */
static json_t *hold_json(const struct stabletap_get *g)
{
	json_t *o = json_object();

	set(o, "frames", number(g->hold_frames));
	set(o, "bytes", number(g->hold_bytes));
	set(o, "time_ms", number(g->hold_time));
	set(o, "held_frames", number(g->held_frames));
	set(o, "held_bytes", number(g->held_bytes));
	return o;
}

static json_t *holders_json(const struct view *v)
{
	json_t *array = json_array();
	json_t *o;
	size_t i;

	for (i = 0; i < v->holders_n; i++) {
		o = json_object();
		set(o, "pid", number((uint64_t)v->holders[i].pid));
		set(o, "command", stabletap_json_text(v->holders[i].comm));
		set(o, "fds", number(v->holders[i].fds));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *detach_json(const struct view *v)
{
	const struct stabletap_get *g = &v->get;
	json_t *o = json_object();

	set(o, "reason", json_string(stabletap_reason_name(g->detach_reason)));
	set(o, "lower", stabletap_json_text(g->last_lower));
	if (*v->last_device)
		set(o, "dev", stabletap_json_text(v->last_device));
	set(o, "seconds_ago",
	    json_real((double)view_age(v, g->detach_time) / 1e9));
	return o;
}

struct counter {
	const char *name;
	size_t offset;
};

#define COUNTER(field) { #field, offsetof(struct stabletap_stats, field) }

json_t *view_stats_json(const struct stabletap_stats *stats)
{
	static const struct counter counters[] = {
		COUNTER(tx_packets), COUNTER(tx_bytes), COUNTER(tx_detached),
		COUNTER(tx_lower), COUNTER(tx_refused), COUNTER(tx_held),
		COUNTER(tx_expired), COUNTER(rx_packets), COUNTER(rx_bytes),
		COUNTER(rx_multicast), COUNTER(rx_no_reader), COUNTER(rx_ring),
		COUNTER(rx_down), COUNTER(rx_inactive), COUNTER(rx_lro),
		COUNTER(rx_nomem), COUNTER(tx_purged),
	};
	json_t *o = json_object();
	__u64 value;
	size_t i;

	for (i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		memcpy(&value, (const char *)stats + counters[i].offset,
		       sizeof(value));
		set(o, counters[i].name, number(value));
	}
	return o;
}

static void set_node(json_t *o, const struct stabletap_get *g)
{
	char text[sizeof("/dev/") + STABLETAP_NODE_SIZE];

	snprintf(text, sizeof(text), "/dev/%.*s", STABLETAP_NODE_SIZE, g->node);
	set(o, "node", stabletap_json_text(text));
	set(o, "major", number(g->major));
	set(o, "minor", number(g->minor));
	set(o, "owner", number(g->owner));
	set(o, "group", number(g->group));
	snprintf(text, sizeof(text), "%04o", g->perm);
	set(o, "perm", json_string(text));
}

static json_t *warnings_json(const struct view *v)
{
	json_t *array = json_array();
	char text[128];

	if (view_mtu_warning(v, text, sizeof(text)))
		json_array_append_new(array, json_string(text));
	if (v->module && *v->module)
		json_array_append_new(array, stabletap_json_text(v->module));
	return array;
}

json_t *view_json(const struct cli *cli, const struct view *v)
{
	const struct stabletap_get *g = &v->get;
	char mac[STABLETAP_MAC_TEXT];
	json_t *o = json_object();

	set(o, "port", stabletap_json_text(v->link->name));
	set(o, "ifindex", number((uint64_t)v->link->ifindex));
	set(o, "state", json_string(stabletap_state_name(g->state)));
	set(o, "up", json_boolean(v->link->flags & IFF_UP));
	set(o, "address",
	    json_string(stabletap_mac_format(v->link->addr, mac)));
	set(o, "mtu", number(v->link->mtu));
	set(o, "lower", g->lower ? lower_json(v) : json_null());
	set(o, "queues", number(g->queues));
	set(o, "open_queues", number(g->open_queues));
	set(o, "on_detach",
	    json_string(stabletap_on_detach_name(g->on_detach)));
	set(o, "hold", hold_json(g));
	set_node(o, g);
	set(o, "holders", holders_json(v));
	set(o, "last_detach",
	    g->detach_time ? detach_json(v) : json_null());
	set(o, "attaches", number(g->attaches));
	set(o, "replaces", number(g->replaces));
	set(o, "losses", number(g->losses));
	if (cli->stats)
		set(o, "stats", view_stats_json(&v->stats));
	set(o, "warnings", warnings_json(v));
	return o;
}
