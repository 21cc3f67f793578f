// SPDX-License-Identifier: GPL-2.0
/*
 * Follows rtnetlink: subscribe, dump, read events.  Events come in order, so
 * later events correct what the dump had too early.  If events were lost (the
 * socket's buffer was full), the socket is emptied before the next dump: until
 * then the kernel drops further events without a notice.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "model/model.h"
#include "util/log.h"
#include "util/priority.h"
#include "util/retry.h"
#include "watch/rtnl.h"

/* Bytes of socket buffer; tests make it small, to lose events. */
#define RCVBUF (1 << 20)
#define DRAIN_ATTEMPTS 100

struct rtnl {
	struct model *m;
	struct stabletap *st;
	struct stabletap_monitor *mon;
	sd_event_source *io;
	sd_event_source *again;		/* repeats the dump after a failure */
	struct retry retry;
	bool failed;			/* a request has failed */
	struct idset to_ask;		/* devices to request after events */
	struct idset away;		/* children whose parent went away */
};

/* ---- single devices ---- */

/*
 * The kernel sends no message about a child or VLAN when its parent goes to
 * another namespace or returns.  Only the answer to a request shows where the
 * parent is.
 */
static void ask_uppers(struct rtnl *r, int ifindex)
{
	const struct device *dev = model_device(r->m, ifindex);
	size_t i;

	for (i = 0; dev && i < dev->uppers.n; i++)
		idset_add(&r->to_ask, dev->uppers.v[i]);
}

static void ask_away(struct rtnl *r)
{
	size_t i;

	for (i = 0; i < r->away.n; i++)
		idset_add(&r->to_ask, r->away.v[i]);
}

static int take(struct rtnl *r, const struct stabletap_link *link)
{
	idset_make(&r->away, link->ifindex, link->link_netnsid >= 0 &&
		   device_is_stacked(link));
	return model_link(r->m, link);
}

static void forget(struct rtnl *r, int ifindex, enum port_end end)
{
	idset_drop(&r->away, ifindex);
	model_link_gone(r->m, ifindex, end);
}

/* The tables may be stale, so dump all devices later. */
static void fail(struct rtnl *r, const char *what, int err)
{
	if (!r->failed && !r->retry.failures)
		log_line(LOG_WARNING, NULL,
			 "can't %s: %s; all devices will be listed again later",
			 what, strerror(-err));
	r->failed = true;
}

static void take_answer(struct rtnl *r, struct stabletap_link *link)
{
	int err = take(r, link);

	stabletap_link_release(link);
	if (err)
		fail(r, "store a device", err);
}

static void ask(struct rtnl *r, int ifindex, enum port_end end)
{
	struct stabletap_link link;
	int err = stabletap_link_get(r->st, ifindex, &link);

	if (!err)
		take_answer(r, &link);
	else if (err == -ENODEV)
		forget(r, ifindex, end);
	else
		fail(r, "ask for a device", err);
}

static void ask_all(struct rtnl *r)
{
	size_t i;

	for (i = 0; i < r->to_ask.n; i++)
		if (model_device(r->m, r->to_ask.v[i]))
			ask(r, r->to_ask.v[i], PORT_LOST);
	idset_clear(&r->to_ask);
}

static void again_later(struct rtnl *r)
{
	sd_event_source_set_time_relative(r->again,
		retry_after(&r->retry, &retry_refused) / 1000);
	sd_event_source_set_enabled(r->again, SD_EVENT_ONESHOT);
}

/* Further failures don't postpone the dump. */
static void end_failures(struct rtnl *r)
{
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(r->again, &enabled);
	if (r->failed && enabled == SD_EVENT_OFF)
		again_later(r);
	r->failed = false;
}

void rtnl_ask_named(struct rtnl *r, const char *name)
{
	struct stabletap_link link;
	int err = stabletap_link_find(r->st, name, &link);

	if (!err)
		take_answer(r, &link);
	else if (err != -ENODEV)
		fail(r, "ask for a device", err);
	end_failures(r);
}

/* ---- events ---- */

static int on_device(const struct stabletap_link *link, bool gone, void *arg)
{
	struct rtnl *r = arg;
	bool is_new = !model_device(r->m, link->ifindex);
	int err;

	if (gone) {
		if (link->moved)
			ask_uppers(r, link->ifindex);
		forget(r, link->ifindex, link->moved ? PORT_MOVED :
		       PORT_DELETED);
		return 0;
	}
	err = take(r, link);
	if (!err && is_new)
		ask_away(r);
	return err;
}

