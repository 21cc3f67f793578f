// SPDX-License-Identifier: GPL-2.0
/*
 * The engine, when anything happens in any order.
 *
 *	test-random [SEED [SEEDS [STEPS]]]
 *
 * A seed is one run.  It draws a configuration, and then one event at a time:
 * devices, VLANs and VFs come, change and go, ports lose their lower, calls are
 * refused, the operator pins a port or has the configuration read again.  Each
 * call of the engine is carried out, unless it is refused.  One second after
 * each event the run checks the properties below.  At the end it tells a new
 * model of all devices, in random order; some of them leave and return
 * meanwhile.
 *
 * The first seed that fails ends the test, and its words are printed, one line
 * for each event.  "test-random SEED" repeats that run.  The words are those of
 * played.h, so they can become a row of test-engine.c, and:
 *
 *	pci=a pci=a,down	a is new, on a bus, where it is called 0000:a
 *	lost=a			a goes to another network namespace
 *	back			devices return from there, the first one first
 *	reload=1		configuration 1 is put in force
 *	vfs-made		PFs have made all their VFs
 *	put=a			a new model is told of a
 */
#include "model/lower.h"
#include "model/match.h"
#include "played.h"
#include "tap.h"

#define SEEDS 1500
#define STEPS 150
/* Calls of the engine, each of which the kernel carries out, for one event */
#define CALLS_MOST 60

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum property {
	STEPS_END, PORT_STEPS, PORT_TIMES, DEVICE_STEPS, DEVICE_TIMES, UPPERS,
	MEMBERS, MATCHES, CLAIMS, COUNTS, PORT_DEVICES, PROPERTIES
};

static const char *const properties[] = {
	[STEPS_END] = "steps come to an end",
	[PORT_STEPS] = "no step of a port is left, unless a timer is set",
	[PORT_TIMES] = "ports are evaluated again when the plan says so",
	[DEVICE_STEPS] = "no step of a device is left",
	[DEVICE_TIMES] = "devices are evaluated again when the plan says so",
	[UPPERS] = "devices know what is stacked on them",
	[MEMBERS] = "devices know how many members they have",
	[MATCHES] = "devices match what a new comparison finds",
	[CLAIMS] = "a device that is claimed is the claim of its port",
	[COUNTS] = "the model's counts of ports are right",
	[PORT_DEVICES] = "ports know their net device and their device's name",
};

static const char *const confs[] = {
	"[Pool f]\nMember=name=a vf=0-1\n"
	"[Port p]\nCandidate=pool=f\nCandidate=c\nFailbackDelaySec=1\n"
	"[Port q]\nCandidate=pool=f\n"
	"[Port r]\nCandidate=name=a vf=1\nCandidate=c\n",

	"[Port p]\nCandidate=name=a vf=0-1 mode=direct\nCandidate=name=v0\n"
	"[Port q]\nCandidate=name=a vlan=5\nCandidate=name=z vlan=5\n"
	"Candidate=name=z\n"
	"[Pool f]\nMember=v1\nMember=c\n"
	"[Port r]\nCandidate=pool=f\n",

	"[Pool f]\nMember=a\nMember=b\n"
	"[Port p]\nCandidate=pool=f\nCandidate=c\nFailbackDelaySec=1\n"
	"[Port q]\nCandidate=pool=f\n"
	"[Port r]\nCandidate=a\nCandidate=name=d vlan=5 create\n"
	"LossDelaySec=2\n",

	"[Pool f]\nMember=a\nMember=b\n"
	"[Port p]\nCandidate=a mode=direct\nCandidate=c\n"
	"FailbackDelaySec=0\n"
	"[Port r]\nCandidate=pool=f mode=direct\nCandidate=d\nFailback=no\n",

	"[Port p]\nCandidate=name=a* vlan=5 create\nCandidate=b\n"
	"[Port q]\nCandidate=mac=52:54:00:00:00:01\nAttachMode=vepa\n"
	"[Port r]\nCandidate=a.5 mode=direct\nCandidate=c\n"
	"OnDetach=hold\nHoldFrames=9\n",

	"[Port p]\nCandidate=a mode=direct\nCandidate=b\n"
	"[Port q]\nCandidate=b\nCandidate=name=d vlan=5\n",

	"[Pool f]\nMember=d\nMember=c\n"
	"[Pool g]\nMember=a\nMember=b\n"
	"[Port p]\nCandidate=pool=f\n"
	"[Port q]\nCandidate=pool=f\n"
	"[Port r]\nCandidate=pool=g\nCandidate=b\n",
};

