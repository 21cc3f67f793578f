/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A played kernel, for the engine with the real model, plan and acts.  The
 * functions below stand for the library, for the other rooms and for the clock.
 * The Makefile has the list of functions that are wrapped (ENGINE_TESTS).
 *
 * A script's words are those of scene.h and:
 *
 *	.		the loop runs until nothing is left to do
 *	CALL!ERRNO	CALL fails from now on; 0: it succeeds again
 *	how=WORD	how places are taken from now on: swap, break, mode, keep
 *	module		the control device appears
 *
 * kernel.done lists calls by name in the order in which they were made, with a
 * "." for each of the script's.
 */
#ifndef TESTS_PLAYED_H
#define TESTS_PLAYED_H

#include <errno.h>

#include "act/act.h"
#include "act/sriov.h"
#include "act/vf.h"
#include "engine.h"
#include "guest/guest.h"
#include "loop.h"
#include "probe/schedule.h"
#include "scene.h"
#include "serve/request.h"
#include "tell/announce.h"
#include "tell/hooks.h"
#include "tell/journal.h"
#include "tell/metrics.h"
#include "tell/unapplied.h"
#include "watch/address.h"
#include "watch/devnode.h"
#include "watch/override.h"
#include "watch/rtnl.h"
#include "watch/udev.h"

/* Turns of the loop after which it counts as one without an end */
#define TURNS_MOST 1000

static sd_event *loop;
static struct engine *engine;
static int log_fd;

static struct {
	char done[8192];
	struct {
		char call[16];
		int err;
	} fails[8];
	size_t fails_n;
	enum stabletap_how how;
	sd_event_source *timer;
	uint64_t timer_at;		/* us; 0: not set */
	unsigned int looks, settled;
	unsigned int starts, starts_until;	/* the last one fails */
} kernel;

/* ---- calls ---- */

__attribute__((format(printf, 1, 2)))
static void note(const char *fmt, ...)
{
	size_t len = strlen(kernel.done);
	va_list ap;

	/* Only a loop without an end makes so many calls, see run(). */
	if (len + 2 > sizeof(kernel.done))
		return;
	va_start(ap, fmt);
	if (len)
		kernel.done[len++] = ' ';
	vsnprintf(kernel.done + len, sizeof(kernel.done) - len, fmt, ap);
	va_end(ap);
}

static int result(const char *call)
{
	size_t i;

	for (i = 0; i < kernel.fails_n; i++)
		if (!strcmp(kernel.fails[i].call, call))
			return -kernel.fails[i].err;
	return 0;
}

static void set_result(const char *call, int err)
{
	size_t i;

	for (i = 0; i < kernel.fails_n; i++)
		if (!strcmp(kernel.fails[i].call, call))
			break;
	if (i == kernel.fails_n)
		snprintf(kernel.fails[kernel.fails_n++].call, 16, "%s", call);
	kernel.fails[i].err = err;
}

static const char *name_of(int ifindex)
{
	size_t i;

	for (i = 0; i < scene.names_n; i++)
		if (scene.names[i].ifindex == ifindex)
			return scene.names[i].name;
	return "?";
}

/* ---- the library ---- */

int __wrap_stabletap_open(struct stabletap **st);
void __wrap_stabletap_no_wait(struct stabletap *st);
void __wrap_stabletap_close(struct stabletap *st);
const char *__wrap_stabletap_message(const struct stabletap *st);
int __wrap_stabletap_module_compare(struct stabletap_module *out);
int __wrap_stabletap_control_open(struct stabletap *st);
int __wrap_stabletap_port_create(struct stabletap *st,
				 struct stabletap_create *port);
int __wrap_stabletap_place_plan(struct stabletap *st,
				struct stabletap_place *p);
int __wrap_stabletap_place_run(struct stabletap *st,
			       struct stabletap_place *p);
