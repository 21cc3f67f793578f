// SPDX-License-Identifier: GPL-2.0
/* Announces ports to the network: which frames, and when. */
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "frames.h"
#include "model/event.h"
#include "model/lower.h"
#include "model/model.h"
#include "sender.h"
#include "tell/announce.h"
#include "tell/speakers.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/priority.h"

/* As QEMU's announce-self: from the start, in ms. */
static const unsigned int at_ms[] = { 0, 50, 200, 450, 800 };

#define TIMES (sizeof(at_ms) / sizeof(*at_ms))
#define FRAMES_MAX 128
#define VLANS_MAX 64		/* the guest's VLANs per round */
/* A round may be this late, so that one wake-up serves many ports. */
#define LATE_US 10000
/*
 * After this time no other round is sent in the same turn of the loop, so that
 * other work has its turn.
 */
#define TURN_NS CLOCK_MS

/* One port's announcement under way */
struct round {
	STAILQ_ENTRY(round) entry;
	struct announcer *owner;
	int port;
	int ifindex;
	uint8_t mac[6];
	bool stacked;
	unsigned int time;	/* index of the next round in @at_ms */
	uint64_t due;		/* the next round; CLOCK_MONOTONIC */
	unsigned int sent;
	struct announce_frame *frames;
	size_t frames_n;
	uint16_t *vlans;	/* of the guest */
	size_t vlans_n;
	size_t vlan;		/* index of the next VLAN */
};

STAILQ_HEAD(rounds, round);

struct announcer {
	struct stabletap *st;
	int fd;
	sd_event_source *now;	/* there is a first round to send */
	sd_event_source *later;
	/*
	 * A queue for each of @at_ms.  As the time from one to the next is the
	 * same for all, each queue is sorted by @due.
	 */
	struct rounds at[TIMES];
};

static void round_free(struct round *r)
{
	free(r->frames);
	free(r->vlans);
	free(r);
}

static void round_end(struct round *r)
{
	STAILQ_REMOVE(&r->owner->at[r->time], r, round, entry);
	round_free(r);
}

/* -ENODEV: the device is gone, so the announcement ends. */
static int send_frame(const struct round *r, const struct announce_frame *f)
{
	int err = sender_send(r->owner->fd, r->ifindex, f);

	return err == -ENXIO ? -ENODEV : err;
}

static struct announce_frame *add_frame(struct round *r)
{
	return r->frames_n < FRAMES_MAX ? &r->frames[r->frames_n++] : NULL;
}

static void add_speaker(const struct speaker *s, void *arg)
{
	struct announce_frame *f;
	struct round *r = arg;

	/*
	 * The speaker without tags is the port, whose RARP is the first frame.
	 */
	if (!s->tags.n)
		return;
	f = add_frame(r);
	if (f)
		announce_rarp(f, &s->tags, s->mac);
}

static void add_address(const struct speaker *s, int family,
			const uint8_t *ip, void *arg)
{
	struct round *r = arg;
	struct announce_frame *f = add_frame(r);

	if (!f)
		return;
	if (family == AF_INET)
		announce_arp(f, &s->tags, s->mac, ip);
	else
		announce_na(f, &s->tags, s->mac, ip, s->router);
}

/* Without memory or rtnetlink the port's RARP still goes out. */
static int gather(struct round *r)
{
	static const struct announce_tags none;
	struct announce_frame *shrunk;
	int err;

	r->frames = calloc(FRAMES_MAX, sizeof(*r->frames));
	if (!r->frames)
		return -ENOMEM;
	announce_rarp(add_frame(r), &none, r->mac);
	err = speakers_list(r->owner->st, r->port, r->mac, r->stacked,
			    add_speaker, add_address, r);
	if (err)
		log_line(LOG_DEBUG, NULL,
			 "can't list the addresses of port %d: %s",
			 r->port, strerror(-err));
	shrunk = realloc(r->frames, r->frames_n * sizeof(*r->frames));
	if (shrunk)
		r->frames = shrunk;
	return 0;
}