static struct {
	unsigned int seed;
	uint64_t random;
	FILE *words;			/* that were played */
	char *text;			/* of these */
	size_t size;
	struct stabletap_link lost[2];	/* to another namespace */
	size_t lost_n;
	bool failed;
	bool broken[PROPERTIES];
} trial;

__attribute__((format(printf, 3, 4)))
static void expect(enum property what, bool good, const char *fmt, ...)
{
	va_list ap;

	if (good)
		return;
	trial.failed = true;
	trial.broken[what] = true;
	printf("# seed %u: ", trial.seed);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* Knuth's MMIX generator, without its low bits, which repeat soon */
static unsigned int draw(size_t n)
{
	trial.random = trial.random * 6364136223846793005u +
		       1442695040888963407u;
	return (unsigned int)((trial.random >> 33) % n);
}

/* ---- words ---- */

static void play_pci(const char *arg)
{
	struct stabletap_link link;
	char name[8];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(arg, ","), arg);
	link = scene_link(name);
	if (strchr(arg, ','))
		link.flags &= ~(unsigned int)IFF_UP;
	snprintf(link.parent_bus, sizeof(link.parent_bus), "pci");
	snprintf(link.parent_dev, sizeof(link.parent_dev), "0000:%s", name);
	scene_put(&link);
}

static void play_lost(const char *name)
{
	const struct stabletap_link *link = &scene_device(name)->link;

	trial.lost[trial.lost_n++] = *link;
	model_link_gone(&scene.m, link->ifindex, PORT_MOVED);
}

static void play_back(const char *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < trial.lost_n; i++)
		scene_put(&trial.lost[i]);
	trial.lost_n = 0;
}

static void play_reload(const char *number)
{
	scene_configure(confs[atoi(number)]);
}

/* As act/sriov.c does */
static void play_vfs_made(const char *arg)
{
	struct device *dev;
	size_t i;

	(void)arg;
	for (i = 0; i < scene.m.devices_n; i++) {
		dev = scene.m.devices[i];
		if (dev->vfs != VFS_AWAITED)
			continue;
		dev->vfs = VFS_MADE;
		model_facts_changed(&scene.m, dev->link.ifindex);
	}
}

static void play_run(const char *arg)
{
	(void)arg;
	expect(STEPS_END, run() < TURNS_MOST, "the loop has no end");
}

/* Plays a word of this file, or one of played.h. */
static void play_any(const char *word)
{
	static const struct {
		const char *begin;
		void (*play)(const char *arg);
	} own[] = {
		{ "pci=", play_pci }, { "lost=", play_lost },
		{ "back", play_back }, { "reload=", play_reload },
		{ "vfs-made", play_vfs_made }, { ".", play_run },
	};
	size_t i, len;

	for (i = 0; i < COUNT(own); i++) {
		len = strlen(own[i].begin);
		if (!strncmp(word, own[i].begin, len)) {
			own[i].play(word + len);
			return;
		}
	}
	play(word);
}

__attribute__((format(printf, 1, 2)))
static void say(const char *fmt, ...)
{
	char word[96];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	fprintf(trial.words, " %s", word);
	play_any(word);
}

/* ---- the kernel carries out what the engine calls ---- */

static bool carry_create(char *name)
{
	struct port *port = model_port(&scene.m, name);

	if (!port || port->ifindex || model_device_named(&scene.m, name))
		return false;
	say("%s", name);
	return true;
}

static bool carry_up(char *name)
{
	if (!scene_device(name))
		return false;
	say("%s:up", name);
	return true;
}

static bool carry_set(char *arg)
{
	const char *name = strsep(&arg, ","), *option;

	if (!scene_device(name))
		return false;
	while ((option = strsep(&arg, ",")))
		say("%s:%s", name, option);
	return true;
}

static bool carry_remove(char *name)
{
	struct port *port = model_port(&scene.m, name);

	if (!port || !port->ifindex)
		return false;
	say("%s@none", name);
	return true;
}

