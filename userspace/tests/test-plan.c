// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's next step.  A row has the configuration, the devices and events
 * (in the words of scene.h), and the expected step, its reason, and when to
 * look again.  The first part is the decision table of Documentation/daemon.md,
 * line by line.
 */
#include "model/refusal.h"
#include "plan/device.h"
#include "scene.h"
#include "tap.h"

struct row {
	const char *name, *conf, *words, *want;
};

#define P "[Port p]\n"
#define AB P "Candidate=a\nCandidate=b\n"
#define ABC P "Candidate=a\nCandidate=b\nCandidate=c\n"
#define LOSS AB "LossDelaySec=2\n"
#define BACK AB "FailbackDelaySec=10\n"
#define STAY AB "Failback=no\n"
#define NOW AB "FailbackDelaySec=0\n"
#define PROBE "Probe=arp 192.0.2.1\nProbeMisses=3\nFailbackDelaySec=0\n"
#define VLANS P "Candidate=name=a vlan=5 create\nCandidate=b\n" \
	"FailbackDelaySec=10\n"
#define POOL "[Pool f]\nMember=a\nMember=b\n"
#define TWO POOL P "Candidate=pool=f mode=direct\n[Port q]\n" \
	"Candidate=pool=f mode=direct\n"
#define PORT "p p:up "

