// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching, step by step: what is done in which order, what is undone when a
 * step is refused, and what a sweep by another process removes at each moment.
 * The functions below stand in for the kernel.
 */
#include <errno.h>
#include <net/if_arp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/if_link.h>

#include "claim.h"
#include "internal.h"
#include "origin.h"
#include "tap.h"

#define PORT 1001
#define DEV_A 1010
#define DEV_B 1011
#define LINKS 32

static struct {
	struct stabletap_link links[LINKS];
	size_t n;
	int next;			/* ifindex */
	struct stabletap_get port;
	char done[128];			/* words; with "!": refused */
	const char *refuse;		/* the word that is, once */
	int with;			/* errno */
	unsigned int steps, die_after;	/* 0: never */
	unsigned int swept;		/* children, by the other process */
	uint8_t random;			/* the tag that is tried first */
	int adopted;			/* gets a master after the next dump */
} kernel;

/* The process that is tested, and another one */
static struct stabletap mine, others;
static char claims[] = "/tmp/test-place-XXXXXX";
static jmp_buf death;

/* ---- the kernel ---- */

static struct stabletap_link *find(int ifindex)
{
	size_t i;

	for (i = 0; i < kernel.n; i++)
		if (kernel.links[i].ifindex == ifindex)
			return &kernel.links[i];
	return NULL;
}

static struct stabletap_link *add(int ifindex, const char *name,
				  const char *kind)
{
	struct stabletap_link *l = &kernel.links[kernel.n++];

	if (kernel.n == LINKS)
		abort();
	*l = (struct stabletap_link){
		.ifindex = ifindex, .type = ARPHRD_ETHER, .mtu = 1500,
		.link_netnsid = -1, .addr_len = 6,
	};
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
	return l;
}

static int add_macvlan(const char *name, int parent, int master)
{
	struct stabletap_link *l = add(++kernel.next, name, "macvlan");

	l->link = parent;
	l->master = master;
	l->macvlan_mode = MACVLAN_MODE_BRIDGE;
	return l->ifindex;
}

/* Is step @word refused?  The other process has its turn in @turn. */
static int begin_step(struct stabletap *st, const char *word)
{
	size_t len = strlen(kernel.done);
	bool refused = kernel.refuse && !strcmp(kernel.refuse, word);

	st_message_clear(st);
	if (st == &others)
		return 0;
	snprintf(kernel.done + len, sizeof(kernel.done) - len, "%s%s%s",
		 len ? " " : "", word, refused ? "!" : "");
	if (!refused)
		return 0;
	kernel.refuse = NULL;
	return kernel.with;
}

/* After each step the other process sweeps, or this one dies. */
static void end_step(struct stabletap *st)
{
	unsigned int removed = 0;

	if (st == &others)
		return;
	if (++kernel.steps == kernel.die_after)
		longjmp(death, 1);
	stabletap_child_sweep(&others, STABLETAP_CHILD_ANY, &removed);
	kernel.swept += removed;
}

static void set_lower(int lower)
{
	struct stabletap_link *old = find((int)kernel.port.lower);
	struct stabletap_link *now = find(lower);

	if (old)
		old->master = 0;
	if (now)
		now->master = PORT;
	if (lower && kernel.port.lower)
		kernel.port.replaces++;
	else if (lower)
		kernel.port.attaches++;
	kernel.port.lower = (uint32_t)lower;
}

int __wrap_stabletap_port_get(struct stabletap *st, int port,
			      struct stabletap_get *out);
int __wrap_stabletap_port_list(struct stabletap *st, int **ports, size_t *n);
int __wrap_stabletap_port_attach(struct stabletap *st, int port, int lower,
				 uint32_t flags);
int __wrap_stabletap_port_detach(struct stabletap *st, int port, int lower);
int __wrap_stabletap_port_delete(struct stabletap *st, int port,
				 uint32_t flags);
int __wrap_stabletap_link_get(struct stabletap *st, int ifindex,
			      struct stabletap_link *out);
int __wrap_stabletap_link_find(struct stabletap *st, const char *name,
			       struct stabletap_link *out);