/*
 * If the device is down or its queue full, the next round may succeed.  After
 * -ENODEV none will.
 */
static int send_and_count(struct round *r, const struct announce_frame *f,
			  int result)
{
	int err = send_frame(r, f);

	if (!err)
		r->sent++;
	return err && result != -ENODEV ? err : result;
}

static int send_round(struct round *r)
{
	struct announce_tags tags = { .n = 1, .proto = { ETH_P_8021Q } };
	struct announce_frame f;
	int err = 0;
	size_t i;

	for (i = 0; i < r->frames_n && err != -ENODEV; i++)
		err = send_and_count(r, &r->frames[i], err);
	for (i = 0; i < r->vlans_n && i < VLANS_MAX && err != -ENODEV; i++) {
		tags.id[0] = r->vlans[r->vlan];
		r->vlan = (r->vlan + 1) % r->vlans_n;
		announce_rarp(&f, &tags, r->mac);
		err = send_and_count(r, &f, err);
	}
	return err;
}

static void log_failure(const struct round *r, int err)
{
	char port[IF_NAMESIZE] = "?";
	char dev[32] = "a device that is gone";

	/* These leave the text as it is if there is no such device. */
	if_indextoname((unsigned int)r->port, port);
	if_indextoname((unsigned int)r->ifindex, dev);
	log_line(LOG_NOTICE, port, "could not be announced on %s: %s", dev,
		 strerror(-err));
}

/* @r is in no queue, and may be freed. */
static void send_next(struct announcer *a, struct round *r)
{
	unsigned int before = r->time++;
	int err = before ? 0 : gather(r);

	if (!err)
		err = send_round(r);
	if (r->time < TIMES && err != -ENODEV && err != -ENOMEM) {
		r->due = clock_awake() +
			 (at_ms[r->time] - at_ms[before]) * CLOCK_MS;
		STAILQ_INSERT_TAIL(&a->at[r->time], r, entry);
		return;
	}
	if (err && !r->sent)
		log_failure(r, err);
	round_free(r);
}

/* ---- when ---- */

/* A first round comes before repeats that are due. */
static struct round *take_due(struct announcer *a, uint64_t now)
{
	struct round *r;
	unsigned int i;

	for (i = 0; i < TIMES; i++) {
		r = STAILQ_FIRST(&a->at[i]);
		if (!r || r->due > now)
			continue;
		STAILQ_REMOVE_HEAD(&a->at[i], entry);
		return r;
	}
	return NULL;
}

static void set_timers(struct announcer *a)
{
	const struct round *r;
	uint64_t next = 0;
	unsigned int i;

	for (i = 1; i < TIMES; i++) {
		r = STAILQ_FIRST(&a->at[i]);
		if (r && (!next || r->due < next))
			next = r->due;
	}
	sd_event_source_set_enabled(a->now, STAILQ_EMPTY(&a->at[0]) ?
				    SD_EVENT_OFF : SD_EVENT_ONESHOT);
	sd_event_source_set_time(a->later, next / CLOCK_US + 1);
	sd_event_source_set_enabled(a->later, next ? SD_EVENT_ONESHOT :
						     SD_EVENT_OFF);
}

static void send_due(struct announcer *a)
{
	uint64_t began = clock_awake();
	struct round *r;

	while ((r = take_due(a, began))) {
		send_next(a, r);
		if (clock_awake() - began > TURN_NS)
			break;
	}
	set_timers(a);
}

static int on_now(sd_event_source *s, void *arg)
{
	(void)s;
	send_due(arg);
	return 0;
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	send_due(arg);
	return 0;
}

/* The priority is low: attaching other ports comes first. */
static int add_sources(struct announcer *a, sd_event *loop)
{
	int err = sd_event_add_defer(loop, &a->now, on_now, a);

	if (err >= 0)
		err = sd_event_source_set_priority(a->now, PRIORITY_ANNOUNCE);
	if (err >= 0)
		err = sd_event_add_time(loop, &a->later, CLOCK_MONOTONIC, 0,
					LATE_US, on_time, a);
	if (err >= 0)
		err = sd_event_source_set_priority(a->later, PRIORITY_ANNOUNCE);
	if (err >= 0)
		set_timers(a);
	return err;
}