static const struct row decisions[] = {
	/* no lower: the best usable candidate, at once */
	{ "the best usable candidate, at once", AB, PORT "a b",
	  "attach a bridge: usable" },
	{ "the first is down", AB, PORT "a:down b", "attach b bridge: usable" },
	{ "the first has no carrier", AB, PORT "a:nocarrier b",
	  "attach b bridge: usable" },
	{ "the first is dormant", AB, PORT "a:dormant b",
	  "attach b bridge: usable" },
	{ "there is none", AB, PORT, "-" },
	{ "all are down", AB, PORT "a:down b:nocarrier", "-" },
	{ "one that comes after the port has lost its lower", AB,
	  PORT "a p@a a:gone p@none a", "attach a bridge: usable" },
	{ "no delay counts without a lower", AB "LossDelaySec=1h\n"
	  "FailbackDelaySec=1h\n", PORT "b a", "attach a bridge: usable" },
	{ "a candidate's own mode", P "Candidate=a mode=private\n", PORT "a",
	  "attach a private: usable" },
	{ "the port's mode", P "AttachMode=vepa\nCandidate=a\n", PORT "a",
	  "attach a vepa: usable" },

	/* the lower's device is not usable: the best, after LossDelaySec */
	{ "the lower is down: the next, at once by default", AB,
	  PORT "a b p@a a:down", "attach b bridge: lower down" },
	{ "it has no carrier", AB, PORT "a b p@a a:nocarrier",
	  "attach b bridge: lower down" },
	{ "LossDelaySec is waited for", LOSS, PORT "a b p@a a:nocarrier",
	  "- +2000ms" },
	{ "LossDelaySec is nearly over", LOSS,
	  PORT "a b p@a a:nocarrier look=p +1999ms", "- +1ms" },
	{ "LossDelaySec is over", LOSS,
	  PORT "a b p@a a:nocarrier look=p +2s",
	  "attach b bridge: lower down" },
	{ "carrier came back in time", LOSS,
	  PORT "a b p@a a:nocarrier look=p +1s a", "-" },
	{ "and is lost again: the delay begins anew", LOSS,
	  PORT "a b p@a a:nocarrier look=p +1s a look=p +500ms a:nocarrier",
	  "- +2000ms" },
	{ "it is that of the present lower, not of the one before",
	  AB "Candidate=c\nLossDelaySec=10\n",
	  PORT "a b:down c:down p@a a:down look=p +9s p@b look=p +1s c:up",
	  "- +9000ms" },
	{ "it stays if there is no other", AB, PORT "a p@a a:down", "-" },
	{ "another one comes later", AB, PORT "a p@a a:down look=p +1s b",
	  "attach b bridge: lower down" },
	{ "its other one is down as well", AB, PORT "a b:down p@a a:down",
	  "-" },
	{ "from a better one that is down to the best that is not", ABC,
	  PORT "a:down b c p@b b:down", "attach c bridge: lower down" },

	/* a better candidate is usable: after FailbackDelaySec */
	{ "failback is waited for", BACK, PORT "b p@b a", "- +10000ms" },
	{ "failback when the delay is over", BACK,
	  PORT "b p@b a look=p +10s", "attach a bridge: failback" },
	{ "the better one was lost meanwhile: the delay begins anew", BACK,
	  PORT "b p@b a look=p +6s a:nocarrier look=p +1s a",
	  "- +10000ms" },
	{ "a pin meanwhile: the delay begins anew", BACK,
	  PORT "b p@b a look=p +1s pin=p,x look=p a:nocarrier look=p +20s "
	  "a look=p +1s unpin=p", "- +10000ms" },
	{ "a third one, better still, has a delay of its own", ABC
	  "FailbackDelaySec=10\n", PORT "c p@c b look=p +6s a", "- +10000ms" },
	{ "failback without a delay", NOW, PORT "b p@b a",
	  "attach a bridge: failback" },
	{ "no failback", STAY, PORT "b p@b a", "-" },
	{ "no failback, but the present one is lost", STAY,
	  PORT "b p@b a b:down", "attach a bridge: lower down" },
	{ "on the best there is nothing to wait for", BACK, PORT "a b p@a",
	  "-" },

	/* the lower is no candidate */
	{ "a lower that is no candidate is replaced at once", BACK,
	  PORT "x p@x a", "attach a bridge: no candidate" },
	{ "also with Failback=no", STAY, PORT "x p@x a",
	  "attach a bridge: no candidate" },
	{ "without LossDelaySec, if it is down", LOSS, PORT "x p@x x:down a",
	  "attach a bridge: lower down" },
	{ "unless it is preferred", LOSS, PORT "x p@x prefer=p,x x:down a",
	  "- +2000ms" },
	{ "not before a candidate is usable", BACK, PORT "x p@x a:down", "-" },

	/* stabletap failback */
	{ "failback by hand is done at once", BACK, PORT "b p@b a failback=p",
	  "attach a bridge: failback by hand" },
	{ "also with Failback=no", STAY, PORT "b p@b a failback=p",
	  "attach a bridge: failback by hand" },
	{ "but not to a worse one", BACK, PORT "a b p@a failback=p", "-" },

	/* pinned */
	{ "pinned: that device", NOW, PORT "a b p@a pin=p,b",
	  "attach b bridge: by hand" },
	{ "candidate or not", NOW, PORT "a x p@a pin=p,x",
	  "attach x bridge: by hand" },
	{ "as its candidate has it", P "Candidate=a\nCandidate=b mode=vepa\n",
	  PORT "a b p@a pin=p,b", "attach b vepa: by hand" },
	{ "and no change to another", NOW, PORT "a b p@b pin=p,b", "-" },
	{ "pinned to a device that is down: nothing else is taken", NOW,
	  PORT "a b p@b pin=p,b b:down", "-" },
	{ "pinned to a device that does not exist", NOW, PORT "a pin=p,etho",
	  "-" },
	{ "a lower that carries is kept until it comes", NOW,
	  PORT "a b p@a pin=p,x", "-" },
	{ "and left when it comes", NOW, PORT "a b p@a pin=p,x look=p x",
	  "attach x bridge: by hand" },
	{ "one that is lost meanwhile is not replaced by another", NOW,
	  PORT "a b p@a pin=p,x a:down", "-" },
	{ "nor is one that is gone", NOW,
	  PORT "a b p@a pin=p,x look=p p@none", "-" },
	{ "which comes later", NOW, PORT "a pin=p,x look=p x",
	  "attach x bridge: usable" },
	{ "pinned to what can't be a lower", NOW, PORT "a q:name=q pin=p,p",
	  "-" },
	{ "no longer pinned", NOW, PORT "a b p@b pin=p,b unpin=p",
	  "attach a bridge: failback" },

	/* preferred */
	{ "preferred: that device first", NOW, PORT "a b p@a prefer=p,b",
	  "attach b bridge: by hand" },
	{ "whenever it is usable", NOW, PORT "a b:down p@a prefer=p,b", "-" },
	{ "and the candidates otherwise", NOW,
	  PORT "a b p@b prefer=p,b b:down", "attach a bridge: lower down" },
	{ "candidate or not", NOW, PORT "a x prefer=p,x",
	  "attach x bridge: usable" },

	/* held off */
	{ "held off: detached", NOW, PORT "a p@a hold-off=p",
	  "detach: held off by hand" },
	{ "and kept so", NOW, PORT "a b hold-off=p", "-" },
	{ "until it is taken back", NOW, PORT "a hold-off=p look=p unpin=p",
	  "attach a bridge: usable" },

	/* the port does not exist */
	{ "a port that does not exist is made", AB, "a", "create" },
	{ "made again when it was deleted", AB, PORT "a p@a p:gone", "create" },
	{ "or renamed", AB, PORT "a p@a p:name=other", "create" },
	{ "or moved to another namespace", AB, PORT "a p@a p:away", "create" },
	{ "a new port is set up once", AB, "p a", "set up" },
	{ "unless it is to be quiet", AB "Quiet=yes\n", "p a",
	  "attach a bridge: usable" },
	{ "one that was attached before is not set up", AB,
	  PORT "a p@a p:down", "-" },
};

