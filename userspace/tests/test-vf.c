// SPDX-License-Identifier: GPL-2.0
/*
 * VFs of pools, in a scene: what is asked of the kernel when a VF is set up or
 * put back, and how often.  The kernel's part is played by the functions below.
 */
#include <errno.h>

#include "act/act.h"
#include "act/sriov.h"
#include "act/vf.h"
#include "internal.h"
#include "loop.h"
#include "scene.h"
#include "tap.h"

#define CONF "[Pool f]\nMember=name=v*\n[Port p]\nCandidate=pool=f\n"

static sd_event *loop;
static struct act act;
static struct vf_keeper *keeper;

/* ---- the kernel ---- */

static struct {
	int set_up, put_back;	/* what it answers */
	unsigned int set_ups, put_backs;
	bool silent;		/* the PF does not report its VFs */
	bool full;		/* there can't be one more process */
} kernel;

int __wrap_stabletap_link_get(struct stabletap *st, int ifindex,
			      struct stabletap_link *out);
int __wrap_stabletap_vf_dump(struct stabletap *st, int pf,
			     struct stabletap_vfs *out);
int __wrap_stabletap_vf_set_up(struct stabletap *st,
			       const struct stabletap_link *link, int pf,
			       const struct stabletap_vf *now,
			       const struct stabletap_vf *want,
			       const uint8_t *addr);
int __wrap_stabletap_vf_put_back(struct stabletap *st,
				 const struct stabletap_link *link, int pf,
				 const struct stabletap_vf *now);
pid_t __wrap_fork(void);
pid_t __real_fork(void);

/* A device is as the scene has it; its altnames are its own. */
int __wrap_stabletap_link_get(struct stabletap *st, int ifindex,
			      struct stabletap_link *out)
{
	const struct device *dev = model_device(&scene.m, ifindex);

	st_message_clear(st);
	if (!dev)
		return -ENODEV;
	*out = dev->link;
	out->altnames = NULL;
	if (out->altnames_len) {
		out->altnames = malloc(out->altnames_len);
		memcpy(out->altnames, dev->link.altnames, out->altnames_len);
	}
	return 0;
}

int __wrap_stabletap_vf_dump(struct stabletap *st, int pf,
			     struct stabletap_vfs *out)
{
	(void)pf;
	st_message_clear(st);
	*out = (struct stabletap_vfs){ 0 };
	if (kernel.silent)
		return 0;
	out->v = calloc(1, sizeof(*out->v));
	out->v->spoof_check = -1;
	out->v->trust = -1;
	out->n = 1;
	return 0;
}

int __wrap_stabletap_vf_set_up(struct stabletap *st,
			       const struct stabletap_link *link, int pf,
			       const struct stabletap_vf *now,
			       const struct stabletap_vf *want,
			       const uint8_t *addr)
{
	(void)link, (void)pf, (void)now, (void)want, (void)addr;
	kernel.set_ups++;
	st_message_set(st, "%s", kernel.set_up ? "the PF has said no" : "");
	return kernel.set_up;
}

int __wrap_stabletap_vf_put_back(struct stabletap *st,
				 const struct stabletap_link *link, int pf,
				 const struct stabletap_vf *now)
{
	(void)link, (void)pf, (void)now;
	kernel.put_backs++;
	st_message_set(st, "%s", kernel.put_back ? "the PF has said no" : "");
	return kernel.put_back;
}

pid_t __wrap_fork(void)
{
	if (!kernel.full)
		return __real_fork();
	errno = EAGAIN;
	return -1;
}

/* ---- the scene ---- */

static void put_on_bus(const char *name, const char *altname)
{
	struct stabletap_link link = scene_link(name);

	snprintf(link.parent_bus, sizeof(link.parent_bus), "pci");
	snprintf(link.parent_dev, sizeof(link.parent_dev), "0000:%s", name);
	link.altnames = (char *)(uintptr_t)altname;
	link.altnames_len = altname ? strlen(altname) + 1 : 0;
	scene_put(&link);
	scene_device(name)->vfs = VFS_MADE;
}

