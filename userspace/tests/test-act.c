// SPDX-License-Identifier: GPL-2.0
/*
 * Creating ports and VLANs, and sweeping children: the requests to the kernel,
 * and the log lines for its answers.  The functions below stand in for the
 * library.
 */
#include <errno.h>

#include "act/act.h"
#include "act/port.h"
#include "act/sweep.h"
#include "act/vlan.h"
#include "loop.h"
#include "scene.h"
#include "tap.h"

#define P "[Port p]\n"

static struct {
	int control, create, change, vlan, sweep;	/* what it answers */
	unsigned int removed, sweeps;
	int delete, deleted;			/* a child by its ifindex */
	int master;				/* of the child */
	struct stabletap_create request;
	struct stabletap_change set;
	char name[32];				/* of the VLAN */
	int parent, id;
} kernel;

int __wrap_stabletap_control_open(struct stabletap *st);
int __wrap_stabletap_port_create(struct stabletap *st,
				 struct stabletap_create *port);
int __wrap_stabletap_port_change(struct stabletap *st, int port,
				 const struct stabletap_change *c);
int __wrap_stabletap_vlan_create(struct stabletap *st, const char *name,
				 int parent, uint16_t id);
int __wrap_stabletap_child_sweep(struct stabletap *st, int port,
				 unsigned int *removed);
int __wrap_stabletap_link_get(struct stabletap *st, int ifindex,
			      struct stabletap_link *out);
int __wrap_stabletap_link_delete(struct stabletap *st, int ifindex);
int __wrap_stabletap_module_compare(struct stabletap_module *out);
const char *__wrap_stabletap_message(const struct stabletap *st);

int __wrap_stabletap_control_open(struct stabletap *st)
{
	(void)st;
	return kernel.control;
}

int __wrap_stabletap_port_create(struct stabletap *st,
				 struct stabletap_create *port)
{
	(void)st;
	kernel.request = *port;
	return kernel.create;
}

int __wrap_stabletap_port_change(struct stabletap *st, int port,
				 const struct stabletap_change *c)
{
	(void)st;
	kernel.set = *c;
	return port == *scene_index("p") ? kernel.change : -EINVAL;
}

int __wrap_stabletap_vlan_create(struct stabletap *st, const char *name,
				 int parent, uint16_t id)
{
	(void)st;
	snprintf(kernel.name, sizeof(kernel.name), "%s", name);
	kernel.parent = parent;
	kernel.id = id;
	return kernel.vlan;
}

int __wrap_stabletap_child_sweep(struct stabletap *st, int port,
				 unsigned int *removed)
{
	(void)st;
	kernel.sweeps++;
	*removed = port == STABLETAP_CHILD_ANY ? kernel.removed : 0;
	return kernel.sweep;
}

int __wrap_stabletap_link_get(struct stabletap *st, int ifindex,
			      struct stabletap_link *out)
{
	(void)st;
	*out = (struct stabletap_link){
		.ifindex = ifindex, .name = "st1001-00", .kind = "macvlan",
		.group = STABLETAP_CHILD_GROUP, .master = kernel.master,
	};
	return 0;
}

int __wrap_stabletap_link_delete(struct stabletap *st, int ifindex)
{
	(void)st;
	kernel.deleted = ifindex;
	return kernel.delete;
}

int __wrap_stabletap_module_compare(struct stabletap_module *out)
{
	*out = (struct stabletap_module){ .loaded_version = "0.0.1" };
	return 0;
}

const char *__wrap_stabletap_message(const struct stabletap *st)
{
	(void)st;
	return "";
}

/* ---- */

static struct act act = { .m = &scene.m };
static int log_fd;

static void begin(const char *conf)
{
	memset(&kernel, 0, sizeof(kernel));
	log_forget(log_fd);
	scene_begin(conf);
}

static bool is_logged(const char *text)
{
	return log_count(log_fd, text) == 1;
}

static int create(void)
{
	log_forget(log_fd);
	return create_port(&act, scene_port("p"));
}

/* ---- ports ---- */

