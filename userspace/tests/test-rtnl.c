// SPDX-License-Identifier: GPL-2.0
/*
 * Following rtnetlink, with a kernel that is a table: lost events, dumps that
 * are interrupted, devices that go to another namespace.  The library's
 * functions are wrapped by the linker.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "loop.h"
#include "model/lower.h"
#include "scene.h"
#include "tap.h"
#include "watch/rtnl.h"

#define DEVICES 16

static struct {
	struct stabletap_link v[DEVICES];	/* ifindex 0: not there */
	bool hidden[DEVICES];			/* the next dump lacks it */
	int dump_result;			/* 1: interrupted to the last */
	unsigned int asked;			/* by index or by name */
	int get_error;				/* of those questions */
	unsigned int dumps;
	struct stabletap_link event;		/* the next one */
	bool event_gone, event_due;
	bool overrun;
} kernel;

int __wrap_stabletap_link_dump(struct stabletap *st, const char *kind,
			       struct stabletap_links *out);
int __wrap_stabletap_link_get(struct stabletap *st, int ifindex,
			      struct stabletap_link *out);
int __wrap_stabletap_link_find(struct stabletap *st, const char *name,
			       struct stabletap_link *out);
int __wrap_stabletap_monitor_open(struct stabletap_monitor **out, int rcvbuf);
void __wrap_stabletap_monitor_close(struct stabletap_monitor *mon);
int __wrap_stabletap_monitor_fd(const struct stabletap_monitor *mon);
int __wrap_stabletap_monitor_read(struct stabletap_monitor *mon,
				  stabletap_event_fn fn, void *arg);

int __wrap_stabletap_link_dump(struct stabletap *st, const char *kind,
			       struct stabletap_links *out)
{
	size_t i;

	(void)st, (void)kind;
	kernel.dumps++;
	for (i = 0; i < DEVICES; i++)
		if (kernel.v[i].ifindex && !kernel.hidden[i])
			stabletap_links_put(out, &kernel.v[i]);
	return kernel.dump_result;
}

int __wrap_stabletap_link_get(struct stabletap *st, int ifindex,
			      struct stabletap_link *out)
{
	size_t i;

	(void)st;
	kernel.asked++;
	if (kernel.get_error)
		return kernel.get_error;
	for (i = 0; i < DEVICES; i++)
		if (kernel.v[i].ifindex == ifindex) {
			*out = kernel.v[i];
			return 0;
		}
	return -ENODEV;
}

int __wrap_stabletap_link_find(struct stabletap *st, const char *name,
			       struct stabletap_link *out)
{
	size_t i;

	for (i = 0; i < DEVICES; i++)
		if (kernel.v[i].ifindex && !strcmp(kernel.v[i].name, name))
			break;
	return __wrap_stabletap_link_get(st, i < DEVICES ?
					 kernel.v[i].ifindex : -1, out);
}

static int pipe_fd = -1;

int __wrap_stabletap_monitor_open(struct stabletap_monitor **out, int rcvbuf)
{
	int fds[2];

	(void)rcvbuf;
	*out = NULL;
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pipe_fd = fds[0];
	return 0;
}

void __wrap_stabletap_monitor_close(struct stabletap_monitor *mon)
{
	(void)mon;
	close(pipe_fd);
}

int __wrap_stabletap_monitor_fd(const struct stabletap_monitor *mon)
{
	(void)mon;
	return pipe_fd;
}

int __wrap_stabletap_monitor_read(struct stabletap_monitor *mon,
				  stabletap_event_fn fn, void *arg)
{
	(void)mon;
	if (kernel.overrun) {
		kernel.overrun = false;
		return -ENOBUFS;
	}
	if (!kernel.event_due)
		return 0;
	kernel.event_due = false;
	return fn(&kernel.event, kernel.event_gone, arg);
}

/* ---- */

static struct rtnl *rtnl;

static struct stabletap_link *put(size_t i, const char *name)
{
	kernel.v[i] = (struct stabletap_link){
		.ifindex = (int)i + 10, .type = ARPHRD_ETHER, .flags = IFF_UP,
		.carrier = true, .operstate = 6, .link_netnsid = -1,
	};
	snprintf(kernel.v[i].name, sizeof(kernel.v[i].name), "%s", name);
	return &kernel.v[i];
}

