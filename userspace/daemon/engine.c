// SPDX-License-Identifier: GPL-2.0
/*
 * Connects the rooms: evaluates what the agenda has, plans, and acts.
 *
 *	watch/ -> model/ -> agenda -> plan/ -> act/ -> the kernel -> watch/
 *
 * Devices are evaluated before ports, which may need them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "act/act.h"
#include "act/attach.h"
#include "act/port.h"
#include "act/sriov.h"
#include "act/sweep.h"
#include "act/up.h"
#include "act/vf.h"
#include "act/vlan.h"
#include "engine.h"
#include "file.h"
#include "guest/guest.h"
#include "model/event.h"
#include "model/refusal.h"
#include "plan/device.h"
#include "plan/port.h"
#include "probe/schedule.h"
#include "serve/request.h"
#include "tell/announce.h"
#include "tell/hooks.h"
#include "tell/journal.h"
#include "tell/metrics.h"
#include "tell/unapplied.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/priority.h"
#include "watch/address.h"
#include "watch/devnode.h"
#include "watch/override.h"
#include "watch/rtnl.h"
#include "watch/udev.h"

/* Ports evaluated in one turn of the loop, so that other work has its turn */
#define TURN 32
/*
 * Attempts in a row that meet another process at work, before one that does is
 * taken for a refusal.  They take 2.5 s.
 */
#define BUSY_MOST 7
/* A port that existed for so long is made again at once when it is deleted. */
#define LASTS_NS (60 * CLOCK_SECOND)
/* After this time a step's event counts as lost. */
#define EVENT_NS CLOCK_SECOND

static const struct retry_pace remade_pace = {
	CLOCK_SECOND / 2, 4 * CLOCK_SECOND
};

struct engine {
	sd_event *loop;
	struct stabletap *st;
	struct model *m;
	struct act act;
	sd_event_source *work;
	sd_event_source *timer;
	bool sweep_due;			/* a child may be orphaned */
	struct retry sweep_retry;
	uint64_t sweep_at;		/* not before; 0: at once */

	struct rtnl *rtnl;
	struct udev *udev;
	struct override_watch *overrides;
	struct address_watch *addresses;
	struct sriov *sriov;
	struct vf_keeper *vfs;
	struct probes *probes;
	struct guests *guests;
	struct announcer *announcer;
	struct hooks *hooks;
	struct metrics *metrics;
	struct requests *requests;
};

static void wake(void *arg)
{
	struct engine *e = arg;

	sd_event_source_set_enabled(e->work, SD_EVENT_ONESHOT);
}

/* ---- devices ---- */

static void look_at_device(struct engine *e, struct device *dev, uint64_t now)
{
	struct device_step step = plan_device(dev, now);

	agenda_set(&e->m->agenda, &dev->todo, step.look_again_at);
	switch (step.what) {
	case DEVICE_NOTHING:
		break;
	case DEVICE_AWAIT_VFS:
		sriov_await(e->sriov, dev);
		break;
	case DEVICE_SET_UP:
		up_device(&e->act, dev, now);
		break;
	case DEVICE_MAKE_VLAN:
		vlan_make(&e->act, dev, step.vlan, now);
		break;
	}
}

static void look_at_devices(struct engine *e, uint64_t now)
{
	struct todo *t;

	while ((t = agenda_take(&e->m->agenda, AGENDA_DEVICE)))
		look_at_device(e, (struct device *)((char *)t -
			       offsetof(struct device, todo)), now);
}

/* ---- ports: the result of a step ---- */

static void expect_event(struct port *port, uint64_t now)
{
	port->event_until = now + EVENT_NS;
	agenda_at(&port->model->agenda, &port->todo, port->event_until);
}

static const char *device_name(const struct engine *e, int ifindex)
{
	const struct device *dev = model_device(e->m, ifindex);

	return dev ? dev->link.name : "a device that is gone";
}

