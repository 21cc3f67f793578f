// SPDX-License-Identifier: GPL-2.0
/* The link of the guest's NIC. */
#include "guest/link.h"
#include "guest/qmp.h"
#include "model/model.h"
#include "util/log.h"
#include "util/priority.h"

static void set_link(struct guest_link *l, bool up)
{
	bool changes = l->off == up;

	if (l->told && !changes)
		return;
	l->told = true;
	l->off = !up;
	qmp_set_link(l->qmp, up);
	if (changes)
		log_line(LOG_INFO, l->port->conf->name,
			 "the guest's link is set %s", up ? "up" : "down");
}

/* Returns when the link goes down; UINT64_MAX: never. */
static uint64_t off_time(const struct port *port)
{
	const struct conf_port *conf = port->conf;

	if (conf->link_initially_down && !port->told.attaches)
		return 0;
	if (conf->link_down == CONF_SPAN_NONE)
		return UINT64_MAX;
	return (port->told.detach_time ? port->told.detach_time :
		port->absent_since) + conf->link_down;
}

/* The link goes down after a delay: a guest need not see a short gap. */
void guest_link_update(struct guest_link *l)
{
	const struct port *port = l->port;
	const struct conf_port *conf = port->conf;
	uint64_t now = port->model->clock(), off_at = off_time(port);

	if (!l->qmp)
		return;
	sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
	/* Not configured: leave the guest's link alone. */
	if (conf->link_down == CONF_SPAN_NONE && !conf->link_initially_down &&
	    !l->off)
		return;
	set_link(l, port->told.lower || now < off_at);
	if (port->told.lower || now >= off_at || off_at == UINT64_MAX)
		return;
	sd_event_source_set_time(l->timer, off_at / 1000 + 1);
	sd_event_source_set_enabled(l->timer, SD_EVENT_ONESHOT);
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	guest_link_update(arg);
	return 0;
}

int guest_link_init(struct guest_link *l, sd_event *loop, struct port *port)
{
	int err = sd_event_add_time(loop, &l->timer, CLOCK_BOOTTIME, 0, 1000,
				    on_time, l);

	l->port = port;
	if (err >= 0)
		err = sd_event_source_set_priority(l->timer, PRIORITY_GUEST);
	if (err >= 0)
		err = sd_event_source_set_enabled(l->timer, SD_EVENT_OFF);
	return err < 0 ? err : 0;
}

void guest_link_release(struct guest_link *l)
{
	l->timer = sd_event_source_disable_unref(l->timer);
}