int __wrap_st_link_index(struct stabletap *st, const char *name);
int __wrap_stabletap_link_dump(struct stabletap *st, const char *kind,
			       struct stabletap_links *out);
int __wrap_stabletap_link_delete(struct stabletap *st, int ifindex);
int __wrap_stabletap_link_add_altname(struct stabletap *st, int ifindex,
				      const char *altname);
int __wrap_stabletap_macvlan_create(struct stabletap *st,
				    const struct stabletap_macvlan *m);
int __wrap_stabletap_macvlan_set_mode(struct stabletap *st, int ifindex,
				      uint32_t mode);
int __wrap_st_claims(struct stabletap *st);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned int flags);
void __wrap_origin_note(const char *dir, const struct origin_netns *here,
			int port, const char *child, const char *device);
void __wrap_origin_sweep(const char *dir);
void __wrap_origin_forget(const char *dir, int port);

int __wrap_stabletap_port_get(struct stabletap *st, int port,
			      struct stabletap_get *out)
{
	(void)st, (void)port;
	*out = kernel.port;
	return 0;
}

int __wrap_stabletap_port_list(struct stabletap *st, int **ports, size_t *n)
{
	(void)st;
	*ports = malloc(sizeof(**ports));
	**ports = PORT;
	*n = 1;
	return 0;
}

int __wrap_stabletap_port_attach(struct stabletap *st, int port, int lower,
				 uint32_t flags)
{
	int err = begin_step(st, kernel.port.lower ? "replace" : "attach");

	(void)port;
	if (!err && kernel.port.lower && !(flags & STABLETAP_ATTACH_REPLACE))
		err = -EEXIST;
	if (!err && !find(lower))
		err = -ENODEV;
	if (err)
		return err;
	set_lower(lower);
	end_step(st);
	return 0;
}

int __wrap_stabletap_port_detach(struct stabletap *st, int port, int lower)
{
	int err = begin_step(st, "detach");

	(void)port;
	if (!err && lower != (int)kernel.port.lower)
		err = -ESTALE;
	if (err)
		return err;
	set_lower(0);
	end_step(st);
	return 0;
}

int __wrap_stabletap_port_delete(struct stabletap *st, int port,
				 uint32_t flags)
{
	(void)port, (void)flags;
	begin_step(st, "delete-port");
	set_lower(0);
	end_step(st);
	return 0;
}

int __wrap_stabletap_link_get(struct stabletap *st, int ifindex,
			      struct stabletap_link *out)
{
	const struct stabletap_link *l = find(ifindex);

	(void)st;
	memset(out, 0, sizeof(*out));
	if (!l)
		return -ENODEV;
	*out = *l;
	return 0;
}

int __wrap_stabletap_link_find(struct stabletap *st, const char *name,
			       struct stabletap_link *out)
{
	return __wrap_stabletap_link_get(st, __wrap_st_link_index(st, name),
					 out);
}

int __wrap_st_link_index(struct stabletap *st, const char *name)
{
	size_t i;

	(void)st;
	for (i = 0; i < kernel.n; i++)
		if (!strcmp(kernel.links[i].name, name))
			return kernel.links[i].ifindex;
	return -ENODEV;
}

int __wrap_stabletap_link_dump(struct stabletap *st, const char *kind,
			       struct stabletap_links *out)
{
	size_t i;

	(void)st;
	for (i = 0; i < kernel.n; i++)
		if (!strcmp(kernel.links[i].kind, kind) &&
		    st_links_insert(out, out->n, &kernel.links[i]))
			return -ENOMEM;
	if (kernel.adopted)
		find(kernel.adopted)->master = PORT;
	return 0;
}

int __wrap_stabletap_link_delete(struct stabletap *st, int ifindex)
{
	struct stabletap_link *l = find(ifindex);
	int err = begin_step(st, "delete");

	if (err)
		return err;
	if (!l)
		return -ENODEV;
	if (ifindex == (int)kernel.port.lower)
		set_lower(0);
	*l = kernel.links[--kernel.n];
	end_step(st);
	return 0;
}

int __wrap_stabletap_link_add_altname(struct stabletap *st, int ifindex,
				      const char *altname)
{
	(void)st, (void)ifindex, (void)altname;
	return 0;
}