static void test_request(struct tap *t)
{
	const struct stabletap_create *r = &kernel.request;

	begin(P "Candidate=a\nMTUBytes=1400\nQueues=2\nMode=0640\n"
	      "MACAddress=52:54:00:00:00:01\nOnDetach=hold\nHoldFrames=9\n"
	      "HoldBytes=4G\nHoldSec=1500us\n");
	ok(t, !create() && is_logged("p: made"), "a port is made");
	ok(t, !strcmp(r->name, "p") && r->mtu == 1400 && r->queues == 2 &&
	   !memcmp(r->mac, "\x52\x54\x00\x00\x00\x01", 6) &&
	   r->on_detach == STABLETAP_ON_DETACH_HOLD && r->hold_frames == 9 &&
	   r->hold_bytes == 4294967296 && r->hold_time == 2,
	   "as it is configured");
	ok(t, r->perm == 0640 && r->flags == STABLETAP_CREATE_PERM,
	   "what is not configured is the module's own default");
	scene_end();
}

static int set_options(void)
{
	log_forget(log_fd);
	return set_port_options(&act, scene_port("p"));
}

static void test_options(struct tap *t)
{
	const struct stabletap_change *c = &kernel.set;

	begin(P "Candidate=a\nOnDetach=hold\nHoldFrames=9\nHoldBytes=4G\n"
	      "HoldSec=1s\n");
	scene_play("p p:frames=9");
	ok(t, !set_options() && c->options == (STABLETAP_SET_ON_DETACH |
		STABLETAP_SET_HOLD_BYTES | STABLETAP_SET_HOLD_TIME) &&
	   c->on_detach == STABLETAP_ON_DETACH_HOLD &&
	   c->hold_bytes == 4294967296 && c->hold_time == 1000 && !c->addr &&
	   !c->mtu && !c->up && !c->down,
	   "options that differ are set, and nothing else");
	ok(t, is_logged("p: set to on-detach hold bytes 4294967296 time 1000, "
			"as configured"), "which is logged");
	kernel.change = -EOPNOTSUPP;
	ok(t, set_options() == -EOPNOTSUPP &&
	   is_logged("p: can't be set to on-detach hold bytes 4294967296 time "
		     "1000: Operation not supported"), "so is a refusal");
	scene_port("p")->options_retry.failures = 1;
	ok(t, set_options() == -EOPNOTSUPP && !is_logged("can't be set"),
	   "but not the next one");
	scene_port("p")->options_retry.failures = 0;
	kernel.change = -ENODEV;
	ok(t, set_options() == -ENODEV && !is_logged("can't be set"),
	   "nor that the port has gone meanwhile");
	scene_end();
}

static void test_made_anew(struct tap *t)
{
	begin(P "Candidate=a\n");
	scene_play("p p:gone");
	create();
	ok(t, is_logged("was deleted, and is made anew"),
	   "a port that was deleted is logged with the effect on its guest");
	scene_play("p p:away");
	create();
	ok(t, is_logged("went to another network namespace") &&
	   !is_logged("deleted"),
	   "a port that was moved is not logged as deleted");
	scene_play("p p:name=q");
	create();
	ok(t, is_logged("p: made"), "a renamed port is not logged as deleted");
	scene_end();
}

static void test_no_module(struct tap *t)
{
	begin(P "Candidate=a\n");
	kernel.control = -ENOENT;
	ok(t, create() == -ENODEV && is_logged("modprobe stabletap") &&
	   scene.m.module_missing, "without the module no port can be made");
	ok(t, create() == -ENODEV && !is_logged("modprobe stabletap"),
	   "the missing module is logged once");
	kernel.control = 0;
	ok(t, !create() && !scene.m.module_missing &&
	   is_logged("the loaded module is of version 0.0.1"),
	   "a module that is loaded later has its version compared");
	ok(t, scene.m.module_differs, "another version is kept for the metrics");
	kernel.control = -EACCES;
	ok(t, create() == -EACCES && !scene.m.module_missing &&
	   is_logged("can't be made: Permission denied"),
	   "a module that can't be used is not missing");
	kernel.control = 0;
	kernel.create = -EEXIST;
	ok(t, create() == -EEXIST,
	   "create_port() returns -EEXIST for a name in use");
	scene_end();
}

/* ---- VLANs ---- */

static struct device_vlan *make(const char *dev, int id)
{
	log_forget(log_fd);
	kernel.name[0] = '\0';
	vlan_make(&act, scene_device(dev), id, scene.now);
	return device_vlan(scene_device(dev), id);
}

static void test_vlan(struct tap *t)
{
	const struct device_vlan *v;

	begin(P "Candidate=name=a vlan=5 create\n");
	scene_play("a");
	v = make("a", 5);
	ok(t, !strcmp(kernel.name, "a.5") && kernel.id == 5 &&
	   kernel.parent == *scene_index("a") && is_logged("made VLAN"),
	   "a VLAN is made on its base, by its name");
	ok(t, v->made == scene.now, "the daemon records that it made the VLAN");
	ok(t, scene_look_at_device("a").what == DEVICE_NOTHING,
	   "no second VLAN is made before the first one's event");
	scene_play("+1s");
	ok(t, scene_look_at_device("a").what == DEVICE_MAKE_VLAN,
	   "a VLAN whose event never comes is made again");
	scene_end();
}

