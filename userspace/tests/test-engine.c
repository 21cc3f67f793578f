// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: which steps are carried out, and what follows from their results.
 * A row is a script in the words of played.h.
 */
#include <errno.h>

#include "played.h"
#include "tap.h"

#define P "[Port p]\n"
#define ON_A P "Candidate=a\n"
#define ON_A_OR_B P "Candidate=a\nCandidate=b\nLossDelaySec=0\n" \
	"FailbackDelaySec=0\n"
#define POOL "[Pool f]\nMember=a\nMember=b\n[Port p]\nCandidate=pool=f\n" \
	"[Port q]\nCandidate=pool=f\n"

/* ---- scripts ---- */

struct row {
	const char *name;
	const char *conf;
	const char *before;		/* a script, of which nothing is kept */
	const char *script;
	const char *done;
	const char *logged;		/* once; or NULL */
	const char *told;		/* what happened; or NULL */
};

static void test_rows(struct tap *t, const struct row *rows, size_t n)
{
	const struct row *r;

	for (r = rows; r < rows + n; r++) {
		begin(r->conf);
		play(r->before);
		kernel.done[0] = '\0';
		scene.told[0] = '\0';
		play(r->script);
		is_str(t, kernel.done, r->done, r->name);
		if (r->logged)
			ok(t, log_count(log_fd, r->logged) == 1,
			   "%s: logged once", r->name);
		if (r->told)
			is_str(t, scene.told, r->told, r->name);
		end();
	}
}

#define ROWS(t, rows) test_rows(t, rows, sizeof(rows) / sizeof(*(rows)))

/* ---- attach ---- */

#define BUSY_7 "a p . +20ms . +40ms . +80ms . +160ms . +320ms . +640ms ."

static void test_attach(struct tap *t)
{
	static const struct row rows[] = {
	{ "a port is attached once", ON_A, ".",
	  "a p . p@a . +2s .", "up=p place=p,a . . .", NULL, NULL },
	{ "nothing is done while a step's event is due", ON_A_OR_B,
	  "a b p .", "a:down . b:down . +999ms .", ". . .", NULL, NULL },
	{ "an event that was lost is waited for one second", ON_A, "a p .",
	  "+999ms . +1ms . +1s .", ". place=p,a . place=p,a .", NULL, NULL },
	{ "the event ends the wait", ON_A_OR_B, "a b p .",
	  "p@a a:nocarrier .", "place=p,b,replace .", NULL, NULL },
	{ "LossDelaySec passes first", P "Candidate=a\nCandidate=b\n"
	  "LossDelaySec=1\n", "a b p . p@a .",
	  "a:nocarrier . +999ms . +1ms .", ". . place=p,b,replace .",
	  NULL, NULL },
	{ "and again for the next device", P "Candidate=a\nCandidate=b\n"
	  "Candidate=c\nLossDelaySec=1\n",
	  "a b c p . p@a . a:nocarrier . +1s . b:nocarrier p@b",
	  ". +999ms . +1ms .", ". . place=p,c,replace .", NULL, NULL },
	{ "a pool's member that was just attached is not given away", POOL,
	  "a b", "p q .", "up=p up=q place=p,a place=q,b .", NULL, NULL },
	{ "a new mode shows in no event of the port", ON_A "AttachMode=vepa\n",
	  "a p . p@a=bridge how=mode", ".", "place=p,a,replace .", NULL,
	  "p changed a>a mode" },
	{ "nor do new flags of the same lower", ON_A "Filter=yes\n",
	  "a p . p@a how=keep", ".", "place=p,a,replace .", NULL,
	  "p changed a>a mode" },
	};

	ROWS(t, rows);
}