#define HOLD AB "OnDetach=hold\nHoldFrames=9\nHoldBytes=64K\n" \
	"HoldSec=1500us\n"
#define HELD "p:on-detach=hold p:frames=9 p:bytes=65536 p:time=2 "

static const struct row options[] = {
	{ "OnDetach is set, and before an attach", AB "OnDetach=hold\n",
	  PORT "a", "set options" },
	{ "of a port that is attached, too", AB "OnDetach=hold\n",
	  PORT "a p@a", "set options" },
	{ "and of one that is held off", AB "OnDetach=hold\n",
	  PORT "hold-off=p", "set options" },
	{ "a new port is set up first", AB "OnDetach=hold\n", "p a", "set up" },
	{ "one that is missing is made with it", AB "OnDetach=hold\n", "a",
	  "create" },
	{ "without OnDetach the port drops", AB, PORT "p:on-detach=hold",
	  "set options" },
	{ "bounds that are not configured are left alone",
	  AB "OnDetach=hold\n", PORT HELD, "-" },
	{ "bounds that are configured are set, HoldSec in full ms", HOLD,
	  PORT HELD, "-" },
	{ "the number of frames", HOLD, PORT HELD "p:frames=8", "set options" },
	{ "the bytes", HOLD, PORT HELD "p:bytes=65537", "set options" },
	{ "the time", HOLD, PORT HELD "p:time=1", "set options" },
	{ "bounds of a port that drops have no effect, and are not set",
	  AB "OnDetach=drop\nHoldFrames=9\n", PORT "p:frames=8", "-" },
};