static void test_vlan_names(struct tap *t)
{
	char want[32];

	begin(P "Candidate=name=a vlan=5 create\n");
	scene_play("a x x:name=a.5");
	make("a", 5);
	snprintf(want, sizeof(want), "v%d.5", *scene_index("a"));
	is_str(t, kernel.name, want,
	       "if another device has the name, the VLAN gets another");
	scene_play("enp193s0f0np01");
	make("enp193s0f0np01", 4000);
	snprintf(want, sizeof(want), "v%d.4000",
		 *scene_index("enp193s0f0np01"));
	is_str(t, kernel.name, want, "so it does if the name is too long");
	scene_end();
}

static void test_vlan_refused(struct tap *t)
{
	const struct device_vlan *v;
	uint64_t first;

	begin(P "Candidate=name=a vlan=5 create\n");
	scene_play("a b");
	kernel.vlan = -EEXIST;
	make("a", 5);
	ok(t, !is_logged("can't make"),
	   "a VLAN that exists already is not logged: its event will come");
	kernel.vlan = -EOPNOTSUPP;
	v = make("b", 5);
	first = v->until - scene.now;
	ok(t, is_logged("can't make VLAN 5 on b: Operation not supported") &&
	   !v->made, "the reason of a refused VLAN is logged");
	v = make("b", 5);
	ok(t, first && v->until - scene.now > first,
	   "a refused VLAN is retried with a back-off");
	ok(t, device_vlan(scene_device("a"), 5)->until - scene.now == first,
	   "each device has a back-off of its own");
	kernel.vlan = 0;
	v = make("b", 5);
	ok(t, v->made == scene.now, "the back-off ends when the VLAN is made");
	scene_end();
}

/* ---- children ---- */

static int sweep(int result, unsigned int removed)
{
	kernel.sweep = result;
	kernel.removed = removed;
	log_forget(log_fd);
	return sweep_children(&act);
}

static void test_sweep(struct tap *t)
{
	begin(P "Candidate=a\n");
	idset_add(&scene.m.orphans, 78);
	ok(t, !sweep(0, 0) && !is_logged("children"),
	   "nothing is logged if there is nothing to sweep");
	ok(t, !sweep(0, 2) && is_logged("removed 2 children"),
	   "the number of removed children is logged");
	ok(t, sweep(-EAGAIN, 1) == -EAGAIN && is_logged("removed 1 ") &&
	   !is_logged("can't remove"),
	   "a child whose port is worked on is left for the next sweep");
	ok(t, sweep(-EPERM, 0) == -EPERM &&
	   is_logged("can't remove children that no port uses: "
		     "Operation not permitted"), "a refused sweep is logged");
	scene_end();
}

static void test_replaced(struct tap *t)
{
	struct model *m = &scene.m;

	begin(P "Candidate=a\n");
	idset_add(&m->replaced, 77);
	idset_add(&m->orphans, 78);
	sweep(0, 0);
	ok(t, !kernel.deleted && kernel.sweeps == 1,
	   "the old child of a replace stays while it has a master");
	idset_drop(&m->orphans, 78);
	idset_add(&m->orphans, 77);
	kernel.master = 5;
	sweep(0, 0);
	ok(t, !kernel.deleted && kernel.sweeps == 1,
	   "nor is it deleted if another process has attached it");
	kernel.master = 0;
	idset_add(&m->replaced, 77);
	sweep(0, 0);
	ok(t, kernel.deleted == 77 && kernel.sweeps == 1,
	   "without one it is deleted, and nothing else is looked at");
	idset_add(&m->replaced, 77);
	kernel.delete = -EBUSY;
	sweep(0, 0);
	ok(t, kernel.sweeps == 2, "if that is refused, all are swept");
	scene_end();
}

int main(void)
{
	struct tap t = { 0 };

	log_fd = log_capture();
	test_request(&t);
	test_options(&t);
	test_made_anew(&t);
	test_no_module(&t);
	test_vlan(&t);
	test_vlan_names(&t);
	test_vlan_refused(&t);
	test_sweep(&t);
	test_replaced(&t);
	return tap_end(&t);
}