static void event(const struct stabletap_link *link, bool gone, bool moved)
{
	kernel.event = *link;
	kernel.event.moved = moved;
	kernel.event_gone = gone;
	kernel.event_due = true;
	rtnl_read(rtnl);
}

static bool known(size_t i)
{
	return model_device(&scene.m, (int)i + 10);
}

static sd_event *loop;

static void begin(void)
{
	memset(&kernel, 0, sizeof(kernel));
	scene_begin("[Port p]\nCandidate=a\nCandidate=b\n");
	if (rtnl_start(loop, NULL, &scene.m, &rtnl))
		abort();
}

static void end(void)
{
	rtnl_stop(rtnl);
	scene_end();
}

static void test_dumps(struct tap *t)
{
	begin();
	put(0, "a");
	put(1, "b");
	put(2, "c");
	ok(t, !rtnl_resync(rtnl) && known(0) && known(1) && known(2),
	   "a dump adds all devices");
	kernel.hidden[1] = true;
	kernel.v[2].ifindex = 0;
	kernel.dump_result = 1;
	kernel.asked = 0;
	rtnl_resync(rtnl);
	ok(t, known(0) && known(1),
	   "a device that an interrupted dump lacks is not taken for gone");
	ok(t, !known(2) && kernel.asked == 2,
	   "missing devices are requested one by one, which shows those that are gone");
	kernel.dump_result = 0;
	rtnl_resync(rtnl);
	ok(t, !known(1), "a device that a complete dump lacks is gone");
	end();
}

static void test_first_dump(struct tap *t)
{
	begin();
	put(0, "a");
	put(1, "b");
	kernel.hidden[1] = true;
	kernel.dump_result = 1;
	rtnl_resync(rtnl);
	ok(t, known(0) && !known(1), "a first dump may lack a device");
	event(&kernel.v[1], false, false);
	ok(t, known(1), "which an event adds");
	kernel.hidden[1] = false;
	kernel.dump_result = 0;
	rtnl_resync(rtnl);
	ok(t, known(0) && known(1), "or the next dump");
	end();
}

static struct stabletap_link *put_port(size_t i, uint32_t lower)
{
	struct stabletap_link *link = put(i, "p");

	snprintf(link->kind, sizeof(link->kind), "%s", STABLETAP_KIND);
	link->port.lower = lower;
	link->port.attaches = lower != 0;
	return link;
}

static void test_lost_port(struct tap *t)
{
	begin();
	put_port(3, 0);
	rtnl_resync(rtnl);
	kernel.v[3].ifindex = 0;
	kernel.overrun = true;
	rtnl_read(rtnl);
	ok(t, !scene_port("p")->ifindex && scene_port("p")->end == PORT_LOST,
	   "a port that disappeared while events were lost is not logged as deleted");
	put_port(3, 0);
	rtnl_resync(rtnl);
	event(&kernel.v[3], true, true);
	ok(t, scene_port("p")->end == PORT_MOVED,
	   "one whose event says that it moved has moved");
	end();
}

/* A port by a child on a */
static struct stabletap_link *begin_with_child(void)
{
	struct stabletap_link *child;

	begin();
	put(0, "a");
	put_port(3, 14);
	child = put(4, "st13-00");
	snprintf(child->kind, sizeof(child->kind), "macvlan");
	child->group = STABLETAP_CHILD_GROUP;
	child->link = 10;
	child->master = 13;
	rtnl_resync(rtnl);
	return child;
}

/* The kernel sends nothing about a child whose parent has gone elsewhere. */
static void test_away(struct tap *t)
{
	struct stabletap_link *child = begin_with_child(), a;

	ok(t, port_present(scene_port("p")) == model_device(&scene.m, 10),
	   "a port by a child on a device");
	a = kernel.v[0];
	kernel.v[0].ifindex = 0;
	child->link_netnsid = 5;
	event(&a, true, true);
	ok(t, port_is_away(scene_port("p")),
	   "children are requested when their parent has moved");
	ok(t, agenda_is_marked(&scene_port("p")->todo),
	   "and their ports look again");
	child->link_netnsid = -1;
	put(0, "a");
	event(&kernel.v[0], false, false);
	ok(t, port_present(scene_port("p")) == model_device(&scene.m, 10),
	   "and when it comes back");
	end();
}

