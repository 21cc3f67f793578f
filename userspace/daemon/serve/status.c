// SPDX-License-Identifier: GPL-2.0
/* The state of ports and pools as JSON. */
#include <stdio.h>

#include "conf/probe.h"
#include "conf/selector.h"
#include "model/lower.h"
#include "model/match.h"
#include "model/model.h"
#include "model/pin.h"
#include "model/pool.h"
#include "model/refusal.h"
#include "model/verdict.h"
#include "serve/json.h"
#include "serve/status.h"
#include "util/clock.h"

static const char *state_of(const struct port *port)
{
	if (!port->ifindex)
		return "missing";
	return stabletap_state_name(port->told.state);
}

/* ---- candidates ---- */

static const char *const verdicts[] = {
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_ANSWERS] = "answers",
	[VERDICT_FAILS] = "fails",
};

static json_t *device_json(const struct port *port, const struct device *dev,
			   size_t rank, bool present)
{
	bool asked = port->conf->probe.kind != CONF_PROBE_NONE;
	bool carries = device_is_usable(&dev->link), good = carries;
	const struct verdict_entry *e;
	enum verdict_word word;
	json_t *o;

	e = verdict_find(dev->verdicts, &port->conf->probe,
			 port_takes_whole(port_mode(port, rank)));
	word = e ? e->verdict.word : VERDICT_UNKNOWN;
	if (asked)
		good &= word == VERDICT_ANSWERS ||
			(word == VERDICT_UNKNOWN && present);
	o = json_pack("{s:o, s:b}", "name",
		      stabletap_json_text(dev->link.name), "usable", good);
	if (carries && asked)
		json_object_set_new(o, "probe", json_string(verdicts[word]));
	if (e && e->answered)
		json_object_set_new(o, "answered_seconds_ago", json_real(
			(double)(clock_awake() - e->answered) / 1e9));
	return o;
}

static void add_wifi(const struct model *m, const struct selection *sel,
		     json_t *devices)
{
	const struct device *dev;
	size_t i;

	for (i = 0; sel->base && i < sel->base->wifi.n; i++) {
		dev = model_device(m, sel->base->wifi.v[i]);
		if (dev)
			json_array_append_new(devices,
				json_pack("{s:o, s:b, s:b}", "name",
					  stabletap_json_text(dev->link.name),
					  "usable", 0, "wifi", 1));
	}
}

static json_t *candidate_json(const struct port *port, size_t rank,
			      const struct device *present)
{
	const struct selection *sel;
	json_t *devices = json_array();
	const struct device *dev;
	char text[256];
	size_t i;

	sel = match_candidate(port, rank);
	conf_selector_format(sel->spec, text, sizeof(text));
	for (i = 0; i < sel->match.n; i++) {
		dev = model_device(port->model, sel->match.v[i]);
		if (dev)
			json_array_append_new(devices,
				device_json(port, dev, rank, dev == present));
	}
	add_wifi(port->model, sel, devices);
	return json_pack("{s:o, s:o}", "candidate", stabletap_json_text(text),
			 "devices", devices);
}

static json_t *candidates_json(const struct port *port,
			       const struct device *present)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < port->conf->candidates.n; i++)
		json_array_append_new(list, candidate_json(port, i, present));
	return list;
}

/* ---- refusals and warnings ---- */

static json_t *refusals_json(const struct port *port)
{
	json_t *list = json_array();
	const struct device *dev;
	const struct refusal *r;
	size_t i;

	for (i = 0; i < port->refusals_n; i++) {
		r = &port->refusals[i];
		dev = model_device(port->model, r->dev);
		if (dev)
			json_array_append_new(list, json_pack(
				"{s:o, s:i, s:o}", "name",
				stabletap_json_text(dev->link.name), "times",
				(int)r->retry.failures, "why",
				stabletap_json_text(r->why)));
	}
	return list;
}

static json_t *warnings_json(const struct port *port)
{
	json_t *list = json_array();
	char what[200], text[384];

	if (!pin_obstacle(port, what, sizeof(what)))
		return list;
	snprintf(text, sizeof(text), "pinned to %s, which %s",
		 port->override.dev, what);
	json_array_append_new(list, stabletap_json_text(text));
	return list;
}

static void add_override(const struct port *port, json_t *o)
{
	const struct override *by_hand = &port->override;

	if (by_hand->kind == OVERRIDE_PIN)
		json_object_set_new(o, "pin",
				    stabletap_json_text(by_hand->dev));
	if (by_hand->kind == OVERRIDE_PREFER)
		json_object_set_new(o, "prefer",
				    stabletap_json_text(by_hand->dev));
	if (by_hand->kind == OVERRIDE_HOLD_OFF)
		json_object_set_new(o, "held_off", json_true());
}

static void add_missing(const struct port *port, json_t *o)
{
	if (!port->ifindex && *port->create_why)
		json_object_set_new(o, "missing", json_pack("{s:o}", "why",
			stabletap_json_text(port->create_why)));
}

