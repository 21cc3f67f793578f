// SPDX-License-Identifier: GPL-2.0
/* The tables, the events of ports, what a reload keeps; the agenda. */
#include "model/event.h"
#include "model/history.h"
#include "model/lower.h"
#include "model/match.h"
#include "model/refusal.h"
#include "scene.h"
#include "tap.h"

#define P "[Port p]\nCandidate=a\nCandidate=b\n"

/* ---- what happens to a port ---- */

#define ATTACHED "p attached >a not by the daemon; "

static const struct {
	const char *name, *words, *want;
} happenings[] = {
	{ "the state in which a port is first seen is no event", "a p@a", "" },
	{ "attached", "a p p@a", "p attached >a not by the daemon" },
	{ "replaced", "a b p p@a p@b", "p attached >a not by the daemon; "
	  "p replaced a>b not by the daemon" },
	{ "detached", "a p@a p@none", "p detached a> none" },
	{ "deleted", "a p@a p:gone", "p deleted a> " },
	{ "renamed", "a p@a p:name=x", "p deleted a> renamed to x" },
	{ "a port in another namespace was moved, not deleted", "a p@a p:away",
	  "p moved a> to another network namespace" },
	{ "the event of a parent's move has that parent's name",
	  "a b p@a a:away p@b", "p replaced a>b not by the daemon" },
	{ "a device that takes the parent's ifindex is not named",
	  "a b p@a a:away x p@b", "p replaced a>b not by the daemon" },
	{ "a daemon that starts learns of the port before its lower",
	  "a b p p@a restart p@b", ATTACHED
	  "p replaced a>b not by the daemon" },
	{ "it names the device that was lost",
	  "a b p p@a restart p@none", ATTACHED "p detached a> none" },
	{ "it names the device that went to another namespace",
	  "a b p p@a restart a:away p@b", ATTACHED
	  "p replaced a>b not by the daemon" },
	{ "a device is told under the name that it has by then",
	  "a b p@a a:name=c p@b", "p replaced c>b not by the daemon" },
};

static void test_happenings(struct tap *t)
{
	size_t i;

	for (i = 0; i < sizeof(happenings) / sizeof(*happenings); i++) {
		scene_begin(P);
		scene_play(happenings[i].words);
		is_str(t, scene.told, happenings[i].want, happenings[i].name);
		scene_end();
	}
}

/*
 * The kernel sets a device down before it moves it, and the daemon, which hears
 * that first, already replaces it.
 */
static void test_moved_meanwhile(struct tap *t)
{
	static const struct {
		const char *name, *words, *want;
	} v[] = {
		{ "a device that is down and moves meanwhile has moved",
		  "a:away", "p replaced a>b device moved away" },
		{ "one that is only down is down", "",
		  "p replaced a>b lower down" },
		{ "one that is deleted has not moved", "a:gone",
		  "p replaced a>b lower down" },
		{ "events of other devices don't matter", "c:away",
		  "p replaced a>b lower down" },
	};
	size_t i;

	for (i = 0; i < sizeof(v) / sizeof(*v); i++) {
		scene_begin(P);
		scene_play("a b c p@a a:down");
		/* As the engine does when it takes the step */
		snprintf(scene_port("p")->why, sizeof(scene_port("p")->why),
			 "%s", scene_look("p").why);
		scene_play(v[i].words);
		scene_play("p@b");
		is_str(t, scene.told, v[i].want, v[i].name);
		scene_end();
	}
}

static void test_lost(struct tap *t)
{
	scene_begin(P);
	scene_play("a p@a");
	scene_gone("p", PORT_LOST);
	is_str(t, scene.told,
	       "p deleted a> or moved away, while events were lost",
	       "a port that went while events were lost is not told as deleted for sure");
	ok(t, scene_port("p")->end == PORT_LOST, "nor is it logged as deleted");
	scene_end();
}

/* An ifindex of another namespace says nothing of the device here. */
static void test_parent(struct tap *t)
{
	struct stabletap_link link;
	char name[STABLETAP_NAME_SIZE];
	struct device *dev;
	int lower;

	scene_begin(P);
	scene_play("a b p@a");
	lower = (int)scene_port("p")->told.lower;
	ok(t, device_parent(&scene.m, lower, &dev) == DEVICE_HERE &&
	   dev == scene_device("a"), "a child stands for its parent");
	link = model_device(&scene.m, lower)->link;
	link.link = scene_device("b")->link.ifindex;
	link.link_netnsid = 2;
	scene_put(&link);
	ok(t, device_parent(&scene.m, lower, &dev) == DEVICE_AWAY && !dev,
	   "a child whose parent is elsewhere stands for no device here");
	ok(t, !port_present(scene_port("p")) && port_is_away(scene_port("p")),
	   "the port's device is away");
	is_str(t, port_device_name(scene_port("p"), name), "a",
	       "it keeps the name that it had here");
	ok(t, device_parent(&scene.m, 4711, &dev) == DEVICE_UNKNOWN,
	   "an unknown ifindex stands for nothing");
	scene_end();
}