static const struct row probes[] = {
	/* all probes fail: stays while that has carrier; else the best */
	{ "nothing is known of several: wait", AB PROBE, PORT "a b", "-" },
	{ "nothing is known of the only one: take it", AB PROBE, PORT "a",
	  "attach a bridge: usable" },
	{ "the first answer ends the wait", AB PROBE,
	  PORT "a b probe=p,b,answers", "attach b bridge: usable" },
	{ "the best of those that answer", AB PROBE,
	  PORT "a b probe=p,b,answers probe=p,a,answers",
	  "attach a bridge: usable" },
	{ "one that fails is passed over", AB PROBE,
	  PORT "a b probe=p,a,fails probe=p,b,answers",
	  "attach b bridge: usable" },
	{ "one fails, the other is not known yet: wait", AB PROBE,
	  PORT "a b probe=p,a,fails", "-" },
	{ "none answers: the best with carrier", AB PROBE,
	  PORT "a b probe=p,a,fails probe=p,b,fails",
	  "attach a bridge: none answers" },
	{ "none answers, the best is down", AB PROBE,
	  PORT "a:down b probe=p,a,fails probe=p,b,fails",
	  "attach b bridge: none answers" },
	{ "none answers: it stays where it is", AB PROBE,
	  PORT "a b p@b probe=p,a,fails probe=p,b,fails", "-" },
	{ "not known yet speaks for the present one", AB PROBE,
	  PORT "a b p@b", "-" },
	{ "the present one fails, the other has answered since", AB PROBE,
	  PORT "a b p@a probe=p,b,answers probe=p,a,fails probe=p,b,answers",
	  "attach b bridge: probe failed" },
	{ "it has not since: it may be the target that is gone", AB PROBE,
	  PORT "a b p@a probe=p,b,answers probe=p,a,fails", "- ?" },
	{ "LossDelaySec counts for that, too", AB PROBE "LossDelaySec=5\n",
	  PORT "a b p@a probe=p,b,answers probe=p,a,fails probe=p,b,answers",
	  "- +5000ms" },
	{ "both fail and the lower loses its carrier", AB PROBE,
	  PORT "a b p@a probe=p,a,fails probe=p,b,fails a:nocarrier",
	  "attach b bridge: lower down" },
	{ "failback to one that answers again", AB PROBE,
	  PORT "a b p@b probe=p,b,answers probe=p,a,fails probe=p,a,answers",
	  "attach a bridge: failback" },
	{ "no failback to one that is not known", AB PROBE,
	  PORT "a b p@b probe=p,b,answers", "-" },
	{ "pinned, whatever its probe says", AB PROBE,
	  PORT "a b p@b probe=p,b,answers probe=p,a,fails pin=p,a",
	  "attach a bridge: by hand" },
	{ "preferred, but it fails", AB PROBE,
	  PORT "a b p@b probe=p,b,answers probe=p,a,fails prefer=p,a", "-" },
};

static const struct row refusals[] = {
	/* an attach fails: the next, and that one again after 0.5 s ... */
	{ "a refused device: the next candidate", AB, PORT "a b refuse=p,a",
	  "attach b bridge: usable +500ms" },
	{ "and that one again when its pause is over", AB,
	  PORT "a refuse=p,a +500ms", "attach a bridge: usable" },
	{ "the pause doubles", AB, PORT "a refuse=p,a refuse=p,a",
	  "- +1000ms" },
	{ "up to a minute or so", AB, PORT "a refuse=p,a refuse=p,a refuse=p,a "
	  "refuse=p,a refuse=p,a refuse=p,a refuse=p,a refuse=p,a refuse=p,a "
	  "refuse=p,a", "- +64000ms" },
	{ "the soonest of two", AB, PORT "a b refuse=p,a refuse=p,a +300ms "
	  "refuse=p,b", "- +500ms" },
	{ "the better one has refused: the present one is kept", NOW,
	  PORT "a b p@b refuse=p,a", "- +500ms" },
	{ "a device that is another one has not refused", AB,
	  PORT "a refuse=p,a a:gone a", "attach a bridge: usable" },
	/* a refusal ends when the obstacle may be gone */
	{ "an event of the device ends its refusal", AB,
	  PORT "a refuse=p,a refuse=p,a refuse=p,a +500ms a:mac="
	  "52:54:00:00:00:09", "attach a bridge: usable" },
	{ "not before 0.1 s: an attempt has events, too", AB,
	  PORT "a refuse=p,a a:mac=52:54:00:00:00:09", "- +100ms" },
	{ "and later after more attempts", AB,
	  PORT "a refuse=p,a refuse=p,a refuse=p,a a:mac=52:54:00:00:00:09",
	  "- +400ms" },
	{ "so does the end of a macvlan on it", AB,
	  PORT "a a/m refuse=p,a refuse=p,a refuse=p,a +500ms m:gone",
	  "attach a bridge: usable" },
	{ "and of its master", AB,
	  PORT "br a:master=br refuse=p,a refuse=p,a +500ms a:nomaster br:gone",
	  "attach a bridge: usable" },
	{ "and a change of its master", AB,
	  PORT "br a:master=br refuse=p,a refuse=p,a refuse=p,a +500ms br:down",
	  "attach a bridge: usable" },
	{ "and another port that leaves it", AB "[Port q]\n",
	  PORT "q a q@a refuse=p,a refuse=p,a refuse=p,a +500ms q@none",
	  "attach a bridge: usable" },
	{ "and another address of the port", AB, PORT "a refuse=p,a refuse=p,a "
	  "refuse=p,a refuse=p,a +1s p:addr=52:54:00:00:00:09",
	  "attach a bridge: usable" },
	{ "another device's event does not", AB,
	  PORT "a x refuse=p,a refuse=p,a +200ms x:down", "- +800ms" },
	{ "the end of an orphaned child that was there before the attempt does", AB,
	  PORT "a a/st9-01 +1s refuse=p,a refuse=p,a refuse=p,a +500ms "
	  "st9-01:gone", "attach a bridge: usable" },
	{ "that of the child that the attempt itself made does not", AB,
	  PORT "a refuse=p,a refuse=p,a refuse=p,a a/st9-01 +500ms "
	  "st9-01:gone", "- +1500ms" },
	{ "nor does an orphaned child that comes or changes", AB,
	  PORT "a a/st9-01 +1s refuse=p,a refuse=p,a refuse=p,a +500ms "
	  "st9-01:down", "- +1500ms" },
};