int __wrap_stabletap_macvlan_create(struct stabletap *st,
				    const struct stabletap_macvlan *m)
{
	int ifindex, err;

	if (__wrap_st_link_index(st, m->name) > 0)
		return -EEXIST;
	err = begin_step(st, m->master ? "make-attached" : "make");
	if (err)
		return err;
	ifindex = add_macvlan(m->name, m->parent, 0);
	find(ifindex)->group = m->group;
	find(ifindex)->macvlan_mode = m->mode;
	if (m->master)
		set_lower(ifindex);
	end_step(st);
	return 0;
}

int __wrap_stabletap_macvlan_set_mode(struct stabletap *st, int ifindex,
				      uint32_t mode)
{
	int err = begin_step(st, "mode");

	if (err)
		return err;
	find(ifindex)->macvlan_mode = mode;
	end_step(st);
	return 0;
}

int __wrap_st_claims(struct stabletap *st)
{
	if (st->claims < 0)
		st->claims = claims_open(claims);
	return st->claims;
}

/* The files of this host's own ports are none of ours. */
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned int flags)
{
	(void)flags;
	memset(buf, kernel.random, len);
	return (ssize_t)len;
}

void __wrap_origin_note(const char *dir, const struct origin_netns *here,
			int port, const char *child, const char *device)
{
	(void)dir, (void)here, (void)port, (void)child, (void)device;
}

void __wrap_origin_sweep(const char *dir)
{
	(void)dir;
}

void __wrap_origin_forget(const char *dir, int port)
{
	(void)dir, (void)port;
}

/* ---- what there is ---- */

enum before { NONE, CHILD, DIRECT, STRANGERS };

static void begin(enum before before)
{
	int lower = 0;

	memset(&kernel, 0, sizeof(kernel));
	kernel.next = 2000;
	add(PORT, "p", STABLETAP_KIND);
	add(DEV_A, "a", "");
	add(DEV_B, "b", "");
	if (before == CHILD) {
		lower = add_macvlan("st1001-aa", DEV_A, 0);
		find(lower)->group = STABLETAP_CHILD_GROUP;
	} else if (before == STRANGERS) {
		lower = add_macvlan("x", DEV_A, 0);
	} else if (before == DIRECT) {
		lower = DEV_A;
	}
	if (lower)
		set_lower(lower);
}

static unsigned int count_orphans(void)
{
	unsigned int orphans = 0;
	size_t i;

	for (i = 0; i < kernel.n; i++)
		orphans += !kernel.links[i].master &&
			   stabletap_child_is(&kernel.links[i], NULL);
	return orphans;
}

/* The device that the port's lower stands for */
static int present(void)
{
	const struct stabletap_link *lower = find((int)kernel.port.lower);

	if (!lower)
		return 0;
	return *lower->kind ? lower->link : lower->ifindex;
}

/* ---- one attach ---- */