static void test_reused(struct tap *t)
{
	struct stabletap_link link = { 0 };
	int ifindex;

	scene_begin(P);
	scene_play("a p p:up p@a");
	ifindex = *scene_index("p");
	link = scene_device("a")->link;
	link.ifindex = ifindex;
	snprintf(link.name, sizeof(link.name), "x");
	scene_put(&link);
	ok(t, !scene_port("p")->ifindex && strstr(scene.told, "p deleted"),
	   "an ifindex that another device has now is no port's");
	ok(t, model_device(&scene.m, ifindex) &&
	   !model_device(&scene.m, ifindex)->port,
	   "and that device is no port");
	scene_end();
}

/* Ports that share a device are attached to it before any of their events. */
static void test_claims(struct tap *t)
{
	struct port *p, *q;

	scene_begin("[Port p]\nCandidate=a\n[Port q]\nCandidate=a\n");
	scene_play("a p q");
	p = scene_port("p");
	q = scene_port("q");
	port_claim(p, scene_device("a"));
	port_claim(q, scene_device("a"));
	ok(t, scene_device("a")->claim == q && !p->claim,
	   "a device has one claim, the last");
	scene_play("a:gone");
	ok(t, !p->claim && !q->claim,
	   "no port keeps its claim to a device that is gone");
	scene_end();
}

static void test_counts(struct tap *t)
{
	scene_begin(P "[Port q]\nCandidate=a\n");
	scene_play("a p p@a q");
	ok(t, scene.m.attached_n == 1, "ports with a lower are counted");
	scene_play("q@a p@none");
	ok(t, scene.m.attached_n == 1, "as they change");
	scene_play("q:gone");
	ok(t, !scene.m.attached_n, "and go");
	scene_play("pin=p,a");
	ok(t, scene.m.by_hand_n == 1, "overrides are counted");
	scene_play("unpin=p");
	ok(t, !scene.m.by_hand_n,
	   "overrides are counted until they are removed");
	scene_end();
}

/* Stacked devices whose messages come in any order */
static void test_stacking(struct tap *t)
{
	struct stabletap_link link = {
		.ifindex = 50, .link = 60, .link_netnsid = -1, .vlan_id = 5,
		.type = ARPHRD_ETHER, .kind = "vlan", .name = "up",
	};

	scene_begin(P);
	scene_put(&link);
	link = (struct stabletap_link){
		.ifindex = 60, .link_netnsid = -1, .type = ARPHRD_ETHER,
		.name = "down",
	};
	scene_put(&link);
	ok(t, idset_has(&model_device(&scene.m, 60)->uppers, 50) &&
	   idset_has(&model_device(&scene.m, 60)->vlan_ids, 5),
	   "a device that is told before what it is stacked on");
	model_link_gone(&scene.m, 50, PORT_DELETED);
	ok(t, !model_device(&scene.m, 60)->uppers.n &&
	   !model_device(&scene.m, 60)->vlan_ids.n, "and goes");
	scene_end();
}

static void test_orphans(struct tap *t)
{
	struct stabletap_link link;
	int lower;

	scene_begin(P);
	scene_play("a p@a");
	lower = (int)scene_port("p")->told.lower;
	ok(t, !scene.m.orphans.n, "a child that carries a port is no orphan");
	link = model_device(&scene.m, lower)->link;
	link.master = 0;
	scene_put(&link);
	ok(t, idset_has(&scene.m.orphans, lower), "without a master it is one");
	model_link_gone(&scene.m, lower, PORT_DELETED);
	ok(t, !scene.m.orphans.n, "until it goes");
	scene_end();
}

/* ---- refusals ---- */

static void test_refusals(struct tap *t)
{
	struct device *a;
	struct port *p;
	bool news;

	scene_begin(P);
	scene_play("a p p:up");
	p = scene_port("p");
	a = scene_device("a");
	ok(t, !port_refused(p, a, "busy", scene.now, &news) && news,
	   "a cause is logged");
	ok(t, !port_refused(p, a, "busy", scene.now, &news) && !news,
	   "a cause is logged once, however often it is tried");
	ok(t, !port_refused(p, a, "no room", scene.now, &news) && news,
	   "another cause is logged");
	ok(t, a->refused == 1 && scene.m.refusals_n == 1, "counted");
	port_refusal_drop(p, a->link.ifindex);
	ok(t, !a->refused && !scene.m.refusals_n && !p->refusals_n, "and gone");
	scene_play("refuse=p,a a:gone");
	ok(t, !scene.m.refusals_n && !p->refusals_n,
	   "a device that goes takes its refusal along");
	scene_end();
}

