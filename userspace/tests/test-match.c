// SPDX-License-Identifier: GPL-2.0
/* Which devices selectors match (in the words of scene.h); pools; indexes. */
#include <time.h>

#include "model/match.h"
#include "scene.h"
#include "tap.h"

#define P "[Port p]\n"

/* Names of the devices that candidate @rank of p matches, "a b" */
static const char *matched(size_t rank)
{
	static char text[256];
	const struct port *port = scene_port("p");
	const struct selection *sel;
	const struct device *dev;
	size_t i, len = 0;

	sel = match_candidate(port, rank);
	text[0] = '\0';
	for (i = 0; i < sel->match.n; i++) {
		dev = model_device(&scene.m, sel->match.v[i]);
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"%s%s", i ? " " : "",
					dev ? dev->link.name : "?");
	}
	return text;
}

static const struct {
	const char *name, *conf, *words, *want;
} rows[] = {
	{ "a name", "Candidate=a\n", "a b", "a" },
	{ "no such name", "Candidate=c\n", "a b", "" },
	{ "a pattern", "Candidate=name=a*\n", "a ab b", "a ab" },
	{ "a name that comes later", "Candidate=c\n", "a c", "c" },
	{ "one that goes", "Candidate=a\n", "a a:gone", "" },
	{ "one that is renamed", "Candidate=b\n", "a a:name=b", "b" },
	{ "one that has another name now", "Candidate=a\n", "a a:name=b", "" },
	{ "several that are asked for", "Candidate=name=a driver=dummy\n",
	  "a b", "a" },
	{ "another driver", "Candidate=name=a driver=veth\n", "a", "" },
	{ "a udev property", "Candidate=property=K=K-a\n", "a b", "a" },
	{ "no port, child or loopback", "Candidate=name=*\n",
	  "a p p@a", "a" },

	/* VLANs */
	{ "a VLAN on a device", "Candidate=name=a vlan=5\n", "a a.5 a.6 b b.5",
	  "a.5" },
	{ "that comes before its device is known", "Candidate=name=b vlan=5\n",
	  "a b b.5 a.5", "b.5" },
	{ "VLANs on all of a pattern", "Candidate=name=?\n"
	  "Candidate=name=? vlan=5\n", "a a.5 b b.5", "a b" },
	{ "whose base is renamed away", "Candidate=name=a vlan=5\n",
	  "a a.5 a:name=x", "" },
	{ "whose base gets the name", "Candidate=name=x vlan=5\n",
	  "a a.5 a:name=x", "a.5" },
	{ "a VLAN by its own name", "Candidate=a.5\n", "a a.5 a.6", "a.5" },
	{ "a VLAN that matches the pattern is no base for it",
	  "Candidate=name=a* vlan=5\n", "a a.5 a.5.5", "a.5" },
	{ "a VLAN on a VLAN that is named", "Candidate=name=a.7 vlan=5\n",
	  "a a.7 a.7.5", "a.7.5" },

	/* which device an address selects */
	{ "a permanent address", "Candidate=mac=52:54:00:00:00:01\n",
	  "a:mac=52:54:00:00:00:01 b", "a" },
	{ "not a VLAN's inherited one", "Candidate=mac=52:54:00:00:00:01\n",
	  "a:mac=52:54:00:00:00:01 a.7 a.7:mac=52:54:00:00:00:01", "a" },
	{ "nor a macvlan's", "Candidate=mac=52:54:00:00:00:01\n",
	  "a:mac=52:54:00:00:00:01 a/m m:addr=52:54:00:00:00:01", "a" },
	{ "an address that a device has had from the start",
	  "Candidate=mac=52:54:00:00:00:01\n", "a a:addr=52:54:00:00:00:01",
	  "a" },
	{ "not that of a bridge with members",
	  "Candidate=mac=52:54:00:00:00:01\n",
	  "br br:addr=52:54:00:00:00:01 a:mac=52:54:00:00:00:01 a:master=br",
	  "a" },
	{ "of one that has lost its last member",
	  "Candidate=mac=52:54:00:00:00:01\n",
	  "br br:addr=52:54:00:00:00:01 a a:master=br a:nomaster", "br" },
	{ "an address that was changed is not the permanent one",
	  "Candidate=mac=52:54:00:00:00:01\n",
	  "a:mac=52:54:00:00:00:09 a:addr=52:54:00:00:00:01", "" },
};