static void add_away(const struct port *port, json_t *o)
{
	const struct device *lower;
	char text[160];

	if (!port_is_away(port))
		return;
	lower = model_device(port->model, (int)port->told.lower);
	if (!lower)
		return;
	snprintf(text, sizeof(text),
		 "%s went to another network namespace (nsid %d), and the port is still on it",
		 *port->dev ? port->dev : "its device",
		 lower->link.link_netnsid);
	json_object_set_new(o, "moved",
			    json_pack("{s:o, s:i}", "why",
				      stabletap_json_text(text), "nsid",
				      lower->link.link_netnsid));
}

/* ---- the guest ---- */

static json_t *monitor_json(const struct port_guest *g)
{
	static const char *const states[] = {
		[MONITOR_NONE] = "none", [MONITOR_CONNECTING] = "connecting",
		[MONITOR_CONNECTED] = "connected",
		[MONITOR_REFUSED] = "refused",
	};

	return json_pack("{s:s, s:o}", "state", states[g->monitor], "why",
			 json_text_or_null(g->why));
}

static void add_guest(const struct port *port, json_t *o)
{
	char probe[160];

	json_object_set_new(o, "monitor", monitor_json(&port->guest));
	if (port->guest.filter)
		json_object_set_new(o, "guest_filter",
				    json_string(port->guest.filter));
	if (port->conf->probe.kind == CONF_PROBE_NONE)
		return;
	conf_probe_format(&port->conf->probe, probe, sizeof(probe));
	json_object_set_new(o, "probe", stabletap_json_text(probe));
}

json_t *status_port_json(const struct port *port)
{
	const struct device *present = port_present(port);
	int rank = port_candidate(port, present);
	char name[STABLETAP_NAME_SIZE];
	json_t *o;

	o = json_pack("{s:o, s:i, s:s, s:o, s:o, s:o, s:o, s:o}",
		      "port", stabletap_json_text(port->conf->name),
		      "ifindex", port->ifindex, "state", state_of(port),
		      "dev", stabletap_json_text(port_device_name(port, name)),
		      "candidates", candidates_json(port, present),
		      "since", port->since ? json_time(port->since) :
		      json_null(), "blackout_seconds", port->blackout_known ?
		      json_real((double)port->blackout / 1e9) : json_null(),
		      "warnings", warnings_json(port));
	if (rank >= 0)
		json_object_set_new(o, "rank", json_integer(rank));
	if (port->ifindex)
		json_object_set_new(o, "up", json_boolean(port->up));
	if (port->refusals_n)
		json_object_set_new(o, "refusals", refusals_json(port));
	add_override(port, o);
	add_missing(port, o);
	add_away(port, o);
	add_guest(port, o);
	return o;
}

/* ---- pools ---- */

static json_t *member_json(const struct device *dev)
{
	const struct device *holder;
	struct pool_use use;
	json_t *o;

	pool_use(dev, &use);
	o = json_pack("{s:o, s:b}", "name",
		      stabletap_json_text(dev->link.name), "usable",
		      device_is_usable(&dev->link));
	holder = use.holder ? model_device(dev->model, use.holder) : NULL;
	if (holder)
		json_object_set_new(o, "port",
				    stabletap_json_text(holder->link.name));
	else if (*use.why)
		json_object_set_new(o, "taken", stabletap_json_text(use.why));
	return o;
}

/* Adds VFs of @pf that have no net device here. */
static void add_absent(const struct model *m, const struct conf_selector *s,
		       const struct device *pf, json_t *list)
{
	char name[64], why[64];
	int n;

	for (n = s->vf; n <= s->vf_last &&
	     m->facts->vf_name(&pf->link, n, name, sizeof(name)); n++) {
		if (model_on_bus(m, pf->link.parent_bus, name))
			continue;
		m->facts->vf_user(&pf->link, name, why, sizeof(why));
		json_array_append_new(list, json_pack("{s:o, s:b, s:o}",
			"name", stabletap_json_text(name), "usable", 0,
			"taken", stabletap_json_text(why)));
	}
}

static json_t *members_json(const struct model *m,
			    const struct conf_pool *pool)
{
	const struct selection *sel =
		match_selection(m, pool->selector->number);
	json_t *list = json_array();
	const struct device *dev;
	size_t i, b;

	for (i = 0; i < sel->match.n; i++) {
		dev = model_device(m, sel->match.v[i]);
		if (dev)
			json_array_append_new(list, member_json(dev));
	}
	for (i = 0; i < pool->members.n; i++) {
		sel = match_selection(m, pool->members.v[i].selector->number);
		for (b = 0; sel->spec->vf >= 0 && b < sel->base->devices.n;
		     b++) {
			dev = model_device(m, sel->base->devices.v[b]);
			if (dev)
				add_absent(m, sel->spec, dev, list);
		}
	}
	return list;
}

json_t *status_pools_json(const struct model *m)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < m->conf->pools_n; i++)
		json_array_append_new(list, json_pack("{s:o, s:o}", "pool",
			stabletap_json_text(m->conf->pools[i].name),
			"members", members_json(m, &m->conf->pools[i])));
	return list;
}