static const struct row modes[] = {
	{ "another mode on the same device", P "AttachMode=vepa\nCandidate=a\n",
	  PORT "a p@a", "attach a vepa: mode" },
	{ "the mode is right", P "AttachMode=vepa\nCandidate=a\n",
	  PORT "a p@a=vepa", "-" },
	{ "a preferred device that has refused the mode is not left",
	  AB "AttachMode=vepa\n",
	  PORT "a x p@x=bridge prefer=p,x refuse=p,x", "- +500ms" },
	{ "from direct to a child", P "Candidate=a\n", PORT "a p@a=direct",
	  "attach a bridge: mode" },
	{ "direct stays", P "AttachMode=direct\nCandidate=a\n",
	  PORT "a p@a=direct", "-" },
	{ "Filter= is a matter of mode, too", P "Filter=yes\nCandidate=a\n",
	  PORT "a p@a", "attach a bridge: mode" },
	{ "direct: not while it has another master",
	  P "AttachMode=direct\nCandidate=a\nCandidate=b\n",
	  PORT "br a:master=br b", "attach b direct: usable" },
	{ "a macvlan bears no child", P "Candidate=m\nCandidate=b\n",
	  PORT "x x/m b", "attach b bridge: usable" },
	{ "but can be had whole", P "AttachMode=direct\nCandidate=m\n",
	  PORT "x x/m", "attach m direct: usable" },
};

static const struct row faults[] = {
	/* 1: the parent went to another namespace */
	{ "the parent moved away: the next, after LossDelaySec", LOSS,
	  PORT "a b p@a a:away", "- +2000ms" },
	{ "when that is over", LOSS, PORT "a b p@a a:away look=p +2s",
	  "attach b bridge: device moved away" },
	{ "no innocent device is taken for it", AB, PORT "a p@a a:away", "-" },
	{ "a lower that was not told yet is waited for", AB,
	  PORT "b p@none x p@x x:gone", "- +1000ms" },
	/* 2: VLANs on their own VLANs */
	{ "a VLAN that a pattern means is a candidate of another pattern",
	  P "Candidate=name=a* vlan=5\n", PORT "a a.5",
	  "attach a.5 bridge: usable" },
	/* 13: a VLAN that the daemon made anew */
	{ "at the first start the VLAN is taken at once", VLANS,
	  PORT "a b made=a.5", "attach a.5 bridge: usable" },
	{ "a VLAN made anew waits for FailbackDelaySec", VLANS,
	  PORT "a b made=a.5 p@a.5 +1s a.5:gone p@none made=a.5",
	  "attach b bridge: usable" },
	{ "and is gone back to after it", VLANS,
	  PORT "a b made=a.5 p@a.5 +1s a.5:gone p@none made=a.5 p@b look=p "
	  "+10s", "attach a.5 bridge: failback" },
	{ "but taken if there is no other", VLANS,
	  PORT "a made=a.5 p@a.5 +1s a.5:gone p@none made=a.5",
	  "attach a.5 bridge: usable" },
};

