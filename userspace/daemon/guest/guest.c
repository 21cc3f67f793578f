// SPDX-License-Identifier: GPL-2.0
/* One guest's NIC for each port that has QMPSocket=. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/filter.h"
#include "guest/guest.h"
#include "guest/link.h"
#include "guest/qmp.h"
#include "model/event.h"
#include "model/model.h"
#include "util/log.h"

/* As QEMU announces after a migration: 0, 50, 200, 450, 800 ms */
static const struct qmp_announce announcement = {
	.initial = 50, .max = 550, .rounds = 5, .step = 100,
};

/* A NIC, by its monitor's socket and its id there */
struct nic {
	char *socket;
	char *device;
	/*
	 * List of NICs that their ports have left, until all ports are
	 * configured.  It is part of the NIC because leaving must not fail for
	 * lack of memory: the guest's link would stay down.
	 */
	struct nic *next;
	struct qmp *qmp;
	bool off;		/* the daemon has set its link off */
	char port[STABLETAP_NAME_SIZE];
};

struct guest {
	struct guests *owner;
	struct port *port;
	struct nic *nic;	/* NULL: none is configured */
	bool connected;		/* to its monitor */
	struct guest_link link;
	struct filter *filter;	/* NULL: no filter to follow */
};

struct guests {
	sd_event *loop;
	struct model *m;
	size_t slot;		/* index into each port's data */
	struct qmp_hub *hub;
	struct filters *filters;
	struct nic *leaving;
};

/* ---- NICs ---- */

static void nic_free(struct nic *nic)
{
	if (!nic)
		return;
	free(nic->socket);
	free(nic->device);
	free(nic);
}

static struct nic *nic_new(const char *socket, const char *device)
{
	struct nic *nic = calloc(1, sizeof(*nic));

	if (!nic)
		return NULL;
	nic->socket = strdup(socket);
	nic->device = strdup(device);
	if (nic->socket && nic->device)
		return nic;
	nic_free(nic);
	return NULL;
}

static bool is_nic(const struct nic *nic, const char *socket,
		   const char *device)
{
	if (!nic || !socket)
		return !nic && !socket;
	return !strcmp(nic->socket, socket) && !strcmp(nic->device, device);
}

/* ---- what QEMU says ---- */

/*
 * Updates the state for status.  @why: the monitor is unusable; NULL: it is
 * not.
 */
static void show_monitor(struct guest *g, const char *why)
{
	struct port_guest *told = &g->port->guest;

	told->monitor = why ? MONITOR_REFUSED : g->connected ?
			MONITOR_CONNECTED : MONITOR_CONNECTING;
	snprintf(told->why, sizeof(told->why), "%s", why ? why : "");
}

static void on_state(bool connected, void *arg)
{
	struct guest *g = arg;

	g->connected = connected;
	show_monitor(g, NULL);
	log_line(LOG_INFO, g->port->conf->name, connected ?
		 "QEMU's monitor listens" : "QEMU's monitor is gone");
	if (!connected && g->filter)
		filter_update(g->filter, NULL);
}

static void on_trouble(const char *why, bool news, void *arg)
{
	struct guest *g = arg;

	show_monitor(g, why);
	if (why && news)
		log_line(LOG_NOTICE, g->port->conf->name, "%s", why);
}

static void on_filter(const struct qmp_filter *f, void *arg)
{
	struct guest *g = arg;

	if (g->filter)
		filter_update(g->filter, f);
}

/* ---- a port's NIC ---- */

static int nic_open(struct guest *g, const struct conf_port *conf)
{
	const struct qmp_callbacks callbacks = {
		.port = conf->name, .filter = on_filter, .state = on_state, .trouble = on_trouble,
	};
	int err;

	if (!conf->qmp_socket)
		return 0;
	g->nic = nic_new(conf->qmp_socket, conf->qmp_device);
	if (!g->nic)
		return -ENOMEM;
	err = qmp_new(g->owner->hub, conf->qmp_socket, conf->qmp_device,
		      &callbacks, g, &g->link.qmp);
	if (err) {
		/* Forget the NIC, so that the next reload tries again. */
		nic_free(g->nic);
		g->nic = NULL;
		return err;
	}
	g->port->guest.monitor = MONITOR_CONNECTING;
	return 0;
}

/*
 * The port gives up its NIC.  Whether another port takes it over is known when
 * all ports have been configured.
 */
static void nic_leave(struct guest *g)
{
	struct nic *nic = g->nic;

	if (nic) {
		nic->qmp = g->link.qmp;
		nic->off = g->link.off;
		snprintf(nic->port, sizeof(nic->port), "%s",
			 g->port->conf->name);
		nic->next = g->owner->leaving;
		g->owner->leaving = nic;
	}
	g->nic = NULL;
	g->link.qmp = NULL;
	g->link.told = false;
	g->link.off = false;
	g->connected = false;
	g->port->guest.monitor = MONITOR_NONE;
	g->port->guest.why[0] = '\0';
}

