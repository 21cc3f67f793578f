// SPDX-License-Identifier: GPL-2.0
/*
 * Decides which devices are probed, and when.  There is one probe for each
 * device and text of Probe=, however many ports have it.  It is repeated as
 * long as one of them could use the device.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "conf/probe.h"
#include "model/lower.h"
#include "model/match.h"
#include "model/model.h"
#include "probe/neighbour.h"
#include "probe/probe.h"
#include "probe/schedule.h"
#include "probe/script.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/priority.h"

#define RUNNING_MAX 16		/* programs that run at the same time */
/* Longest interval while the result is unknown */
#define FIRST_NS CLOCK_SECOND

struct probes {
	sd_event *loop;
	struct neighbours *neighbours;
	struct probe *first;
	unsigned int running;	/* programs */
};

/* ---- ports that need a probe ---- */

/*
 * By that selection, would the port use the device as the probe assumes: whole,
 * or through a child?
 */
static bool uses_as_probed(const struct port *port, const struct probe *p,
			   size_t selection)
{
	const struct conf_port *c = port->conf;
	size_t i;

	for (i = 0; i < c->candidates.n; i++)
		if (c->candidates.v[i].selector->number == selection &&
		    port_takes_whole(port_mode(port, i)) == p->entry.whole)
			return true;
	return false;
}

/* A position among a device's selections and their users */
struct cursor {
	size_t match;
	size_t user;
};

/* Returns the next port after @at that needs this probe, or NULL. */
static struct port *next_user(const struct probe *p, struct cursor *at)
{
	const struct device *dev = p->dev;
	const struct selection *sel;
	struct port *port;

	for (; at->match < dev->matches.n; at->match++, at->user = 0) {
		sel = match_selection(dev->model,
				      (size_t)dev->matches.v[at->match]);
		while (at->user < sel->users_n) {
			port = sel->users[at->user++];
			if (conf_probe_equal(&port->conf->probe, &p->spec) &&
			    uses_as_probed(port, p, sel->number))
				return port;
		}
	}
	return NULL;
}

/* @all: also ports whose next step does not depend on each answer */
static void mark_users(const struct probe *p, bool all)
{
	struct cursor at = { 0 };
	struct port *port;

	while ((port = next_user(p, &at)))
		if (all || port->awaits_probes)
			port_mark(port);
}

static void log_verdict(const struct probe *p, const char *how)
{
	char text[128];

	conf_probe_format(&p->spec, text, sizeof(text));
	log_line(LOG_NOTICE, NULL, "%s: probe '%s' %s%s%s",
		 p->dev->link.name, text,
		 p->entry.verdict.word == VERDICT_ANSWERS ? "answers" :
		 "fails", *how ? ": " : "", how);
}

/* ---- sending ---- */

static void look_at(struct probe *p, uint64_t when)
{
	sd_event_source_set_time(p->timer, when / 1000);
	sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
}

/* Returns when the next probe is due. */
static uint64_t next_time(const struct probe *p)
{
	if (!p->asked)
		return 0;
	if (p->entry.verdict.word == VERDICT_UNKNOWN &&
	    p->spec.interval > FIRST_NS)
		return p->asked + FIRST_NS;
	return p->asked + p->spec.interval;
}

static void settle(struct probe *p, bool answered, const char *how)
{
	bool news;

	p->awaited = false;
	if (answered)
		p->entry.answered = clock_awake();
	news = verdict_settle(&p->entry.verdict, &p->spec, p->asked, answered);
	if (news)
		log_verdict(p, how);
	mark_users(p, news);
	look_at(p, next_time(p));
}

static void on_heard(int ifindex, uint16_t proto, const uint8_t *data,
		     size_t len, void *arg)
{
	struct probes *ps = arg;
	struct probe *p;

	for (p = ps->first; p; p = p->next)
		if (p->dev && p->dev->link.ifindex == ifindex && p->awaited &&
		    neighbour_is_answer(p, proto, data, len))
			settle(p, true, "");
}

static void probe_free(struct probe *p);
static void ask(struct probe *p);

/* Start the probe that has waited longest. */
static void ask_waiting(struct probes *ps)
{
	struct probe *next = NULL, *p;

	for (p = ps->first; p; p = p->next)
		if (p->waits && (!next || p->asked < next->asked))
			next = p;
	if (next)
		ask(next);
}

static void on_program(const struct program_end *end, void *arg)
{
	struct probe *p = arg;
	struct probes *ps = p->owner;

	p->program = NULL;
	ps->running--;
	if (!p->dev)
		probe_free(p);
	else if (p->awaited)
		settle(p, end->good, end->text);
	else if (!p->asleep)
		look_at(p, clock_awake());
	ask_waiting(ps);
}

static int ask_script(struct probe *p)
{
	int err = script_ask(p->owner->loop, p, on_program);

	if (!err)
		p->owner->running++;
	return err;
}

/*
 * A probe that can't be sent counts as missed, so that another device is used.
 */
static void ask(struct probe *p)
{
	bool script = p->spec.kind == CONF_PROBE_SCRIPT;
	int err;

	/*
	 * A program started before the device went down may not have ended yet.
	 */
	p->waits = script && !p->program && p->owner->running >= RUNNING_MAX;
	if (p->waits || p->program)
		return;
	p->asked = clock_awake();
	p->awaited = true;
	err = script ? ask_script(p) :
	      neighbour_ask(p->owner->neighbours, p);
	if (err < 0)
		settle(p, false, strerror(-err));
	else if (!script)
		look_at(p, p->asked + p->spec.limit);
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	struct probe *p = arg;

	(void)s, (void)usec;
	/* The daemon may be late, with the answer in the socket. */
	if (p->awaited && p->spec.kind != CONF_PROBE_SCRIPT) {
		neighbour_listen(p->owner->neighbours, p);
		if (p->awaited)
			settle(p, false, "no answer");
	}
	if (next_time(p) <= clock_awake())
		ask(p);
	else
		look_at(p, next_time(p));
	return 0;
}