int __wrap_stabletap_place_remove(struct stabletap *st, int port, int lower);
int __wrap_stabletap_link_set_up(struct stabletap *st, int ifindex, bool up);
int __wrap_stabletap_port_change(struct stabletap *st, int port,
				 const struct stabletap_change *c);
int __wrap_stabletap_vlan_create(struct stabletap *st, const char *name,
				 int parent, uint16_t id);
int __wrap_stabletap_child_sweep(struct stabletap *st, int port,
				 unsigned int *removed);
void __wrap_stabletap_child_forget(int port);

int __wrap_stabletap_open(struct stabletap **st)
{
	*st = NULL;
	return 0;
}

void __wrap_stabletap_no_wait(struct stabletap *st)
{
	(void)st;
}

void __wrap_stabletap_close(struct stabletap *st)
{
	(void)st;
}

const char *__wrap_stabletap_message(const struct stabletap *st)
{
	(void)st;
	return "the kernel's words";
}

int __wrap_stabletap_module_compare(struct stabletap_module *out)
{
	memset(out, 0, sizeof(*out));
	return 0;
}

int __wrap_stabletap_control_open(struct stabletap *st)
{
	int err = result("open");

	(void)st;
	if (err)
		note("open");
	return err;
}

int __wrap_stabletap_port_create(struct stabletap *st,
				 struct stabletap_create *port)
{
	(void)st;
	note("create=%s", port->name);
	return result("create");
}

int __wrap_stabletap_place_plan(struct stabletap *st,
				struct stabletap_place *p)
{
	(void)st;
	p->how = kernel.how;
	return 0;
}

int __wrap_stabletap_place_run(struct stabletap *st, struct stabletap_place *p)
{
	int err = result("place");

	(void)st;
	note("place=%s,%s%s", name_of(p->port), name_of(p->dev),
	     p->flags & STABLETAP_ATTACH_REPLACE ? ",replace" : "");
	if (err && p->how == STABLETAP_HOW_BREAK)
		p->restored = 1;
	p->lower = (int)model_port_at(&scene.m, p->port)->told.lower;
	return err;
}

int __wrap_stabletap_place_remove(struct stabletap *st, int port, int lower)
{
	(void)st, (void)lower;
	note("remove=%s", name_of(port));
	return result("remove");
}

int __wrap_stabletap_link_set_up(struct stabletap *st, int ifindex, bool up)
{
	(void)st;
	note("%s=%s", up ? "up" : "down", name_of(ifindex));
	return result("up");
}

/* "set=p,on-detach=hold,frames=9" */
int __wrap_stabletap_port_change(struct stabletap *st, int port,
				 const struct stabletap_change *c)
{
	char text[96] = "";
	size_t len = 0;

	(void)st;
	if (c->options & STABLETAP_SET_ON_DETACH)
		len += (size_t)snprintf(text, sizeof(text), ",on-detach=%s",
				stabletap_on_detach_name(c->on_detach));
	if (c->options & STABLETAP_SET_HOLD_FRAMES)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
				",frames=%u", c->hold_frames);
	if (c->options & STABLETAP_SET_HOLD_BYTES)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
				",bytes=%llu",
				(unsigned long long)c->hold_bytes);
	if (c->options & STABLETAP_SET_HOLD_TIME)
		snprintf(text + len, sizeof(text) - len, ",time=%u",
			 c->hold_time);
	note("set=%s%s", name_of(port), text);
	return result("set");
}

int __wrap_stabletap_vlan_create(struct stabletap *st, const char *name,
				 int parent, uint16_t id)
{
	(void)st, (void)parent, (void)id;
	note("vlan=%s", name);
	return result("vlan");
}

int __wrap_stabletap_child_sweep(struct stabletap *st, int port,
				 unsigned int *removed)
{
	(void)st, (void)port;
	*removed = 0;
	note("sweep");
	return result("sweep");
}

void __wrap_stabletap_child_forget(int port)
{
	note("forget=%s", name_of(port));
}

