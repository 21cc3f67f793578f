// SPDX-License-Identifier: GPL-2.0
/* The requests of clients, and their answers. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "model/history.h"
#include "model/model.h"
#include "serve/json.h"
#include "serve/request.h"
#include "serve/server.h"
#include "serve/status.h"
#include "stabletap.h"
#include "util/clock.h"
#include "util/priority.h"

/* After this time a port that is not settled is reported as it is. */
#define SETTLED_NS (5 * CLOCK_SECOND)
#define TICK_US 250000
/* Interval of the empty lines that show a follower that the daemon lives */
#define ALIVE_NS (30 * CLOCK_SECOND)

/* A client that waits for a port to settle, or that follows events */
struct waiting {
	struct waiting *next;
	struct client *client;
	bool follows;
	char port[STABLETAP_NAME_SIZE];	/* "": all */
	uint64_t until;		/* when to send the next line */
};

struct requests {
	struct model *m;
	struct server *server;
	struct waiting *waiting;
	sd_event_source *timer;
	char instance[9];	/* new for each start */
};

static json_t *error_json(const char *what)
{
	return json_pack("{s:s}", "error", what);
}

/* ---- waiting ---- */

static void tick_later(struct requests *r)
{
	sd_event_source_set_time_relative(r->timer, TICK_US);
	sd_event_source_set_enabled(r->timer, SD_EVENT_ONESHOT);
}

static struct waiting *wait_for(struct requests *r, struct client *c,
				const char *port, bool follows, uint64_t ns)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->client = c;
	w->follows = follows;
	snprintf(w->port, sizeof(w->port), "%s", port ? port : "");
	w->until = clock_awake() + ns;
	w->next = r->waiting;
	r->waiting = w;
	/* If the timer runs, it is for an earlier client, so leave it. */
	if (!sd_event_source_get_enabled(r->timer, NULL))
		tick_later(r);
	return w;
}

static void on_gone(struct client *c, void *arg)
{
	struct waiting **at = &((struct requests *)arg)->waiting, *w;

	while (*at && (*at)->client != c)
		at = &(*at)->next;
	w = *at;
	if (!w)
		return;
	*at = w->next;
	free(w);
}

static json_t *settled_json(const struct port *port)
{
	return json_pack("{s:i, s:o}", "version", STABLETAP_JSON_VERSION,
			 "port", status_port_json(port));
}

static void answer_settled(struct requests *r, struct waiting *w)
{
	const struct port *port = model_port(r->m, w->port);
	struct client *c = w->client;

	on_gone(c, r);
	client_answer(c, port ? settled_json(port) :
		      error_json("there is no such port in the configuration any more"));
}

/* Answers clients whose time has come.  Each answer may change the list. */
static bool tick_one(struct requests *r, uint64_t now)
{
	struct waiting *w;

	for (w = r->waiting; w && w->until > now; w = w->next)
		;
	if (!w)
		return false;
	w->until = now + ALIVE_NS;
	if (w->follows)
		client_tell(w->client, "");
	else
		answer_settled(r, w);
	return true;
}

static int on_tick(sd_event_source *s, uint64_t usec, void *arg)
{
	struct requests *r = arg;
	uint64_t now = clock_awake();

	(void)s, (void)usec;
	while (tick_one(r, now))
		;
	if (r->waiting)
		tick_later(r);
	return 0;
}

static void on_settled(struct port *port, void *arg)
{
	struct requests *r = arg;
	struct waiting *w, *next;

	for (w = r->waiting; w; w = next) {
		next = w->next;
		if (!w->follows && !strcmp(w->port, port->conf->name))
			answer_settled(r, w);
	}
}

static bool is_told_of(const struct waiting *w, const struct port *port)
{
	return w->follows && (!*w->port || !strcmp(w->port, port->conf->name));
}

static char *event_line(const struct happening *what)
{
	json_t *o = json_pack("{s:o}", "event", happening_json(what));
	char *line = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	return line;
}

/* Format the event once for all followers. */
static void on_happened(struct port *port, const struct happening *what,
			void *arg)
{
	struct requests *r = arg;
	struct waiting *w, *next;
	char *line = NULL;

	for (w = r->waiting; w; w = next) {
		next = w->next;
		if (!is_told_of(w, port))
			continue;
		if (!line)
			line = event_line(what);
		if (!line)
			return;
		w->until = clock_awake() + ALIVE_NS;
		client_tell(w->client, line);
	}
	free(line);
}

/* ---- answers ---- */

/* Lists the sections that are left out. */
static json_t *left_out_json(const struct conf *conf)
{
	const struct conf_left_out *left;
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < conf->left_out_n; i++) {
		left = &conf->left_out[i];
		json_array_append_new(list, json_pack(
			"{s:o, s:o, s:i, s:o, s:b}", "section",
			stabletap_json_text(left->section), "file",
			stabletap_json_text(left->at.file), "line",
			(int)left->at.line, "why",
			stabletap_json_text(left->why), "kept", left->kept));
	}
	return list;
}

static json_t *files_json(const struct conf *conf)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < conf->files_n; i++)
		json_array_append_new(list,
				      stabletap_json_text(conf->files[i]));
	return list;
}

