// SPDX-License-Identifier: GPL-2.0
/* Derives events from two states of a port. */
#include <net/if.h>
#include <string.h>

#include "changes.h"

struct emitter {
	name_fn name;
	change_fn emit;
	void *arg;
	const struct stabletap_link *port;
};

static void emit(const struct emitter *e, const char *event, json_t *fields)
{
	e->emit(event, e->port, fields, e->arg);
}

static json_t *lower_fields(const struct emitter *e, uint32_t lower)
{
	return json_pack("{s:o, s:i}", "lower",
			 stabletap_json_text(e->name((int)lower, e->arg)),
			 "lower_ifindex", (int)lower);
}

static void emit_attached(const struct emitter *e,
			  const struct stabletap_port_info *new)
{
	json_t *fields = lower_fields(e, new->lower);

	json_object_set_new(fields, "kind", json_string(
			    stabletap_lower_kind_name(new->lower_kind)));
	emit(e, "attached", fields);
}

/* @old: the state with the lower that is gone, or NULL if it was not seen */
static void emit_detached(const struct emitter *e,
			  const struct stabletap_port_info *old,
			  const struct stabletap_port_info *new)
{
	json_t *fields = json_pack("{s:s, s:o}", "reason",
				   stabletap_reason_name(new->detach_reason),
				   "lower",
				   stabletap_json_text(new->last_lower));

	if (old)
		json_object_set_new(fields, "lower_ifindex",
				    json_integer((json_int_t)old->lower));
	emit(e, "detached", fields);
}

static void emit_replaced(const struct emitter *e,
			  const struct stabletap_port_info *new)
{
	json_t *fields = lower_fields(e, new->lower);

	json_object_set_new(fields, "old_lower",
			    stabletap_json_text(new->last_lower));
	emit(e, "replaced", fields);
}

static void compare_state(const struct emitter *e,
			  const struct stabletap_port_info *old,
			  const struct stabletap_port_info *new, bool fresh)
{
	bool was_down = !fresh && old->state == STABLETAP_STATE_LOWER_DOWN;
	bool is_down = new->state == STABLETAP_STATE_LOWER_DOWN;

	if (!new->lower || was_down == is_down)
		return;
	emit(e, is_down ? "lower-down" : "lower-up",
	     lower_fields(e, new->lower));
}

static const char *receive_event(const struct stabletap_port_info *port)
{
	if (port->attach_flags & STABLETAP_ATTACH_INCOMPLETE)
		return "filter-incomplete";
	return port->attach_flags & STABLETAP_ATTACH_FILTER ? "filter" :
							      "promisc";
}

/* The counters show changes that the two states alone would not. */
static void compare_lower(const struct emitter *e,
			  const struct stabletap_port_info *old,
			  const struct stabletap_port_info *new)
{
	bool attached = old->attaches != new->attaches;
	bool replaced = old->replaces != new->replaces;
	bool fresh = true;

	if (old->lower && new->lower && replaced && !attached) {
		emit_replaced(e, new);
	} else if (old->lower && new->lower &&
		   (attached || old->lower != new->lower)) {
		emit_detached(e, old, new);
		emit_attached(e, new);
	} else if (old->lower && !new->lower) {
		emit_detached(e, old, new);
	} else if (!old->lower && new->lower) {
		emit_attached(e, new);
	} else if (!old->lower && attached) {
		/* A lower came and went between the two states. */
		emit(e, "attached",
		     json_pack("{s:o}", "lower",
			       stabletap_json_text(new->last_lower)));
		emit_detached(e, NULL, new);
	} else {
		fresh = false;
	}
	if (!fresh && old->attach_flags != new->attach_flags && new->lower)
		emit(e, receive_event(new), lower_fields(e, new->lower));
	compare_state(e, old, new, fresh);
}

static void compare_options(const struct emitter *e,
			    const struct stabletap_port_info *old,
			    const struct stabletap_port_info *new)
{
	if (old->on_detach != new->on_detach)
		emit(e, "on-detach", json_pack("{s:s}", "on_detach",
			     stabletap_on_detach_name(new->on_detach)));
	if (old->hold_frames != new->hold_frames ||
	    old->hold_bytes != new->hold_bytes ||
	    old->hold_time != new->hold_time)
		emit(e, "hold", json_pack("{s:I, s:I, s:I}",
			     "frames", (json_int_t)new->hold_frames,
			     "bytes", (json_int_t)new->hold_bytes,
			     "time_ms", (json_int_t)new->hold_time));
}

static void compare_link(const struct emitter *e,
			 const struct stabletap_link *old,
			 const struct stabletap_link *new)
{
	char mac[STABLETAP_MAC_TEXT];

	if (strcmp(old->name, new->name) != 0)
		emit(e, "renamed",
		     json_pack("{s:o}", "old_name",
			       stabletap_json_text(old->name)));
	if (memcmp(old->addr, new->addr, sizeof(new->addr)) != 0)
		emit(e, "address", json_pack("{s:s}", "address",
			     stabletap_mac_format(new->addr, mac)));
	if (old->mtu != new->mtu)
		emit(e, "mtu", json_pack("{s:i, s:i}", "mtu", (int)new->mtu,
					 "old_mtu", (int)old->mtu));
	if ((old->flags ^ new->flags) & IFF_UP)
		emit(e, new->flags & IFF_UP ? "up" : "down", json_object());
	compare_options(e, &old->port, &new->port);
}

void changes_tell(const struct stabletap_link *old,
		    const struct stabletap_link *new, name_fn name,
		    change_fn emit_fn, void *arg)
{
	struct emitter e = { name, emit_fn, arg, new ? new : old };
	const struct stabletap_port_info none = { 0 };

	if (!new) {
		emit(&e, "deleted",
		     json_pack("{s:b}", "moved", old->moved ? 1 : 0));
		return;
	}
	if (!old) {
		emit(&e, "added", json_object());
		/* The port may have got a lower before it was first seen. */
		if (new->port.lower)
			compare_lower(&e, &none, &new->port);
		return;
	}
	compare_link(&e, old, new);
	compare_lower(&e, &old->port, &new->port);
}
