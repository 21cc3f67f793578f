// SPDX-License-Identifier: GPL-2.0
/*
 * A port's requests to its guest's QEMU, and their order.
 *
 * A port's requests are kept as states (link up, lists wanted), not as a queue
 * of commands: however long QEMU does not answer, there is one of each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/qmp-conn.h"
#include "guest/qmp-filter.h"
#include "guest/qmp.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/priority.h"
#include "util/retry.h"

#define SECOND 1000000ULL	/* us */
#define ACCURACY (SECOND / 1000)
/* Time to tell a busy monitor the last state of the link */
#define FAREWELL (10 * SECOND)
#define QMP_WHY_SIZE 384

/* After a refusal: the NIC may be plugged in later. */
static const struct retry_pace pace_refused = {
	.first = CLOCK_SECOND, .most = 30 * CLOCK_SECOND,
};

/* Between two queries, while the guest keeps changing its lists */
static const struct retry_pace pace_query = {
	.first = 100 * CLOCK_MS, .most = 3200 * CLOCK_MS,
};

enum what {
	NOTHING,
	SET_LINK,
	ANNOUNCE,
	QUERY,
};

struct qmp {
	struct qmp *next;
	struct monitor *monitor;
	char *device;
	char *port;		/* for the log */
	struct qmp_callbacks callbacks;
	void *arg;
	bool dead;		/* to be released by the reaper */
	bool leaves;		/* freed after its last request */
	bool told;		/* the monitor's state was reported to it */

	bool link_wish;
	bool link_up;
	bool link_due;
	bool announce_due;
	struct qmp_announce announce;
	bool query_due;
	uint64_t queried_at;
	struct retry changes;	/* of the lists, each soon after a query */
	uint64_t every;		/* us; shortest interval between two queries */

	sd_event_source *timer;	/* ends the pause */
	unsigned int paused;	/* a bit for each enum what */
	struct retry refusals;
	bool refused;		/* the refusal was logged */
};

/* One socket and its clients */
struct monitor {
	struct monitor *next;
	struct qmp_hub *hub;
	char *path;
	struct qmp_conn *conn;
	struct qmp *clients;
	bool connected;
	enum what what;		/* the command under way, for client @who */
	struct qmp *who;
};

/*
 * A callback may free a client that the caller still uses, so clients are only
 * marked as dead; a source of its own releases them.
 */
struct qmp_hub {
	sd_event *loop;
	sd_event_source *reaper;
	struct monitor *monitors;
};

/* ---- commands ---- */

static json_t *arguments(const struct qmp *q, enum what what)
{
	const struct qmp_announce *a = &q->announce;

	switch (what) {
	case SET_LINK:
		return json_pack("{s:s, s:b}", "name", q->device, "up",
				 q->link_up);
	case ANNOUNCE:
		/* Without an id it would end another NIC's announcement. */
		return json_pack("{s:I, s:I, s:I, s:I, s:[s], s:s}",
				 "initial", (json_int_t)a->initial,
				 "max", (json_int_t)a->max,
				 "rounds", (json_int_t)a->rounds,
				 "step", (json_int_t)a->step,
				 "interfaces", q->device, "id", q->device);
	case QUERY:
		return json_pack("{s:s}", "name", q->device);
	default:
		return NULL;
	}
}

static void ask(struct monitor *m, struct qmp *q, enum what what)
{
	static const char *const commands[] = {
		[SET_LINK] = "set_link",
		[ANNOUNCE] = "announce-self",
		[QUERY] = "query-rx-filter",
	};

	m->who = q;
	m->what = what;
	if (what == SET_LINK) {
		q->link_due = false;
	} else if (what == ANNOUNCE) {
		q->announce_due = false;
	} else {
		q->query_due = false;
		sd_event_now(m->hub->loop, CLOCK_MONOTONIC, &q->queried_at);
	}
	qmp_conn_send(m->conn, commands[what], arguments(q, what));
}

static bool is_due(const struct qmp *q, enum what what)
{
	if (q->dead || !q->told || (q->paused & 1U << what))
		return false;
	switch (what) {
	case SET_LINK:
		return q->link_due;
	case ANNOUNCE:
		return q->announce_due;
	default:
		return q->query_due;
	}
}

/* Sends the next command, if one is due and none is under way. */
static void monitor_work(struct monitor *m)
{
	enum what what;
	struct qmp *q;

	if (!qmp_conn_is_idle(m->conn))
		return;
	for (what = SET_LINK; what <= QUERY; what++) {
		for (q = m->clients; q; q = q->next) {
			if (is_due(q, what)) {
				ask(m, q, what);
				return;
			}
		}
	}
}

