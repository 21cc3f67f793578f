// SPDX-License-Identifier: GPL-2.0
/*
 * What act/attach.c requests of the library, and what it reports.  How the
 * library attaches is tested by test-place.c.
 */
#include <errno.h>

#include "act/act.h"
#include "act/attach.h"
#include "act/vf.h"
#include "loop.h"
#include "scene.h"
#include "tap.h"

#define P "[Port p]\nCandidate=a\nCandidate=b\n"

static struct {
	/* The answers */
	int vf, plan, run;		/* errors */
	enum stabletap_how how;		/* planned ... */
	enum stabletap_how then;	/* ... and carried out */
	int restored, leftover;
	bool moved;			/* by another process, meanwhile */
	/* The requests */
	struct stabletap_place asked;
	unsigned int prepared, planned, taken, released;
	int port, lower;		/* of the detach */
} library;

int __wrap_stabletap_place_plan(struct stabletap *st,
				struct stabletap_place *p);
int __wrap_stabletap_place_run(struct stabletap *st,
			       struct stabletap_place *p);
void __wrap_stabletap_place_release(struct stabletap_place *p);
int __wrap_stabletap_place_remove(struct stabletap *st, int port, int lower);

int __wrap_stabletap_place_plan(struct stabletap *st,
				struct stabletap_place *p)
{
	(void)st;
	library.planned++;
	library.asked = *p;
	if (!library.plan)
		p->how = library.how;
	return library.plan;
}

int __wrap_stabletap_place_run(struct stabletap *st, struct stabletap_place *p)
{
	(void)st;
	library.taken++;
	p->how = library.then;
	p->lower = (int)scene_port("p")->told.lower + library.moved;
	p->restored = library.restored;
	p->leftover = library.leftover;
	return library.run;
}

void __wrap_stabletap_place_release(struct stabletap_place *p)
{
	(void)p;
	library.released++;
}

int __wrap_stabletap_place_remove(struct stabletap *st, int port, int lower)
{
	(void)st;
	library.port = port;
	library.lower = lower;
	return library.run;
}

int vf_prepare(struct vf_keeper *k, struct port *port, struct device *dev,
	       enum stabletap_mode mode)
{
	(void)k, (void)port, (void)dev, (void)mode;
	library.prepared++;
	return library.vf;
}

static struct act act = { .m = &scene.m };
static int log_fd;

static void begin(const char *conf, const char *before)
{
	memset(&library, 0, sizeof(library));
	log_forget(log_fd);
	scene_begin(conf);
	scene_play(before);
}

static int attach(const char *dev, enum stabletap_mode mode,
		  enum stabletap_how *how)
{
	return attach_port(&act, NULL, scene_port("p"), scene_device(dev),
			   mode, how);
}

/* ---- the request ---- */

static const struct request {
	const char *name, *conf, *before;
	enum stabletap_mode mode;
	uint32_t flags;
} requests[] = {
	{ "a port without a lower", P, "a b p", STABLETAP_MODE_BRIDGE, 0 },
	{ "a port with a lower: make before break", P, "a b p p@a",
	  STABLETAP_MODE_VEPA, STABLETAP_ATTACH_REPLACE },
	{ "Filter=yes", P "Filter=yes\n", "a b p", STABLETAP_MODE_DIRECT,
	  STABLETAP_ATTACH_FILTER },
	{ "both", P "Filter=yes\n", "a b p p@a", STABLETAP_MODE_PASSTHRU,
	  STABLETAP_ATTACH_REPLACE | STABLETAP_ATTACH_FILTER },
};

static void test_request(struct tap *t, const struct request *r)
{
	const struct stabletap_place *p = &library.asked;
	enum stabletap_how how;

	begin(r->conf, r->before);
	ok(t, !attach("b", r->mode, &how) && p->port == *scene_index("p") &&
	   p->dev == *scene_index("b") && p->mode == r->mode,
	   "%s: port, device and mode", r->name);
	ok(t, p->flags == r->flags, "%s: flags %#x", r->name, p->flags);
	ok(t, p->swept, "%s: children are the engine's to sweep", r->name);
	scene_end();
}

/* ---- the report ---- */

#define CHILD STABLETAP_HOW_CHILD
#define SWAP STABLETAP_HOW_SWAP
#define KEEP STABLETAP_HOW_KEEP
#define MODE STABLETAP_HOW_MODE
#define BREAK STABLETAP_HOW_BREAK