static void test_refused(struct tap *t)
{
	static const struct row rows[] = {
	{ "after a refusal the next device is tried at once", ON_A_OR_B,
	  "a b place!22", "p .", "up=p place=p,a place=p,b .",
	  "can't be attached to a: the kernel's words", NULL },
	{ "the refusal has a back-off, and is logged once", ON_A,
	  "a place!22 p .", "+499ms . +1ms . +999ms . +1ms .",
	  ". place=p,a . . place=p,a .", "can't be attached to a", NULL },
	{ "an attach ends the back-off", ON_A,
	  "a place!22 p . +500ms . place!0 +1s . p@a . p@none place!22 .",
	  "+499ms . +1ms .", ". place=p,a .", NULL, NULL },
	{ "the reason of a refused attempt is no other attach's", ON_A,
	  "a place!22 p .", "p@a", "", NULL,
	  "p attached >a not by the daemon" },
	{ "after a refusal children are swept", ON_A,
	  "a p . p@a . a/st9-aa . a:down p@none place!22", "a:up .",
	  "place=p,a sweep .", NULL, NULL },
	{ "a mode for which the port was detached is tried once",
	  ON_A "AttachMode=passthru\n", "a p . p@a=bridge how=break place!22",
	  ". +1000s .", "place=p,a,replace . .", "can't be attached", NULL },
	{ "until the port leaves the device",
	  ON_A "AttachMode=passthru\n",
	  "a p . p@a=bridge how=break place!22 . how=swap place!0 p@none +1s .",
	  "p@a=bridge .", "place=p,a,replace .", NULL, NULL },
	{ "a lower that is put back is no other process's",
	  ON_A "AttachMode=passthru\n",
	  "a p . p@a=bridge how=break place!22 .", "p@none p@a=bridge .", ".",
	  NULL, "p detached a> none; p attached >a another mode failed" },
	{ "a mode that was refused before the detach has a back-off",
	  ON_A "AttachMode=vepa\n", "a p . p@a=bridge place!22",
	  ". +499ms . +1ms .", "place=p,a,replace . . place=p,a,replace .",
	  "can't be attached", NULL },
	};

	ROWS(t, rows);
}

static void test_busy(struct tap *t)
{
	static const int errors[] = { EAGAIN, ENODEV, ESTALE, EEXIST };
	static const struct row rows[] = {
	{ "a busy port is tried again soon, and no other device", ON_A_OR_B,
	  "place!11", "a b p . +19ms . +1ms . +39ms . +1ms .",
	  "up=p place=p,a . . place=p,a . . place=p,a .", NULL, NULL },
	{ "if it stays busy that is a refusal, and logged once", ON_A,
	  "place!11", BUSY_7 " +1280ms . +499ms . +1ms .",
	  "up=p place=p,a . place=p,a . place=p,a . place=p,a . "
	  "place=p,a . place=p,a . place=p,a . place=p,a . . place=p,a .",
	  "can't be attached to a: the kernel's words", NULL },
	{ "which does not keep the port from other devices", ON_A_OR_B,
	  "place!11 a b p . +20ms . +40ms . +80ms . +160ms . +320ms . +640ms .",
	  "+1280ms .", "place=p,a place=p,b .", NULL, NULL },
	{ "a success ends that back-off", ON_A,
	  "place!11 a p . +20ms . place!0 +40ms . p@a . p@none place!11 .",
	  "+19ms . +1ms .", ". place=p,a .", NULL, NULL },
	};
	size_t i;

	ROWS(t, rows);
	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		begin(ON_A);
		set_result("place", errors[i]);
		play("a p . +20ms .");
		is_str(t, kernel.done, "up=p place=p,a . place=p,a .",
		       strerror(errors[i]));
		ok(t, !scene.m.refusals_n, "%s is no refusal",
		   strerror(errors[i]));
		end();
	}
}

/* ---- creation ---- */