static const struct row {
	const char *name;
	enum before before;
	int dev;
	enum stabletap_mode mode;
	uint32_t flags;
	const char *refuse;
	int with;
	int err;		/* what comes of it */
	int on;			/* the device that the port is on then */
	const char *done;
} rows[] = {
#define R STABLETAP_ATTACH_REPLACE
#define BRIDGE STABLETAP_MODE_BRIDGE
#define VEPA STABLETAP_MODE_VEPA
#define PASSTHRU STABLETAP_MODE_PASSTHRU
#define WHOLE STABLETAP_MODE_DIRECT
	{ "a child is made as the port's lower", NONE, DEV_A, BRIDGE, 0,
	  NULL, 0, 0, DEV_A, "make-attached" },
	{ "a device itself is attached", NONE, DEV_A, WHOLE, 0,
	  NULL, 0, 0, DEV_A, "attach" },
	{ "make before break", CHILD, DEV_B, BRIDGE, R,
	  NULL, 0, 0, DEV_B, "make replace delete" },
	{ "a child makes way for a device", CHILD, DEV_B, WHOLE, R,
	  NULL, 0, 0, DEV_B, "replace delete" },
	{ "a device makes way for a child", DIRECT, DEV_B, BRIDGE, R,
	  NULL, 0, 0, DEV_B, "make replace" },
	{ "a stranger's macvlan is not deleted", STRANGERS, DEV_B, BRIDGE, R,
	  NULL, 0, 0, DEV_B, "make replace" },
	{ "without replace nothing is made first", CHILD, DEV_B, BRIDGE, 0,
	  NULL, 0, -EEXIST, DEV_A, "" },
	{ "what is as it should be stays", CHILD, DEV_A, BRIDGE, R,
	  NULL, 0, 0, DEV_A, "replace" },
	{ "another mode is one step", CHILD, DEV_A, VEPA, R,
	  NULL, 0, 0, DEV_A, "mode replace" },
	{ "passthru wants the old child gone", CHILD, DEV_A, PASSTHRU, R,
	  NULL, 0, 0, DEV_A, "detach delete make-attached" },
	{ "so does its own device", CHILD, DEV_A, WHOLE, R,
	  NULL, 0, 0, DEV_A, "detach delete attach" },
	{ "a child on the device that is the lower", DIRECT, DEV_A, BRIDGE, R,
	  NULL, 0, 0, DEV_A, "detach make-attached" },
	{ "a refused attach leaves nothing", NONE, DEV_A, BRIDGE, 0,
	  "make-attached", -EBUSY, -EBUSY, 0, "make-attached!" },
	{ "no other name is tried if it is the port that has a lower", NONE,
	  DEV_A, BRIDGE, 0, "make-attached", -EEXIST, -EEXIST, 0,
	  "make-attached!" },
	{ "a refused replace changes nothing", CHILD, DEV_B, BRIDGE, R,
	  "replace", -EBUSY, -EBUSY, DEV_A, "make replace! delete" },
	{ "a child that can't be made changes nothing", CHILD, DEV_B, BRIDGE,
	  R, "make", -EBUSY, -EBUSY, DEV_A, "make!" },
	{ "a refused mode is put back", CHILD, DEV_A, VEPA, R,
	  "replace", -EBUSY, -EBUSY, DEV_A, "mode replace! mode" },
	{ "break: the old child is made again", CHILD, DEV_A, PASSTHRU, R,
	  "make-attached", -EINVAL, -EINVAL, DEV_A,
	  "detach delete make-attached! make attach" },
	{ "break: the old device is put back", DIRECT, DEV_A, BRIDGE, R,
	  "make-attached", -EINVAL, -EINVAL, DEV_A,
	  "detach make-attached! attach" },
	{ "break: if the lower disappears first, the plan is made again", CHILD, DEV_A,
	  WHOLE, R, "detach", -ENODEV, 0, DEV_A,
	  "detach! detach delete attach" },
};

static int place(const struct row *r)
{
	struct stabletap_place p = {
		.port = PORT, .dev = r->dev, .mode = r->mode,
		.flags = r->flags,
	};
	int err = stabletap_place_plan(&mine, &p);

	kernel.refuse = r->refuse;
	kernel.with = r->with;
	if (!err)
		err = stabletap_place_run(&mine, &p);
	stabletap_place_release(&p);
	return err;
}

static void test_row(struct tap *t, const struct row *r)
{
	int err;

	begin(r->before);
	err = place(r);
	is_str(t, kernel.done, r->done, r->name);
	ok(t, err == r->err && present() == r->on, "%s: %d, on %d", r->name,
	   err, present());
	ok(t, !kernel.swept && !count_orphans() &&
	   !claim_is_taken(__wrap_st_claims(&others), PORT),
	   "%s: no sweep takes its children, none is left, nor a claim",
	   r->name);
}

/* The process is killed after each of its steps, and a sweep follows. */
static void test_death(struct tap *t, const struct row *r)
{
	volatile unsigned int step = 0;
	volatile bool good = true;

	do {
		begin(r->before);
		kernel.die_after = ++step;
		if (!setjmp(death))
			place(r);
		close(mine.claims);
		mine.claims = -1;
		stabletap_child_sweep(&others, STABLETAP_CHILD_ANY, NULL);
		good = good && !count_orphans();
	} while (kernel.steps == step);
	ok(t, good, "%s: the next sweep finds what a kill leaves", r->name);
}

