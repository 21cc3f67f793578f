// SPDX-License-Identifier: GPL-2.0
/*
 * Which devices are probed, when, and who is told of the answers.  Questions
 * are noted by the functions below, in place of sockets and programs.
 */
#include <errno.h>

#include "loop.h"
#include "probe/neighbour.h"
#include "probe/probe.h"
#include "probe/schedule.h"
#include "probe/script.h"
#include "scene.h"
#include "tap.h"

/* Short times, so that the test is quick */
#define ARP "Probe=arp 192.0.2.1\nProbeIntervalSec=200ms\n" \
	"ProbeTimeoutSec=100ms\nProbeMisses=2\nProbeAnswers=2\n"
/* Nothing is asked twice, no matter how long the test takes. */
#define ONCE "Probe=arp 192.0.2.1\nProbeIntervalSec=60s\n"
#define SCRIPT "Probe=script /bin/true\nProbeIntervalSec=10s\n"
#define P "[Port p]\nCandidate=a\nCandidate=b\n"

#define DEVICES 64

static struct {
	heard_fn heard;
	void *arg;
	unsigned int asked[DEVICES];	/* by ifindex */
	bool answers[DEVICES];
	int error;			/* of asking */
	unsigned int running, most;	/* programs */
	struct probe *started[DEVICES];
	program_fn ended;
	unsigned int killed;
} net;

static sd_event *loop;
static struct probes *probes;

/* ---- in place of the network ---- */

struct neighbours *neighbours_new(sd_event *unused, heard_fn fn, void *arg)
{
	(void)unused;
	net.heard = fn;
	net.arg = arg;
	return (struct neighbours *)&net;
}

void neighbours_free(struct neighbours *n)
{
	(void)n;
}

int neighbour_ask(struct neighbours *n, struct probe *p)
{
	(void)n;
	net.asked[p->dev->link.ifindex]++;
	return net.error;
}

/* Answers come when they are looked for: at the end of the time limit. */
void neighbour_listen(struct neighbours *n, struct probe *p)
{
	int ifindex = p->dev->link.ifindex;

	(void)n;
	if (net.answers[ifindex])
		net.heard(ifindex, 0, NULL, 0, net.arg);
}

bool neighbour_is_answer(const struct probe *p, uint16_t proto,
			 const uint8_t *data, size_t len)
{
	(void)p, (void)proto, (void)data, (void)len;
	return true;
}

void neighbour_forget(struct neighbours *n, struct probe *p)
{
	(void)n, (void)p;
}

/* ---- in place of programs ---- */

int script_ask(sd_event *unused, struct probe *p, program_fn fn)
{
	(void)unused;
	net.asked[p->dev->link.ifindex]++;
	net.ended = fn;
	net.started[net.running++] = p;
	if (net.running > net.most)
		net.most = net.running;
	p->program = (struct program *)&net;
	return 0;
}

void program_kill(const struct program *p, int signo)
{
	(void)p, (void)signo;
	net.killed++;
}

void program_free(struct program *p)
{
	(void)p;
}

static void end_program(bool good)
{
	const struct program_end end = { .good = good };

	net.ended(&end, net.started[--net.running]);
}

/* ---- */

static void begin(const char *conf, const char *words)
{
	memset(&net, 0, sizeof(net));
	scene_begin(conf);
	if (probes_start(loop, &scene.m, &probes))
		abort();
	scene_play(words);
}

static void end(void)
{
	probes_stop(probes);
	scene_end();
}

/* As the engine does before it asks the plan */
static void look_at(const char *port)
{
	model_port_look(scene_port(port));
}

static void look(void)
{
	look_at("p");
	loop_for(loop, 10);
}

static unsigned int asked(const char *dev)
{
	return net.asked[*scene_index(dev)];
}

static enum verdict_word word_of(const char *dev)
{
	const struct device *d = scene_device(dev);

	return d->verdicts ? d->verdicts->verdict.word : VERDICT_UNKNOWN;
}

static bool is_known(void *dev)
{
	return word_of(dev) != VERDICT_UNKNOWN;
}

static bool fails(void *dev)
{
	return word_of(dev) == VERDICT_FAILS;
}

static void unmark_all(void)
{
	while (agenda_take(&scene.m.agenda, AGENDA_PORT) ||
	       agenda_take(&scene.m.agenda, AGENDA_DEVICE))
		;
}