static const struct row pools[] = {
	{ "a free member", TWO, PORT "a b", "attach a direct: usable" },
	{ "another port has it: the next", TWO, PORT "q a b q@a=direct",
	  "attach b direct: usable" },
	{ "all are taken", TWO, PORT "q a q@a=direct", "-" },
	{ "one that becomes free", TWO, PORT "q a q@a=direct q@none",
	  "attach a direct: usable" },
	{ "one with addresses is not free", TWO, PORT "a a:addressed", "-" },
	{ "nor one with a VLAN on it", TWO, PORT "a a.5", "-" },
	{ "nor one with a master", TWO, PORT "br a:master=br", "-" },
	{ "what a port has it keeps", TWO, PORT "a b p@b=direct", "-" },
	{ "not by hand, while another port has it", TWO,
	  PORT "q a b p@b=direct q@a=direct pin=p,a", "-" },
	{ "not by another candidate either", TWO "[Port r]\nCandidate=a\n",
	  "q a q@a=direct r r:up p p:up", "-" },
};

/* ---- */

static const char *name_of(int ifindex)
{
	const struct device *dev = model_device(&scene.m, ifindex);

	return dev ? dev->link.name : "?";
}

static const char *step_text(const struct step *s)
{
	static char text[160];
	size_t len = 0;

	switch (s->what) {
	case STEP_NONE:
		len = (size_t)snprintf(text, sizeof(text), "-");
		break;
	case STEP_CREATE:
		len = (size_t)snprintf(text, sizeof(text), "create");
		break;
	case STEP_SET_UP:
		len = (size_t)snprintf(text, sizeof(text), "set up");
		break;
	case STEP_SET_OPTIONS:
		len = (size_t)snprintf(text, sizeof(text), "set options");
		break;
	case STEP_ATTACH:
		len = (size_t)snprintf(text, sizeof(text), "attach %s %s: %s",
				       name_of(s->device),
				       stabletap_mode_name(s->mode), s->why);
		break;
	case STEP_DETACH:
		len = (size_t)snprintf(text, sizeof(text), "detach: %s",
				       s->why);
		break;
	}
	if (s->look_again_at)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			" +%llums", (unsigned long long)
			((s->look_again_at - scene.now) / CLOCK_MS));
	if (s->awaits_probes)
		snprintf(text + len, sizeof(text) - len, " ?");
	return text;
}

static void test_rows(struct tap *t, const char *what, const struct row *rows,
		      size_t n)
{
	char name[160];
	struct step step;
	size_t i;

	for (i = 0; i < n; i++) {
		scene_begin(rows[i].conf);
		scene_play(rows[i].words);
		step = scene_look("p");
		snprintf(name, sizeof(name), "%s: %s", what, rows[i].name);
		is_str(t, step_text(&step), rows[i].want, name);
		scene_end();
	}
}

#define ROWS(t, v) test_rows(t, #v, v, sizeof(v) / sizeof(*(v)))

/* ---- devices ---- */