/* ---- a reload ---- */

static int configured_new, configured_old, dropped;

static void on_port_configured(struct port *port,
			       const struct conf_port *before, void *arg)
{
	(void)port, (void)arg;
	configured_new += !before;
	configured_old += before != NULL;
}

static void on_port_dropped(struct port *port, void *arg)
{
	(void)port, (void)arg;
	dropped++;
}

static void test_reload(struct tap *t)
{
	static const struct model_ops ops = {
		.port_configured = on_port_configured,
		.port_dropped = on_port_dropped,
	};
	struct port *p;

	scene_begin(P);
	model_watch(&scene.m, &ops, NULL);
	scene_play("a b p@b look=p refuse=p,a");
	p = scene_port("p");
	scene_configure(P "LossDelaySec=1\n[Port q]\nCandidate=a\n");
	ok(t, scene_port("p") == p && p->told.lower && p->conf->loss_delay,
	   "a reload changes the section of a port, and not the port");
	ok(t, configured_new == 1 && configured_old == 1 && !dropped,
	   "watchers are told what is new and what was there");
	ok(t, p->refusals_n == 1,
	   "refusals of the same candidates stay over a reload");
	ok(t, match_selects_device(&scene.m,
				     p->conf->candidates.v[0].selector->number,
				     scene_device("a")), "devices match at once");
	scene_configure("[Port p]\nCandidate=b\n");
	ok(t, dropped == 1 && !model_port(&scene.m, "q"),
	   "a section that is gone is dropped");
	ok(t, !p->refusals_n && !scene_device("a")->refused,
	   "other candidates have refused nothing");
	scene_configure(P);
	ok(t, scene_port("p") == p && scene.m.attached_n == 1,
	   "and it still has its lower");
	scene_end();
}

/* In every call of a watcher, the tables fit the port's section. */
static int told_rank[2];	/* of the present device, at the last call */

static int rank_now(const struct port *port)
{
	const struct device *dev = port_present(port);
	size_t i;

	/* Each number of a selector in a device's set must exist. */
	for (i = 0; dev && i < dev->matches.n; i++)
		if ((size_t)dev->matches.v[i] >= port->model->conf->selectors_n)
			return -2;
	return port_candidate(port, dev);
}

static void keep_rank(struct port *port, const struct conf_port *before,
		      void *arg)
{
	(void)before, (void)arg;
	told_rank[0] = rank_now(port);
}

static void keep_rank_dropped(struct port *port, void *arg)
{
	(void)arg;
	told_rank[1] = rank_now(port);
}

static void test_tables_over_reload(struct tap *t)
{
	static const struct model_ops ops = {
		.port_configured = keep_rank,
		.port_dropped = keep_rank_dropped,
	};

	scene_begin(P "[Port q]\nCandidate=c\nCandidate=d\n"
		    "[Port r]\nCandidate=e\n");
	model_watch(&scene.m, &ops, NULL);
	scene_play("a b c d e p@a q@d r@e");
	scene_configure("[Port p]\nCandidate=b\nCandidate=a\n");
	ok(t, told_rank[0] == 1,
	   "devices match by the new section when it is told");
	scene_configure("[Port p]\nCandidate=a\n[Port q]\nCandidate=c\n"
			"Candidate=d\n");
	scene_configure("[Port p]\nCandidate=a\n");
	ok(t, told_rank[1] == 1,
	   "and by the old one when a port is dropped");
	scene_end();
}

static void test_failback_delay_over_reload(struct tap *t)
{
	uint64_t since;

	scene_begin(P "FailbackDelaySec=10\n");
	scene_play("a b p@b look=p +4s");
	since = scene_port("p")->waits.better_since;
	scene_configure(P "FailbackDelaySec=10\n");
	ok(t, since && scene_port("p")->waits.better_since == since,
	   "a reload that changes nothing does not put off failback");
	scene_configure(P "Candidate=c\nFailbackDelaySec=10\n");
	ok(t, !scene_port("p")->waits.better_since,
	   "one that changes the candidates does");
	scene_end();
}