/* ---- the loop's timer: it is due when the scene's clock says so ---- */

int __real_sd_event_source_set_time(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time(sd_event_source *s, uint64_t usec);
int __real_sd_event_source_set_enabled(sd_event_source *s, int enabled);
int __wrap_sd_event_source_set_enabled(sd_event_source *s, int enabled);

int __wrap_sd_event_source_set_time(sd_event_source *s, uint64_t usec)
{
	kernel.timer = s;
	kernel.timer_at = usec;
	return __real_sd_event_source_set_time(s, UINT64_MAX / 2);
}

int __wrap_sd_event_source_set_enabled(sd_event_source *s, int enabled)
{
	if (s == kernel.timer && enabled == SD_EVENT_OFF)
		kernel.timer_at = 0;
	return __real_sd_event_source_set_enabled(s, enabled);
}

/* Runs until nothing is left.  Returns the number of turns. */
static unsigned int run(void)
{
	unsigned int turns = 0;

	/* The engine rounds up to the next microsecond. */
	if (kernel.timer_at && kernel.timer_at <= scene.now / 1000 + 1)
		__real_sd_event_source_set_time(kernel.timer, 0);
	while (sd_event_run(loop, 0) > 0 && turns < TURNS_MOST)
		turns++;
	return turns;
}

/* ---- the other rooms ---- */

static int start(void)
{
	return ++kernel.starts == kernel.starts_until ? -ENOMEM : 0;
}

static void *start_some(void)
{
	static char some;

	return start() ? NULL : &some;
}

int rtnl_start(sd_event *l, struct stabletap *st, struct model *m,
	       struct rtnl **out)
{
	(void)l, (void)st, (void)m, (void)out;
	return start();
}

void rtnl_stop(struct rtnl *r)
{
	(void)r;
}

int rtnl_resync(struct rtnl *r)
{
	(void)r;
	note("dump");
	return 0;
}

void rtnl_ask_named(struct rtnl *r, const char *name)
{
	(void)r;
	note("ask=%s", name);
}

int devnode_start(sd_event *l, struct model *m)
{
	(void)l, (void)m;
	return start();
}

int udev_start(sd_event *l, struct model *m, struct rtnl *rtnl,
	       struct udev **out)
{
	(void)l, (void)m, (void)rtnl, (void)out;
	return start();
}

void udev_stop(struct udev *u)
{
	(void)u;
}

int override_start(sd_event *l, struct model *m, const char *dir,
		   struct override_watch **out)
{
	(void)l, (void)m, (void)dir, (void)out;
	return start();
}

void override_stop(struct override_watch *w)
{
	(void)w;
}

int address_start(sd_event *l, struct stabletap *st, struct model *m,
		  struct address_watch **out)
{
	(void)l, (void)st, (void)m, (void)out;
	return start();
}

void address_stop(struct address_watch *w)
{
	(void)w;
}

struct sriov *sriov_new(struct act *a)
{
	(void)a;
	return start_some();
}

void sriov_free(struct sriov *s)
{
	(void)s;
}

void sriov_await(struct sriov *s, struct device *vf)
{
	(void)s;
	note("await=%s", vf->link.name);
	vf->vfs = VFS_AWAITED;
}

int vf_keeper_start(struct act *a, struct sriov *sriov, struct vf_keeper **out)
{
	(void)a, (void)sriov, (void)out;
	return start();
}

void vf_keeper_stop(struct vf_keeper *k)
{
	(void)k;
}

int vf_prepare(struct vf_keeper *k, struct port *port, struct device *dev,
	       enum stabletap_mode mode)
{
	(void)k, (void)port, (void)dev, (void)mode;
	return 0;
}

int probes_start(sd_event *l, struct model *m, struct probes **out)
{
	(void)l, (void)m, (void)out;
	return start();
}

void probes_stop(struct probes *ps)
{
	(void)ps;
}

void journal_watch(struct model *m)
{
	(void)m;
}

void unapplied_watch(struct model *m)
{
	(void)m;
}

struct announcer *announcer_new(sd_event *l, struct stabletap *st)
{
	(void)l, (void)st;
	return start_some();
}

void announcer_free(struct announcer *a)
{
	(void)a;
}

void announcer_watch(struct announcer *a, struct model *m)
{
	(void)a, (void)m;
}

struct hooks *hooks_new(sd_event *l)
{
	(void)l;
	return start_some();
}

void hooks_free(struct hooks *h)
{
	(void)h;
}

void hooks_watch(struct hooks *h, struct model *m)
{
	(void)h, (void)m;
}

int metrics_start(sd_event *l, struct model *m, struct metrics **out)
{
	(void)l, (void)m, (void)out;
	return start();
}

void metrics_stop(struct metrics *x)
{
	(void)x;
}

int guests_start(sd_event *l, struct stabletap *st, struct model *m,
		 struct guests **out)
{
	(void)l, (void)st, (void)m, (void)out;
	return start();
}

void guests_stop(struct guests *gs)
{
	(void)gs;
}

int requests_start(sd_event *l, struct model *m, const char *path,
		   struct requests **out)
{
	(void)l, (void)m, (void)path, (void)out;
	return start();
}

void requests_stop(struct requests *r)
{
	(void)r;
}

/* ---- beginning and end ---- */

static void on_look(struct port *port, void *arg)
{
	(void)port, (void)arg;
	kernel.looks++;
}

static void on_settled(struct port *port, void *arg)
{
	(void)port, (void)arg;
	kernel.settled++;
}

static void begin(const char *conf)
{
	static const struct model_ops ops = {
		.port_look = on_look, .port_settled = on_settled,
	};

	memset(&kernel, 0, sizeof(kernel));
	kernel.how = STABLETAP_HOW_SWAP;
	scene_clear();
	if (sd_event_new(&loop) < 0 ||
	    engine_start(loop, &scene.m, &engine))
		abort();
	model_watch(&scene.m, &ops, NULL);
	scene_configure(conf);
	if (engine_run(engine))
		abort();
	kernel.done[0] = '\0';
	log_forget(log_fd);
}

static void end(void)
{
	engine_stop(engine);
	scene_end();
	sd_event_unref(loop);
}

/* ---- scripts ---- */

static void set_how(const char *word)
{
	static const struct {
		const char *word;
		enum stabletap_how how;
	} hows[] = {
		{ "swap", STABLETAP_HOW_SWAP }, { "mode", STABLETAP_HOW_MODE },
		{ "keep", STABLETAP_HOW_KEEP },
		{ "break", STABLETAP_HOW_BREAK },
	};
	size_t i;

	for (i = 0; i < sizeof(hows) / sizeof(*hows); i++)
		if (!strcmp(hows[i].word, word))
			kernel.how = hows[i].how;
}

/* As watch/devnode.c does */
static void module_came(void)
{
	set_result("open", 0);
	scene_port("p")->create_until = 0;
	port_mark(scene_port("p"));
}

static void play_word(char *word)
{
	char *error = strchr(word, '!');

	if (!strcmp(word, ".")) {
		run();
		note(".");
	} else if (error) {
		*error = '\0';
		set_result(word, atoi(error + 1));
	} else if (!strncmp(word, "how=", 4)) {
		set_how(word + 4);
	} else if (!strcmp(word, "module")) {
		module_came();
	} else {
		scene_play(word);
	}
}

static void play(const char *script)
{
	char word[96];
	size_t len;

	while (*(script += strspn(script, " "))) {
		len = strcspn(script, " ");
		snprintf(word, sizeof(word), "%.*s", (int)len, script);
		play_word(word);
		script += len;
	}
}

#endif /* TESTS_PLAYED_H */