/* ---- questions without an answer ---- */

static bool is_dumped(void *arg)
{
	return kernel.dumps > *(unsigned int *)arg;
}

/* A parent that goes: its child can't be asked where its parent is now. */
static void lose_parent(struct stabletap_link *child)
{
	struct stabletap_link a = kernel.v[0];

	kernel.v[0].ifindex = 0;
	child->link_netnsid = 5;
	kernel.get_error = -ENOBUFS;
	event(&a, true, true);
}

static void test_unanswered(struct tap *t, int log)
{
	struct stabletap_link *child = begin_with_child();
	unsigned int dumps = kernel.dumps;

	log_forget(log);
	lose_parent(child);
	ok(t, !port_is_away(scene_port("p")) && kernel.dumps == dumps,
	   "a device can't be asked for");
	event(&kernel.v[3], false, false);
	ok(t, log_count(log, "can't ask for a device: No buffer space") == 1,
	   "that is logged");
	kernel.get_error = 0;
	ok(t, loop_until(loop, is_dumped, &dumps, SOON) &&
	   port_is_away(scene_port("p")), "all devices are listed again");
	dumps = kernel.dumps;
	loop_for(loop, 700);
	ok(t, kernel.dumps == dumps, "once, if that is answered");
	end();
}

static void test_unanswered_again(struct tap *t, int log)
{
	struct stabletap_link *child = begin_with_child();
	unsigned int dumps = kernel.dumps + 1;

	log_forget(log);
	lose_parent(child);
	/* The child has no parent here: each look at all asks for it. */
	ok(t, loop_until(loop, is_dumped, &dumps, SOON),
	   "as long as requests fail, all devices are listed again");
	ok(t, log_count(log, "can't ask for a device") == 1,
	   "which is logged once");
	end();
}

static void test_unanswered_name(struct tap *t)
{
	unsigned int dumps;

	begin();
	rtnl_resync(rtnl);
	put(0, "a");
	kernel.get_error = -ENOMEM;
	dumps = kernel.dumps;
	rtnl_ask_named(rtnl, "a");
	kernel.get_error = 0;
	ok(t, !known(0) && loop_until(loop, is_dumped, &dumps, SOON) &&
	   known(0), "all is listed again if a request by name fails");
	dumps = kernel.dumps;
	rtnl_ask_named(rtnl, "b");
	loop_for(loop, 700);
	ok(t, kernel.dumps == dumps,
	   "that there is no such device is an answer");
	end();
}

/* VLAN a.5 on a, which has a child, too */
static struct stabletap_link *begin_with_vlan(void)
{
	struct stabletap_link *vlan;

	begin_with_child();
	vlan = put(5, "a.5");
	snprintf(vlan->kind, sizeof(vlan->kind), "vlan");
	vlan->vlan_id = 5;
	vlan->link = 10;
	event(vlan, false, false);
	return vlan;
}

static void test_base_returns(struct tap *t)
{
	struct stabletap_link *vlan, a;

	begin_with_vlan();
	a = kernel.v[0];
	/* It has returned by the time at which its children are asked. */
	event(&a, true, true);
	event(&kernel.v[0], false, false);
	ok(t, model_device(&scene.m, 10)->uppers.n == 2,
	   "a parent that was away for a moment has its children: %zu",
	   model_device(&scene.m, 10)->uppers.n);
	end();

	vlan = begin_with_vlan();
	a = kernel.v[0];
	kernel.v[0].ifindex = 0;
	vlan->link_netnsid = 5;
	event(&a, true, true);
	put(0, "a");
	vlan->link_netnsid = -1;
	event(&kernel.v[0], false, false);
	ok(t, idset_has(&model_device(&scene.m, 10)->vlan_ids, 5),
	   "a VLAN whose base comes back from another namespace is its VLAN");
	end();
}

int main(void)
{
	int log = log_capture();
	struct tap t = { 0 };

	if (sd_event_new(&loop) < 0)
		return 1;
	test_dumps(&t);
	test_first_dump(&t);
	test_lost_port(&t);
	test_away(&t);
	test_unanswered(&t, log);
	test_unanswered_again(&t, log);
	test_unanswered_name(&t);
	test_base_returns(&t);
	sd_event_unref(loop);
	return tap_end(&t);
}