static void test_rows(struct tap *t)
{
	char conf[256];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(conf, sizeof(conf), P "%s", rows[i].conf);
		scene_begin(conf);
		scene_play(rows[i].words);
		is_str(t, matched(0), rows[i].want, rows[i].name);
		scene_end();
	}
}

static void test_shared(struct tap *t)
{
	scene_begin(P "Candidate=name=a vlan=5\nCandidate=name=a vlan=6\n"
		    "Candidate=a\n");
	scene_play("a a.6 a.5");
	ok(t, !strcmp(matched(0), "a.5") && !strcmp(matched(1), "a.6") &&
	   !strcmp(matched(2), "a"), "selectors that share a base");
	scene_play("a.5:gone");
	ok(t, !*matched(0) && !strcmp(matched(1), "a.6"),
	   "what goes from one stays with the other");
	scene_play("a:gone");
	ok(t, !*matched(2), "the base itself");
	scene_end();
}

static void test_wifi(struct tap *t)
{
	const struct port *port;

	scene_begin(P "Candidate=name=w*\n");
	scene.wifi = "w0";
	scene_play("w0 w1");
	port = scene_port("p");
	is_str(t, matched(0), "w1", "a Wi-Fi device is no candidate");
	ok(t, match_candidate(port, 0)->base->wifi.n == 1, "and known as one");
	scene_play("w0:gone");
	ok(t, !match_candidate(port, 0)->base->wifi.n, "until it goes");
	scene_end();
}

/* Is port @name in the queue of those to be looked at? */
static bool is_marked(const char *name)
{
	return agenda_is_marked(&scene_port(name)->todo);
}

static void unmark_all(void)
{
	while (agenda_take(&scene.m.agenda, AGENDA_PORT) ||
	       agenda_take(&scene.m.agenda, AGENDA_DEVICE))
		;
}

/* Only the ports that are concerned look again. */
static void test_marks(struct tap *t)
{
	scene_begin(P "Candidate=a\n[Port q]\nCandidate=b\n"
		    "[Port r]\nCandidate=name=a vlan=5\n");
	scene_play("a b a.5");
	unmark_all();
	scene_play("a:nocarrier");
	ok(t, is_marked("p") && !is_marked("q") && !is_marked("r"),
	   "an event marks the ports whose candidate it is");
	unmark_all();
	scene_play("a.5:down");
	ok(t, !is_marked("p") && is_marked("r"),
	   "a VLAN's event marks its own port");
	unmark_all();
	scene_play("x x:down x:gone");
	ok(t, !is_marked("p") && !is_marked("q") && !is_marked("r") &&
	   agenda_is_empty(&scene.m.agenda, AGENDA_DEVICE),
	   "an event of a device that is no candidate marks nothing");
	scene_play("pin=q,x");
	unmark_all();
	scene_play("x");
	ok(t, is_marked("q") && !is_marked("p"),
	   "the device of a pin marks the pinned port");
	scene_end();
}

static void test_pools(struct tap *t)
{
	struct pool_use use;

	scene_begin("[Pool f]\nMember=name=a*\nMember=c\n"
		    P "Candidate=pool=f\n[Port q]\nCandidate=pool=f\n");
	scene_play("a ab b c");
	is_str(t, matched(0), "a ab c", "a pool means its members");
	scene_play("ab:name=x");
	is_str(t, matched(0), "a c", "which change");
	unmark_all();
	scene_play("q q:up q@a");
	pool_use(scene_device("a"), &use);
	ok(t, use.holder == *scene_index("q"),
	   "the holder of a member is known");
	ok(t, !pool_allows(scene_port("p"), scene_device("a")) &&
	   pool_allows(scene_port("q"), scene_device("a")),
	   "a member with a holder is allowed to that port only");
	unmark_all();
	scene_play("q@none");
	ok(t, is_marked("p"),
	   "a member that becomes free marks the ports that wait");
	pool_use(scene_device("c"), &use);
	ok(t, !use.holder && !*use.why, "a free one");
	scene_play("c:addressed");
	pool_use(scene_device("c"), &use);
	is_str(t, use.why, "it has addresses", "one with addresses");
	scene_end();
}