/* PF a with VF v0, and port p; @altname is v0's, or NULL. */
static void begin(struct sriov **sriov, const char *altname)
{
	memset(&kernel, 0, sizeof(kernel));
	scene_begin(CONF);
	scene.pf = "a";
	*sriov = sriov_new(&act);
	if (!*sriov || vf_keeper_start(&act, *sriov, &keeper))
		abort();
	put_on_bus("a", NULL);
	put_on_bus("v0", altname);
	scene_play("p");
}

static void end(struct sriov *sriov)
{
	vf_keeper_stop(keeper);
	sriov_free(sriov);
	scene_end();
}

static int prepare(void)
{
	return vf_prepare(keeper, scene_port("p"), scene_device("v0"),
			  STABLETAP_MODE_DIRECT);
}

/* ---- */

static void test_refused(struct tap *t)
{
	struct sriov *sriov;

	begin(&sriov, NULL);
	kernel.set_up = -EPERM;
	ok(t, prepare() == -EPERM && kernel.set_ups == 1, "a PF refuses");
	is_str(t, act_why(&act, -EPERM), "the PF has said no",
	       "the PF's reason is returned");
	end(sriov);
}

static void test_silent(struct tap *t, int log_fd)
{
	struct sriov *sriov;

	begin(&sriov, NULL);
	kernel.silent = true;
	log_forget(log_fd);
	prepare();
	ok(t, prepare() == -EOPNOTSUPP && !kernel.set_ups,
	   "a VF whose settings the PF does not report is left alone");
	ok(t, log_count(log_fd, "could not be restored") == 1,
	   "which is logged once, however often it is tried");
	kernel.silent = false;
	ok(t, !prepare() && kernel.set_ups == 1,
	   "it is set up when the PF reports its settings");
	end(sriov);
}

/* Events that have nothing to do with it shorten no pause: 0.5, 1, 2 s. */
static void test_put_back(struct tap *t)
{
	unsigned int first;
	struct sriov *sriov;
	int i;

	begin(&sriov, "stabletap-vf.2.0200000000aa.000000000000.0.0.8100.-1.-1");
	kernel.put_back = -EPERM;
	loop_for(loop, 50);
	first = kernel.put_backs;
	for (i = 0; i < 60; i++) {
		scene_play(i % 2 ? "p:up" : "p:down");
		loop_for(loop, 50);
	}
	ok(t, first == 1, "a VF that no port has is restored");
	ok(t, kernel.put_backs > 1 && kernel.put_backs <= 4,
	   "a refusal is followed by pauses that double (%u attempts in 3 s)",
	   kernel.put_backs);
	end(sriov);
}

static void test_no_process(struct tap *t)
{
	struct sriov *sriov;

	begin(&sriov, NULL);
	put_on_bus("v1", NULL);
	scene_device("v0")->vfs = scene_device("v1")->vfs = VFS_UNKNOWN;
	model_facts_changed(&scene.m, *scene_index("v0"));
	model_facts_changed(&scene.m, *scene_index("v1"));
	kernel.full = true;
	sriov_await(sriov, scene_device("v0"));
	ok(t, scene_device("v0")->vfs == VFS_MADE &&
	   scene_device("v1")->vfs == VFS_MADE,
	   "without a process to wait, all VFs of the PF are used");
	ok(t, scene_device("v0")->free && scene_device("v1")->free,
	   "and are free for ports that wait for them");
	end(sriov);
}

int main(void)
{
	struct tap t = { 0 };
	int log_fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	log_fd = log_capture();
	if (sd_event_new(&loop) < 0 || stabletap_open(&act.st))
		return 1;
	act.loop = loop;
	act.m = &scene.m;
	test_refused(&t);
	test_silent(&t, log_fd);
	test_put_back(&t);
	test_no_process(&t);
	stabletap_close(act.st);
	sd_event_unref(loop);
	return tap_end(&t);
}