static const struct report {
	const char *name;
	int vf, plan;
	enum stabletap_how planned, then;
	int run, restored;
	int err;			/* what is reported, and ... */
	enum stabletap_how how;		/* ... how */
} reports[] = {
	{ "a swap", 0, 0, SWAP, SWAP, 0, 0, 0, SWAP },
	{ "the same lower", 0, 0, KEEP, KEEP, 0, 0, 0, KEEP },
	{ "break before make", 0, 0, BREAK, BREAK, 0, 0, 0, BREAK },
	{ "planned anew: another process had moved the port", 0, 0, KEEP, SWAP,
	  0, 0, 0, SWAP },
	{ "another mode", 0, 0, MODE, MODE, 0, 0, 0, MODE },
	{ "planned anew, and refused", 0, 0, SWAP, BREAK, -EINVAL, 1, -EINVAL,
	  BREAK },
	{ "a VF that can't be set up", -EIO, 0, SWAP, SWAP, 0, 0, -EIO, CHILD },
	{ "no plan", 0, -ENODEV, BREAK, BREAK, 0, 0, -ENODEV, CHILD },
	{ "refused", 0, 0, SWAP, SWAP, -EBUSY, 0, -EBUSY, SWAP },
	{ "refused after the detach, and put back", 0, 0, BREAK, BREAK, -EINVAL,
	  1, -EINVAL, BREAK },
	{ "refused after the detach, and not put back", 0, 0, BREAK, BREAK,
	  -EINVAL, -EBUSY, -EINVAL, BREAK },
	{ "refused before the detach: nothing was broken", 0, 0, BREAK, BREAK,
	  -EBUSY, 0, -EBUSY, SWAP },
};

static void test_report(struct tap *t, const struct report *r)
{
	enum stabletap_how how;
	int err;

	begin(P, "a b p p@a");
	library.vf = r->vf;
	library.plan = r->plan;
	library.how = r->planned;
	library.then = r->then;
	library.run = r->run;
	library.restored = r->restored;
	err = attach("b", STABLETAP_MODE_BRIDGE, &how);
	ok(t, err == r->err && how == r->how, "%s: %d, how %d", r->name, err,
	   (int)how);
	ok(t, library.prepared == 1 && library.planned == !r->vf &&
	   library.taken == (!r->vf && !r->plan) &&
	   library.released == library.planned,
	   "%s: no step is taken after one that failed", r->name);
	scene_end();
}

/* Another process attaches the planned device between the plan and the run. */
static void test_moved(struct tap *t, enum stabletap_how then)
{
	enum stabletap_how how;
	int err;

	begin(P, "a b p p@a");
	library.how = SWAP;
	library.then = then;
	library.moved = true;
	err = attach("b", STABLETAP_MODE_BRIDGE, &how);
	ok(t, !err && how == SWAP,
	   "a lower that another process has attached is reported as new: %d",
	   (int)how);
	scene_end();
}

static void test_leftover(struct tap *t)
{
	enum stabletap_how how;

	begin(P, "a b p p@a");
	library.leftover = 99;
	library.run = -EBUSY;
	attach("b", STABLETAP_MODE_BRIDGE, &how);
	ok(t, !idset_has(&scene.m.replaced, 99),
	   "after a failure no child is to be deleted");
	library.run = 0;
	attach("b", STABLETAP_MODE_BRIDGE, &how);
	ok(t, idset_has(&scene.m.replaced, 99),
	   "the old child of a replace is to be deleted");
	scene_end();
}

static void test_detach(struct tap *t)
{
	begin(P, "a b p p@a");
	ok(t, !detach_port(&act, scene_port("p")) &&
	   library.port == *scene_index("p") &&
	   library.lower == (int)scene_port("p")->told.lower && library.lower,
	   "the lower that the plan saw is detached, and no other");
	library.run = -ESTALE;
	ok(t, detach_port(&act, scene_port("p")) == -ESTALE,
	   "that it is another one by now is reported");
	scene_end();
}

int main(void)
{
	struct tap t = { 0 };
	size_t i;

	log_fd = log_capture();
	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		test_request(&t, &requests[i]);
	for (i = 0; i < sizeof(reports) / sizeof(*reports); i++)
		test_report(&t, &reports[i]);
	test_moved(&t, KEEP);
	test_moved(&t, MODE);
	test_leftover(&t);
	test_detach(&t);
	return tap_end(&t);
}