static void finish_attach(struct engine *e, struct port *port,
			  const struct step *step, enum stabletap_how how,
			  uint64_t now)
{
	struct device *dev = model_device(e->m, step->device);

	port_refusal_drop(port, step->device);
	retry_reset(&port->busy);
	port->waits = (struct port_waits){ 0 };
	if (how != STABLETAP_HOW_MODE && how != STABLETAP_HOW_KEEP) {
		if (dev)
			port_claim(port, dev);
		expect_event(port, now);
		return;
	}
	/* The device is the same, so the port's next event shows no change. */
	port_note(port, "changed", port->dev, port->dev, port->why, 0);
	port->why[0] = '\0';
}

/* Another process works on the port: look again soon. */
static void retry_soon(struct engine *e, struct port *port, uint64_t now)
{
	agenda_at(&e->m->agenda, &port->todo,
		  now + retry_after(&port->busy, &retry_busy));
}

static void note_refusal(struct engine *e, struct port *port,
			 const struct step *step, enum stabletap_how how,
			 const char *why, uint64_t now)
{
	struct device *dev = model_device(e->m, step->device);
	bool news = true;

	/*
	 * The port was detached for a mode that failed: no more attempts on
	 * this device, as long as the old mode works.
	 */
	if (how == STABLETAP_HOW_BREAK)
		port->stuck = step->device;
	if (!dev || port_refused(port, dev, why, now, &news))
		/*
		 * Without memory for a refusal, this pause keeps the port from
		 * looping.
		 */
		agenda_at(&e->m->agenda, &port->todo,
			  now + retry_refused.first);
	else
		port_mark(port);
	if (news)
		log_line(LOG_WARNING, port->conf->name,
			 "can't be attached to %s: %s",
			 device_name(e, step->device), why);
	/* An orphaned child with the port's address may be in the way. */
	e->sweep_due = true;
}

static void do_attach(struct engine *e, struct port *port,
		      const struct step *step, uint64_t now)
{
	struct device *dev = model_device(e->m, step->device);
	enum stabletap_how how = STABLETAP_HOW_CHILD;
	char why[sizeof(((struct refusal *)0)->why)];
	int err = -ENODEV;

	snprintf(port->why, sizeof(port->why), "%s", step->why);
	if (dev)
		err = attach_port(&e->act, e->vfs, port, dev, step->mode,
				  &how);
	if (!err) {
		finish_attach(e, port, step, how, now);
		port->failback = false;
		return;
	}
	/* An attach in another mode that fails may put the old lower back. */
	snprintf(port->why, sizeof(port->why), "%s",
		 how == STABLETAP_HOW_BREAK ? "another mode failed" : "");
	if (act_is_busy(err) && (!dev || port->busy.failures < BUSY_MOST)) {
		retry_soon(e, port, now);
		return;
	}
	snprintf(why, sizeof(why), "%s", act_why(&e->act, err));
	retry_reset(&port->busy);
	note_refusal(e, port, step, how, why, now);
}

static void do_create(struct engine *e, struct port *port, uint64_t now)
{
	int err = create_port(&e->act, port);

	if (!err) {
		retry_reset(&port->create_retry);
		/*
		 * If a program renames or deletes each new port, this keeps the
		 * daemon from making them as fast as it can.
		 */
		if (now > port->remade_until + LASTS_NS)
			retry_reset(&port->remade);
		port->remade_until = now + retry_after(&port->remade,
						       &remade_pace);
		expect_event(port, now);
		return;
	}
	if (err == -ENODEV) {
		port->create_until = PORT_NO_MODULE;
		return;
	}
	/* The device of that name may have been missing in a dump. */
	if (err == -EEXIST)
		rtnl_ask_named(e->rtnl, port->conf->name);
	port->create_until = now + retry_after(&port->create_retry,
					       &retry_refused);
	agenda_at(&e->m->agenda, &port->todo, port->create_until);
}

static void do_set_options(struct engine *e, struct port *port, uint64_t now)
{
	int err = set_port_options(&e->act, port);

	/* The plan goes on with the port's lower. */
	port_mark(port);
	if (err) {
		port->options_until = now + retry_after(&port->options_retry,
							&retry_refused);
		return;
	}
	retry_reset(&port->options_retry);
	port->options_until = now + EVENT_NS;
}

