// SPDX-License-Identifier: GPL-2.0
/* Follows the addresses that devices have. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "model/model.h"
#include "util/log.h"
#include "util/priority.h"
#include "util/retry.h"
#include "watch/address.h"

struct address_watch {
	sd_event *loop;
	struct stabletap *st;
	struct model *m;
	struct stabletap_monitor *mon;
	sd_event_source *io;
	sd_event_source *again;
	struct retry retry;
};

static int on_readable(sd_event_source *s, int fd, uint32_t revents, void *arg);

static void unfollow(struct address_watch *w)
{
	w->io = sd_event_source_disable_unref(w->io);
	stabletap_monitor_close(w->mon);
	w->mon = NULL;
}

static int follow(struct address_watch *w)
{
	int err = stabletap_addr_monitor_open(&w->mon);

	if (err >= 0)
		err = sd_event_add_io(w->loop, &w->io,
				      stabletap_monitor_fd(w->mon), EPOLLIN,
				      on_readable, w);
	if (err >= 0)
		err = sd_event_source_set_priority(w->io, PRIORITY_EVENTS);
	if (err < 0)
		unfollow(w);
	return err < 0 ? err : 0;
}

static int list(struct address_watch *w)
{
	struct idset set = { 0 };
	int *v = NULL;
	size_t n, i;
	int err = stabletap_addr_list(w->st, &v, &n);

	if (err)
		return err;
	for (i = 0; i < n; i++)
		idset_add(&set, v[i]);
	free(v);
	model_addresses(w->m, &set);
	idset_release(&set);
	return 0;
}

static void retry_later(struct address_watch *w, int err)
{
	/* Log once; retry until it succeeds. */
	if (!w->retry.failures)
		log_line(LOG_WARNING, NULL,
			 "can't follow addresses for the pools: %s; retried until it succeeds",
			 strerror(-err));
	sd_event_source_set_time_relative(w->again,
		retry_after(&w->retry, &retry_refused) / 1000);
	sd_event_source_set_enabled(w->again, SD_EVENT_ONESHOT);
}

/* Follow first, then list, so that no change in between is missed. */
static void read_all(struct address_watch *w)
{
	int follow_err = w->mon ? 0 : follow(w);
	int err = list(w);

	if (!err)
		err = follow_err;
	if (err)
		retry_later(w, err);
	else
		retry_reset(&w->retry);
}

static int on_again(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	read_all(arg);
	return 0;
}

static int on_readable(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct address_watch *w = arg;

	(void)s, (void)fd, (void)revents;
	if (stabletap_addr_monitor_read(w->mon))
		read_all(w);
	return 0;
}

static void on_configured(const struct conf *before, void *arg)
{
	struct address_watch *w = arg;

	(void)before;
	if (w->m->conf->pools_n) {
		read_all(w);
		return;
	}
	unfollow(w);
	retry_reset(&w->retry);
	sd_event_source_set_enabled(w->again, SD_EVENT_OFF);
}

/* An address's message may come before that of its device. */
static void on_device(struct device *dev, const struct stabletap_link *old,
		      void *arg)
{
	struct address_watch *w = arg;

	if (!old && w->mon && dev->matches.n)
		read_all(w);
}

int address_start(sd_event *loop, struct stabletap *st, struct model *m,
		  struct address_watch **out)
{
	static const struct model_ops ops = {
		.configured = on_configured, .device_changed = on_device,
	};
	struct address_watch *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->loop = loop;
	w->st = st;
	w->m = m;
	*out = w;
	model_watch(m, &ops, w);
	err = sd_event_add_time_relative(loop, &w->again, CLOCK_MONOTONIC, 0,
					 0, on_again, w);
	if (err >= 0)
		err = sd_event_source_set_enabled(w->again, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}

void address_stop(struct address_watch *w)
{
	if (!w)
		return;
	unfollow(w);
	sd_event_source_disable_unref(w->again);
	free(w);
}