static void test_create(struct tap *t)
{
	static const struct row rows[] = {
	{ "a port that is missing is created", ON_A, "",
	  ". p .", "create=p . up=p .", "p: made", NULL },
	{ "an event of it that was lost is waited for one second", ON_A, ".",
	  "+999ms . +1ms .", ". create=p .", NULL, NULL },
	{ "if the name is taken, the kernel is asked for that device", ON_A,
	  "create!17", ".", "create=p ask=p .", NULL, NULL },
	{ "and the port is created as soon as the name is free", ON_A,
	  "x x:name=p create!17 . +500ms . +1s . +2s . create!0", "x:name=y .",
	  "create=p .", NULL, NULL },
	{ "also if the device that had it is deleted", ON_A,
	  "x x:name=p create!17 . +500ms . +1s . +2s . create!0", "x:gone .",
	  "create=p .", NULL, NULL },
	{ "a refusal has a back-off, and is logged once", ON_A, "create!1",
	  ". +499ms . +1ms . +999ms . +1ms .",
	  "create=p . . create=p . . create=p .", "can't be made", NULL },
	{ "a success ends it", ON_A,
	  "create!1 . +500ms . create!0 +1s . p . p:gone create!1 .",
	  "+499ms . +1ms .", ". create=p .", NULL, NULL },
	{ "without the module no attempt is made until it comes", ON_A,
	  "open!2", ". +1000s a . module .", "open . . create=p .",
	  "the module is not loaded", NULL },
	{ "a port that was deleted is created again", ON_A, "a p . p@a .",
	  "p:gone .", "forget=p create=p .", "made anew", NULL },
	{ "one that goes as soon as it is made is not made again at once", ON_A,
	  "", ". p p:gone . +499ms . +1ms . p p:name=x . +999ms . +1ms .",
	  "create=p . forget=p . . create=p . . . create=p .", NULL, NULL },
	{ "but if it was there for a minute", ON_A,
	  ". p p:gone . +1s . p . +63s .", "p:gone . p . p:gone . +499ms . +1ms .",
	  "forget=p create=p . up=p . forget=p . . create=p .", NULL, NULL },
	{ "and attached as before", ON_A, "a p . p@a . p:gone .",
	  "p .", "up=p place=p,a .", NULL, NULL },
	};

	ROWS(t, rows);
}

/* ---- options ---- */

#define HOLD ON_A "OnDetach=hold\nHoldFrames=9\n"

static void test_options(struct tap *t)
{
	static const struct row rows[] = {
	{ "a port that exists is set as configured, then attached", HOLD, "",
	  "a p . p:on-detach=hold p:frames=9 p@a . +2s .",
	  "up=p set=p,on-detach=hold,frames=9 place=p,a . . .",
	  "p: set to on-detach hold frames 9, as configured", NULL },
	{ "only what differs is set", HOLD, "a p p:frames=9",
	  ".", "up=p set=p,on-detach=hold place=p,a .", NULL, NULL },
	{ "an event of it that was lost is waited for one second", HOLD,
	  "p .", "+999ms . +1ms .", ". set=p,on-detach=hold,frames=9 .",
	  NULL, NULL },
	{ "what is changed by hand is set again, once a second", ON_A, "p .",
	  "p:on-detach=hold . p:on-detach=drop p:on-detach=hold . +999ms . "
	  "+1ms .", "set=p,on-detach=drop . . . set=p,on-detach=drop .",
	  NULL, NULL },
	{ "a refusal keeps the port from nothing else, and is logged once",
	  HOLD, "a set!95", "p . p@a . +499ms . +1ms . +999ms . +1ms .",
	  "up=p set=p,on-detach=hold,frames=9 place=p,a . . . "
	  "set=p,on-detach=hold,frames=9 . . set=p,on-detach=hold,frames=9 .",
	  "p: can't be set to on-detach hold frames 9: the kernel's words",
	  NULL },
	{ "a success ends the back-off", HOLD,
	  "p set!95 . +500ms . set!0 +1s . +1s . set!95 +1s .",
	  "+499ms . +1ms .", ". set=p,on-detach=hold,frames=9 .", NULL, NULL },
	};

	ROWS(t, rows);
}

/* ---- detach, set-up ---- */

static void test_detach(struct tap *t)
{
	static const struct row rows[] = {
	{ "a port that is held off is detached once", ON_A, "a p . p@a .",
	  "hold-off=p, . +999ms . p@none . +10s .", "remove=p . . . .",
	  NULL, NULL },
	{ "its event is waited for", ON_A, "a p . p@a .",
	  "hold-off=p, . a:nocarrier . +1s .", "remove=p . . remove=p .",
	  NULL, NULL },
	{ "a success ends the back-off", ON_A,
	  "a p . p@a . remove!11 hold-off=p, . remove!0 +20ms . p@none . p@a "
	  "remove!11 .", "+19ms . +1ms .", ". remove=p .", NULL, NULL },
	{ "while it is busy it is tried again soon", ON_A,
	  "a p . p@a . remove!11", "hold-off=p, . +19ms . +1ms .",
	  "remove=p . . remove=p .", NULL, NULL },
	{ "if it stays busy that is logged once", ON_A,
	  "a p . p@a . remove!11 hold-off=p, .",
	  "+20ms . +40ms . +80ms . +160ms . +320ms . +640ms . +1280ms .",
	  "remove=p . remove=p . remove=p . remove=p . remove=p . "
	  "remove=p . remove=p .", "can't be detached", NULL },
	};

	ROWS(t, rows);
}