static void do_detach(struct engine *e, struct port *port, uint64_t now)
{
	int err = detach_port(&e->act, port);

	if (!err) {
		retry_reset(&port->busy);
		expect_event(port, now);
		return;
	}
	retry_soon(e, port, now);
	if (port->busy.failures == BUSY_MOST)
		log_line(LOG_WARNING, port->conf->name,
			 "can't be detached: %s", act_why(&e->act, err));
}

/* ---- ports ---- */

static void do_step(struct engine *e, struct port *port,
		    const struct step *step, uint64_t now)
{
	switch (step->what) {
	case STEP_NONE:
		/*
		 * A failback by hand is for now only: there is no better
		 * device.
		 */
		port->failback = false;
		model_port_settled(port);
		break;
	case STEP_CREATE:
		do_create(e, port, now);
		break;
	case STEP_SET_UP:
		up_port(&e->act, port, now);
		break;
	case STEP_SET_OPTIONS:
		do_set_options(e, port, now);
		break;
	case STEP_ATTACH:
		do_attach(e, port, step, now);
		break;
	case STEP_DETACH:
		do_detach(e, port, now);
		break;
	}
}

static void look_at_port(struct engine *e, struct port *port, uint64_t now)
{
	struct step step;

	/* While a step's event is due, the model is out of date. */
	if (port->event_until > now) {
		agenda_at(&e->m->agenda, &port->todo, port->event_until);
		return;
	}
	port->event_until = 0;
	model_port_look(port);
	step = plan_port(port, now);
	port->waits = step.waits;
	port->stuck = step.stuck;
	port->awaits_probes = step.awaits_probes;
	agenda_set(&e->m->agenda, &port->todo, step.look_again_at);
	do_step(e, port, &step, now);
}

/* ---- orphaned children ---- */

static void sweep(struct engine *e, uint64_t now)
{
	int err;

	if (!e->sweep_due || e->sweep_at > now)
		return;
	e->sweep_due = false;
	e->sweep_at = 0;
	err = e->m->orphans.n ? sweep_children(&e->act) : 0;
	if (!err) {
		retry_reset(&e->sweep_retry);
		return;
	}
	e->sweep_due = true;
	e->sweep_at = now + retry_after(&e->sweep_retry, act_is_busy(err) ?
					&retry_busy : &retry_refused);
}

static void on_device(struct device *dev, const struct stabletap_link *old,
		      void *arg)
{
	struct engine *e = arg;

	(void)old;
	if (!idset_has(&e->m->orphans, dev->link.ifindex))
		return;
	e->sweep_due = true;
	wake(e);
}

static void on_device_gone(struct device *dev, void *arg)
{
	(void)arg;
	if (stabletap_link_is_port(&dev->link))
		stabletap_child_forget(dev->link.ifindex);
}

static void on_port(struct port *port, const struct port_was *was, void *arg)
{
	struct engine *e = arg;

	(void)was;
	if (port->ifindex)
		return;
	e->sweep_due = true;
	wake(e);
}

/* ---- the loop ---- */