/* Reads a bounded number of events.  Returns true if there are no more. */
static bool drain(struct rtnl *r)
{
	int err, n;

	for (n = 0; n < DRAIN_ATTEMPTS; n++) {
		err = stabletap_monitor_read(r->mon, on_device, r);
		if (err != -ENOBUFS)
			return !err;
	}
	return false;
}

/* ---- dumps ---- */

/*
 * Handles devices that the dump lacks.  An interrupted dump may lack devices
 * that exist, so these are requested one by one.
 */
static void take_missing(struct rtnl *r, const struct stabletap_links *now,
			 bool troubled)
{
	int ifindex;
	size_t i;

	for (i = r->m->devices_n; i-- > 0;) {
		ifindex = r->m->devices[i]->link.ifindex;
		if (stabletap_links_find(now, ifindex))
			continue;
		if (troubled)
			ask(r, ifindex, PORT_LOST);
		else
			forget(r, ifindex, PORT_LOST);
		/* Other devices may have gone together with this one. */
		if (i > r->m->devices_n)
			i = r->m->devices_n;
	}
}

static int take_dump(struct rtnl *r, const struct stabletap_links *now,
		     bool troubled)
{
	int err = 0;
	size_t i;

	take_missing(r, now, troubled);
	for (i = 0; i < now->n && !err; i++)
		err = take(r, now->v[i]);
	return err;
}

/* Returns 1 if the dump was interrupted, and may lack devices. */
static int dump(struct rtnl *r)
{
	struct stabletap_links now = { 0 };
	int err = stabletap_link_dump(r->st, NULL, &now);
	bool troubled = err > 0;

	if (err < 0) {
		log_line(LOG_ERR, NULL, "can't list the devices: %s",
			 strerror(-err));
		return err;
	}
	err = take_dump(r, &now, troubled);
	stabletap_links_release(&now);
	if (err) {
		fail(r, "store the devices", err);
		return err;
	}
	ask_away(r);
	ask_all(r);
	model_mark_all(r->m);
	return troubled;
}

int rtnl_resync(struct rtnl *r)
{
	bool drained = drain(r);
	int err;

	r->m->resyncs++;
	err = dump(r);
	if (err || !drained || r->failed)
		again_later(r);
	else
		retry_reset(&r->retry);
	r->failed = false;
	return err < 0 ? err : 0;
}

static int on_again(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	rtnl_resync(arg);
	return 0;
}

int rtnl_read(struct rtnl *r)
{
	int err = stabletap_monitor_read(r->mon, on_device, r);

	if (!err) {
		ask_all(r);
		end_failures(r);
		return 0;
	}
	if (err == -ENOBUFS)
		log_line(LOG_INFO, NULL,
			 "events were lost; all devices are listed again");
	else
		log_line(LOG_WARNING, NULL, "can't read events: %s",
			 strerror(-err));
	return rtnl_resync(r);
}

static int on_readable(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	(void)s, (void)fd, (void)revents;
	rtnl_read(arg);
	return 0;
}

int rtnl_start(sd_event *loop, struct stabletap *st, struct model *m,
	       struct rtnl **out)
{
	const char *rcvbuf = getenv("STABLETAPD_RCVBUF");
	struct rtnl *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->m = m;
	r->st = st;
	*out = r;
	err = stabletap_monitor_open(&r->mon, rcvbuf ?
				     (int)strtol(rcvbuf, NULL, 10) : RCVBUF);
	if (err)
		return err;
	err = sd_event_add_io(loop, &r->io, stabletap_monitor_fd(r->mon),
			      EPOLLIN, on_readable, r);
	if (err >= 0)
		err = sd_event_source_set_priority(r->io, PRIORITY_EVENTS);
	if (err >= 0)
		err = sd_event_add_time_relative(loop, &r->again,
						 CLOCK_MONOTONIC, 0, 0,
						 on_again, r);
	if (err >= 0)
		err = sd_event_source_set_priority(r->again, PRIORITY_EVENTS);
	if (err >= 0)
		err = sd_event_source_set_enabled(r->again, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}

void rtnl_stop(struct rtnl *r)
{
	if (!r)
		return;
	sd_event_source_disable_unref(r->io);
	sd_event_source_disable_unref(r->again);
	stabletap_monitor_close(r->mon);
	idset_release(&r->to_ask);
	idset_release(&r->away);
	free(r);
}