static const struct {
	const char *name, *conf, *words, *dev, *want;
} devices[] = {
	{ "a device that is down is set up", AB, "a:down", "a", "set up" },
	{ "one that is up needs nothing", AB, "a", "a", "-" },
	{ "one that is nobody's is left alone", AB, "x:down", "x", "-" },
	{ "one that was set down later stays so", AB, "a a:down", "a", "-" },
	{ "another of that name is another one", AB, "a a:down a:gone a:down",
	  "a", "set up" },
	{ "udev comes first", AB, "a:noudev", "a", "-" },
	{ "and then it is set up", AB, "a:noudev a:udev", "a", "set up" },
	{ "a VLAN that is asked for is made", VLANS, "a", "a", "vlan 5" },
	{ "when its base is up", VLANS, "a:down", "a", "set up" },
	{ "not if it is there", VLANS, "a a.5", "a", "-" },
	{ "again when it has gone", VLANS, "a a.5 a.5:gone", "a", "vlan 5" },
	{ "not without 'create'", P "Candidate=name=a vlan=5\n", "a", "a",
	  "-" },
	{ "each that is asked for", VLANS "[Port q]\n"
	  "Candidate=name=a vlan=6 create\n", "a a.5", "a", "vlan 6" },
	{ "a pattern makes no VLAN on a VLAN",
	  P "Candidate=name=a* vlan=5 create\n", "a a.5", "a.5", "-" },
	{ "nor by an address",
	  P "Candidate=mac=52:54:00:00:00:01 vlan=5 create\n",
	  "a:mac=52:54:00:00:00:01 a.5 a.5:mac=52:54:00:00:00:01", "a.5",
	  "-" },
	{ "but on the VLAN that is named",
	  P "Candidate=name=a.7 vlan=5 create\n", "a a.7", "a.7", "vlan 5" },
};

static const char *device_text(const struct device_step *s)
{
	static char text[32];

	switch (s->what) {
	case DEVICE_NOTHING:
		return "-";
	case DEVICE_AWAIT_VFS:
		return "await VFs";
	case DEVICE_SET_UP:
		return "set up";
	case DEVICE_MAKE_VLAN:
		snprintf(text, sizeof(text), "vlan %d", s->vlan);
		return text;
	}
	return "?";
}

static void test_devices(struct tap *t)
{
	struct device_step step;
	char name[160];
	size_t i;

	for (i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		scene_begin(devices[i].conf);
		scene_play(devices[i].words);
		step = scene_look_at_device(devices[i].dev);
		snprintf(name, sizeof(name), "devices: %s", devices[i].name);
		is_str(t, device_text(&step), devices[i].want, name);
		scene_end();
	}
}

/* A VLAN's pause is that of this VLAN on this device. */
static void test_vlan_pauses(struct tap *t)
{
	struct device_step step;
	struct device_vlan *v;

	scene_begin(VLANS "[Port q]\nCandidate=name=a vlan=6 create\n"
		    "[Port r]\nCandidate=name=c vlan=5 create\n");
	scene_play("a c");
	v = device_vlan_make(scene_device("a"), 5);
	v->until = scene.now + retry_after(&v->retry, &retry_refused);
	step = scene_look_at_device("a");
	ok(t, step.what == DEVICE_MAKE_VLAN && step.vlan == 6,
	   "devices: a VLAN that can't be made keeps no other waiting");
	step = scene_look_at_device("c");
	ok(t, step.what == DEVICE_MAKE_VLAN && step.vlan == 5,
	   "devices: nor the same one on another device");
	scene_play("a.6");
	step = scene_look_at_device("a");
	ok(t, step.what == DEVICE_NOTHING && step.look_again_at ==
	   scene.now + 500 * CLOCK_MS,
	   "devices: it is tried again when its pause is over");
	scene_end();
}

/* A device that is on a bus, by its own name */
static void put_on_bus(const char *name, unsigned int flags)
{
	struct stabletap_link link = scene_link(name);

	link.flags = flags;
	strcpy(link.parent_bus, "pci");
	snprintf(link.parent_dev, sizeof(link.parent_dev), "0000:%s", name);
	scene_put(&link);
}

static void test_vfs(struct tap *t)
{
	struct device_step step;

	scene_begin(P "Candidate=name=v0\n");
	scene.pf = "a";
	put_on_bus("v0", 0);
	step = scene_look_at_device("v0");
	ok(t, step.what == DEVICE_AWAIT_VFS,
	   "devices: a VF is left alone until its PF has made them all");
	scene_device("v0")->vfs = VFS_AWAITED;
	step = scene_look_at_device("v0");
	ok(t, step.what == DEVICE_NOTHING, "devices: which is waited for once");
	scene_device("v0")->vfs = VFS_MADE;
	step = scene_look_at_device("v0");
	ok(t, step.what == DEVICE_SET_UP, "devices: and then it is set up");
	scene_end();
}