/* ---- others ---- */

static void test_overtaken(struct tap *t)
{
	struct stabletap_place p = {
		.port = PORT, .dev = DEV_A, .mode = PASSTHRU, .flags = R,
	};
	int child;

	begin(CHILD);
	stabletap_place_plan(&mine, &p);
	child = add_macvlan("st1001-bb", DEV_B, 0);
	find(child)->group = STABLETAP_CHILD_GROUP;
	set_lower(child);
	ok(t, !stabletap_place_run(&mine, &p) && present() == DEV_A,
	   "if another process moves the port, the plan is made again");
	is_str(t, kernel.done, "delete detach make replace delete",
	   "from where it is now");
	ok(t, !count_orphans(), "and nothing is left over");
	stabletap_place_release(&p);
}

/* As the daemon does it: the old child is left to the caller. */
static void test_no_wait(struct tap *t)
{
	struct stabletap_place p = {
		.port = PORT, .dev = DEV_B, .mode = BRIDGE, .flags = R,
	};
	int old;

	begin(CHILD);
	old = (int)kernel.port.lower;
	stabletap_no_wait(&mine);
	stabletap_place_plan(&mine, &p);
	ok(t, !stabletap_place_run(&mine, &p) && present() == DEV_B &&
	   p.leftover == old && find(old),
	   "without a wait for the old child, that is left, and named");
	is_str(t, kernel.done, "make replace", "and no step deletes it");
	mine.no_wait = false;
	stabletap_place_release(&p);
}

static void test_names(struct tap *t)
{
	const struct row *r = &(struct row){ .dev = DEV_A, .mode = BRIDGE };
	char name[16];
	unsigned int i;

	begin(NONE);
	kernel.random = 0xff;
	add_macvlan("st1001-ff", DEV_B, 0);
	ok(t, !place(r) && find((int)kernel.port.lower) &&
	   !strcmp(find((int)kernel.port.lower)->name, "st1001-00"),
	   "if a child's name is in use, the next one is taken");
	begin(NONE);
	for (i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "st1001-%02x", i);
		add_macvlan(name, DEV_B, 0);
	}
	ok(t, place(r) == -EEXIST && !*kernel.done &&
	   strstr(stabletap_message(&mine), "all names"),
	   "but not every name is tried");
}

static void test_alone(struct tap *t)
{
	const struct row *r = &(struct row){
		.before = CHILD, .dev = DEV_A, .mode = PASSTHRU, .flags = R,
	};

	begin(CHILD);
	add_macvlan("x", DEV_A, 0);
	ok(t, place(r) == -EBUSY && !*kernel.done && present() == DEV_A,
	   "a device with other macvlans is refused before the old lower goes");
}

/* Returns the ifindex of a child without a master. */
static int add_orphan(const char *name)
{
	int child = add_macvlan(name, DEV_A, 0);

	find(child)->group = STABLETAP_CHILD_GROUP;
	return child;
}

static void test_sweep(struct tap *t)
{
	unsigned int removed;
	int child;

	begin(NONE);
	child = add_orphan("st1001-aa");
	add_macvlan("st1001-bb", DEV_A, 0);
	claim_take(__wrap_st_claims(&mine), PORT);
	ok(t, stabletap_child_sweep(&others, STABLETAP_CHILD_ANY, &removed) ==
	   -EAGAIN && !removed, "a sweep passes over a port that is claimed");
	claim_drop(__wrap_st_claims(&mine), PORT);
	claim_take(__wrap_st_claims(&mine), PORT + 1);
	ok(t, !stabletap_child_sweep(&others, STABLETAP_CHILD_ANY, &removed) &&
	   removed == 1 && !find(child), "but not over another one");
	claim_drop(__wrap_st_claims(&mine), PORT + 1);
	ok(t, kernel.n == 4, "a macvlan without the mark is no child");
}