static void test_devices(struct tap *t)
{
	static const struct row rows[] = {
	{ "devices come before the ports that need them", ON_A, "p .",
	  "a:down .", "up=a .", NULL, NULL },
	{ "a device that can't be set up has a back-off", ON_A, "p . up!16",
	  "a:down . +499ms . +1ms .", "up=a . . up=a .",
	  "a can't be set up", NULL },
	{ "also if its driver says that there is no device", ON_A,
	  "p . up!19", "a:down . +499ms . +1ms .", "up=a . . up=a .",
	  NULL, NULL },
	{ "a VLAN that matches since its base was renamed is set up",
	  P "Candidate=name=a vlan=5\n", "p . x x.5 x.5:down .", "x:name=a .",
	  "up=x.5 .", NULL, NULL },
	{ "a VLAN is made on its base, then looked for",
	  P "Candidate=name=a vlan=5 create\n", "p .",
	  "a . a.5 .", "vlan=a.5 . place=p,a.5 .", NULL, NULL },
	{ "a VLAN whose event was lost is made again",
	  P "Candidate=name=a vlan=5 create\n", "p . a .",
	  "+999ms . +1ms .", ". vlan=a.5 .", NULL, NULL },
	{ "the port itself that can't be set up is attached anyway", ON_A,
	  "up!16", "a p .", "up=p place=p,a .", "p: can't be set up", NULL },
	};

	ROWS(t, rows);
}

static void put_vf(const char *name, const char *pf)
{
	struct stabletap_link link = scene_link(name);

	scene.pf = pf;
	snprintf(link.parent_bus, sizeof(link.parent_bus), "pci");
	snprintf(link.parent_dev, sizeof(link.parent_dev), "0000:%s", name);
	scene_put(&link);
}

static void test_await(struct tap *t)
{
	begin(P "Candidate=name=v0\n");
	put_vf("v0", "a");
	play(". .");
	is_str(t, kernel.done, "await=v0 create=p . .",
	       "a VF is left alone until its PF has made them all");
	end();
}

#define MEMBER "[Pool f]\nMember=a\n"

static void test_pools(struct tap *t)
{
	static const struct row rows[] = {
	{ "a pool's member that becomes free is for a plain candidate, too",
	  MEMBER "[Port p]\nCandidate=a\n[Port q]\nCandidate=pool=f\n",
	  "a q . q@a . p . +2s .", "hold-off=q, . q@none . +1000s .",
	  "remove=q . place=p,a . place=p,a .", NULL, NULL },
	{ "also if it has addresses, which only a member must not have",
	  MEMBER "[Port p]\nCandidate=a\n[Port q]\nCandidate=pool=f\n",
	  "a q . q@a . p . a:addressed +2s .",
	  "hold-off=q, . q@none . +1000s .",
	  "remove=q . place=p,a . place=p,a .", NULL, NULL },
	{ "and for a port that is pinned to it",
	  MEMBER "[Port p]\nCandidate=b\n[Port q]\nCandidate=pool=f\n",
	  "a b q . q@a . p . p@b . pin=p,a . +2s .",
	  "hold-off=q, . q@none . +1000s .",
	  "remove=q . place=p,a,replace . place=p,a,replace .", NULL, NULL },
	};

	ROWS(t, rows);
}

static void test_mode_by_hand(struct tap *t)
{
	struct stabletap_link link;

	begin(ON_A);
	play("a p . p@a . +2s .");
	kernel.done[0] = '\0';
	link = model_device(&scene.m, (int)scene_port("p")->told.lower)->link;
	link.macvlan_mode = MACVLAN_MODE_VEPA;
	scene_put(&link);
	play(".");
	is_str(t, kernel.done, "place=p,a,replace .",
	       "a child whose mode was changed by hand gets the port's again");
	end();
}