static void test_who_is_asked(struct tap *t)
{
	begin(P ONCE "[Port q]\nCandidate=a\n" ONCE
	      "[Port r]\nCandidate=c\n", "a b b:down c d p q r");
	look();
	look_at("q");
	look_at("r");
	loop_for(loop, 10);
	ok(t, asked("a") == 1, "two ports that ask the same ask once");
	ok(t, !asked("b"), "a device that is down is not asked");
	ok(t, !asked("c") && !asked("d"),
	   "nor one whose ports have no Probe=, nor a stranger");
	scene_play("b:up");
	look();
	ok(t, asked("b") == 1, "but when it is up it is");
	end();
}

static void test_answers(struct tap *t)
{
	static char a[] = "a", b[] = "b";

	begin(P ARP, "a b p");
	net.answers[*scene_index("a")] = true;
	look();
	unmark_all();
	ok(t, loop_until(loop, is_known, a, SOON) &&
	   word_of("a") == VERDICT_ANSWERS && asked("a") == 2,
	   "a device that has answered often enough answers");
	ok(t, loop_until(loop, is_known, b, SOON) &&
	   word_of("b") == VERDICT_FAILS,
	   "a device that has missed often enough fails");
	ok(t, !agenda_is_empty(&scene.m.agenda, AGENDA_PORT),
	   "and the port looks again");
	net.answers[*scene_index("a")] = false;
	ok(t, loop_until(loop, fails, a, SOON),
	   "probes continue, so that a failure is found");
	end();
}

static void test_error(struct tap *t)
{
	static char a[] = "a";

	begin(P ARP, "a p");
	net.error = -ENETDOWN;
	look();
	ok(t, loop_until(loop, fails, a, SOON),
	   "a probe that can't be sent counts as missed");
	end();
}

static void test_sleep(struct tap *t)
{
	static char a[] = "a";
	unsigned int before;

	begin(P ARP, "a p");
	look();
	loop_until(loop, fails, a, SOON);
	scene_play("a:nocarrier");
	before = asked("a");
	loop_for(loop, 300);
	ok(t, word_of("a") == VERDICT_UNKNOWN && asked("a") == before,
	   "a device without carrier is not asked, and nothing known of it");
	end();
}

static void test_forgotten(struct tap *t)
{
	unsigned int before;
	int ifindex;

	begin(P ARP, "a b p");
	look();
	scene_configure(P "Probe=\n");
	ok(t, !scene_device("a")->verdicts, "no Probe=, no question");
	scene_configure(P ARP);
	look();
	scene_configure("[Port p]\nCandidate=a\n" ARP);
	ok(t, scene_device("a")->verdicts && !scene_device("b")->verdicts,
	   "nor about what is no candidate any more");
	ifindex = *scene_index("a");
	scene_play("a:gone");
	before = net.asked[ifindex];
	loop_for(loop, 300);
	ok(t, before && net.asked[ifindex] == before,
	   "nor by a device that has gone");
	end();
}

/* ---- programs ---- */

static void test_many_programs(struct tap *t)
{
	char name[8];
	unsigned int i, all = 0;

	begin("[Port p]\nCandidate=name=d*\n" SCRIPT, "p");
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		scene_play(name);
	}
	look();
	ok(t, net.running == 16, "16 programs run at a time");
	end_program(true);
	ok(t, net.running == 16, "when one ends the next begins");
	while (net.running)
		end_program(true);
	for (i = 0; i < DEVICES; i++)
		all += net.asked[i];
	ok(t, net.most == 16 && all == 20, "until all have been asked");
	end();
}

static void test_program_of_the_past(struct tap *t)
{
	begin("[Port p]\nCandidate=a\n" SCRIPT, "a p");
	look();
	scene_play("a:nocarrier a:up");
	ok(t, net.killed == 1, "a program about a device that is down is ended");
	end_program(false);
	ok(t, !scene_device("a")->verdicts->verdict.row,
	   "and its answer does not count");
	end();

	begin("[Port p]\nCandidate=a\n" SCRIPT, "a p");
	look();
	scene_play("a:gone");
	ok(t, net.killed == 1, "so is one about a device that has gone");
	end_program(true);
	scene_play("a");
	look();
	ok(t, asked("a") == 1 && word_of("a") == VERDICT_UNKNOWN,
	   "a device with the same ifindex is probed by itself");
	end();
}

int main(void)
{
	struct tap t = { 0 };

	if (sd_event_new(&loop) < 0)
		return 1;
	test_who_is_asked(&t);
	test_answers(&t);
	test_error(&t);
	test_sleep(&t);
	test_forgotten(&t);
	test_many_programs(&t);
	test_program_of_the_past(&t);
	sd_event_unref(loop);
	return tap_end(&t);
}