/* A port that is there before its section */
static void test_later(struct tap *t)
{
	scene_begin(P);
	scene_play("a");
	scene_put(&(struct stabletap_link){
		.ifindex = 77, .kind = STABLETAP_KIND, .name = "q",
		.link_netnsid = -1,
	});
	scene_configure(P "[Port q]\nCandidate=a\n");
	ok(t, scene_port("q")->ifindex == 77,
	   "a port that was there before its section is taken over");
	scene_end();
}

/* ---- the agenda ---- */

static void test_agenda(struct tap *t)
{
	struct todo v[50];
	struct agenda a;
	unsigned int seed = 7, i;
	uint64_t last = 0;
	bool good = true;
	struct todo *first;

	agenda_init(&a);
	for (i = 0; i < 50; i++)
		if (agenda_join(&a, &v[i], AGENDA_PORT))
			abort();
	agenda_mark(&a, &v[3]);
	agenda_mark(&a, &v[1]);
	agenda_mark(&a, &v[3]);
	ok(t, agenda_take(&a, AGENDA_PORT) == &v[3] &&
	   agenda_take(&a, AGENDA_PORT) == &v[1] &&
	   !agenda_take(&a, AGENDA_PORT), "in turn, each once");
	for (i = 0; i < 50; i++) {
		seed = seed * 1103515245 + 12345;
		agenda_set(&a, &v[i], 1 + (seed >> 16) % 1000);
	}
	agenda_at(&a, &v[9], 2000);
	ok(t, v[9].when < 2000, "a later time does not put off a sooner one");
	agenda_set(&a, &v[9], 2000);
	agenda_set(&a, &v[8], 0);
	ok(t, v[9].when == 2000 && !v[8].when, "unless it is set anew");
	while (agenda_next(&a)) {
		good = good && agenda_next(&a) >= last;
		last = agenda_next(&a);
		agenda_due(&a, last);
		while ((first = agenda_take(&a, AGENDA_PORT)))
			good = good && !first->when;
	}
	ok(t, good && last == 2000, "times come in their order");
	agenda_mark(&a, &v[5]);
	agenda_set(&a, &v[5], 7);
	for (i = 0; i < 50; i++)
		agenda_leave(&a, &v[i]);
	ok(t, !agenda_next(&a) && agenda_is_empty(&a, AGENDA_PORT),
	   "a todo that left the agenda is not evaluated");
	agenda_release(&a);
}

static bool next_is(struct agenda *a, const struct todo *t)
{
	return agenda_take(a, AGENDA_PORT) == t;
}

static void test_order(struct tap *t)
{
	struct todo v[4];
	struct agenda a;
	size_t i;

	agenda_init(&a);
	for (i = 0; i < 4; i++)
		if (agenda_join(&a, &v[i], AGENDA_PORT))
			abort();
	agenda_order(&a, &v[2], 20);
	agenda_order(&a, &v[3], 10);
	for (i = 0; i < 4; i++)
		agenda_mark(&a, &v[i]);
	agenda_order(&a, &v[1], 15);
	ok(t, next_is(&a, &v[3]) && next_is(&a, &v[1]) &&
	   next_is(&a, &v[2]) && next_is(&a, &v[0]) && next_is(&a, NULL),
	   "an entry that is ordered is taken before others");
	agenda_order(&a, &v[1], AGENDA_LAST);
	agenda_mark(&a, &v[0]);
	agenda_mark(&a, &v[1]);
	ok(t, next_is(&a, &v[0]) && next_is(&a, &v[1]),
	   "until its order is taken back");
	for (i = 0; i < 4; i++)
		agenda_leave(&a, &v[i]);
	agenda_release(&a);
}

static void test_lost_first(struct tap *t)
{
	struct agenda *a = &scene.m.agenda;

	scene_begin("[Port o]\nCandidate=a\n" P "[Port q]\nCandidate=a\n"
		    "[Port r]\nCandidate=a\n");
	scene_play("a b o p@a q@b r@a +1s r@none +1s p@none");
	while (agenda_take(a, AGENDA_PORT))
		;
	model_mark_all(&scene.m);
	ok(t, next_is(a, &scene_port("r")->todo) &&
	   next_is(a, &scene_port("p")->todo),
	   "the port that lost its lower first comes first");
	ok(t, next_is(a, &scene_port("o")->todo) &&
	   next_is(a, &scene_port("q")->todo) && next_is(a, NULL),
	   "a port that has one, or never had one, comes after them");
	scene_end();
}

static void count(void *arg)
{
	++*(unsigned int *)arg;
}