/* A sweep for one port is the command's, for all ports the daemon's. */
static void test_sweep_one(struct tap *t)
{
	unsigned int removed;
	int other, gone;

	begin(NONE);
	other = add_orphan("st1001-aa");
	gone = add_orphan("st1007-aa");
	ok(t, !stabletap_child_sweep(&others, 1008, &removed) && removed == 1 &&
	   find(other) && !find(gone),
	   "a sweep for a port removes children of ports that are gone, too");
	ok(t, !stabletap_child_sweep(&others, PORT, &removed) && removed == 1 &&
	   !find(other), "but another port's only for that port");
}

static void test_sweep_races(struct tap *t)
{
	unsigned int removed;
	int first, second;

	begin(NONE);
	first = add_orphan("st1001-aa");
	second = add_orphan("st1002-aa");
	claim_take(__wrap_st_claims(&mine), PORT);
	ok(t, stabletap_child_sweep(&others, STABLETAP_CHILD_ANY, &removed) ==
	   -EAGAIN && removed == 1 && find(first) && !find(second),
	   "a claimed port's child does not keep others from being swept");
	claim_drop(__wrap_st_claims(&mine), PORT);
	kernel.adopted = first;
	ok(t, !stabletap_child_sweep(&others, STABLETAP_CHILD_ANY, &removed) &&
	   !removed && find(first),
	   "a child that was attached since the dump is left alone");
	claim_take(__wrap_st_claims(&mine), PORT);
	ok(t, !stabletap_child_sweep(&others, STABLETAP_CHILD_ANY, &removed),
	   "a claim is no matter to children that are attached");
	claim_drop(__wrap_st_claims(&mine), PORT);
	find(first)->master = 0;
	kernel.adopted = 0;
	kernel.refuse = "delete";
	kernel.with = -EPERM;
	ok(t, stabletap_child_sweep(&mine, STABLETAP_CHILD_ANY, &removed) ==
	   -EPERM && !removed, "a child that can't be removed is an error");
	kernel.refuse = "delete";
	kernel.with = -ENODEV;
	ok(t, !stabletap_child_sweep(&mine, STABLETAP_CHILD_ANY, &removed) &&
	   !removed, "one that another process has removed is not");
}

/* Returns a process that has claimed PORT and stopped itself. */
static pid_t claim_and_stop(void)
{
	pid_t pid = fork();

	if (!pid) {
		claim_take(claims_open(claims), PORT);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, NULL, WUNTRACED);
	return pid;
}

static void test_sweep_stopped(struct tap *t)
{
	pid_t pid = claim_and_stop();
	unsigned int removed;

	begin(NONE);
	add_orphan("st1001-aa");
	ok(t, stabletap_child_sweep(&others, STABLETAP_CHILD_ANY, &removed) ==
	   -EAGAIN && !removed, "a stopped process keeps its children");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(t, !stabletap_child_sweep(&others, STABLETAP_CHILD_ANY, &removed) &&
	   removed == 1, "a process that was killed leaves them to the sweep");
}

static void test_way_back(struct tap *t)
{
	begin(CHILD);
	ok(t, !stabletap_place_remove(&mine, PORT, 0) && !present() &&
	   !count_orphans(), "detaching removes the child");
	begin(STRANGERS);
	ok(t, !stabletap_place_remove(&mine, PORT, 0) && kernel.n == 4,
	   "but not a stranger's macvlan");
	begin(CHILD);
	ok(t, stabletap_place_remove(&mine, PORT, DEV_B) == -ESTALE &&
	   present() == DEV_A, "nor another lower than was meant");
	begin(CHILD);
	ok(t, !stabletap_place_delete(&mine, PORT, 0) && !count_orphans(),
	   "a port that is deleted takes its child along");
}

int main(void)
{
	struct tap t = { 0 };
	size_t i;
	int fd = mkstemp(claims);

	if (fd < 0)
		return 1;
	close(fd);
	mine.claims = others.claims = -1;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		test_row(&t, &rows[i]);
		test_death(&t, &rows[i]);
	}
	test_overtaken(&t);
	test_no_wait(&t);
	test_names(&t);
	test_alone(&t);
	test_sweep(&t);
	test_sweep_one(&t);
	test_sweep_races(&t);
	test_sweep_stopped(&t);
	test_way_back(&t);
	unlink(claims);
	return tap_end(&t);
}