static void query_less_often(struct qmp *q)
{
	q->every = retry_after(&q->changes, &pace_query) / CLOCK_US;
}

static void query_often_again(struct qmp *q)
{
	retry_reset(&q->changes);
	query_less_often(q);
}

/* After each connect, all states are sent again. */
static void begin_anew(struct qmp *q)
{
	q->link_due = q->link_wish;
	q->query_due = q->callbacks.filter;
	q->queried_at = 0;
	query_often_again(q);
	retry_reset(&q->refusals);
	q->paused = 0;
}

static void client_tell(struct qmp *q)
{
	bool connected = q->monitor->connected;

	if (q->dead || q->told)
		return;
	q->told = true;
	q->refused = false;
	if (connected)
		begin_anew(q);
	if (q->callbacks.state)
		q->callbacks.state(connected, q->arg);
}

/* If a pause is already running, the request joins it. */
static void pause_for(struct qmp *q, enum what what, uint64_t us)
{
	bool begins = !q->paused;

	q->paused |= 1U << what;
	if (!begins)
		return;
	sd_event_source_set_time_relative(q->timer, us);
	sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
}

/* A refusal during a pause does not lengthen the next one. */
static void pause_after_refusal(struct qmp *q, enum what what)
{
	uint64_t wait = 0;

	if (!q->paused)
		wait = retry_after(&q->refusals, &pace_refused);
	pause_for(q, what, wait / CLOCK_US);
}

static int on_pause_end(sd_event_source *s, uint64_t usec, void *arg)
{
	struct qmp *q = arg;

	(void)s;
	(void)usec;
	if (q->leaves) {
		log_line(LOG_NOTICE, q->port, "QMP socket %s, device %s: the guest's link could not be set up: QEMU does not answer",
			 q->monitor->path, q->device);
		qmp_free(q);
		return 0;
	}
	q->paused = 0;
	/* The client may have joined a connection that others use already. */
	if (q->monitor->connected)
		client_tell(q);
	monitor_work(q->monitor);
	return 0;
}

/* ---- answers ---- */

static void tell_trouble(struct qmp *q, const char *why, bool news)
{
	if (q->callbacks.trouble)
		q->callbacks.trouble(why, news, q->arg);
	else if (why && news)
		log_line(LOG_NOTICE, q->port, "%s", why);
}

static void take_refusal(struct qmp *q, enum what what, const char *why)
{
	char text[QMP_WHY_SIZE];

	snprintf(text, sizeof(text), "QMP socket %s, device %s: %s",
		 q->monitor->path, q->device, why);
	if (!q->refused)
		tell_trouble(q, text, true);
	q->refused = true;
	if (what == QUERY && q->callbacks.filter)
		q->callbacks.filter(NULL, q->arg);
	/* A request that came meanwhile was not refused. */
	if (what == ANNOUNCE || (what == SET_LINK && q->link_due))
		return;
	/* The NIC may not be plugged yet, or no longer. */
	if (what == SET_LINK)
		q->link_due = true;
	else
		q->query_due = true;
	pause_after_refusal(q, what);
}

static void end_refusal(struct qmp *q)
{
	if (q->refused)
		tell_trouble(q, NULL, false);
	q->refused = false;
}

static void take_filter(struct qmp *q, const json_t *value)
{
	struct qmp_filter f;
	int err = qmp_filter_parse(value, q->device, &f);

	if (err) {
		take_refusal(q, QUERY, err == -ENOENT ?
			     "the answer is about another NIC" :
			     "the NIC's filter can't be understood");
		return;
	}
	retry_reset(&q->refusals);
	end_refusal(q);
	if (q->callbacks.filter)
		q->callbacks.filter(&f, q->arg);
	qmp_filter_release(&f);
}

/* An answer to a command sent before qmp_free_link_up() is not the last one. */
static void take_last_answer(struct qmp *q, enum what what, const char *error)
{
	if (what != SET_LINK || q->link_due)
		return;
	if (error)
		log_line(LOG_WARNING, q->port, "QMP socket %s, device %s: %s",
			 q->monitor->path, q->device, error);
	qmp_free(q);
}