/* A device may be asked for because of another that comes after it. */
static void test_asked_for_late(struct tap *t)
{
	struct stabletap_link vlan;

	scene_begin(P "Candidate=name=a vf=0-3\n");
	scene.pf = "a";
	put_on_bus("v0", 0);
	put_on_bus("a", IFF_UP);
	scene_device("v0")->vfs = VFS_MADE;
	ok(t, scene_look_at_device("v0").what == DEVICE_SET_UP,
	   "devices: a VF that is told before its PF is set up, too");
	scene_end();

	scene_begin(P "Candidate=name=a vlan=5\n");
	scene_play("x");
	vlan = scene_link("a.5");
	vlan.flags = 0;
	vlan.link = scene.next + 1;
	vlan.vlan_id = 5;
	scene_put(&vlan);
	scene_play("a");
	ok(t, scene_look_at_device("a.5").what == DEVICE_SET_UP,
	   "devices: and so is a VLAN that is told before its base");
	scene_end();

	scene_begin(P "Candidate=x\n");
	scene_play("a:down");
	ok(t, scene_look_at_device("a").what == DEVICE_NOTHING,
	   "devices: one that no port asks for is not");
	scene_configure(P "Candidate=a\n");
	ok(t, scene_look_at_device("a").what == DEVICE_SET_UP,
	   "devices: until it is asked for by a reload");
	scene_end();
}

/* A port that was cut off in vain for another mode is not cut off again. */
static void test_stuck(struct tap *t)
{
	struct step step;

	scene_begin(P "AttachMode=passthru\nCandidate=a\nCandidate=b\n");
	scene_play(PORT "a p@a");
	scene_port("p")->stuck = scene_device("a")->link.ifindex;
	step = scene_look("p");
	is_str(t, step_text(&step), "-",
	       "modes: a port that was cut off in vain is not cut off again");
	scene_play("b p@b");
	step = scene_look("p");
	scene_play("p@a");
	step = scene_look("p");
	is_str(t, step_text(&step), "attach a passthru: mode",
	       "modes: until it has been on another device");
	scene_end();
}

static void test_options_later(struct tap *t)
{
	struct step step;

	scene_begin(AB "OnDetach=hold\n");
	scene_play(PORT "a");
	scene_port("p")->options_until = scene.now + CLOCK_SECOND;
	step = scene_look("p");
	is_str(t, step_text(&step), "attach a bridge: usable +1000ms",
	       "options: the plan goes on until they are set again");
	scene_configure(AB "OnDetach=hold\n");
	step = scene_look("p");
	is_str(t, step_text(&step), "set options",
	       "options: a reload ends the wait");
	scene_port("p")->options_until = scene.now + CLOCK_SECOND;
	scene_play("p:gone p p:up");
	step = scene_look("p");
	is_str(t, step_text(&step), "set options",
	       "options: another port of that name does not wait");
	scene_end();
}

static void test_module_missing(struct tap *t)
{
	struct step step;

	scene_begin(AB);
	scene_port("p")->create_until = scene.now + CLOCK_SECOND;
	step = scene_look("p");
	is_str(t, step_text(&step), "- +1000ms",
	       "a port that can't be made is tried again");
	scene_port("p")->create_until = PORT_NO_MODULE;
	step = scene_look("p");
	is_str(t, step_text(&step), "-",
	       "without the module it is waited for, without an end");
	scene_end();
}

int main(void)
{
	struct tap t = { 0 };

	ROWS(&t, decisions);
	ROWS(&t, options);
	ROWS(&t, probes);
	ROWS(&t, refusals);
	ROWS(&t, modes);
	ROWS(&t, faults);
	ROWS(&t, pools);
	test_devices(&t);
	test_vlan_pauses(&t);
	test_vfs(&t);
	test_asked_for_late(&t);
	test_stuck(&t);
	test_options_later(&t);
	test_module_missing(&t);
	return tap_end(&t);
}