static struct guest *guest_of(const struct guests *gs, const struct port *port)
{
	return port->data[gs->slot];
}

static struct guest *guest_with(const struct guests *gs, const struct nic *nic)
{
	struct guest *g;
	size_t i;

	for (i = 0; i < gs->m->ports_n; i++) {
		g = guest_of(gs, gs->m->ports[i]);
		if (g && is_nic(g->nic, nic->socket, nic->device))
			return g;
	}
	return NULL;
}

/* Passes the state of the NIC's link to its new port, or takes the link up. */
static void hand_over(struct guests *gs, struct nic *nic)
{
	struct guest *now = guest_with(gs, nic);

	if (now) {
		now->link.off |= nic->off;
		qmp_free(nic->qmp);
	} else if (nic->off) {
		log_line(LOG_NOTICE, nic->port,
			 "the guest's link is set up, because no port uses its NIC any more");
		qmp_free_link_up(nic->qmp);
	} else {
		qmp_free(nic->qmp);
	}
	nic_free(nic);
}

/* ---- events of the model ---- */

static struct guest *guest_new(struct guests *gs, struct port *port)
{
	struct guest *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	if (guest_link_init(&g->link, gs->loop, port)) {
		guest_link_release(&g->link);
		free(g);
		return NULL;
	}
	g->owner = gs;
	g->port = port;
	port->data[gs->slot] = g;
	return g;
}

static int configure_filter(struct guest *g, bool other_nic)
{
	if (g->filter) {
		filter_configured(g->filter, other_nic);
		return 0;
	}
	return filter_new(g->owner->filters, g->port, &g->filter);
}

static void on_port_configured(struct port *port,
			       const struct conf_port *before, void *arg)
{
	struct guests *gs = arg;
	struct guest *g = guest_of(gs, port);
	bool other;
	int err = 0;

	(void)before;
	if (!g)
		g = guest_new(gs, port);
	if (!g) {
		log_line(LOG_ERR, port->conf->name,
			 "can't follow the guest: no memory");
		return;
	}
	other = !is_nic(g->nic, port->conf->qmp_socket,
			port->conf->qmp_device);
	if (other) {
		nic_leave(g);
		err = nic_open(g, port->conf);
	}
	if (!err)
		err = configure_filter(g, other);
	if (err)
		log_line(LOG_ERR, port->conf->name,
			 "can't follow the guest: %s", strerror(-err));
}

static void on_configured(const struct conf *before, void *arg)
{
	struct guests *gs = arg;
	struct nic *nic;
	struct guest *g;
	size_t i;

	(void)before;
	while ((nic = gs->leaving)) {
		gs->leaving = nic->next;
		hand_over(gs, nic);
	}
	for (i = 0; i < gs->m->ports_n; i++) {
		g = guest_of(gs, gs->m->ports[i]);
		/* A port that was never seen has no state yet. */
		if (g && (g->port->ifindex || g->port->absent_since))
			guest_link_update(&g->link);
	}
}

static void guest_free(struct guest *g)
{
	if (g->filter)
		filter_leave(g->filter);
	filter_free(g->filter);
	guest_link_release(&g->link);
	g->port->data[g->owner->slot] = NULL;
	nic_free(g->nic);
	free(g);
}

static void on_port_dropped(struct port *port, void *arg)
{
	struct guest *g = guest_of(arg, port);

	if (!g)
		return;
	nic_leave(g);
	guest_free(g);
}

static void on_port_changed(struct port *port, const struct port_was *was,
			    void *arg)
{
	struct guest *g = guest_of(arg, port);

	if (!g)
		return;
	if (g->filter)
		filter_port_changed(g->filter);
	if (g->link.qmp && port->conf->announce &&
	    port_is_announced(port, was))
		qmp_announce(g->link.qmp, &announcement);
	guest_link_update(&g->link);
}

/* ---- start and stop ---- */

int guests_start(sd_event *loop, struct stabletap *st, struct model *m,
		 struct guests **out)
{
	static const struct model_ops ops = {
		.port_configured = on_port_configured,
		.port_dropped = on_port_dropped,
		.configured = on_configured, .port_changed = on_port_changed,
	};
	struct guests *gs = calloc(1, sizeof(*gs));

	if (!gs)
		return -ENOMEM;
	gs->loop = loop;
	gs->m = m;
	*out = gs;
	gs->hub = qmp_hub_new(loop);
	if (!gs->hub)
		return -ENOMEM;
	gs->slot = model_watch(m, &ops, gs);
	return filters_start(loop, st, &gs->filters);
}

void guests_stop(struct guests *gs)
{
	struct guest *g;
	size_t i;

	if (!gs)
		return;
	for (i = 0; i < gs->m->ports_n; i++) {
		g = guest_of(gs, gs->m->ports[i]);
		if (!g)
			continue;
		qmp_free(g->link.qmp);
		guest_free(g);
	}
	filters_stop(gs->filters);
	if (gs->hub)
		qmp_hub_free(gs->hub);
	free(gs);
}