static void on_answer(const json_t *value, const char *error, void *arg)
{
	struct monitor *m = arg;
	struct qmp *q = m->who;
	enum what what = m->what;

	m->who = NULL;
	m->what = NOTHING;
	if (!q || q->dead)
		return;
	if (q->leaves) {
		take_last_answer(q, what, value ? NULL : error);
	} else if (!value) {
		take_refusal(q, what, error);
	} else if (what == QUERY) {
		take_filter(q, value);
	} else if (what == SET_LINK) {
		retry_reset(&q->refusals);
		end_refusal(q);
	}
}

/*
 * QEMU sends this event once, and again only after the next query.  A guest may
 * change its lists a thousand times a second, so queries are rate-limited.
 */
static void want_query(struct qmp *q)
{
	uint64_t now = 0;
	uint64_t since;

	if (q->query_due)
		return;
	q->query_due = true;
	sd_event_now(q->monitor->hub->loop, CLOCK_MONOTONIC, &now);
	since = now - q->queried_at;
	if (!q->queried_at || since >= 2 * q->every)
		query_often_again(q);
	else
		query_less_often(q);
	if (q->queried_at && since < q->every)
		pause_for(q, QUERY, q->every - since);
}

/*
 * QEMU does not report that a reset empties the lists, and so does a migration
 * until it is complete.
 */
static bool may_change_filter(const char *event)
{
	return !strcmp(event, "RESET") || !strcmp(event, "RESUME") ||
	       !strcmp(event, "DEVICE_DELETED");
}

static void on_event(const char *name, const json_t *data, void *arg)
{
	bool changed = !strcmp(name, "NIC_RX_FILTER_CHANGED");
	bool any = may_change_filter(name);
	struct monitor *m = arg;
	const char *nic = NULL;
	struct qmp *q;

	/* A NIC without an id has no name in the event. */
	if (changed)
		nic = json_string_value(json_object_get(data, "name"));
	for (q = m->clients; q; q = q->next)
		if (!q->dead && q->callbacks.filter &&
		    (any || (nic && !strcmp(nic, q->device))))
			want_query(q);
}

static void on_idle(void *arg)
{
	monitor_work(arg);
}

/* The event may concern all clients of the socket. */
static void on_trouble(const char *why, bool news, void *arg)
{
	struct monitor *m = arg;
	char text[QMP_WHY_SIZE];
	bool logged = false;
	struct qmp *q;

	snprintf(text, sizeof(text), "QMP socket %s: %s", m->path,
		 why ? why : "");
	for (q = m->clients; q; q = q->next) {
		if (q->dead || (logged && !q->callbacks.trouble))
			continue;
		logged |= !q->callbacks.trouble;
		tell_trouble(q, why ? text : NULL, news);
	}
}

static void on_unwatched(const char *dir, const char *why, void *arg)
{
	const struct monitor *m = arg;
	const struct qmp *q;

	for (q = m->clients; q; q = q->next)
		if (!q->dead)
			log_line(LOG_NOTICE, q->port, "QMP socket %s: %s can't be watched: %s",
				 m->path, dir, why);
}

static void on_state(bool connected, void *arg)
{
	struct monitor *m = arg;
	struct qmp *q;

	m->connected = connected;
	m->who = NULL;
	m->what = NOTHING;
	for (q = m->clients; q; q = q->next)
		q->told = false;
	for (q = m->clients; q; q = q->next)
		client_tell(q);
}

/* ---- monitors ---- */

static void monitor_free(struct monitor *m)
{
	struct monitor **at = &m->hub->monitors;

	while (*at && *at != m)
		at = &(*at)->next;
	if (*at)
		*at = m->next;
	qmp_conn_free(m->conn);
	free(m->path);
	free(m);
}

static int monitor_get(struct qmp_hub *hub, const char *path,
		       struct monitor **out)
{
	static const struct qmp_conn_ops ops = {
		.state = on_state,
		.event = on_event,
		.answer = on_answer,
		.trouble = on_trouble,
		.unwatched = on_unwatched,
		.idle = on_idle,
	};
	struct monitor *m;
	int err = -ENOMEM;