static bool carry_vlan(char *name)
{
	char base[8];

	snprintf(base, sizeof(base), "%.*s", (int)strcspn(name, "."), name);
	if (!scene_device(base) || scene_device(name))
		return false;
	say("%s", name);
	return true;
}

static bool carry_place(char *arg)
{
	const char *name = strsep(&arg, ","), *on = strsep(&arg, ",");
	const struct port *port = model_port(&scene.m, name);
	const struct device *dev = scene_device(on);
	enum stabletap_mode mode;

	if (!port || !port->ifindex || !dev)
		return false;
	mode = port_mode_on(port, dev);
	if (mode == STABLETAP_MODE_DIRECT && dev->link.master &&
	    dev->link.master != port->ifindex)
		return false;
	say("%s@%s=%s", name, on, stabletap_mode_name(mode));
	return true;
}

/* Returns whether @call, CALL=ARGUMENT, had an effect. */
static bool carry_out(char *call)
{
	static const struct {
		const char *call;
		bool (*carry)(char *arg);
	} calls[] = {
		{ "create", carry_create }, { "up", carry_up },
		{ "set", carry_set }, { "remove", carry_remove }, { "vlan", carry_vlan },
		{ "place", carry_place },
	};
	const char *name = strsep(&call, "=");
	size_t i;

	for (i = 0; call && i < COUNT(calls); i++)
		if (!strcmp(calls[i].call, name))
			return !result(name) && calls[i].carry(call);
	return false;
}

static bool carry_out_all(void)
{
	char *done = strdup(kernel.done), *rest = done, *call;
	bool any = false;

	if (!done)
		abort();
	kernel.done[0] = '\0';
	while ((call = strsep(&rest, " ")))
		any |= carry_out(call);
	free(done);
	return any;
}

static void settle(void)
{
	int i;

	for (i = 0; i < CALLS_MOST && !trial.failed; i++) {
		say(".");
		if (!carry_out_all())
			return;
	}
	expect(STEPS_END, trial.failed, "the engine's calls have no end");
}

/* ---- events ---- */

static const char *const devices[] = { "a", "b", "c", "d" };
static const char *const vfs[] = { "v0", "v1" };

static struct port *draw_port(void)
{
	return scene.m.ports[draw(scene.m.ports_n)];
}

/* a, the PF of the VFs, is on a bus. */
static void come(void)
{
	const char *name = devices[draw(COUNT(devices))];
	bool down = draw(2);

	if (scene_device(name))
		say("%s:up", name);
	else if (*name == 'a')
		say("pci=%s%s", name, down ? ",down" : "");
	else
		say("%s%s", name, down ? ":down" : "");
}

static void come_vf(void)
{
	const char *name = vfs[draw(COUNT(vfs))];

	if (!scene_device(name))
		say("pci=%s%s", name, draw(2) ? ",down" : "");
	else if (draw(3))
		say("%s:%s", name, draw(2) ? "up" : "down");
}

/* Also ports without a section have a lower. */
static bool is_on(const char *port, const struct device *dev)
{
	const struct device *d = scene_device(port);
	struct device *on;

	if (!d || !d->link.port.lower)
		return false;
	device_parent(&scene.m, (int)d->link.port.lower, &on);
	return on && (on == dev || on->link.link == dev->link.ifindex);
}

/* The kernel tells first that ports have lost their lower. */
static void leave(const struct device *dev)
{
	static const char *const ports[] = { "p", "q", "r" };
	size_t i;

	for (i = 0; i < COUNT(ports); i++)
		if (is_on(ports[i], dev))
			say("%s@none", ports[i]);
}

static const struct device *top_of(const struct device *dev)
{
	while (dev->uppers.n)
		dev = model_device(&scene.m, dev->uppers.v[0]);
	return dev;
}

static void go(const char *name)
{
	const struct device *dev = scene_device(name), *top;

	if (!dev)
		return;
	leave(dev);
	while ((top = top_of(dev)) != dev)
		say("%s:gone", name_of(top->link.ifindex));
	say("%s:gone", name);
}

static void go_device(void)
{
	go(devices[draw(COUNT(devices))]);
}

static void go_vf(void)
{
	go(vfs[draw(COUNT(vfs))]);
}