/* Before Linux 5.14: sysfs has no device of the name that an older event has. */
static void test_no_parent(struct tap *t)
{
	struct stabletap_link a;

	begin(MEMBER "[Port p]\nCandidate=pool=f\n[Port q]\nCandidate=pool=f\n");
	a = scene_link("a");
	snprintf(a.parent_bus, sizeof(a.parent_bus), "pci");
	snprintf(a.parent_dev, sizeof(a.parent_dev), "0000:01");
	scene_put(&a);
	play("p q . p@a . +2s .");
	kernel.done[0] = '\0';
	a.parent_bus[0] = a.parent_dev[0] = '\0';
	a.mtu = 1400;
	scene_put(&a);
	play(".");
	is_str(t, kernel.done, ".",
	       "a device whose parent is unknown for a moment is the same");
	kernel.done[0] = '\0';
	play("a:down .");
	a = scene_device("a")->link;
	snprintf(a.parent_dev, sizeof(a.parent_dev), "0000:01");
	scene_put(&a);
	play(".");
	is_str(t, kernel.done, ". .",
	       "so it stays down if the operator has set it down");
	end();
}

/* ---- orphaned children ---- */

static void test_sweep(struct tap *t)
{
	static const struct row rows[] = {
	{ "without orphaned children nothing is swept", ON_A, "a p .",
	  "p@a . b . b:gone .", ". . .", NULL, NULL },
	{ "an orphaned child is swept at once", ON_A, "a p . p@a .",
	  "a/st9-aa .", "sweep .", NULL, NULL },
	{ "and once", ON_A, "a p . p@a . a/st9-aa .",
	  "+100s . b .", ". .", NULL, NULL },
	{ "while its port is claimed it is swept again soon", ON_A,
	  "a p . p@a . sweep!11", "a/st9-aa . +19ms . +1ms . +39ms . +1ms .",
	  "sweep . . sweep . . sweep .", NULL, NULL },
	{ "a refusal to sweep has a longer back-off", ON_A,
	  "a p . p@a . sweep!1", "a/st9-aa . +499ms . +1ms .",
	  "sweep . . sweep .", NULL, NULL },
	{ "an event during the back-off does not shorten it", ON_A,
	  "a p . p@a . sweep!11 a/st9-aa .", "b . a/st9-bb . +20ms .",
	  ". . sweep .", NULL, NULL },
	{ "a success ends it", ON_A,
	  "a p . p@a . sweep!11 a/st9-aa . +20ms . sweep!0 +40ms . sweep!11",
	  "a/st9-bb . +19ms . +1ms .", "sweep . . sweep .", NULL, NULL },
	{ "children of a port that went are swept", ON_A,
	  "a p . p@a . a/st9-aa .", "p:gone .", "forget=p sweep create=p .",
	  NULL, NULL },
	};

	ROWS(t, rows);
}

/* ---- what is evaluated, and when ---- */

static unsigned int count_looks(const char *script)
{
	kernel.looks = 0;
	play(script);
	return kernel.looks;
}

static void test_dirty(struct tap *t)
{
	begin(ON_A "[Port q]\nCandidate=b\n[Port r]\nCandidate=b\n");
	play("a b p q r . p@a q@b r@b . +10s .");
	ok(t, count_looks("c . c:down . c:gone .") == 0,
	   "another device's events concern no port");
	ok(t, count_looks("a:nocarrier .") == 1,
	   "a device's event concerns the ports that may use it");
	ok(t, count_looks("b:nocarrier .") == 2, "all of them");
	ok(t, count_looks("q@none .") == 1, "a port's event concerns itself");
	ok(t, count_looks("+1000s .") <= 3 && count_looks("+1000s .") == 0,
	   "after that only time that was asked for");
	end();
}

static void configure_many(char *conf, size_t size, unsigned int n)
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		len += (size_t)snprintf(conf + len, size - len,
					"[Port p%02u]\nCandidate=a\n", i);
}