/* ---- start and stop ---- */

struct announcer *announcer_new(sd_event *loop, struct stabletap *st)
{
	struct announcer *a = calloc(1, sizeof(*a));
	unsigned int i;

	if (!a)
		return NULL;
	a->st = st;
	a->fd = -1;
	for (i = 0; i < TIMES; i++)
		STAILQ_INIT(&a->at[i]);
	if (add_sources(a, loop) < 0) {
		announcer_free(a);
		return NULL;
	}
	return a;
}

void announcer_free(struct announcer *a)
{
	struct round *r;
	unsigned int i;

	if (!a)
		return;
	for (i = 0; i < TIMES; i++)
		while ((r = STAILQ_FIRST(&a->at[i])))
			round_end(r);
	sd_event_source_disable_unref(a->now);
	sd_event_source_disable_unref(a->later);
	if (a->fd >= 0)
		close(a->fd);
	free(a);
}

static struct round *round_find(const struct announcer *a, int port)
{
	struct round *r;
	unsigned int i;

	for (i = 0; i < TIMES; i++)
		STAILQ_FOREACH(r, &a->at[i], entry)
			if (r->port == port)
				return r;
	return NULL;
}

void announcer_stop(struct announcer *a, int port)
{
	struct round *r = round_find(a, port);

	if (r)
		round_end(r);
}

static int take_vlans(struct round *r, const uint16_t *vlans, size_t n)
{
	if (!n)
		return 0;
	r->vlans = malloc(n * sizeof(*vlans));
	if (!r->vlans)
		return -ENOMEM;
	memcpy(r->vlans, vlans, n * sizeof(*vlans));
	r->vlans_n = n;
	return 0;
}

int announcer_start(struct announcer *a, int port, int ifindex,
		    const uint8_t addr[6], bool stacked,
		    const uint16_t *vlans, size_t vlans_n)
{
	struct round *r;
	int err;

	announcer_stop(a, port);
	if (a->fd < 0)
		a->fd = sender_open();
	if (a->fd < 0)
		return a->fd;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->owner = a;
	r->port = port;
	r->ifindex = ifindex;
	r->stacked = stacked;
	memcpy(r->mac, addr, 6);
	err = take_vlans(r, vlans, vlans_n);
	if (err) {
		round_free(r);
		return err;
	}
	STAILQ_INSERT_TAIL(&a->at[0], r, entry);
	set_timers(a);
	return 0;
}

/* ---- events ---- */

/*
 * Send by a child's parent: a broadcast sent by a child is copied to each other
 * child, of which there may be hundreds.
 */
static void announce(struct announcer *a, const struct port *port)
{
	const struct device *self = model_device(port->model, port->ifindex);
	const struct device *dev = port_present(port);
	int err;

	if (!self || self->link.addr_len != 6)
		return;
	err = announcer_start(a, port->ifindex,
			      dev ? dev->link.ifindex : (int)port->told.lower,
			      self->link.addr, self->uppers.n != 0,
			      port->guest.vlans, port->guest.vlans_n);
	if (err)
		log_line(LOG_WARNING, port->conf->name,
			 "can't be announced: %s", strerror(-err));
}

static void on_changed(struct port *port, const struct port_was *was,
		       void *arg)
{
	if (port->conf->announce && port_is_announced(port, was))
		announce(arg, port);
	else if (!port->told.lower && port->ifindex)
		announcer_stop(arg, port->ifindex);
}

static void on_gone(struct device *dev, void *arg)
{
	if (stabletap_link_is_port(&dev->link))
		announcer_stop(arg, dev->link.ifindex);
}

void announcer_watch(struct announcer *a, struct model *m)
{
	static const struct model_ops ops = {
		.port_changed = on_changed, .device_gone = on_gone,
	};

	model_watch(m, &ops, a);
}