/* ---- one probe ---- */

/* Removes the probe from its device. */
static void leave_device(struct probe *p)
{
	struct verdict_entry **at = &p->dev->verdicts;

	while (*at && *at != &p->entry)
		at = &(*at)->next;
	if (*at)
		*at = p->entry.next;
	p->dev = NULL;
}

static void probe_free(struct probe *p)
{
	struct probe **at = &p->owner->first;

	if (p->dev)
		leave_device(p);
	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
	sd_event_source_disable_unref(p->timer);
	neighbour_forget(p->owner->neighbours, p);
	program_free(p->program);
	conf_probe_release(&p->spec);
	free(p);
}

/* The device is not usable, so earlier results don't count. */
static void probe_sleep(struct probe *p)
{
	p->asleep = true;
	p->awaited = false;
	p->waits = false;
	p->asked = 0;
	memset(&p->entry.verdict, 0, sizeof(p->entry.verdict));
	sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	if (p->program)
		program_kill(p->program, SIGKILL);
}

static void probe_forget(struct probe *p)
{
	probe_sleep(p);
	leave_device(p);
	if (!p->program)
		probe_free(p);
}

static int probe_fill(struct probe *p, const struct conf_probe *spec)
{
	int err = conf_probe_copy(&p->spec, spec);

	if (!err)
		err = sd_event_add_time(p->owner->loop, &p->timer,
					CLOCK_MONOTONIC, 0, 1000, on_time, p);
	if (err >= 0)
		err = sd_event_source_set_priority(p->timer, PRIORITY_PROBE);
	return err;
}

static int probe_add(struct probes *ps, struct device *dev,
		     const struct conf_probe *spec, bool whole)
{
	struct probe *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->owner = ps;
	p->tap = -1;
	err = probe_fill(p, spec);
	if (err < 0) {
		sd_event_source_disable_unref(p->timer);
		conf_probe_release(&p->spec);
		free(p);
		return err;
	}
	p->dev = dev;
	p->entry.whole = whole;
	p->entry.spec = &p->spec;
	p->entry.next = dev->verdicts;
	dev->verdicts = &p->entry;
	p->next = ps->first;
	ps->first = p;
	return 0;
}

/* ---- all probes of a device ---- */

static void want(struct probes *ps, struct port *port, struct device *dev,
		 enum stabletap_mode mode)
{
	bool whole = port_takes_whole(mode);
	int err = 0;

	if (!verdict_find(dev->verdicts, &port->conf->probe, whole))
		err = probe_add(ps, dev, &port->conf->probe, whole);
	if (err)
		log_line(LOG_ERR, port->conf->name, "can't probe: %s",
			 strerror(-err));
}

/* A device that could be used must have a result when it is needed. */
static void on_look(struct port *port, void *arg)
{
	const struct selection *sel;
	struct device *dev;
	size_t i, k;

	if (port->conf->probe.kind == CONF_PROBE_NONE)
		return;
	for (i = 0; i < port->conf->candidates.n; i++) {
		sel = match_candidate(port, i);
		for (k = 0; k < sel->match.n; k++) {
			dev = model_device(port->model, sel->match.v[k]);
			if (dev && device_is_usable(&dev->link) &&
			    port_can_use(port, dev, port_mode(port, i)))
				want(arg, port, dev, port_mode(port, i));
		}
	}
}

static void check(struct probe *p)
{
	struct cursor at = { 0 };

	if (!next_user(p, &at)) {
		probe_forget(p);
	} else if (!device_is_usable(&p->dev->link)) {
		if (!p->asleep)
			probe_sleep(p);
	} else if (p->asleep) {
		p->asleep = false;
		look_at(p, clock_awake());
	}
}

static void on_device(struct device *dev, const struct stabletap_link *old,
		      void *arg)
{
	struct verdict_entry *e, *next;

	(void)old, (void)arg;
	for (e = dev->verdicts; e; e = next) {
		next = e->next;
		check((struct probe *)((char *)e -
				       offsetof(struct probe, entry)));
	}
}

static void on_gone(struct device *dev, void *arg)
{
	struct probes *ps = arg;
	struct probe *p, *next;

	for (p = ps->first; dev->verdicts && p; p = next) {
		next = p->next;
		if (p->dev == dev)
			probe_forget(p);
	}
}

static void on_configured(const struct conf *before, void *arg)
{
	struct probes *ps = arg;
	struct probe *p, *next;

	(void)before;
	for (p = ps->first; p; p = next) {
		next = p->next;
		if (p->dev)
			check(p);
	}
}

/* ---- start and stop ---- */

int probes_start(sd_event *loop, struct model *m, struct probes **out)
{
	static const struct model_ops ops = {
		.port_look = on_look, .device_changed = on_device,
		.device_gone = on_gone, .configured = on_configured,
	};
	struct probes *ps = calloc(1, sizeof(*ps));

	if (!ps)
		return -ENOMEM;
	ps->loop = loop;
	*out = ps;
	ps->neighbours = neighbours_new(loop, on_heard, ps);
	if (!ps->neighbours)
		return -ENOMEM;
	model_watch(m, &ops, ps);
	return 0;
}

void probes_stop(struct probes *ps)
{
	if (!ps)
		return;
	while (ps->first)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
		probe_free(ps->first);
	neighbours_free(ps->neighbours);
	free(ps);
}
