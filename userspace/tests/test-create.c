// SPDX-License-Identifier: GPL-2.0
/* Creating ports and VLANs that the kernel refuses: one warning per cause. */
#include <errno.h>

#include "act/act.h"
#include "act/port.h"
#include "act/vlan.h"
#include "loop.h"
#include "scene.h"
#include "tap.h"

static struct {
	int opened;
	int result;
	const char *why;
} kernel;

int __wrap_stabletap_control_open(struct stabletap *st);
int __wrap_stabletap_port_create(struct stabletap *st,
				 struct stabletap_create *request);
int __wrap_stabletap_vlan_create(struct stabletap *st, const char *name,
				 int parent, uint16_t id);
const char *__wrap_stabletap_message(const struct stabletap *st);
int __wrap_stabletap_module_compare(struct stabletap_module *out);

int __wrap_stabletap_control_open(struct stabletap *st)
{
	(void)st;
	return kernel.opened;
}

int __wrap_stabletap_port_create(struct stabletap *st,
				 struct stabletap_create *request)
{
	(void)st, (void)request;
	return kernel.result;
}

int __wrap_stabletap_vlan_create(struct stabletap *st, const char *name,
				 int parent, uint16_t id)
{
	(void)st, (void)name, (void)parent, (void)id;
	return kernel.result;
}

const char *__wrap_stabletap_message(const struct stabletap *st)
{
	(void)st;
	return kernel.why;
}

int __wrap_stabletap_module_compare(struct stabletap_module *out)
{
	memset(out, 0, sizeof(*out));
	return 0;
}

static void refuse(int result, const char *why)
{
	kernel.result = result;
	kernel.why = why;
}

static struct act act = { .m = &scene.m };

static void test_port(struct tap *t, int log)
{
	struct port *p;

	scene_begin("[Port p]\nCandidate=a\n");
	p = scene_port("p");
	log_forget(log);
	refuse(-EOPNOTSUPP, "can't hold frames");
	create_port(&act, p);
	create_port(&act, p);
	ok(t, log_count(log, "can't be made: can't hold frames") == 1,
	   "a port that can't be made is logged once per cause");
	is_str(t, p->create_why, "can't hold frames",
	       "the port keeps the cause in the kernel's words");
	refuse(-ENOMEM, "");
	create_port(&act, p);
	ok(t, log_count(log, "can't be made: Cannot allocate memory") == 1,
	   "another cause is logged");
	p->create_until = scene.now + CLOCK_SECOND;
	ok(t, scene_look("p").what == STEP_NONE,
	   "the port is made again later");
	scene_configure("[Port p]\nCandidate=a\nMTUBytes=1400\n");
	ok(t, scene_look("p").what == STEP_CREATE,
	   "after a reload the port is made at once");
	kernel.opened = -ENOENT;
	ok(t, create_port(&act, p) == -ENODEV, "without the module");
	is_str(t, p->create_why, "the module is not loaded",
	       "the port keeps the missing module as the cause");
	kernel.opened = 0;
	scene_play("p");
	ok(t, !*p->create_why, "the port's event clears the cause");
	scene_play("p:gone");
	log_forget(log);
	create_port(&act, p);
	ok(t, log_count(log, "can't be made") == 1,
	   "a cause that returns is logged again");
	scene_end();
}

static void make_vlan(int result, const char *why)
{
	refuse(result, why);
	vlan_make(&act, scene_device("a"), 5, scene.now);
}

static void test_vlan(struct tap *t, int log)
{
	scene_begin("[Port p]\nCandidate=name=a vlan=5 create\n");
	scene_play("a");
	log_forget(log);
	make_vlan(-EPERM, "no VLAN here");
	make_vlan(-EPERM, "no VLAN here");
	ok(t, log_count(log, "can't make VLAN 5 on a: no VLAN here") == 1,
	   "a VLAN that can't be made is logged once per cause");
	make_vlan(-ENOMEM, "");
	ok(t, log_count(log, "can't make VLAN 5") == 2,
	   "another cause is logged");
	scene_play("a.5 a.5:gone");
	make_vlan(-ENOMEM, "");
	ok(t, log_count(log, "can't make VLAN 5") == 3,
	   "so is the same cause, if the VLAN existed in between");
	scene_play("a.5 a.5:gone");
	log_forget(log);
	make_vlan(-EEXIST, "");
	ok(t, !log_count(log, "can't make"),
	   "an EEXIST is not logged at first: the VLAN's event may be late");
	make_vlan(-EEXIST, "");
	make_vlan(-EEXIST, "");
	ok(t, log_count(log, "can't make") == 1,
	   "if the event does not come, it is logged once");
	scene_end();
}

int main(void)
{
	struct tap t = { 0 };
	int log = log_capture();

	test_port(&t, log);
	test_vlan(&t, log);
	return tap_end(&t);
}