static json_t *ask_status(struct requests *r, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "port"));
	json_t *ports = json_array();
	struct model *m = r->m;
	size_t i;

	for (i = 0; i < m->ports_n; i++)
		if (!name || !strcmp(name, m->ports[i]->conf->name))
			json_array_append_new(ports,
					      status_port_json(m->ports[i]));
	return json_pack("{s:i, s:s, s:s, s:o, s:s, s:b, s:I, s:o, s:o, s:o}",
			 "version", STABLETAP_JSON_VERSION, "release",
			 stabletap_release(), "build", stabletap_build(),
			 "files", files_json(m->conf), "instance", r->instance,
			 "module_missing", m->module_missing, "resyncs",
			 (json_int_t)m->resyncs, "left_out",
			 left_out_json(m->conf), "ports", ports, "pools",
			 name ? json_array() : status_pools_json(m));
}

static json_t *ask_events(struct requests *r, struct client *c,
			  const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "port"));
	const char *instance;
	json_int_t since;

	since = json_integer_value(json_object_get(request, "events"));
	instance = json_string_value(json_object_get(request, "instance"));
	/* Each instance numbers its events from 1: ignore another one's number. */
	if (since < 0 || (instance && strcmp(instance, r->instance) != 0))
		since = 0;
	if (json_is_true(json_object_get(request, "follow"))) {
		if (!wait_for(r, c, name, true, ALIVE_NS))
			return error_json("no memory");
		client_keep(c);
	}
	return json_pack("{s:i, s:s, s:I, s:o}", "version",
			 STABLETAP_JSON_VERSION, "instance", r->instance, "last",
			 (json_int_t)history_last(r->m->history), "events",
			 history_json(r->m->history, name, (uint64_t)since));
}

static bool is_settled(const struct port *port)
{
	return !agenda_is_marked(&port->todo) && !port->event_until;
}

static json_t *ask_settled(struct requests *r, struct client *c,
			   const char *name)
{
	const struct port *port = model_port(r->m, name);

	if (!port)
		return error_json("there is no such port in the configuration");
	if (is_settled(port))
		return settled_json(port);
	if (!wait_for(r, c, name, false, SETTLED_NS))
		return error_json("no memory");
	return NULL;
}

/* Answer later: members of pools may have to be evaluated first. */
static json_t *ask_failback(struct requests *r, const struct client *c,
			    const char *name)
{
	struct port *port = model_port(r->m, name);

	if (!client_is_root(c))
		return error_json("only root may ask for that");
	if (!port)
		return error_json("there is no such port in the configuration");
	port->failback = true;
	port_mark(port);
	return json_object();
}

/*
 * As SIGHUP does.  The loop serves signals before clients, so requests that
 * come after the answer see the new configuration.
 */
static json_t *ask_reload(const struct client *c)
{
	if (!client_is_root(c))
		return error_json("only root may ask for that");
	raise(SIGHUP);
	return json_object();
}

static json_t *on_ask(struct client *c, const json_t *request, void *arg)
{
	const json_t *settled = json_object_get(request, "settled");
	const json_t *failback = json_object_get(request, "failback");
	struct requests *r = arg;

	if (json_is_true(json_object_get(request, "status")))
		return ask_status(r, request);
	if (json_is_integer(json_object_get(request, "events")))
		return ask_events(r, c, request);
	if (json_is_string(settled))
		return ask_settled(r, c, json_string_value(settled));
	if (json_is_string(failback))
		return ask_failback(r, c, json_string_value(failback));
	if (json_is_true(json_object_get(request, "reload")))
		return ask_reload(c);
	return error_json("no such request");
}

/* ---- beginning and end ---- */

/* The id is short, because "stabletap events" begins each line with it. */
static void make_instance(char *instance, size_t size)
{
	uint32_t id;

	/* Early in the boot there may be no random numbers: use the time. */
	if (getrandom(&id, sizeof(id), GRND_NONBLOCK) < 0)
		id = (uint32_t)(clock_real() / 1000);
	snprintf(instance, size, "%08x", id);
}

int requests_start(sd_event *loop, struct model *m, const char *path,
		   struct requests **out)
{
	static const struct server_ops server_ops = {
		.ask = on_ask, .gone = on_gone,
	};
	static const struct model_ops ops = {
		.port_settled = on_settled, .happened = on_happened,
	};
	struct requests *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->m = m;
	make_instance(r->instance, sizeof(r->instance));
	*out = r;
	model_watch(m, &ops, r);
	err = sd_event_add_time(loop, &r->timer, CLOCK_MONOTONIC, 0, 1000,
				on_tick, r);
	if (err >= 0)
		err = sd_event_source_set_priority(r->timer, PRIORITY_SERVER);
	if (err >= 0)
		err = sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
	if (err >= 0)
		err = server_start(loop, path, &server_ops, r, &r->server);
	return err < 0 ? err : 0;
}

void requests_stop(struct requests *r)
{
	struct waiting *w;

	if (!r)
		return;
	server_stop(r->server);
	while ((w = r->waiting)) {
		r->waiting = w->next;
		free(w);
	}
	sd_event_source_disable_unref(r->timer);
	free(r);
}