static void go_port(void)
{
	const struct port *port = draw_port();

	if (!port->ifindex)
		return;
	if (port->told.lower)
		say("%s@none", port->conf->name);
	say("%s:gone", port->conf->name);
}

/* A VLAN comes or goes. */
static void turn_vlan(void)
{
	const char *base = devices[draw(COUNT(devices))];
	const struct device *dev;
	char name[8];

	snprintf(name, sizeof(name), "%s.5", base);
	dev = scene_device(name);
	if (!dev && scene_device(base)) {
		say("%s", name);
		if (draw(2))
			say("%s:down", name);
	} else if (dev && !dev->uppers.n && !dev->link.master) {
		say("%s:gone", name);
	}
}

/* A device gets a master, or leaves it. */
static void turn_master(void)
{
	const char *name = devices[draw(COUNT(devices))];
	const struct device *dev = scene_device(name), *master;

	if (!dev)
		return;
	master = model_device(&scene.m, dev->link.master);
	if (!dev->link.master)
		say("%s:master=br", name);
	else if (!master || !stabletap_link_is_port(&master->link))
		say("%s:nomaster", name);
}

static void come_bridge(void)
{
	if (!scene_device("br"))
		say("br");
}

static void rename_device(void)
{
	const char *name = devices[draw(COUNT(devices))];

	if (scene_device(name) && !model_device_named(&scene.m, "z"))
		say("%s:name=z", name);
}

static void leave_and_return(const char *name, const char *other)
{
	say("lost=%s", name);
	if (strcmp(name, other) != 0)
		say("lost=%s", other);
	if (draw(2))
		say(".");
	say("back");
}

static void blink(void)
{
	const char *name = devices[draw(COUNT(devices))];

	if (scene_device(name))
		leave_and_return(name, name);
}

static void attach_by_hand(void)
{
	const char *port = draw_port()->conf->name;
	const char *name = devices[draw(COUNT(devices))];

	if (scene_port(port)->ifindex)
		say("%s@%s", port, scene_device(name) && draw(2) ? name :
								   "none");
}

static void set_by_hand(void)
{
	static const char *const options[] = {
		"on-detach=hold", "on-detach=drop", "frames=8", "time=7",
	};
	const char *port = draw_port()->conf->name;

	if (scene_port(port)->ifindex)
		say("%s:%s", port, options[draw(COUNT(options))]);
}

static void reload(void)
{
	say("reload=%u", draw(COUNT(confs)));
}

/* Plays @words, in which D is a device that is there, and P a port. */
static void play_words(const char *words)
{
	const char *dev = devices[draw(COUNT(devices))];
	const char *port = draw_port()->conf->name;
	char text[96];
	size_t len = 0;

	if (strchr(words, 'D') && !scene_device(dev))
		return;
	for (; *words; words++) {
		const char letter[] = { *words, '\0' };

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
					*words == 'D' ? dev :
					*words == 'P' ? port : letter);
	}
	say("%s", text);
}

static void play_event(void)
{
	static const struct {
		const char *words;
		void (*play)(void);
	} events[] = {
		{ NULL, come }, { NULL, come }, { NULL, come },
		{ NULL, come_vf }, { NULL, come_vf }, { NULL, come_bridge },
		{ NULL, go_device }, { NULL, go_vf }, { NULL, go_port },
		{ NULL, turn_vlan }, { NULL, turn_master },
		{ NULL, turn_master }, { NULL, rename_device },
		{ NULL, blink }, { NULL, attach_by_hand }, { NULL, reload },
		{ "D", NULL }, { "D:down", NULL }, { "D:nocarrier", NULL },
		{ "D:addressed", NULL }, { "D:name=D", NULL },
		{ "vfs-made", NULL }, { "pin=P,D", NULL },
		{ "prefer=P,D", NULL }, { "hold-off=P,", NULL },
		{ "unpin=P", NULL }, { "unpin=P", NULL },
		{ "place!22", NULL }, { "place!11", NULL },
		{ "place!0", NULL }, { "place!0", NULL },
		{ "up!16", NULL }, { "up!19", NULL }, { "up!0", NULL },
		{ "create!1", NULL }, { "create!0", NULL },
		{ "set!95", NULL }, { "set!0", NULL }, { NULL, set_by_hand },
		{ "remove!11", NULL }, { "remove!0", NULL },
		{ "vlan!1", NULL }, { "vlan!0", NULL },
		{ "how=break", NULL }, { "how=swap", NULL },
	};
	unsigned int i = draw(COUNT(events));

	if (events[i].words)
		play_words(events[i].words);
	else
		events[i].play();
}

