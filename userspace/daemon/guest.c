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
	if (!port->qmp || port->guest_off == !up)
		return;
	port->guest_off = !up;
	qmp_set_link(port->qmp, up);
	log_port(LOG_INFO, port, "the guest's link goes %s",
		 up ? "on" : "off");
}

static int on_link_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	set_link(arg, false);
	return 0;
}

static void on_state(bool connected, void *arg)
{
	log_port(LOG_INFO, arg, connected ? "QEMU's monitor listens" :
		 "QEMU's monitor is gone");
}

int guest_init(struct port *port)
{
	const struct qmp_callbacks callbacks = { .state = on_state };
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
	if (err < 0)
		return err;
	if (conf->link_initially_down && !port->told.lower)
		port->guest_off = true;
	qmp_set_link(port->qmp, !port->guest_off);
	return 0;
}

void guest_free(struct port *port)
{
	sd_event_source_disable_unref(port->link_timer);
	if (port->qmp)
		qmp_free(port->qmp);
}

void guest_attached(struct port *port, const struct stabletap_link *link)
{
	if (port->conf->announce && link->addr_len == 6)
		announcer_start(port->daemon->announcer, port->ifindex,
				(int)link->port.lower, link->addr);
	if (!port->qmp)
		return;
	sd_event_source_set_enabled(port->link_timer, SD_EVENT_OFF);
	set_link(port, true);
	if (port->conf->announce)
		qmp_announce(port->qmp, &announcement);
}

/* Not at once: a guest need not see what is over in a moment. */
void guest_detached(struct port *port)
{
	announcer_stop(port->daemon->announcer, port->ifindex);
	if (!port->qmp || !port->conf->link_down_set || port->guest_off)
		return;
	sd_event_source_set_time_relative(port->link_timer,
					  port->conf->link_down / 1000);
	sd_event_source_set_enabled(port->link_timer, SD_EVENT_ONESHOT);
}
