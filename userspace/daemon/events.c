// SPDX-License-Identifier: GPL-2.0
/*
 * Following rtnetlink: subscribe, dump, follow.  Events come in order, so what
 * is older than the dump is put right by what follows it.  When some were lost
 * (the socket's buffer was full) all is asked for again, after the buffer has
 * been emptied: until then the kernel goes on dropping without a word.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <syslog.h>
#include <systemd/sd-device.h>
#include <stdlib.h>
#include <unistd.h>

#include "core.h"

/* Bytes of socket buffer; tests make it tiny, to lose events. */
#define RCVBUF (1 << 20)
#define RESYNC_AGAIN_US 500000
#define DRAIN_ATTEMPTS 100

static void forget(struct daemon *d, int ifindex)
{
	struct port *port = port_by_ifindex(d, ifindex);

	if (port) {
		port_event(port, NULL);
		sweep_due(d);
	}
	stabletap_links_drop(&d->links, ifindex);
	select_update(d, ifindex, NULL);
}

/*
 * A parent sends a notice for each child that is made on it, in which nothing
 * is new but counters; its hundreds of ports need not look again each time.
 */
static bool is_news(const struct stabletap_link *old,
		    const struct stabletap_link *now)
{
	struct stabletap_link a = *old;
	struct stabletap_link b = *now;

	a.altnames = NULL;
	b.altnames = NULL;
	/* Padding that is not the same costs a look, no more. */
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-*) */
	return memcmp(&a, &b, sizeof(a)) != 0 ||
	       (a.altnames_len && memcmp(old->altnames, now->altnames,
					 a.altnames_len) != 0);
}

static int on_device(const struct stabletap_link *link, bool gone, void *arg)
{
	struct daemon *d = arg;
	const struct stabletap_link *old;
	struct stabletap_link copy = *link;
	struct port *port;
	int err;

	old = stabletap_links_find(&d->links, link->ifindex);
	if (gone) {
		forget(d, link->ifindex);
		return 0;
	}
	if (old && !is_news(old, link)) {
		pools_notice(d, link->ifindex);
		return 0;
	}

	/* An ifindex that is used again, by a device of another kind */
	if (old && stabletap_link_is_port(old) && !stabletap_link_is_port(link))
		forget(d, link->ifindex);
	copy.altnames = NULL;
	if (link->altnames_len) {
		copy.altnames = malloc(link->altnames_len);
		if (!copy.altnames)
			return -ENOMEM;
		memcpy(copy.altnames, link->altnames, link->altnames_len);
	}
	err = stabletap_links_put(&d->links, &copy);
	if (err) {
		free(copy.altnames);
		return err;
	}
	if (!link->master && stabletap_child_is(link, NULL))
		sweep_due(d);
	if (!stabletap_link_is_port(link)) {
		select_update(d, link->ifindex,
			      stabletap_links_find(&d->links, link->ifindex));
		return 0;
	}
	/* It may have got another port's name, or lost one. */
	port = port_by_ifindex(d, link->ifindex);
	if (port && strcmp(port->conf->name, link->name) != 0)
		port_event(port, NULL);
	port = port_by_name(d, link->name);
	if (port)
		port_event(port, link);
	pools_look(d, link->ifindex);
	return 0;
}

static void take_ports(struct daemon *d)
{
	const struct stabletap_link *link;
	size_t i;

	for (i = 0; i < d->ports_n; i++) {
		link = stabletap_links_find(&d->links, d->ports[i].ifindex);
		/* Gone, or renamed, or the index is another device's by now */
		if (d->ports[i].ifindex &&
		    (!link || !stabletap_link_is_port(link) ||
		     strcmp(link->name, d->ports[i].conf->name) != 0))
			port_event(&d->ports[i], NULL);
	}
	for (i = 0; i < d->links.n; i++) {
		struct port *port;

		link = d->links.v[i];
		port = stabletap_link_is_port(link) ?
		       port_by_name(d, link->name) : NULL;
		if (port)
			port_event(port, link);
	}
	for (i = 0; i < d->ports_n; i++)
		port_dirty(&d->ports[i]);
}

/* Read until there is no more; whether that was reached. */
static bool drain(struct daemon *d)
{
	int err, n;

	for (n = 0; n < DRAIN_ATTEMPTS; n++) {
		err = stabletap_monitor_read(d->mon, on_device, d);
		if (err != -ENOBUFS)
			return !err;
	}
	return false;
}