/* ---- checks ---- */

static void check_port(const struct port *port)
{
	struct step step;
	uint64_t timer = port->todo.when;

	/* Until then the model is out of date. */
	if (port->event_until > scene.now)
		return;
	step = plan_port(port, scene.now);
	expect(PORT_STEPS, step.what == STEP_NONE || timer,
	       "port %s: step %d was not taken (%s)", port->conf->name,
	       step.what, step.what == STEP_ATTACH ? step.why : "");
	expect(PORT_TIMES, !step.look_again_at ||
	       (timer && timer <= step.look_again_at),
	       "port %s is not evaluated in time", port->conf->name);
}

static void check_port_device(const struct port *port)
{
	const char *name = port->conf->name;
	const struct device *dev = model_device_named(&scene.m, name);
	const struct device *present = port->ifindex ? port_present(port) :
						       NULL;

	expect(PORT_DEVICES, !dev || !stabletap_link_is_port(&dev->link) ||
	       port->ifindex == dev->link.ifindex,
	       "port %s is not its net device", name);
	expect(PORT_DEVICES, !present || !strcmp(port->dev, present->link.name),
	       "port %s is on %s, not on %s", name,
	       present ? present->link.name : "", port->dev);
}

static void check_device(const struct device *dev)
{
	struct device_step step = plan_device(dev, scene.now);
	uint64_t timer = dev->todo.when;

	expect(DEVICE_STEPS, step.what == DEVICE_NOTHING,
	       "device %s: step %d was not taken", dev->link.name, step.what);
	expect(DEVICE_TIMES, !step.look_again_at ||
	       (timer && timer <= step.look_again_at),
	       "device %s is not evaluated in time", dev->link.name);
	expect(CLAIMS, !dev->claim || dev->claim->claim == dev,
	       "device %s has the claim of another", dev->link.name);
}

static void check_stack(const struct device *dev)
{
	struct idset uppers = { 0 }, vlan_ids = { 0 };
	const struct stabletap_link *link;
	unsigned int members = 0;
	size_t i;

	for (i = 0; i < scene.m.devices_n; i++) {
		link = &scene.m.devices[i]->link;
		members += link->master == dev->link.ifindex;
		if (device_below(link) != dev->link.ifindex)
			continue;
		idset_add(&uppers, link->ifindex);
		if (link->vlan_id)
			idset_add(&vlan_ids, link->vlan_id);
	}
	expect(UPPERS, idset_equal(&uppers, &dev->uppers) &&
	       idset_equal(&vlan_ids, &dev->vlan_ids),
	       "device %s has wrong uppers or VLANs", dev->link.name);
	expect(MEMBERS, members == dev->members,
	       "device %s has %u members, not %u", dev->link.name, members,
	       dev->members);
	idset_release(&uppers);
	idset_release(&vlan_ids);
}

static struct idset copy_of(const struct idset *set)
{
	struct idset copy = { 0 };
	size_t i;

	for (i = 0; i < set->n; i++)
		idset_add(&copy, set->v[i]);
	return copy;
}

static void check_matches(struct device *dev)
{
	struct idset matches = copy_of(&dev->matches);
	struct idset bases = copy_of(&dev->bases);

	if (!stabletap_link_is_port(&dev->link))
		match_update(dev);
	expect(MATCHES, idset_equal(&matches, &dev->matches) &&
	       idset_equal(&bases, &dev->bases),
	       "device %s matches something else", dev->link.name);
	idset_release(&matches);
	idset_release(&bases);
}

static void check_counts(const struct model *m)
{
	size_t attached = 0, by_hand = 0, refusals = 0, i;

	for (i = 0; i < m->ports_n; i++) {
		attached += m->ports[i]->told.lower != 0;
		by_hand += m->ports[i]->override.kind != OVERRIDE_NONE;
		refusals += m->ports[i]->refusals_n;
	}
	expect(COUNTS, attached == m->attached_n, "%zu attached ports, not %zu",
	       attached, m->attached_n);
	expect(COUNTS, by_hand == m->by_hand_n, "%zu overrides, not %zu",
	       by_hand, m->by_hand_n);
	expect(COUNTS, refusals == m->refusals_n, "%zu refusals, not %zu",
	       refusals, m->refusals_n);
}