	for (m = hub->monitors; m; m = m->next) {
		if (!strcmp(m->path, path)) {
			*out = m;
			return 0;
		}
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->hub = hub;
	m->path = strdup(path);
	if (m->path)
		err = qmp_conn_new(hub->loop, path, &ops, m, &m->conn);
	if (err) {
		monitor_free(m);
		return err;
	}
	m->next = hub->monitors;
	hub->monitors = m;
	*out = m;
	return 0;
}

/* ---- clients ---- */

static void client_free(struct qmp *q)
{
	sd_event_source_disable_unref(q->timer);
	free(q->device);
	free(q->port);
	free(q);
}

/* Releases dead clients, and sockets without clients. */
static void reap(struct qmp_hub *hub)
{
	struct monitor *next;
	struct monitor *m;
	struct qmp **at;
	struct qmp *q;

	for (m = hub->monitors; m; m = next) {
		next = m->next;
		at = &m->clients;
		while ((q = *at)) {
			if (!q->dead) {
				at = &q->next;
				continue;
			}
			*at = q->next;
			if (m->who == q)
				m->who = NULL;
			client_free(q);
		}
		if (!m->clients)
			monitor_free(m);
	}
}

static int on_reap(sd_event_source *s, void *arg)
{
	(void)s;
	reap(arg);
	return 0;
}

int qmp_new(struct qmp_hub *hub, const char *path, const char *device,
	    const struct qmp_callbacks *callbacks, void *arg,
	    struct qmp **out)
{
	struct qmp *q = calloc(1, sizeof(*q));
	int err = -ENOMEM;

	if (!q)
		return -ENOMEM;
	q->callbacks = *callbacks;
	q->arg = arg;
	q->device = strdup(device);
	q->port = callbacks->port ? strdup(callbacks->port) : NULL;
	if (q->device && !q->port == !callbacks->port)
		err = sd_event_add_time_relative(hub->loop, &q->timer,
						 CLOCK_MONOTONIC, 0, ACCURACY,
						 on_pause_end, q);
	if (err >= 0)
		err = sd_event_source_set_priority(q->timer, PRIORITY_GUEST);
	if (err >= 0)
		err = monitor_get(hub, path, &q->monitor);
	if (err < 0) {
		client_free(q);
		return err;
	}
	q->told = !q->monitor->connected;
	q->next = q->monitor->clients;
	q->monitor->clients = q;
	*out = q;
	return 0;
}

void qmp_free(struct qmp *q)
{
	if (!q)
		return;
	q->dead = true;
	sd_event_source_set_enabled(q->timer, SD_EVENT_OFF);
	sd_event_source_set_enabled(q->monitor->hub->reaper, SD_EVENT_ONESHOT);
}

void qmp_free_link_up(struct qmp *q)
{
	static const struct qmp_callbacks nobody;

	q->callbacks = nobody;
	q->leaves = true;
	q->told = true;
	q->announce_due = false;
	q->query_due = false;
	q->paused = 0;
	sd_event_source_set_time_relative(q->timer, FAREWELL);
	sd_event_source_set_enabled(q->timer, SD_EVENT_ONESHOT);
	/*
	 * Repeat the command even if it was sent: QEMU may not have received
	 * it.
	 */
	q->link_wish = false;
	qmp_set_link(q, true);
}

/* A later reload may add the NIC again. */
static void end_farewells(const struct qmp *q)
{
	struct qmp *other;

	for (other = q->monitor->clients; other; other = other->next)
		if (other->leaves && !strcmp(other->device, q->device))
			qmp_free(other);
}

void qmp_set_link(struct qmp *q, bool up)
{
	struct monitor *m = q->monitor;
	bool said = q->link_wish && !q->link_due;

	if (!q->leaves)
		end_farewells(q);
	if (said && q->link_up == up)
		return;
	q->link_wish = true;
	q->link_up = up;
	q->link_due = true;
	retry_reset(&q->refusals);
	q->paused &= ~(1U << SET_LINK);
	monitor_work(m);
}

void qmp_announce(struct qmp *q, const struct qmp_announce *how)
{
	q->announce = *how;
	q->announce_due = true;
	monitor_work(q->monitor);
}

struct qmp_hub *qmp_hub_new(sd_event *loop)
{
	struct qmp_hub *hub = calloc(1, sizeof(*hub));

	if (!hub)
		return NULL;
	hub->loop = sd_event_ref(loop);
	if (sd_event_add_defer(loop, &hub->reaper, on_reap, hub) < 0) {
		qmp_hub_free(hub);
		return NULL;
	}
	sd_event_source_set_enabled(hub->reaper, SD_EVENT_OFF);
	return hub;
}

void qmp_hub_free(struct qmp_hub *hub)
{
	struct monitor *m;
	struct qmp *q;

	if (!hub)
		return;
	for (m = hub->monitors; m; m = m->next)
		for (q = m->clients; q; q = q->next)
			q->dead = true;
	reap(hub);
	sd_event_source_disable_unref(hub->reaper);
	sd_event_unref(hub->loop);
	free(hub);
}