/* The engine sleeps until the agenda wakes it. */
static void test_wake(struct tap *t)
{
	struct todo first = { 0 }, second = { 0 };
	unsigned int woken = 0;
	struct agenda a;

	agenda_init(&a);
	if (agenda_join(&a, &first, AGENDA_PORT) ||
	    agenda_join(&a, &second, AGENDA_DEVICE))
		abort();
	agenda_on_entry(&a, count, &woken);
	agenda_mark(&a, &first);
	agenda_mark(&a, &first);
	ok(t, woken == 1, "an entry of a queue wakes the engine once");
	agenda_set(&a, &first, 20);
	agenda_set(&a, &second, 30);
	ok(t, woken == 2, "a time wakes it only if it is the earliest");
	agenda_set(&a, &second, 10);
	ok(t, woken == 3, "the timer must then be set again");
	agenda_on_entry(&a, NULL, NULL);
	agenda_mark(&a, &second);
	ok(t, woken == 3, "an engine that has ended is not woken");
	agenda_release(&a);
}

/* ---- a device that goes and returns ---- */

static void test_returns(struct tap *t)
{
	struct stabletap_link a, vlan;

	scene_begin("[Port p]\nCandidate=name=a vlan=5\n");
	scene_play("a a.5 p p:up");
	a = scene_device("a")->link;
	vlan = scene_device("a.5")->link;
	model_link_gone(&scene.m, a.ifindex, PORT_MOVED);
	scene_put(&a);
	scene_put(&vlan);
	ok(t, idset_has(&scene_device("a")->uppers, vlan.ifindex) &&
	   idset_has(&scene_device("a")->vlan_ids, 5),
	   "a device that returns has what is stacked on it");
	ok(t, match_selects_device(&scene.m,
		scene_port("p")->conf->candidates.v[0].selector->number,
		scene_device("a.5")), "which matches again");
	scene_end();

	scene_begin(P);
	scene_play("br a:master=br b:master=br");
	a = scene_device("br")->link;
	model_link_gone(&scene.m, a.ifindex, PORT_MOVED);
	scene_put(&a);
	scene_play("a:nomaster");
	ok(t, scene_device("br")->members == 1, "and its members: %u",
	   scene_device("br")->members);
	scene_end();
}

/* VLANs 5 and 6, whose base is not known */
static struct stabletap_link early_vlan(uint16_t id)
{
	struct stabletap_link vlan = {
		.ifindex = 50 + id, .link = 60, .link_netnsid = -1,
		.vlan_id = id, .type = ARPHRD_ETHER, .kind = "vlan",
	};

	snprintf(vlan.name, sizeof(vlan.name), "v%u", id);
	return vlan;
}

static void test_base_comes_late(struct tap *t)
{
	struct stabletap_link five = early_vlan(5), six = early_vlan(6);
	struct stabletap_link base = {
		.ifindex = 60, .link_netnsid = -1, .type = ARPHRD_ETHER,
		.name = "base",
	};

	scene_begin(P);
	scene_put(&five);
	scene_put(&six);
	model_link_gone(&scene.m, six.ifindex, PORT_DELETED);
	scene_put(&base);
	ok(t, idset_has(&model_device(&scene.m, 60)->vlan_ids, 5) &&
	   !idset_has(&model_device(&scene.m, 60)->vlan_ids, 6),
	   "of two devices that wait for their base one may go");
	scene_end();
}

/* ---- announcements ---- */

static bool is_announced;

static void on_port(struct port *port, const struct port_was *was, void *arg)
{
	(void)arg;
	is_announced = port_is_announced(port, was);
}

static void test_announced(struct tap *t)
{
	static const struct model_ops ops = { .port_changed = on_port };
	struct stabletap_link p;

	scene_begin(P);
	model_watch(&scene.m, &ops, NULL);
	scene_play("a b p@a=direct p:up");
	p = scene_device("p")->link;
	p.port.replaces += 2;
	is_announced = false;
	scene_put(&p);
	ok(t, is_announced,
	   "a port that was on another device and is back is announced");
	scene_end();
}

int main(void)
{
	struct tap t = { 0 };

	test_happenings(&t);
	test_moved_meanwhile(&t);
	test_lost(&t);
	test_parent(&t);
	test_reused(&t);
	test_claims(&t);
	test_counts(&t);
	test_stacking(&t);
	test_orphans(&t);
	test_refusals(&t);
	test_reload(&t);
	test_tables_over_reload(&t);
	test_failback_delay_over_reload(&t);
	test_later(&t);
	test_agenda(&t);
	test_order(&t);
	test_lost_first(&t);
	test_wake(&t);
	test_returns(&t);
	test_base_comes_late(&t);
	test_announced(&t);
	return tap_end(&t);
}