/* READY=1 is sent when the engine is idle, see main.c. */
static void test_ready(struct tap *t)
{
	char conf[4096];

	configure_many(conf, sizeof(conf), 40);
	begin(conf);
	ok(t, !engine_is_idle(engine), "ports are to be examined first");
	sd_event_run(loop, 0);
	ok(t, kernel.looks == 32 && !engine_is_idle(engine),
	   "a turn of the loop has an end: %u ports", kernel.looks);
	run();
	ok(t, kernel.looks == 40 && engine_is_idle(engine),
	   "it is idle when every port was examined: %u", kernel.looks);
	ok(t, scene_port("p39")->event_until > scene.now,
	   "and those that were missing were created");
	scene_configure(conf);
	ok(t, !engine_is_idle(engine), "a reload has all examined again");
	end();
}

static void test_turns(struct tap *t)
{
	char conf[4096], name[8];
	unsigned int i;

	configure_many(conf, sizeof(conf), 40);
	begin(conf);
	play("a");
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "p%02u@a", i);
		play(name);
	}
	play(". +10s .");
	ok(t, count_looks("a:addr=02:00:00:00:00:01 .") == 40,
	   "the next turn goes on where one had to end");
	end();
}

static void test_idle(struct tap *t)
{
	begin("");
	run();
	ok(t, engine_is_idle(engine), "without ports it is idle");
	end();
}

static void test_settled(struct tap *t)
{
	begin(ON_A_OR_B);
	play("a b p .");
	kernel.settled = 0;
	play("p@b .");
	ok(t, !kernel.settled, "a port that takes a step is not settled");
	play("p@a .");
	ok(t, kernel.settled == 1, "one that needs none is");
	end();
}

static void test_kept(struct tap *t)
{
	struct port *p;

	begin(ON_A);
	play("a p . p@a .");
	p = scene_port("p");
	p->awaits_probes = true;
	p->event_until = scene.now;
	play("a:addr=02:00:00:00:00:01 .");
	ok(t, !p->awaits_probes && !p->event_until,
	   "an evaluation's results replace those before");
	end();
}

static bool wants_failback(void)
{
	return scene_port("p")->failback;
}

static void test_failback(struct tap *t)
{
	begin(P "Candidate=a\nCandidate=b\nFailback=no\n");
	play("b p . p@b . failback=p b:down b:up .");
	ok(t, !wants_failback(), "a failback by hand is for now only");
	play("a . +10s . place!11 failback=p b:down b:up .");
	ok(t, wants_failback(), "a busy port keeps it");
	play("place!22 +20ms .");
	ok(t, !wants_failback(), "a refusal by the only better device ends it");
	play("+10s . place!0 failback=p b:down b:up .");
	ok(t, !wants_failback(), "and so does a success");
	end();
	begin(P "Candidate=a\nCandidate=b\nCandidate=c\nFailback=no\n");
	play("c p . p@c . a b . place!22");
	kernel.done[0] = '\0';
	play("failback=p c:down c:up .");
	is_str(t, kernel.done, "place=p,a,replace place=p,b,replace .",
	       "if the best device refuses, it goes on with the next better one");
	ok(t, !wants_failback(), "and ends when all have refused");
	end();
}

/* ---- start ---- */

static void test_start(struct tap *t)
{
	struct engine *e;
	unsigned int n = 0;
	int err;

	memset(&kernel, 0, sizeof(kernel));
	do {
		kernel.starts = 0;
		kernel.starts_until = ++n;
		e = NULL;
		scene_clear();
		sd_event_new(&loop);
		err = engine_start(loop, &scene.m, &e);
		engine_stop(e);
		model_release(&scene.m);
		sd_event_unref(loop);
	} while (err == -ENOMEM && n < 100);
	ok(t, !err && n == 13, "whatever can't start ends the start: %u", n);
}

int main(void)
{
	struct tap t = { 0 };

	log_fd = log_capture();
	test_attach(&t);
	test_refused(&t);
	test_busy(&t);
	test_create(&t);
	test_options(&t);
	test_detach(&t);
	test_devices(&t);
	test_await(&t);
	test_pools(&t);
	test_mode_by_hand(&t);
	test_no_parent(&t);
	test_sweep(&t);
	test_dirty(&t);
	test_ready(&t);
	test_turns(&t);
	test_idle(&t);
	test_kept(&t);
	test_settled(&t);
	test_failback(&t);
	test_start(&t);
	return tap_end(&t);
}