/* What depends on the devices alone, in whatever order they came */
static void check_tables(void)
{
	const struct model *m = &scene.m;
	size_t i;

	for (i = 0; i < m->ports_n; i++)
		check_port_device(m->ports[i]);
	for (i = 0; i < m->devices_n; i++)
		check_stack(m->devices[i]);
	for (i = 0; i < m->devices_n; i++)
		check_matches(m->devices[i]);
	check_counts(m);
}

/* Before check_tables(), which marks devices and ports */
static void check_steps(void)
{
	size_t i;

	for (i = 0; i < scene.m.ports_n; i++)
		check_port(scene.m.ports[i]);
	for (i = 0; i < scene.m.devices_n; i++)
		check_device(scene.m.devices[i]);
}

/* ---- runs ---- */

static void begin_with(unsigned int conf)
{
	begin(confs[conf]);
	scene.pf = "a";
	fprintf(trial.words, " reload=%u", conf);
}

static void play_step(void)
{
	static const unsigned int ms[] = { 20, 100, 500, 1000, 3000, 70000 };
	unsigned int pause = draw(COUNT(ms) + 2);

	fputs("\n#\t", trial.words);
	play_event();
	if (pause < COUNT(ms))
		say("+%ums", ms[pause]);
	settle();
	say("+1s");
	settle();
	check_steps();
	check_tables();
}

static struct stabletap_link *shuffled_links(size_t n)
{
	struct stabletap_link *links = calloc(n + 1, sizeof(*links));
	size_t i, k;

	if (!links)
		abort();
	for (i = 0; i < n; i++) {
		k = draw(i + 1);
		links[i] = links[k];
		links[k] = scene.m.devices[i]->link;
	}
	return links;
}

static void put_link(const struct stabletap_link *link)
{
	fprintf(trial.words, " put=%s", link->name);
	*scene_index(link->name) = link->ifindex;
	scene_put(link);
}

/* The engine's calls have no effect, as if other processes were in its way. */
static void play_shuffled(void)
{
	size_t n = scene.m.devices_n, i;
	struct stabletap_link *links = shuffled_links(n);
	const char *first;

	end();
	fputs("\n#\t", trial.words);
	begin_with(draw(COUNT(confs)));
	for (i = 0; i < n; i++) {
		put_link(&links[i]);
		first = links[draw(i + 1)].name;
		if (!draw(3))
			leave_and_return(first, links[draw(i + 1)].name);
		if (!draw(4))
			reload();
	}
	free(links);
	say("vfs-made");
	say(".");
	say("+2s");
	say(".");
	check_tables();
}

static void play_seed(unsigned int seed, unsigned int steps)
{
	unsigned int i;

	trial.seed = seed;
	trial.random = seed;
	draw(1);
	trial.words = open_memstream(&trial.text, &trial.size);
	if (!trial.words)
		abort();
	begin_with(draw(COUNT(confs)));
	for (i = 0; i < steps && !trial.failed; i++)
		play_step();
	if (!trial.failed)
		play_shuffled();
	end();
	fclose(trial.words);
	if (trial.failed)
		printf("#\t%s\n", trial.text);
	free(trial.text);
}

static unsigned int argument(int argc, char **argv, int i, unsigned int other)
{
	return argc > i ? (unsigned int)strtoul(argv[i], NULL, 10) : other;
}

int main(int argc, char **argv)
{
	unsigned int seed = argument(argc, argv, 1, 1);
	unsigned int seeds = argument(argc, argv, 2, argc > 1 ? 1 : SEEDS);
	unsigned int steps = argument(argc, argv, 3, STEPS);
	struct tap t = { 0 };
	size_t i;

	log_fd = log_capture();
	for (; seeds-- && !trial.failed; seed++)
		play_seed(seed, steps);
	for (i = 0; i < PROPERTIES; i++)
		ok(&t, !trial.broken[i], "%s", properties[i]);
	return tap_end(&t);
}