static void set_timer(struct engine *e)
{
	uint64_t next = agenda_next(&e->m->agenda);

	if (e->sweep_due && e->sweep_at && (!next || e->sweep_at < next))
		next = e->sweep_at;
	if (!next) {
		sd_event_source_set_enabled(e->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(e->timer, next / 1000 + 1);
	sd_event_source_set_enabled(e->timer, SD_EVENT_ONESHOT);
}

static int on_work(sd_event_source *s, void *arg)
{
	struct engine *e = arg;
	struct todo *t;
	int n;

	(void)s;
	agenda_due(&e->m->agenda, e->m->clock());
	look_at_devices(e, e->m->clock());
	sweep(e, e->m->clock());
	for (n = 0; n < TURN; n++) {
		t = agenda_take(&e->m->agenda, AGENDA_PORT);
		if (!t)
			break;
		look_at_port(e, (struct port *)((char *)t -
			     offsetof(struct port, todo)), e->m->clock());
	}
	set_timer(e);
	if (!agenda_is_empty(&e->m->agenda, AGENDA_PORT) ||
	    !agenda_is_empty(&e->m->agenda, AGENDA_DEVICE))
		wake(e);
	return 0;
}

static int on_time(sd_event_source *s, uint64_t usec, void *arg)
{
	(void)s, (void)usec;
	wake(arg);
	return 0;
}

/* ---- start and stop ---- */

int engine_resync(struct engine *e)
{
	return rtnl_resync(e->rtnl);
}

bool engine_is_idle(const struct engine *e)
{
	return agenda_is_empty(&e->m->agenda, AGENDA_PORT) &&
	       agenda_is_empty(&e->m->agenda, AGENDA_DEVICE);
}

static int start_work(struct engine *e)
{
	static const struct model_ops ops = {
		.device_changed = on_device, .device_gone = on_device_gone,
		.port_changed = on_port,
	};
	int err = sd_event_add_defer(e->loop, &e->work, on_work, e);

	if (err >= 0)
		err = sd_event_source_set_priority(e->work, PRIORITY_WORK);
	if (err >= 0)
		err = sd_event_add_time(e->loop, &e->timer, CLOCK_BOOTTIME, 0,
					1000, on_time, e);
	if (err >= 0)
		err = sd_event_source_set_priority(e->timer, PRIORITY_WORK);
	if (err >= 0)
		err = sd_event_source_set_enabled(e->timer, SD_EVENT_OFF);
	agenda_on_entry(&e->m->agenda, wake, e);
	model_watch(e->m, &ops, e);
	return err < 0 ? err : 0;
}

static int start_watches(struct engine *e)
{
	int err = rtnl_start(e->loop, e->st, e->m, &e->rtnl);

	if (!err)
		err = devnode_start(e->loop, e->m);
	if (!err)
		err = udev_start(e->loop, e->m, e->rtnl, &e->udev);
	if (!err)
		err = override_start(e->loop, e->m, STABLETAP_OVERRIDE_DIR,
				     &e->overrides);
	if (!err)
		err = address_start(e->loop, e->st, e->m, &e->addresses);
	return err;
}

static int start_acts(struct engine *e)
{
	e->act = (struct act){ .loop = e->loop, .st = e->st, .m = e->m };
	e->sriov = sriov_new(&e->act);
	if (!e->sriov)
		return -ENOMEM;
	return vf_keeper_start(&e->act, e->sriov, &e->vfs);
}

/* Register the log first, so that hooks find their event in it. */
static int start_tellers(struct engine *e)
{
	journal_watch(e->m);
	unapplied_watch(e->m);
	e->announcer = announcer_new(e->loop, e->st);
	e->hooks = hooks_new(e->loop);
	if (!e->announcer || !e->hooks)
		return -ENOMEM;
	announcer_watch(e->announcer, e->m);
	hooks_watch(e->hooks, e->m);
	return metrics_start(e->loop, e->m, &e->metrics);
}

int engine_start(sd_event *loop, struct model *m, struct engine **out)
{
	struct engine *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	*out = e;
	e->loop = loop;
	e->m = m;
	err = stabletap_open(&e->st);
	if (!err)
		stabletap_no_wait(e->st);
	if (!err)
		err = start_work(e);
	if (!err)
		err = start_watches(e);
	if (!err)
		err = start_acts(e);
	if (!err)
		err = probes_start(loop, e->m, &e->probes);
	if (!err)
		err = start_tellers(e);
	if (!err)
		err = guests_start(loop, e->st, e->m, &e->guests);
	return err;
}

int engine_run(struct engine *e)
{
	int err = requests_start(e->loop, e->m, STABLETAP_SOCKET,
				 &e->requests);

	create_check_module(e->m);
	return err ? err : rtnl_resync(e->rtnl);
}

void engine_stop(struct engine *e)
{
	if (!e)
		return;
	requests_stop(e->requests);
	guests_stop(e->guests);
	metrics_stop(e->metrics);
	hooks_free(e->hooks);
	announcer_free(e->announcer);
	probes_stop(e->probes);
	vf_keeper_stop(e->vfs);
	sriov_free(e->sriov);
	address_stop(e->addresses);
	override_stop(e->overrides);
	udev_stop(e->udev);
	rtnl_stop(e->rtnl);
	agenda_on_entry(&e->m->agenda, NULL, NULL);
	sd_event_source_disable_unref(e->work);
	sd_event_source_disable_unref(e->timer);
	stabletap_close(e->st);
	free(e);
}
