// SPDX-License-Identifier: GPL-2.0
/*
 * Which port follows which guest's NIC, over reloads, and without memory.  QMP
 * is a list of the clients and of the last state that each one set.  The filter
 * is replaced by stubs.
 */
#include <errno.h>

#include "guest/filter.h"
#include "guest/guest.h"
#include "guest/qmp.h"
#include "loop.h"
#include "scene.h"
#include "tap.h"

#define NIC(n) "QMPSocket=/q" #n "\nQMPDevice=net0\n"
#define DOWN "GuestLinkDownSec=0\n"
#define P "[Port p]\nCandidate=a\n"

struct qmp {
	char path[16];
	bool wished, up;
};

static struct {
	struct qmp clients[8];
	size_t made;
	int freed;
	int freed_up;		/* by qmp_free_link_up() */
	int error;		/* of the next qmp_new() */
} hub;
static bool no_memory;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

/* ---- QMP ---- */

struct qmp_hub *qmp_hub_new(sd_event *loop)
{
	(void)loop;
	return (struct qmp_hub *)&hub;
}

void qmp_hub_free(struct qmp_hub *h)
{
	(void)h;
}

int qmp_new(struct qmp_hub *h, const char *path, const char *device,
	    const struct qmp_callbacks *callbacks, void *arg, struct qmp **out)
{
	struct qmp *q = &hub.clients[hub.made];

	(void)h, (void)device, (void)callbacks, (void)arg;
	if (hub.error)
		return hub.error;
	hub.made++;
	*q = (struct qmp){ .wished = false };
	snprintf(q->path, sizeof(q->path), "%s", path);
	*out = q;
	return 0;
}

void qmp_free(struct qmp *q)
{
	hub.freed += q != NULL;
}

void qmp_free_link_up(struct qmp *q)
{
	(void)q;
	hub.freed_up++;
}

void qmp_set_link(struct qmp *q, bool up)
{
	q->wished = true;
	q->up = up;
}

void qmp_announce(struct qmp *q, const struct qmp_announce *how)
{
	(void)q, (void)how;
}

/* ---- the filter ---- */

int filters_start(sd_event *loop, struct stabletap *st, struct filters **out)
{
	(void)loop, (void)st;
	*out = NULL;
	return 0;
}

void filters_stop(struct filters *fs)
{
	(void)fs;
}

int filter_new(struct filters *fs, struct port *port, struct filter **out)
{
	(void)fs, (void)port, (void)out;
	return 0;
}

void filter_free(struct filter *f)
{
	(void)f;
}

void filter_update(struct filter *f, const struct qmp_filter *said)
{
	(void)f, (void)said;
}

void filter_configured(struct filter *f, bool other_nic)
{
	(void)f, (void)other_nic;
}

void filter_port_changed(struct filter *f)
{
	(void)f;
}

void filter_leave(struct filter *f)
{
	(void)f;
}

/* ---- */

static sd_event *loop;
static struct guests *guests;

/* A port without a lower, whose guest's link is off */
static void begin(const char *conf)
{
	memset(&hub, 0, sizeof(hub));
	scene_begin("");
	if (guests_start(loop, NULL, &scene.m, &guests))
		abort();
	scene_configure(conf);
	scene_play("a p");
}

static void end(void)
{
	guests_stop(guests);
	scene_end();
}

static void test_link(struct tap *t)
{
	begin(P NIC(1) DOWN);
	ok(t, hub.made == 1 && hub.clients[0].wished && !hub.clients[0].up,
	   "the guest's link is off without a lower");
	scene_play("p@a");
	ok(t, hub.clients[0].up, "and on with one");
	end();
	ok(t, hub.freed == 1 && !hub.freed_up,
	   "a daemon that ends leaves it as it is");
}

static void test_reload(struct tap *t)
{
	begin(P NIC(1) DOWN);
	scene_configure(P NIC(1) DOWN "LossDelaySec=1\n");
	ok(t, hub.made == 1 && !hub.freed, "a NIC stays over a reload");
	scene_configure(P NIC(2) DOWN);
	ok(t, hub.made == 2 && hub.freed_up == 1 && !hub.freed,
	   "the link of a NIC that the port has left is set up");
	ok(t, hub.clients[1].wished && !hub.clients[1].up,
	   "the link of the port's new NIC is set down");
	scene_configure("[Port q]\nCandidate=a\n" NIC(2) DOWN);
	ok(t, hub.made == 3 && hub.freed == 1 && hub.freed_up == 1,
	   "a NIC that another port has now is left to that port");
	scene_configure("");
	ok(t, hub.freed == 1 && hub.freed_up == 2,
	   "the link of a dropped port's NIC is set up");
	end();
}

/* Called before and after guest/ for each port that is configured */
static void lose_memory(struct port *port, const struct conf_port *before,
			void *arg)
{
	(void)port;
	no_memory = arg && before;
}

static void lose_memory_dropped(struct port *port, void *arg)
{
	(void)port;
	no_memory = arg;
}

static void test_no_memory(struct tap *t)
{
	static const struct model_ops ops = {
		.port_configured = lose_memory,
		.port_dropped = lose_memory_dropped,
	};

	memset(&hub, 0, sizeof(hub));
	scene_begin("");
	model_watch(&scene.m, &ops, &hub);
	if (guests_start(loop, NULL, &scene.m, &guests))
		abort();
	model_watch(&scene.m, &ops, NULL);
	scene_configure(P NIC(1) DOWN);
	scene_play("a p");
	scene_configure(P);
	ok(t, hub.freed_up == 1, "to leave a NIC needs no memory");
	scene_configure(P NIC(1) DOWN);
	ok(t, hub.made == 1, "without memory a NIC is not followed");
	scene_configure("");
	scene_configure(P NIC(1) DOWN);
	scene_configure("");
	ok(t, hub.made == 2 && hub.freed_up == 2,
	   "dropping a port needs no memory");
	end();
}

static void test_again(struct tap *t)
{
	begin(P);
	hub.error = -ENOMEM;
	scene_configure(P NIC(1) DOWN);
	ok(t, !hub.made && scene_port("p")->guest.monitor == MONITOR_NONE,
	   "a NIC that can't be followed");
	hub.error = 0;
	scene_configure(P NIC(1) DOWN);
	ok(t, hub.made == 1 &&
	   scene_port("p")->guest.monitor == MONITOR_CONNECTING,
	   "is tried again with the next reload");
	end();
}

int main(void)
{
	struct tap t = { 0 };

	log_capture();
	if (sd_event_new(&loop) < 0)
		return 1;
	test_link(&t);
	test_reload(&t);
	test_no_memory(&t);
	test_again(&t);
	sd_event_unref(loop);
	return tap_end(&t);
}
