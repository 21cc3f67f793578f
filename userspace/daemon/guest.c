// SPDX-License-Identifier: GPL-2.0
/* What the network and the guest are told when a port's lower changes. */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "core.h"
#include "qmp.h"

/* As QEMU announces after a migration: 0, 50, 200, 450, 800 ms */
static const struct qmp_announce announcement = {
	.initial = 50, .max = 550, .rounds = 5, .step = 100,
};

static void set_link(struct port *port, bool up)
{
	bool changes = port->guest_off == up;

	if (port->guest_told && !changes)
		return;
	port->guest_told = true;
	port->guest_off = !up;
	qmp_set_link(port->qmp, up);
	if (changes)
		log_port(LOG_INFO, port, "the guest's link goes %s",
			 up ? "on" : "off");
}

static int on_link_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	guest_update(arg);
	return 0;
}

static void on_state(bool connected, void *arg)
{
	log_port(LOG_INFO, arg, connected ? "QEMU's monitor listens" :
		 "QEMU's monitor is gone");
	if (!connected)
		filter_told(arg, NULL);
}

static void on_filter(const struct qmp_filter *f, void *arg)
{
	filter_told(arg, f);
}

int guest_init(struct port *port)
{
	const struct qmp_callbacks callbacks = {
		.filter = on_filter, .state = on_state,
	};
	const struct conf_port *conf = port->conf;
	struct daemon *d = port->daemon;
	int err;

	if (!conf->qmp_socket)
		return 0;
	err = sd_event_add_time(d->loop, &port->link_timer, CLOCK_BOOTTIME, 0,
				1000, on_link_timer, port);
	if (err >= 0)
		err = sd_event_source_set_enabled(port->link_timer,
						  SD_EVENT_OFF);
	if (err >= 0)
		err = qmp_new(d->qmp, conf->qmp_socket, conf->qmp_device,
			      &callbacks, port, &port->qmp);
	return err < 0 ? err : 0;
}

void guest_free(struct port *port)
{
	sd_event_source_disable_unref(port->link_timer);
	if (port->qmp)
		qmp_free(port->qmp);
}

static struct port *port_of_nic(struct daemon *d, const struct conf_port *conf)
{
	const struct conf_port *c;
	size_t i;

	for (i = 0; i < d->ports_n; i++) {
		c = d->ports[i].conf;
		if (c->qmp_socket && !strcmp(c->qmp_socket, conf->qmp_socket) &&
		    !strcmp(c->qmp_device, conf->qmp_device))
			return &d->ports[i];
	}
	return NULL;
}

void guest_hand_over(struct port *port)
{
	struct port *now;

	if (!port->qmp || !port->guest_off)
		return;
	now = port_of_nic(port->daemon, port->conf);
	if (now) {
		now->guest_off = true;
		return;
	}
	log_port(LOG_NOTICE, port,
		 "the guest's link goes on, since nobody will look after it");
	qmp_free_link_up(port->qmp);
	port->qmp = NULL;
}

static bool has_vlan(const struct port *port)
{
	const struct stabletap_links *links = &port->daemon->links;
	const struct stabletap_link *link;
	size_t i;

	for (i = 0; i < links->n; i++) {
		link = links->v[i];
		if (link->link == port->ifindex && link->link_netnsid < 0 &&
		    !strcmp(link->kind, "vlan"))
			return true;
	}
	return false;
}

/*
 * By a child's parent: what a child sends to all is given to each of the other
 * children as well, who have no use for it, and there may be hundreds.
 */
static void announce(struct port *port, const struct stabletap_link *link,
		     const uint16_t *vlans, size_t n)
{
	int lower = (int)link->port.lower;
	int dev = device_of(port->daemon, lower);
	int err = announcer_start(port->daemon->announcer, port->ifindex,
				  dev ? dev : lower, link->addr,
				  has_vlan(port), vlans, n);

	if (err)
		log_port(LOG_WARNING, port, "can't be announced: %s",
			 strerror(-err));
}

void guest_announce(struct port *port, const struct stabletap_link *link)
{
	const uint16_t *vlans;
	size_t n;

	if (!port->conf->announce)
		return;
	vlans = filter_vlans(port, &n);
	if (link->addr_len == 6)
		announce(port, link, vlans, n);
	if (port->qmp)
		qmp_announce(port->qmp, &announcement);
}

/* Off not at once: a guest need not see what is over in a moment. */
void guest_update(struct port *port)
{
	const struct conf_port *conf = port->conf;
	uint64_t now = now_ns();
	uint64_t off_at;

	if (!port->qmp)
		return;
	sd_event_source_set_enabled(port->link_timer, SD_EVENT_OFF);
	/* Who does not want it looked after has his own way with it. */
	if (!conf->link_down_set && !conf->link_initially_down &&
	    !port->guest_off)
		return;

	off_at = port->told.detach_time ? port->told.detach_time :
		 port->absent_since;
	off_at += conf->link_down;
	if (conf->link_initially_down && !port->told.attaches)
		off_at = 0;
	else if (!conf->link_down_set)
		off_at = UINT64_MAX;

	set_link(port, port->told.lower || now < off_at);
	if (port->told.lower || now >= off_at || off_at == UINT64_MAX)
		return;
	sd_event_source_set_time(port->link_timer, off_at / 1000 + 1);
	sd_event_source_set_enabled(port->link_timer, SD_EVENT_ONESHOT);
}