/* Between an attach and its event no other port gets the member. */
static void test_claims(struct tap *t)
{
	struct port *p, *q;
	struct device *a;

	scene_begin("[Pool f]\nMember=a\n" P "Candidate=pool=f mode=direct\n"
		    "[Port q]\nCandidate=pool=f mode=direct\n");
	scene_play("a p p:up q q:up");
	p = scene_port("p");
	q = scene_port("q");
	a = scene_device("a");
	port_claim(p, a);
	ok(t, pool_allows(p, a) && !pool_allows(q, a), "a claim counts");
	scene_play("p:down p:up");
	ok(t, !pool_allows(q, a), "also after an event that is older");
	scene_play("p@a=direct");
	ok(t, !p->claim && !a->claim && !pool_allows(q, a),
	   "the attach's event ends the claim, and shows the holder");
	port_claim(q, a);
	scene_play("a:gone");
	ok(t, !q->claim, "a device that goes takes its claim along");
	scene_end();
}

/* A first dump that is read in part leaves pools as they are. */
static void test_partial(struct tap *t)
{
	scene_begin("[Pool f]\nMember=a\nMember=b\n"
		    P "Candidate=pool=f mode=direct\n");
	scene_play("p p:up p@a=direct");
	scene_play("b");
	is_str(t, matched(0), "a b", "what comes later adds to the pool");
	ok(t, pool_allows(scene_port("p"), scene_device("a")),
	   "and takes nothing from it");
	scene_end();
}

/* One of a thousand VLANs on one device changes. */
static void test_many(struct tap *t)
{
	char *conf = NULL, name[32];
	size_t len;
	FILE *f = open_memstream(&conf, &len);
	int i;

	for (i = 1; f && i <= 1000; i++)
		fprintf(f, "[Port p%d]\nCandidate=name=a vlan=%d\n", i, i);
	if (!f || fclose(f))
		abort();
	scene_begin(conf);
	free(conf);
	scene_play("a");
	for (i = 1; i <= 1000; i++) {
		snprintf(name, sizeof(name), "a.%d", i);
		scene_word(name);
	}
	unmark_all();
	scene_play("a.77:nocarrier");
	ok(t, is_marked("p77") && !is_marked("p78"),
	   "of 1,000 ports with a VLAN each, one is marked");
	unmark_all();
	scene_play("a:nocarrier");
	ok(t, !is_marked("p1"),
	   "an event of the NIC marks no port of its VLANs");
	scene_end();
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * CLOCK_SECOND + (uint64_t)ts.tv_nsec;
}

/* CPU time of 1,000 events, at least, with @n ports and a name for each */
static uint64_t cost_of_events(int n)
{
	uint64_t least = UINT64_MAX, begin;
	char *conf = NULL;
	size_t len;
	FILE *f = open_memstream(&conf, &len);
	int i, round;

	for (i = 0; f && i < n; i++)
		fprintf(f, "[Port p%d]\nCandidate=n%d\n", i, i);
	if (!f || fclose(f))
		abort();
	scene_begin(conf);
	free(conf);
	scene_play("n7");
	for (round = 0; round < 5; round++) {
		begin = cpu_ns();
		for (i = 0; i < 1000; i++)
			scene_play(i & 1 ? "n7:up" : "n7:down");
		if (cpu_ns() - begin < least)
			least = cpu_ns() - begin;
	}
	scene_end();
	return least;
}

static void test_names(struct tap *t)
{
	uint64_t few = cost_of_events(10), many = cost_of_events(1000);

	ok(t, many < 4 * few,
	   "an event costs the same with 1,000 names as with 10 (%d, %d us)",
	   (int)(many / 1000), (int)(few / 1000));
}

int main(void)
{
	struct tap t = { 0 };

	test_rows(&t);
	test_shared(&t);
	test_wifi(&t);
	test_marks(&t);
	test_pools(&t);
	test_claims(&t);
	test_partial(&t);
	test_many(&t);
	test_names(&t);
	return tap_end(&t);
}
