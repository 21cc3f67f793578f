// SPDX-License-Identifier: GPL-2.0
/* Setting a port up that was just made, with a kernel that may refuse. */
#include <errno.h>

#include "act/act.h"
#include "act/up.h"
#include "loop.h"
#include "scene.h"
#include "tap.h"

static struct {
	int result;
	unsigned int asked;
} kernel;

int __wrap_stabletap_link_set_up(struct stabletap *st, int ifindex, bool up);
const char *__wrap_stabletap_message(const struct stabletap *st);

int __wrap_stabletap_link_set_up(struct stabletap *st, int ifindex, bool up)
{
	(void)st, (void)ifindex;
	kernel.asked += up;
	return kernel.result;
}

const char *__wrap_stabletap_message(const struct stabletap *st)
{
	(void)st;
	return "";
}

/* As the engine does */
static struct step look(struct port *port)
{
	struct act act = { .m = &scene.m };
	struct step step = scene_look("p");

	agenda_set(&scene.m.agenda, &port->todo, step.look_again_at);
	if (step.what == STEP_SET_UP)
		up_port(&act, port, scene.now);
	return step;
}

static void begin(int result)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.result = result;
	scene_begin("[Port p]\nCandidate=a\n");
	scene_play("a p");
}

static void test_once(struct tap *t)
{
	struct port *p;

	begin(0);
	p = scene_port("p");
	ok(t, look(p).what == STEP_SET_UP && kernel.asked == 1,
	   "a port that was just made is set up");
	scene_play("p:up p:down");
	ok(t, look(p).what != STEP_SET_UP,
	   "a port that the operator sets down later stays down");
	scene_end();
}

static void test_refused(struct tap *t, int log)
{
	struct step step;
	struct port *p;

	begin(-ENOBUFS);
	p = scene_port("p");
	log_forget(log);
	look(p);
	step = look(p);
	ok(t, step.what == STEP_ATTACH,
	   "a port that can't be set up is attached nevertheless");
	ok(t, step.look_again_at == scene.now + retry_refused.first,
	   "and setting it up waits for its time");
	scene.now = step.look_again_at;
	ok(t, look(p).what == STEP_SET_UP && kernel.asked == 2,
	   "when it is tried again");
	ok(t, look(p).look_again_at == scene.now + 2 * retry_refused.first,
	   "with longer and longer pauses");
	ok(t, log_count(log, "can't be set up") == 1, "it is logged once");
	kernel.result = 0;
	scene.now = p->up_until;
	look(p);
	ok(t, kernel.asked == 3 && !p->set_up_due, "until it works");
	scene_end();
}

static void test_by_hand(struct tap *t)
{
	struct port *p;

	begin(-ENOBUFS);
	p = scene_port("p");
	look(p);
	scene_play("p:up p:down");
	scene.now = p->up_until;
	ok(t, look(p).what != STEP_SET_UP && kernel.asked == 1,
	   "a port that another program has set up is not set up again");
	scene_end();
}

static void test_made_anew(struct tap *t, int log)
{
	begin(-ENODEV);
	log_forget(log);
	look(scene_port("p"));
	ok(t, !log_count(log, "can't be set up"),
	   "a port that is gone is not logged");
	kernel.result = 0;
	scene_play("p:gone p");
	ok(t, look(scene_port("p")).what == STEP_SET_UP,
	   "one that is made anew is set up at once");
	scene_end();
}

int main(void)
{
	struct tap t = { 0 };
	int log = log_capture();

	test_once(&t);
	test_refused(&t, log);
	test_by_hand(&t);
	test_made_anew(&t, log);
	return tap_end(&t);
}