int events_resync(struct daemon *d)
{
	struct stabletap_links now = { 0 };
	bool drained = drain(d);
	int err;

	d->resyncs++;
	err = stabletap_link_dump(d->st, NULL, &now);
	/* Troubled: something may be missing in it, so once more later. */
	if (err || !drained) {
		sd_event_source_set_time_relative(d->resync, RESYNC_AGAIN_US);
		sd_event_source_set_enabled(d->resync, SD_EVENT_ONESHOT);
	}
	if (err < 0) {
		log_port(LOG_ERR, NULL, "can't list the devices: %s",
			 strerror(-err));
		return err;
	}
	stabletap_links_release(&d->links);
	d->links = now;
	select_all(d);
	take_ports(d);
	sweep_due(d);
	return 0;
}

static int on_resync(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	events_resync(arg);
	return 0;
}

int events_read(struct daemon *d)
{
	int err = stabletap_monitor_read(d->mon, on_device, d);

	if (!err)
		return 0;
	if (err == -ENOBUFS)
		log_port(LOG_INFO, NULL,
			 "events were lost, all devices are looked at again");
	else
		log_port(LOG_WARNING, NULL, "can't read events: %s",
			 strerror(-err));
	return events_resync(d);
}

static int on_readable(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	(void)s, (void)fd, (void)revents;
	events_read(arg);
	return 0;
}

/* The control device has come: the module has been loaded. */
static int on_dev(sd_event_source *s, const struct inotify_event *event,
		  void *arg)
{
	struct daemon *d = arg;
	size_t i;

	(void)s;
	if (event->len && strcmp(event->name, STABLETAP_KIND) != 0)
		return 0;
	for (i = 0; i < d->ports_n; i++) {
		d->ports[i].retry_at = 0;
		port_dirty(&d->ports[i]);
	}
	return 0;
}

/* udev has named a device, or its properties have changed. */
static int on_udev(sd_device_monitor *m, sd_device *device, void *arg)
{
	const struct stabletap_link *link;
	struct daemon *d = arg;
	sd_device_action_t action;
	int ifindex = 0;

	(void)m;
	if (sd_device_get_ifindex(device, &ifindex) < 0)
		return 0;
	/* What the kernel has said of it comes first. */
	events_read(d);
	link = stabletap_links_find(&d->links, ifindex);
	if (!link)
		return 0;
	select_update(d, ifindex, link);
	if (sd_device_get_action(device, &action) >= 0 &&
	    action == SD_DEVICE_ADD)
		select_initialized(d, link);
	return 0;
}

static int udev_start(struct daemon *d)
{
	int err;

	if (access("/run/udev/control", F_OK))
		return 0;
	err = sd_device_monitor_new(&d->udev);
	if (err >= 0)
		err = sd_device_monitor_filter_add_match_subsystem_devtype(
			d->udev, "net", NULL);
	if (err >= 0)
		err = sd_device_monitor_set_receive_buffer_size(d->udev,
								16 << 20);
	if (err >= 0)
		err = sd_device_monitor_attach_event(d->udev, d->loop);
	if (err >= 0)
		err = sd_device_monitor_start(d->udev, on_udev, d);
	return err;
}

int events_start(struct daemon *d)
{
	const char *rcvbuf = getenv("STABLETAPD_RCVBUF");
	int err;

	err = stabletap_monitor_open(&d->mon, rcvbuf ?
				     (int)strtol(rcvbuf, NULL, 10) : RCVBUF);
	if (err)
		return err;
	err = sd_event_add_io(d->loop, NULL, stabletap_monitor_fd(d->mon),
			      EPOLLIN, on_readable, d);
	if (err >= 0)
		err = sd_event_add_time_relative(d->loop, &d->resync,
						 CLOCK_MONOTONIC, 0, 0,
						 on_resync, d);
	if (err >= 0)
		err = sd_event_source_set_enabled(d->resync, SD_EVENT_OFF);
	if (err >= 0)
		err = sd_event_add_inotify(d->loop, NULL, "/dev", IN_CREATE,
					   on_dev, d);
	if (err >= 0)
		err = udev_start(d);
	return err < 0 ? err : 0;
}

void events_stop(struct daemon *d)
{
	sd_device_monitor_unref(d->udev);
	sd_event_source_disable_unref(d->resync);
	stabletap_monitor_close(d->mon);
	stabletap_links_release(&d->links);
}
