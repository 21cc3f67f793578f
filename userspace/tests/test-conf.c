// SPDX-License-Identifier: GPL-2.0
/* The daemon's configuration: what is read, what is refused and how. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/check.h"
#include "conf/diff.h"
#include "conf/probe.h"
#include "conf/read.h"
#include "conf/selector.h"
#include "tap.h"

#define SEC 1000000000ULL
#define MS 1000000ULL

/* The result of conf_read_stream() for a text */
struct answer {
	int wrong;
	char *said;
	struct conf *conf;
};

static struct answer ask_bytes(const struct conf *before, const char *text,
			       size_t size)
{
	struct answer a = { 0 };
	size_t len;
	FILE *in = fmemopen((void *)text, size, "r");
	FILE *out = open_memstream(&a.said, &len);

	a.wrong = in && out ?
		  conf_read_stream(in, "f", before, out, &a.conf) : -EIO;
	if (in)
		fclose(in);
	if (out)
		fclose(out);
	return a;
}

static struct answer ask_again(const struct conf *before, const char *text)
{
	return ask_bytes(before, text, strlen(text));
}

static struct answer ask(const char *text)
{
	return ask_again(NULL, text);
}

static void forget(struct answer *a)
{
	conf_free(a->conf);
	free(a->said);
	*a = (struct answer){ 0 };
}

static const char whole[] =
	"# a comment\n"
	"; another\n"
	"\n"
	"[Daemon]\n"
	"MetricsFile=/run/metrics/stabletap.prom\n"
	"[Port vm2]\r\n"
	"Candidate=eth0\n"
	"[X-Mine]\n"
	"Anything=goes\n"
	"[ Port  vm1 ]\n"
	"MACAddress = 52:54:00:12:34:56\n"
	"  MTUBytes=9000\n"
	"Queues=4\n"
	"Owner=root\n"
	"Group=4242\n"
	"OnDetach=hold\n"
	"AttachMode=vepa\n"
	"Candidate=gone\n"
	"Candidate=\n"
	"Candidate=eth0\n"
	"Candidate=mac=52:54:00:00:00:01 mode=direct\n"
	"Candidate=path=pci-0000:03:00.0 vf=3\n"
	"Candidate=driver=igb port=p[01] property=ID_X=a=b\n"
	"Candidate=name=eth0 vlan=5 create\n"
	"Failback=off\n"
	"FailbackDelaySec=1min 30s\n"
	"LossDelaySec=500ms\n"
	"Probe=arp 192.0.2.1\n"
	"ProbeSource=192.0.2.99\n"
	"ProbeIntervalSec=2\n"
	"ProbeTimeoutSec=100ms\n"
	"ProbeMisses=5\n"
	"ProbeAnswers=2\n"
	"Announce=FALSE\n"
	"QMPSocket=/run/vm1/qmp\n"
	"QMPDevice=net0\n"
	"GuestLinkDownSec=0\n"
	"GuestLink=down\n"
	"FollowGuestFilter=1\n"
	"TrustGuestMAC=yes\n"
	"Hook=/bin/sh\n"
	"Hook=/bin/cat\n"
	"HookTimeoutSec=2\n"
	"HoldFrames=1000000\n"
	"HoldBytes=4G\n"
	"HoldSec=1h\n"
	"X-Note=to myself";

static void is_selector(struct tap *t, const struct conf *conf, size_t port,
			size_t candidate, const char *want)
{
	const struct conf_port *p = &conf->ports[port];
	char buf[128];

	conf_selector_format(p->candidates.v[candidate].selector, buf,
			     sizeof(buf));
	is_str(t, buf, want, "a candidate is read and written");
}

static void test_candidates(struct tap *t, const struct conf *conf)
{
	const struct conf_port *p = &conf->ports[0];
	char buf[6];

	if (!ok(t, p->candidates.n == 5, "an empty Candidate= clears the list"))
		return;
	is_selector(t, conf, 0, 0, "name=eth0");
	is_selector(t, conf, 0, 1, "mac=52:54:00:00:00:01");
	is_selector(t, conf, 0, 2, "path=pci-0000:03:00.0 vf=3");
	is_selector(t, conf, 0, 3, "driver=igb property=ID_X=a=b port=p[01]");
	is_selector(t, conf, 0, 4, "name=eth0 vlan=5 create");
	ok(t, p->candidates.v[1].mode_set && !p->candidates.v[0].mode_set &&
	   p->candidates.v[1].mode == STABLETAP_MODE_DIRECT,
	   "a candidate has a mode of its own if that is said");
	ok(t, p->candidates.v[0].at.line == 20 &&
	   !strcmp(p->candidates.v[0].at.file, "f"),
	   "a candidate has its place");
	ok(t, conf->selectors_n == 5 &&
	   p->candidates.v[0].selector ==
	   conf->ports[1].candidates.v[0].selector,
	   "ports with one description share it; a cleared one is gone");
	conf_selector_format(p->candidates.v[0].selector, buf, sizeof(buf));
	is_str(t, buf, "name=", "a description is cut to its room");
}

static void test_whole(struct tap *t)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	static const uint8_t ip4[16] = { 192, 0, 2, 1 };
	struct answer a = ask(whole);
	const struct conf_port *p;

	is_str(t, a.said, "f:24: warning: 'name=eth0 vlan=5 create': is in "
	       "VLAN 5, but 'name=eth0' is untagged; unless the network joins "
	       "the two, the guest's network would change with the device\n",
	       "a good file gets only a warning");
	if (!ok(t, !a.wrong && a.conf->ports_n == 2, "all keys are read")) {
		forget(&a);
		return;
	}
	p = a.conf->ports;
	is_str(t, a.conf->metrics, "/run/metrics/stabletap.prom",
	       "the daemon's key is read");
	ok(t, !strcmp(p[0].name, "vm1") && !strcmp(p[1].name, "vm2"),
	   "ports are sorted by name");
	ok(t, p->at.line == 10 && !strcmp(p->at.file, "f"),
	   "a port has its place");
	ok(t, p->mac_set && !memcmp(p->mac, mac, 6), "MACAddress");
	ok(t, p->mtu == 9000 && p->queues == 4, "MTUBytes, Queues");
	ok(t, p->owner == 0 && p->group == 4242, "Owner, Group");
	ok(t, p->perm == 0660, "Group alone makes Mode 0660");
	ok(t, p->on_detach == STABLETAP_ON_DETACH_HOLD, "OnDetach");
	ok(t, p->hold_frames == 1000000 && p->hold_bytes == 4294967296 &&
	   p->hold_time == 3600 * SEC, "HoldFrames, HoldBytes, HoldSec");
	ok(t, p->mode == STABLETAP_MODE_VEPA, "AttachMode");
	ok(t, p->failback == CONF_FAILBACK_NO, "Failback");
	ok(t, p->failback_delay == 90 * SEC, "FailbackDelaySec in two units");
	ok(t, p->loss_delay == 500 * MS, "LossDelaySec in milliseconds");
	ok(t, !p->announce, "Announce");
	ok(t, p->probe.kind == CONF_PROBE_ARP &&
	   !memcmp(p->probe.target, ip4, sizeof(ip4)) &&
	   p->probe.source_family == AF_INET && p->probe.source[3] == 99,
	   "Probe, ProbeSource");
	ok(t, p->probe.interval == 2 * SEC && p->probe.limit == 100 * MS &&
	   p->probe.misses == 5 && p->probe.answers == 2,
	   "ProbeIntervalSec, ProbeTimeoutSec, ProbeMisses, ProbeAnswers");
	is_str(t, p->qmp_socket, "/run/vm1/qmp", "QMPSocket");
	is_str(t, p->qmp_device, "net0", "QMPDevice");
	ok(t, !p->link_down, "GuestLinkDownSec");
	ok(t, p->link_initially_down, "GuestLink");
	ok(t, p->follow_filter && p->filter,
	   "FollowGuestFilter makes Filter yes");
	ok(t, p->trust_mac, "TrustGuestMAC");
	ok(t, p->hooks && !strcmp(p->hooks[0], "/bin/sh") &&
	   !strcmp(p->hooks[1], "/bin/cat") && !p->hooks[2], "Hook, twice");
	ok(t, p->hook_limit == 2 * SEC, "HookTimeoutSec in plain seconds");
	test_candidates(t, a.conf);
	forget(&a);
}

static void test_defaults(struct tap *t)
{
	struct answer a = ask("[Port vm1]\nCandidate=eth0\nQueues=\n"
			      "FailbackDelaySec=\nHook=\n");
	const struct conf_port *p;

	if (!ok(t, !a.wrong && a.conf->ports_n == 1,
		"an empty value is the default")) {
		forget(&a);
		return;
	}
	p = a.conf->ports;
	ok(t, !p->mac_set && !p->mtu && !p->queues && !p->owner && !p->group &&
	   !p->perm && !p->on_detach && !p->hold_frames && !p->hold_bytes &&
	   p->hold_time == CONF_SPAN_NONE,
	   "the module's defaults are left to it");
	ok(t, p->mode == STABLETAP_MODE_BRIDGE && !p->filter,
	   "bridge is the mode, without lists");
	ok(t, p->failback == CONF_FAILBACK_YES &&
	   p->failback_delay == 5 * SEC && !p->loss_delay,
	   "back after 5 s, away at once");
	ok(t, p->announce && !p->hooks && p->hook_limit == 30 * SEC,
	   "announced, no hook, which would have 30 s");
	ok(t, !p->qmp_socket && p->link_down == CONF_SPAN_NONE &&
	   !p->link_initially_down &&
	   !p->follow_filter && !p->trust_mac, "the guest is left alone");
	forget(&a);
	a = ask("");
	ok(t, !a.wrong && !a.conf->ports_n, "an empty file has no ports");
	forget(&a);
}

/* A drop-in can switch hold off for a port whose bounds another file has. */
static void test_bounds_of_drop(struct tap *t)
{
	struct answer a = ask("[Port vm1]\nCandidate=eth0\nHoldFrames=9\n"
			      "HoldBytes=9\nHoldSec=9\nOnDetach=drop\n");
	const struct conf_port *p;

	if (ok(t, !a.wrong && a.conf->ports_n == 1,
	       "bounds beside OnDetach=drop are no error")) {
		p = a.conf->ports;
		ok(t, !p->hold_frames && !p->hold_bytes &&
		   p->hold_time == CONF_SPAN_NONE, "and are not asked for");
	}
	forget(&a);
}

static void is_probe(struct tap *t, const char *text, const char *want,
		     uint64_t interval, uint64_t limit)
{
	struct answer a = ask(text);
	struct conf_probe copy = { 0 };
	const struct conf_probe *p;
	char buf[64];

	if (!ok(t, !a.wrong && a.conf->ports_n == 1, "%s: taken", want)) {
		printf("# %s", a.said);
		forget(&a);
		return;
	}
	p = &a.conf->ports[0].probe;
	conf_probe_format(p, buf, sizeof(buf));
	is_str(t, buf, want, "a probe is read and written");
	conf_probe_format(p, buf, 7);
	ok(t, strlen(buf) == 6 && !strncmp(buf, want, 6), "cut to its room");
	ok(t, p->interval == interval && p->limit == limit && p->misses == 3 &&
	   p->answers == 1, "it has the defaults of its kind");
	ok(t, !conf_probe_copy(&copy, p) && conf_probe_equal(&copy, p),
	   "a copy is equal");
	copy.misses++;
	ok(t, !conf_probe_equal(&copy, p), "what asks more often is not");
	copy.misses--;
	if (copy.argv)
		copy.argv[1][0]++;
	copy.target[15]++;
	ok(t, !conf_probe_equal(&copy, p), "nor what asks somebody else");
	conf_probe_release(&copy);
	ok(t, !conf_probe_equal(&copy, &copy), "none is equal to nothing");
	forget(&a);
}

static void test_probes(struct tap *t)
{
	struct answer a;

	is_probe(t, "[Port vm1]\nCandidate=eth0\nProbe= arp  192.0.2.1\n",
		 "arp 192.0.2.1", SEC, SEC);
	is_probe(t, "[Port vm1]\nCandidate=eth0\nProbe=nd FE80:0::1\n"
		 "ProbeTimeoutSec=200ms\nProbeSource=fe80::2\n",
		 "nd fe80::1", SEC, 200 * MS);
	is_probe(t, "[Port vm1]\nCandidate=eth0\n"
		 "Probe=script /bin/check a\tb=c\n",
		 "script /bin/check a b=c", 10 * SEC, 10 * SEC);
	a = ask("[Port vm1]\nCandidate=eth0\nProbe=\nProbeMisses=7\n");
	ok(t, !a.wrong && a.conf->ports[0].probe.kind == CONF_PROBE_NONE,
	   "an empty Probe= asks nothing, whatever else there is");
	forget(&a);
}

#define P "[Port vm1]\nCandidate=eth0\n"
#define Q "[Port vm1]\n"
#define H P "OnDetach=hold\n"
#define P2 "[Port vm2]\n"
/* A pool, and who uses it */
#define L "[Pool fast]\n"
#define U "[Port vm9]\nCandidate=pool=fast\n"
#define TOO(line, pool) \
	"f:" line ": 'fast': the pool has an error in f:" pool ", so port " \
	"'vm9' is left out, too\n"

static const struct {
	const char *text;
	const char *said;
} bad[] = {
	/* lines and sections */
	{ "MTUBytes=1500\n" P, "f:1: 'MTUBytes': stands before any section; "
	  "begin with [Port NAME]\n" },
	{ P "MTUBytes\n", "f:3: 'MTUBytes': there is no '='; expected "
	  "KEY=VALUE, [Port NAME], [Pool NAME] or [Daemon]\n" },
	{ P "MTUBytes: 1500\n", "f:3: 'MTUBytes: 1500': there is no '='; "
	  "expected KEY=VALUE, [Port NAME], [Pool NAME] or [Daemon]\n" },
	{ P "MTUBytes=1500 ; why\n", "f:3: 'MTUBytes=1500 ; why': something "
	  "follows the value; a comment needs a line of its own\n" },
	{ P "Hook=/a \\\n", "f:3: 'Hook=/a \\': a line can't be continued on "
	  "the next; repeat the key to add to a list\n" },
	{ P "MTUBites=1500\n", "f:3: 'MTUBites': there is no such key; did you "
	  "mean 'MTUBytes='?\n" },
	{ P "mtubytes=1500\n", "f:3: 'mtubytes': there is no such key; did you "
	  "mean 'MTUBytes='?\n" },
	{ P "Colour=red\n", "f:3: 'Colour': there is no such key; "
	  "stabletap.conf(5) lists those of [Port]\n" },
	{ "[Daemon]\nColour=red\n", "f:2: 'Colour': there is no such key; "
	  "stabletap.conf(5) lists those of [Daemon]\n" },
	{ P "Queues=2\nQueues=3\n", "f:4: 'Queues': is set already in f:3; "
	  "remove one of the two\n" },
	{ "[Port vm1\nX=1\n", "f:1: '[Port vm1': the section's ']' is "
	  "missing\n" },
	{ "[Port vm1] x\n", "f:1: '[Port vm1] x': something follows the "
	  "section's ']'; give it a line of its own\n" },
	{ "[Port]\n", "f:1: '[Port]': the port's name is missing; write "
	  "[Port NAME]\n" },
	{ "[port vm1]\nQueues=2\n", "f:1: '[port vm1]': there is no such "
	  "section; did you mean [Port vm1]?\n" },
	{ "[vm1]\n", "f:1: '[vm1]': there is no such section; expected "
	  "[Port NAME], [Pool NAME] or [Daemon]\n" },
	{ "[Daemon x]\n", "f:1: '[Daemon x]': there is one daemon, and it has "
	  "no name; write [Daemon]\n" },
	{ P P, "f:3: 'vm1': the port is described already in f:1; change it "
	  "there or in a drop-in\n" },
	{ "[Port a/b]\n", "f:1: 'a/b': is not a valid interface name: '/', ':' "
	  "and '%' are not allowed\n" },
	{ "[Port a b]\n", "f:1: 'a b': is not a valid interface name: it has a "
	  "blank in it\n" },
	{ "[Port abcdefghijklmnop]\n", "f:1: 'abcdefghijklmnop': is not a "
	  "valid interface name: it is longer than 15 bytes\n" },
	{ "[Port ..]\n", "f:1: '..': is not a valid interface name: '.' and "
	  "'..' are directories\n" },
	{ "[Port \xc3\xa0]\n", "f:1: '\xc3\xa0': is not a valid interface name: "
	  "it has the byte 0xa0 in it, a blank to the kernel\n" },
	{ "[Port all]\n", "f:1: 'all': is not a valid interface name: the "
	  "kernel reserves 'all' and 'default'\n" },
	/* 71 bytes and half of a character */
#define TEN "1234567890"
#define LONG TEN TEN TEN TEN TEN TEN TEN "1"
	{ P LONG "\xc3\xa4\xc2\x9b=1\n", "f:3: '" LONG "...': there is no such "
	  "key; stabletap.conf(5) lists those of [Port]\n" },
	{ P "\xc3\xa4\xc2\x9b=1\n", "f:3: '\xc3\xa4\\xc2\\x9b': there is no "
	  "such key; stabletap.conf(5) lists those of [Port]\n" },
	{ P "\x1b[31m=1\n", "f:3: '\\x1b[31m': there is no such key; "
	  "stabletap.conf(5) lists those of [Port]\n" },
	/* values */
#define NO_VF "is neither a number from 0 to 65535 nor a range as in 0-7, " \
	      "nor '*'\n"
	{ P "MACAddress=52:54\n", "f:3: '52:54': is not a MAC address; write "
	  "it as in 52:54:00:12:34:56\n" },
	{ P "MACAddress=01:00:5e:00:00:01\n", "f:3: '01:00:5e:00:00:01': is a "
	  "multicast address; a device's has an even first byte, as in "
	  "52:54:00:12:34:56\n" },
	{ P "MACAddress=0:0:0:0:0:0\n", "f:3: '0:0:0:0:0:0': can't be a "
	  "device's address; remove it\n" },
	{ P "MTUBytes=67\n", "f:3: '67': is not a number from 68 to 65535\n" },
	{ P "MTUBytes=1500 # x\n", "f:3: 'MTUBytes=1500 # x': something "
	  "follows the value; a comment needs a line of its own\n" },
	{ P "Queues=257\n", "f:3: '257': is not a number from 1 to 256\n" },
	{ P "Owner=no such user\n", "f:3: 'no such user': there is no such "
	  "user; 'getent passwd' lists them\n" },
	{ P "Group=-1\n", "f:3: '-1': there is no such group; 'getent group' "
	  "lists them\n" },
	{ P "Mode=0888\n", "f:3: '0888': is not an octal number from 0001 to "
	  "0777; as in 0660\n" },
	{ P "OnDetach=dorp\n", "f:3: 'dorp': is none of drop or hold; did you "
	  "mean 'drop'?\n" },
	{ H "HoldFrames=0\n", "f:4: '0': is not a number from 1 to "
	  "1000000\n" },
	{ H "HoldBytes=0\n", "f:4: '0': is not a number of bytes from 1 to "
	  "4294967296; write it as in 65536, 64K or 4M\n" },
	{ H "HoldBytes=5G\n", "f:4: '5G': is not a number of bytes from 1 to "
	  "4294967296; write it as in 65536, 64K or 4M\n" },
	{ H "HoldSec=999us\n", "f:4: '999us': is too short; at least 1ms are "
	  "needed\n" },
	{ H "HoldSec=2h\n", "f:4: '2h': is too long; at most 3600s are "
	  "possible\n" },
	{ P "HoldFrames=9\n", "f:3: 'HoldFrames': has no effect without "
	  "OnDetach=; add it to port 'vm1'\n" },
	{ P "HoldBytes=9\n", "f:3: 'HoldBytes': has no effect without "
	  "OnDetach=; add it to port 'vm1'\n" },
	{ P "HoldSec=9\n", "f:3: 'HoldSec': has no effect without "
	  "OnDetach=; add it to port 'vm1'\n" },
	{ P "AttachMode=source\n", "f:3: 'source': is unknown; expected "
	  "bridge, vepa, private, passthru or direct\n" },
	{ P "Filter=maybe\n", "f:3: 'maybe': is unknown; expected no or "
	  "yes\n" },
	{ P "GuestLink=off\n", "f:3: 'off': is unknown; expected up or "
	  "down\n" },
	{ P "LossDelaySec=5 parsecs\n", "f:3: '5 parsecs': is not a time span; "
	  "write it as in 5, 500ms, 2min or 1min 30s\n" },
	{ P "LossDelaySec=-1\n", "f:3: '-1': is not a time span; write it as "
	  "in 5, 500ms, 2min or 1min 30s\n" },
	{ P "LossDelaySec=99999999999999999999999d\n",
	  "f:3: '99999999999999999999999d': is too long; at most 366d are "
	  "possible\n" },
	{ P "HookTimeoutSec=0\n", "f:3: '0': is too short; at least 1ms are "
	  "needed\n" },
	{ P "Hook=bin/x\n", "f:3: 'bin/x': is not an absolute path; it must "
	  "begin with '/'\n" },
	{ P "QMPSocket=qmp\n", "f:3: 'qmp': is not an absolute path; it must "
	  "begin with '/'\n" },
	{ P "QMPSocket=/q\nQMPDevice=a b\n", "f:4: 'a b': is not a device's "
	  "id; write what follows 'id=' in QEMU's -device or -netdev\n" },
	{ "[Daemon]\nMetricsFile=x\n", "f:2: 'x': is not an absolute path; it "
	  "must begin with '/'\n" },
	/* probes */
	{ P "Probe=apr 192.0.2.1\n", "f:3: 'apr 192.0.2.1': 'apr' is unknown; "
	  "did you mean 'arp'?\n" },
	{ P "Probe=ping 192.0.2.1\n", "f:3: 'ping 192.0.2.1': 'ping' is "
	  "unknown; expected 'arp ADDRESS', 'nd ADDRESS' or 'script PATH "
	  "[ARGUMENT ...]'\n" },
	{ P "Probe=2001:db8::1\n", "f:3: '2001:db8::1': the kind of probe is "
	  "missing; write 'nd 2001:db8::1'\n" },
	{ P "Probe=/bin/check x\n", "f:3: '/bin/check x': the kind of probe is "
	  "missing; write 'script /bin/check x'\n" },
	{ P "Probe=arp\n", "f:3: 'arp': the address is missing; write 'arp "
	  "192.0.2.1'\n" },
	{ P "Probe=arp 192.0.2.1 192.0.2.2\n", "f:3: 'arp 192.0.2.1 "
	  "192.0.2.2': '192.0.2.2' is one address too many; a probe has "
	  "one\n" },
	{ P "Probe=arp 2001:db8::1\n", "f:3: '2001:db8::1': is an IPv6 "
	  "address; use 'nd' for it\n" },
	{ P "Probe=nd 192.0.2.1\n", "f:3: '192.0.2.1': is an IPv4 address; use "
	  "'arp' for it\n" },
	{ P "Probe=arp gateway\n", "f:3: 'gateway': is not an IPv4 address; "
	  "write it as in 192.0.2.1\n" },
	{ P "Probe=nd fe80::1%eth0\n", "f:3: 'fe80::1%eth0': names a device; "
	  "remove '%' and what follows: the probe is sent through each "
	  "candidate\n" },
	{ P "Probe=arp 224.0.0.1\n", "f:3: '224.0.0.1': can't be a neighbour's "
	  "address; write that of a gateway\n" },
	{ P "Probe=nd ff02::1\n", "f:3: 'ff02::1': can't be a neighbour's "
	  "address; write that of a gateway\n" },
	{ P "Probe=script\n", "f:3: 'script': the program is missing; write "
	  "'script /path/of/it'\n" },
	{ P "Probe=script check\n", "f:3: 'check': is not an absolute path; it "
	  "must begin with '/'\n" },
	{ P "Probe=arp 192.0.2.1\nProbeIntervalSec=1ms\n", "f:4: '1ms': is too "
	  "short; at least 100ms are needed\n" },
	{ P "Probe=arp 192.0.2.1\nProbeTimeoutSec=2d\n", "f:4: '2d': is too "
	  "long; at most 1d are possible\n" },
	{ P "Probe=arp 192.0.2.1\nProbeMisses=0\n", "f:4: '0': is not a number "
	  "from 1 to 1000\n" },
	{ P "ProbeSource=192.0.2.1\n", "f:3: 'ProbeSource': has no effect "
	  "without Probe=; add it to port 'vm1'\n" },
	{ P "Probe=arp 192.0.2.1\nProbeSource=fe80::1\n", "f:4: 'ProbeSource': "
	  "is an IPv6 address; 'arp' needs an IPv4 address\n" },
	{ P "Probe=nd fe80::1\nProbeSource=192.0.2.1\n", "f:4: 'ProbeSource': "
	  "is an IPv4 address; 'nd' needs an IPv6 address\n" },
	{ P "Probe=script /x\nProbeSource=192.0.2.1\n", "f:4: 'ProbeSource': "
	  "is only for 'arp' and 'nd'; pass an argument to the script "
	  "instead\n" },
	/* candidates; a second complaint would be that of having none */
	{ P "Candidate=nmae=eth1\n", "f:3: 'nmae=eth1': 'nmae' is unknown; did "
	  "you mean 'name='?\n" },
	{ P "Candidate=colour=red\n", "f:3: 'colour=red': 'colour' is unknown; "
	  "expected name=, mac=, path=, driver=, property=, port=, vlan=, "
	  "create, vf=, pool= or mode=\n" },
	{ P "Candidate=eth1 eth2\n", "f:3: 'eth2': a second 'name' in one "
	  "candidate; give each device a Candidate= of its own\n" },
	{ P "Candidate=eth1 vlan=\n", "f:3: 'vlan=': the value is missing; add "
	  "one, or remove the word\n" },
	{ P "Candidate=eth1 vlan=4095\n", "f:3: '4095': is not a number from 1 "
	  "to 4094\n" },
	{ P "Candidate=eth1 vf=x\n", "f:3: 'x': " NO_VF },
	{ P "Candidate=eth1 vf=7-3\n", "f:3: '7-3': ends before it begins; "
	  "write the lower number first\n" },
	{ P "Candidate=eth1 vf=3-\n", "f:3: '3-': " NO_VF },
	{ P "Candidate=eth1 vf=-3\n", "f:3: '-3': " NO_VF },
	{ P "Candidate=eth1 vf=00000012-3\n", "f:3: '00000012-3': " NO_VF },
	{ P "Candidate=pool=a/b\n", "f:3: 'a/b': is not a valid pool name: "
	  "only letters, digits, '-', '_' and '.' are allowed\n" },
	{ P "Candidate=pool=a driver=igb\n", "f:3: 'pool=a driver=igb': only "
	  "'mode' can be added to 'pool'; describe the devices in [Pool a]\n" },
	{ P "Candidate=eth1 mode=brigde\n", "f:3: 'brigde': is none of bridge, "
	  "vepa, private, passthru or direct; did you mean 'bridge'?\n" },
	{ P "Candidate=eth1 create\n", "f:3: 'eth1 create': only a VLAN can be "
	  "created; add its 'vlan='\n" },
	{ P "Candidate=eth1 vlan=5 create=yes\n", "f:3: 'yes': 'create' has no "
	  "value; write the word alone\n" },
	{ P "Candidate=eth1 vlan=5 vf=1\n", "f:3: 'eth1 vlan=5 vf=1': 'vf' and "
	  "'vlan' in one candidate; to have a VLAN on a VF describe the VF as "
	  "a device\n" },
	{ P "Candidate=vlan=5\n", "f:3: 'vlan=5': names no device; add one, as "
	  "in 'name=eth0'\n" },
	{ P "Candidate=a/b\n", "f:3: 'a/b': is not a device's name; a name has "
	  "no '/' and at most 127 bytes\n" },
	{ P "Candidate=path=0000:03:00.0\n", "f:3: '0000:03:00.0': is not a "
	  "bus and a device; write them as in path=pci-0000:03:00.0\n" },
	{ P "Candidate=property=ID_X\n", "f:3: 'ID_X': is not a udev property; "
	  "write it as in property=ID_NET_NAME_SLOT=ens1*\n" },
	{ P "Candidate=mac=1\n", "f:3: '1': is not a MAC address; write it as "
	  "in 52:54:00:12:34:56\n" },
	{ P "Candidate=name=eth0 mode=vepa\n", "f:3: 'name=eth0 mode=vepa': is "
	  "a candidate already in f:2; remove one of the two\n" },
	/* the whole */
	{ Q "Candidate=vm1\n", "f:2: 'vm1': is a port; a candidate is the "
	  "device below one\n" },
	{ P "Candidate=pool=fast\n", "f:3: 'fast': there is no such pool; "
	  "describe it in a section [Pool fast]\n" },
	{ P "Candidate=pool=fats\n" L "Member=a\n" P2 "Candidate=pool=fast\n",
	  "f:3: 'fats': there is no such pool; did you mean 'fast'?\n" },
	{ L U, "f:1: 'fast': the pool has no Member=; say what it is made "
	  "of\n"
	  TOO("3", "1") },
	{ L "Member=pool=slow\n" U, "f:2: 'pool=slow': a member is an existing "
	  "device; name the devices, not another pool\n"
	  TOO("4", "2") },
	{ L "Member=a mode=direct\n" U, "f:2: 'a mode=direct': a member is an "
	  "existing device; say 'mode' with the port's Candidate=\n"
	  TOO("4", "2") },
	{ L "Member=a vlan=5 create\n" U, "f:2: 'a vlan=5 create': a member is "
	  "an existing device; remove 'create'\n"
	  TOO("4", "2") },
	{ L "Member=a\nMember=name=a\n" U, "f:3: 'name=a': is a member already "
	  "in f:2; remove one of the two\n"
	  TOO("5", "3") },
	{ L "Member=a\nVFMac=yes\n" U, "f:3: 'VFMac': there is no such key; "
	  "did you mean 'VFMAC='?\n"
	  TOO("5", "3") },
	{ L "Member=a\nVFTrust=maybe\n" U, "f:3: 'maybe': is unknown; expected "
	  "keep, no or yes\n"
	  TOO("5", "3") },
	{ L "Member=a\nVFVLAN=4095\n" U, "f:3: '4095': is not a number from 1 "
	  "to 4094\n"
	  TOO("5", "3") },
	{ L "Member=a\nVFCount=2\n" U, "f:3: 'VFCount': no member is a VF; say "
	  "on which device to create them, as in 'Member=name=eth0 vf=*'\n"
	  TOO("5", "3") },
	{ L "Member=a\n" L "Member=b\n" U, "f:3: 'fast': the pool is described "
	  "already in f:1; change it there or in a drop-in\n" },
	{ "[Pool]\n", "f:1: '[Pool]': the pool's name is missing; write "
	  "[Pool NAME]\n" },
	{ "[Pool a b]\n", "f:1: 'a b': is not a valid pool name: only letters, "
	  "digits, '-', '_' and '.' are allowed\n" },
	{ P "QMPDevice=net0\n", "f:3: 'QMPDevice': has no effect without "
	  "QMPSocket=; add it to port 'vm1'\n" },
	{ P "QMPSocket=/q\n", "f:3: 'QMPSocket': has no effect without "
	  "QMPDevice=; add it to port 'vm1'\n" },
	{ P "GuestLinkDownSec=1\n", "f:3: 'GuestLinkDownSec': has no effect "
	  "without QMPSocket=; add it to port 'vm1'\n" },
	{ P "GuestLink=down\nQMPSocket=/q\n", "f:3: 'GuestLink': has no effect "
	  "without QMPDevice=; add it to port 'vm1'\n" },
	{ P "TrustGuestMAC=yes\n", "f:3: 'TrustGuestMAC': has no effect "
	  "without QMPSocket=; add it to port 'vm1'\n" },
	{ P "QMPSocket=/q\nQMPDevice=n\nFollowGuestFilter=yes\nFilter=no\n",
	  "f:6: 'Filter=no': FollowGuestFilter= needs the lists that this "
	  "switches off; remove one of the two\n" },
	{ P "MACAddress=52:54:00:0:0:1\n"
	  "[Port vm2]\nCandidate=eth1\nCandidate=eth0\n"
	  "MACAddress=52:54:00:0:0:1\n",
	  "f:6: 'name=eth0': ports 'vm1' and 'vm2' have the same MAC address "
	  "and can't both be on this device; change one MACAddress=\n" },
	{ P "QMPSocket=/q\nQMPDevice=n\n"
	  "[Port vm0]\nCandidate=eth0\nQMPSocket=/q\nQMPDevice=n\n",
	  "f:4: 'n': ports 'vm0' and 'vm1' are for the same NIC of the same "
	  "guest; change one QMPDevice=\n" },
};

static int count_lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_bad(struct tap *t)
{
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct answer a = ask(bad[i].text);
		char *end = strchr(bad[i].said, '\n');

		is_str(t, a.said, bad[i].said, "complaint:");
		ok(t, a.wrong == count_lines(bad[i].said) && a.conf &&
		   a.conf->left_out_n == (size_t)a.wrong, "%.*s",
		   (int)(end - bad[i].said), bad[i].said);
		forget(&a);
	}
}

static void test_many(struct tap *t)
{
	struct answer a = ask("[Port vm1]\nMTU=1\nQueues=x\n"
			      "Candidate=eth0 vlan=x vf=y\n[Prot vm2]\nX=1\n");

	ok(t, a.wrong == 5 && a.conf && a.conf->left_out_n == 2,
	   "all errors are reported, not only the first");
	is_str(t, a.said,
	       "f:2: 'MTU': there is no such key; did you mean 'MTUBytes='?\n"
	       "f:3: 'x': is not a number from 1 to 256\nf:4: 'x': is not a "
	       "number from 1 to 4094\nf:4: 'y': " NO_VF
	       "f:5: '[Prot vm2]': there is no such section; did you "
	       "mean [Port vm2]?\n", "in the order of the lines");
	forget(&a);
}

static void test_warnings(struct tap *t)
{
	struct answer a = ask("[Port vm1]\n");

	ok(t, !a.wrong && a.conf, "a port without candidates is taken");
	is_str(t, a.said, "f:1: warning: 'vm1': the port has no Candidate= and "
	       "will stay detached\n", "but not without a word");
	forget(&a);
	a = ask(P "Hook=/none\nHook=\nHook=/nowhere\nHook=/bin/sh\n");
	is_str(t, a.said, "f:5: warning: '/nowhere': Hook= can't be run: No "
	       "such file or directory\n",
	       "each program that can't be run has its own place");
	forget(&a);
	a = ask(P "AttachMode=direct\n[Port vm2]\nCandidate=eth0\n");
	ok(t, !a.wrong && a.conf, "one device for two, one of them whole");
	is_str(t, a.said, "f:2: warning: 'name=eth0': port 'vm1' uses the "
	       "whole device, so 'vm2' can't use it at the same time\n",
	       "is told, as well");
	forget(&a);
	a = ask("[Port vm1]\nAttachMode=direct\nCandidate=eth*\n"
		"[Port vm2]\nAttachMode=direct\nCandidate=eth*\n");
	is_str(t, a.said, "", "several devices may serve several ports");
	forget(&a);
	a = ask(L "Member=a vf=*\nVFCount=1\nVFMAC=no\nVFSpoofCheck=yes\n" U
		P2 "Candidate=pool=fast\n[Pool slow]\nMember=b\n");
	ok(t, !a.wrong && a.conf, "pools that are odd are possible");
	is_str(t, a.said,
	       "f:5: warning: 'VFSpoofCheck': with VFMAC=no the VF may not "
	       "send from the port's MAC address\nf:3: warning: 'fast': 2 "
	       "ports use the pool, but VFCount is 1; some ports will wait\n"
	       "f:10: warning: 'slow': no port uses the pool; add "
	       "'Candidate=pool=slow' to one\n", "but not without a word");
	forget(&a);
}

static void test_pools(struct tap *t)
{
	struct answer a = ask("[Port vm2]\nCandidate=pool=vfs mode=passthru\n"
			      "[Pool vfs]\nMember=gone\nMember=\n"
			      "Member=name=eth0 vf=*\nMember=path=pci-1 vf=2-5\n"
			      "VFCount=8\nVFVLAN=30\nVFTrust=on\n"
			      "VFSpoofCheck=no\n"
			      "[Pool nics]\nMember=driver=igb\nVFMAC=no\n"
			      "[Port vm1]\nCandidate=pool=vfs mode=direct\n"
			      "Candidate=pool=nics\n");
	const struct conf_pool *nics, *vfs;
	char buf[64];

	is_str(t, a.said, "", "a port may come before its pool");
	ok(t, a.conf && a.conf->pools_n == 2, "pools are read");
	if (!a.conf || a.conf->pools_n != 2) {
		forget(&a);
		return;
	}
	nics = &a.conf->pools[0];
	vfs = &a.conf->pools[1];
	ok(t, !strcmp(nics->name, "nics") && !strcmp(vfs->name, "vfs"),
	   "by name");
	ok(t, vfs->vf_count == 8 && vfs->vf_vlan == 30 && vfs->vf_mac &&
	   vfs->vf_trust == CONF_VF_YES && vfs->vf_spoof_check == CONF_VF_NO,
	   "with what their VFs are to be given");
	ok(t, !nics->vf_count && !nics->vf_vlan && !nics->vf_mac &&
	   nics->vf_trust == CONF_VF_KEEP &&
	   nics->vf_spoof_check == CONF_VF_KEEP, "or are not");
	ok(t, vfs->members.n == 2 && nics->members.n == 1 &&
	   a.conf->selectors_n == 5, "an empty Member= clears the list");
	conf_selector_format(vfs->members.v[0].selector, buf, sizeof(buf));
	is_str(t, buf, "name=eth0 vf=*", "all VFs");
	conf_selector_format(vfs->members.v[1].selector, buf, sizeof(buf));
	is_str(t, buf, "path=pci-1 vf=2-5", "some VFs");
	ok(t, a.conf->ports[0].candidates.v[0].selector == vfs->selector &&
	   a.conf->ports[1].candidates.v[0].selector == vfs->selector,
	   "those who ask for a pool have one selector");
	conf_selector_format(vfs->selector, buf, sizeof(buf));
	is_str(t, buf, "pool=vfs", "which says so");
	forget(&a);
}

static void test_lines(struct tap *t)
{
	static const char begin[] = "[Port vm1]\nCandidate=eth0\nHook=/";
	size_t len = strlen(begin), more = 100000;
	char *text = calloc(1, len + more + 1);
	struct answer a;

	ok(t, text, "there is room for a long line");
	if (!text)
		return;
	memcpy(text, begin, len);
	memset(text + len, 'x', more);
	a = ask(text);
	ok(t, !a.wrong && strlen(a.conf->ports[0].hooks[0]) == more + 1,
	   "a line of any length is read whole");
	forget(&a);
	memcpy(text + len - strlen("Hook=/"), "Hook= ", strlen("Hook= "));
	a = ask(text);
	ok(t, a.wrong == 1 && strlen(a.said) < 200,
	   "and is cut in a complaint");
	forget(&a);
	free(text);
	a = ask("\xef\xbb\xbf[Port vm1]\nCandidate=eth0\n");
	ok(t, !a.wrong && a.conf->ports_n == 1, "a byte order mark is skipped");
	forget(&a);
	a = ask("[Port vm1]\nCandidate=eth0\n[X-Mine]\nno key\n\\\n");
	ok(t, !a.wrong, "lines of sections that begin with X- are not read");
	forget(&a);
}

#define NUL(text) text, sizeof(text) - 1
#define IS_NUL "a NUL byte follows; write the file as plain text in UTF-8\n"

/* As in a binary file, or in one of UTF-16 */
static void test_nul(struct tap *t)
{
	struct answer a = ask_bytes(NULL, NUL("[\0P\0o\0\n\0r\0\n\0"));

	is_str(t, a.said, "f:1: '[': " IS_NUL,
	       "a NUL byte before any section is reported, once");
	forget(&a);
	a = ask_bytes(NULL, NUL("[Port vm1]\nCandidate=a\0b\n"));
	is_str(t, a.said, "f:2: 'Candidate=a': " IS_NUL, "and one in a value");
	forget(&a);
	a = ask_bytes(NULL, NUL("[X-Mine]\na\0b\n[Port vm1]\nCandidate=a\n"));
	is_str(t, a.said, "", "but not in a section that is not read");
	forget(&a);
}

/* What is wrong is told in a line that can be read. */
static void test_long(struct tap *t)
{
	static const char *const heads[] = { "[Prot ", "[Port p]\nProbe=arp " };
	char text[20000];
	struct answer a;
	size_t i;

	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		snprintf(text, sizeof(text), "%s%*d]\n", heads[i], 10000, 0);
		memset(strchr(text, ' ') + 1, 'x', 9000);
		a = ask(text);
		ok(t, a.wrong == 1 && strlen(a.said) < 1100,
		   "a complaint about a long word is cut");
		ok(t, a.conf && a.conf->left_out_n == 1 &&
		   strlen(a.conf->left_out[0].section) <= 72 &&
		   strlen(a.conf->left_out[0].why) <= 1000,
		   "and so is what is kept of it");
		forget(&a);
	}
}

/* ---- sections that are left out, and those that are kept ---- */

/* "vm1 vm2", the ports that are there */
static void is_ports(struct tap *t, const struct conf *conf, const char *want,
		     const char *name)
{
	char text[128] = "";
	size_t i;

	for (i = 0; conf && i < conf->ports_n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s", i ? " " : "", conf->ports[i].name);
	is_str(t, text, want, name);
}

/* "Port vm1 f:2; Port vm2 f:5 kept", the sections that are not */
static void is_left(struct tap *t, const struct conf *conf, const char *want,
		    const char *name)
{
	char text[256] = "";
	size_t i;

	for (i = 0; conf && i < conf->left_out_n; i++) {
		const struct conf_left_out *left = &conf->left_out[i];

		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s %s:%u%s", i ? "; " : "", left->section,
			 left->at.file, left->at.line,
			 left->kept ? " kept" : "");
	}
	is_str(t, text, want, name);
}

static const struct {
	const char *name;
	const char *text;
	const char *ports;
	const char *left;
} left_out[] = {
	{ "a port with an unknown user is left out, its siblings work",
	  P P2 "Candidate=b\nOwner=no such user\n[Port vm3]\nCandidate=c\n",
	  "vm1 vm3", "Port vm2 f:5" },
	{ "so is a port with a key that is unknown",
	  Q "Candidat=eth0\n" P2 "Candidate=b\n", "vm2", "Port vm1 f:2" },
	{ "the first error of a section is the reason",
	  Q "Queues=0\nMTUBytes=1\n" P2 "Candidate=b\n", "vm2",
	  "Port vm1 f:2" },
	{ "lines before any section leave out no section",
	  "Queues=1\nQueues=x\n" P, "vm1", "lines before any section f:1" },
	{ "a long head is cut",
	  "[Prot " LONG LONG "]\n" P, "vm1", "Prot " TEN TEN TEN TEN TEN TEN
	  "1234... f:1" },
	{ "a head without its bracket hides only its own lines",
	  "[Port vm0\nCandidate=a\n" P, "vm1", "Port vm0 f:1" },
	{ "of two sections of one name the first counts",
	  P "[Port vm1]\nCandidate=b\n" P2 "Candidate=c\n", "vm1 vm2",
	  "Port vm1 f:3" },
	{ "a port whose pool is left out is left out, too",
	  L "Member=a\nVFVLAN=0\n" U P, "vm1", "Pool fast f:3; Port vm9 f:5" },
	{ "but not if another pool is",
	  L "Member=a\n" U "[Pool slow]\n" P, "vm1 vm9", "Pool slow f:5" },
	{ "the second port with a MAC address on a device is left out",
	  P2 "MACAddress=2:0:0:0:0:1\nCandidate=a\n"
	  Q "MACAddress=2:0:0:0:0:1\nCandidate=a\n", "vm1", "Port vm2 f:3" },
	{ "a section that is left out conflicts with none",
	  Q "MACAddress=2:0:0:0:0:1\nCandidate=a\nQueues=0\n"
	  P2 "MACAddress=2:0:0:0:0:1\nCandidate=a\n", "vm2", "Port vm1 f:4" },
	{ "of three such ports the first is taken",
	  "[Port vm3]\nMACAddress=2:0:0:0:0:1\nCandidate=a\n"
	  P2 "MACAddress=2:0:0:0:0:1\nCandidate=a\n"
	  Q "MACAddress=2:0:0:0:0:1\nCandidate=a\n", "vm1",
	  "Port vm3 f:3; Port vm2 f:6" },
	{ "a port left out for one device conflicts with none on another",
	  Q "MACAddress=2:0:0:0:0:1\nCandidate=a\n"
	  P2 "MACAddress=2:0:0:0:0:1\nCandidate=a\nCandidate=b\n"
	  "[Port vm3]\nMACAddress=2:0:0:0:0:1\nCandidate=b\n", "vm1 vm3",
	  "Port vm2 f:6" },
	{ "a port that is left out still can't be a candidate",
	  Q "Queues=0\n" P2 "Candidate=vm1\n", "",
	  "Port vm1 f:2; Port vm2 f:4" },
	{ "the daemon's section is left out alone",
	  "[Daemon]\nMetricsFile=x\n" P, "vm1", "Daemon f:2" },
	{ "control characters are escaped",
	  "[Prot \x1b]\n" P, "vm1", "Prot \\x1b f:1" },
};

static void test_left_out(struct tap *t)
{
	size_t i;

	for (i = 0; i < sizeof(left_out) / sizeof(*left_out); i++) {
		struct answer a = ask(left_out[i].text);

		is_ports(t, a.conf, left_out[i].ports, left_out[i].name);
		is_left(t, a.conf, left_out[i].left, left_out[i].name);
		ok(t, a.wrong > 0, "and that is an error");
		forget(&a);
	}
}

static void test_why(struct tap *t)
{
	struct answer a = ask("[Port vm1]\nCandidate=e\nHook=\x1b[0m\nX=1\n");

	if (ok(t, a.conf && a.conf->left_out_n == 1, "one is left out") &&
	    a.conf)
		is_str(t, a.conf->left_out[0].why, "'\\x1b[0m': is not an "
		       "absolute path; it must begin with "
		       "'/'", "its first error is "
		       "told, and escaped");
	forget(&a);
}

/* All keys, none of which has its default */
#define ALL "[Port vm1]\nMACAddress=2:0:0:0:0:1\nMTUBytes=9000\nQueues=4\n" \
	"Owner=4243\nGroup=4242\nMode=0640\nOnDetach=hold\nAttachMode=vepa\n" \
	"Filter=yes\nCandidate=eth0\nCandidate=mac=2:0:0:0:0:2 mode=direct\n" \
	"Candidate=path=pci-1 vf=3-5\n" \
	"Candidate=driver=d port=p property=a=b\n" \
	"Candidate=name=eth0 vlan=5 create\nCandidate=pool=fast\n" \
	"Failback=no\nFailbackDelaySec=1500ms\nLossDelaySec=1us\n" \
	"Probe=script /bin/sh -c x\nProbeIntervalSec=2\nProbeTimeoutSec=1\n" \
	"ProbeMisses=5\nProbeAnswers=2\nQuiet=yes\nAnnounce=no\n" \
	"QMPSocket=/q\nQMPDevice=n\nGuestLinkDownSec=0\nGuestLink=down\n" \
	"FollowGuestFilter=yes\nTrustGuestMAC=yes\nHook=/bin/sh\n" \
	"Hook=/bin/cat\nHookTimeoutSec=2\nHoldFrames=9\nHoldBytes=65536\n" \
	"HoldSec=1500ms\n"
#define ALL_POOL "[Pool fast]\nMember=e vf=*\nMember=f\nVFCount=3\nVFMAC=no\n" \
	"VFVLAN=7\nVFSpoofCheck=no\nVFTrust=yes\n"
#define ALL_DAEMON "[Daemon]\nMetricsFile=/m\n"

/* Each section has an error. */
static void test_kept_whole(struct tap *t)
{
	struct answer a = ask(ALL ALL_POOL ALL_DAEMON P2 "Candidate=x\n");
	struct answer b = ask_again(a.conf, "[Daemon]\nMetricsFile=m\n"
				    "[Port vm1]\nQueues=0\n[Pool fast]\nX=1\n"
				    P2 "Candidate=y\n");
	char *said = NULL;
	size_t len;
	FILE *out = open_memstream(&said, &len);

	if (ok(t, a.conf && b.conf && out, "both can be read") && a.conf &&
	    b.conf && out) {
		ok(t, !a.wrong, "the first has no error");
		is_left(t, b.conf, "Daemon f:2 kept; Port vm1 f:4 kept; "
			"Pool fast f:6 kept", "in the second all have");
		conf_diff(a.conf, b.conf, out);
		fclose(out);
		is_str(t, said, "vm2: Candidate was 'name=x', is 'name=y'\n",
		       "what was in force is kept, key by key");
		ok(t, count_lines(b.said) == 3,
		   "without warnings about what is kept");
		ok(t, b.conf->ports[0].at.line == 1 &&
		   b.conf->ports[0].candidates.v[1].at.line == 12 &&
		   b.conf->pools[0].at.line == a.conf->pools[0].at.line &&
		   b.conf->pools[0].members.v[0].at.line ==
		   a.conf->pools[0].members.v[0].at.line, "with their places");
		ok(t, b.conf->ports[0].candidates.v[5].selector ==
		   b.conf->pools[0].selector, "and the port has its pool");
	}
	free(said);
	forget(&a);
	forget(&b);
}

#define M1 "MACAddress=2:0:0:0:0:1\n"

static const struct {
	const char *name;
	const char *before;
	const char *text;
	const char *ports;
	const char *left;
	const char *diff;
} reloads[] = {
	{ "a section that was good and has an error now is kept",
	  P P2 "Candidate=b\n", Q "Queues=x\n" P2 "Candidate=c\n", "vm1 vm2",
	  "Port vm1 f:2 kept",
	  "vm2: Candidate was 'name=b', is 'name=c'\n" },
	{ "a new section with an error is left out",
	  P, P P2 "Queues=x\n", "vm1", "Port vm2 f:4", "" },
	{ "a section that was removed is not kept",
	  P P2 "Candidate=b\n", P, "vm1", "", "vm2: no longer configured\n" },
	{ "a port whose head is misspelt is kept",
	  P P2 "Candidate=b\n", "[Prot vm1]\nQueues=2\n" P2 "Candidate=b\n",
	  "vm1 vm2", "Prot vm1 f:1 kept", "" },
	{ "so is a pool",
	  L "Member=a\n" U, "[pool fast]\nMember=b\n" U, "vm9",
	  "pool fast f:1 kept", "" },
	{ "while a name has two sections, what was in force is kept",
	  P, Q "Candidate=b\n" P, "vm1", "Port vm1 f:3", "" },
	{ "when it has one section again, that one counts",
	  P, Q "Candidate=b\n", "vm1", "",
	  "vm1: Candidate was 'name=eth0', is 'name=b'\n" },
	{ "a new section has to fit one that is kept",
	  Q M1 "Candidate=a\n", Q "Queues=x\n"
	  "[Port vm0]\n" M1 "Candidate=a\n", "vm1",
	  "Port vm1 f:2 kept; Port vm0 f:5", "" },
	{ "so has a changed one, or else it is kept itself",
	  Q M1 "Candidate=a\n[Port vm0]\nCandidate=a\n", Q "Queues=x\n"
	  "[Port vm0]\n" M1 "Candidate=a\n", "vm0 vm1",
	  "Port vm1 f:2 kept; Port vm0 f:5 kept", "" },
	{ "a kept port keeps its guest's NIC",
	  Q "Candidate=a\nQMPSocket=/q\nQMPDevice=n\n", Q "Queues=x\n"
	  "[Port vm0]\nCandidate=b\nQMPSocket=/q\nQMPDevice=n\n", "vm1",
	  "Port vm1 f:2 kept; Port vm0 f:6", "" },
	{ "a new port can't have the name of a candidate of one that is kept",
	  Q "Candidate=a\n", Q "Queues=x\n[Port a]\nCandidate=b\n", "vm1",
	  "Port vm1 f:2 kept; Port a f:3", "" },
	{ "a kept port keeps its pool if the files no longer have it",
	  L "Member=a\n" U, "[Port vm9]\nQueues=x\n", "vm9",
	  "Port vm9 f:2 kept", "" },
	{ "and uses the new one if they have it",
	  L "Member=a\n" U, "[Port vm9]\nQueues=x\n" L "Member=b\n", "vm9",
	  "Port vm9 f:2 kept",
	  "pool fast: Member was 'name=a', is 'name=b'\n" },
	{ "a kept pool serves old and new ports",
	  L "Member=a\n" U, L "VFCount=1\nVFVLAN=0\n" U P2
	  "Candidate=pool=fast\n", "vm2 vm9", "Pool fast f:3 kept",
	  "vm2: newly configured\n" },
	{ "so does one whose error shows only as a whole",
	  L "Member=a\n" U, L U, "vm9", "Pool fast f:1 kept", "" },
};

static void test_reloads(struct tap *t)
{
	size_t i;

	for (i = 0; i < sizeof(reloads) / sizeof(*reloads); i++) {
		struct answer a = ask(reloads[i].before);
		struct answer b = ask_again(a.conf, reloads[i].text);
		char *said = NULL;
		size_t len;
		FILE *out = open_memstream(&said, &len);

		is_ports(t, b.conf, reloads[i].ports, reloads[i].name);
		is_left(t, b.conf, reloads[i].left, reloads[i].name);
		if (a.conf && b.conf && out)
			conf_diff(a.conf, b.conf, out);
		if (out)
			fclose(out);
		is_str(t, said, reloads[i].diff, reloads[i].name);
		free(said);
		forget(&a);
		forget(&b);
	}
}

/* ---- what is probably not meant, or impossible here ---- */

static const struct {
	const char *text;
	const char *said;	/* after "f:LINE: warning: "; NULL: nothing */
} odd[] = {
	{ P "Candidate=eth1,eth2\n", "'eth1,eth2': ',' is part of the name; "
	  "give each device a line of its own\n" },
	{ P "Candidate=lo\n", "'lo': is the loopback device, which can't "
	  "carry a port\n" },
	{ L "Member=lo\n" U, "'lo': is the loopback device, which can't carry "
	  "a port\n" },
	{ P "Hook=/nowhere/x\n", "'/nowhere/x': Hook= can't be run: No such "
	  "file or directory\n" },
	{ P "Hook=/etc/passwd\n", "'/etc/passwd': Hook= can't be run: it is "
	  "not executable (chmod +x)\n" },
	{ P "Hook=/etc\n", "'/etc': Hook= can't be run: it is not a regular "
	  "file\n" },
	{ P "Probe=script /nowhere/x\n", "'/nowhere/x': Probe= can't be run: "
	  "No such file or directory\n" },
	{ P "Hook=/bin/sh\nProbe=script /bin/sh -c true\n", NULL },
	{ P "Candidate=eth1 vlan=5\n", "'name=eth1 vlan=5': is in VLAN 5, but "
	  "'name=eth0' is untagged; unless the network joins the two, the "
	  "guest's network would change with the device\n" },
	{ Q "Candidate=a vlan=5\nCandidate=pool=fast\n"
	  L "Member=b\nVFVLAN=6\n",
	  "'pool=fast': is in VLAN 6, but 'name=a vlan=5' is in VLAN 5; unless "
	  "the network joins the two, the guest's network would change with "
	  "the device\n" },
	{ Q "Candidate=a vlan=5\nCandidate=b vlan=5 create\nCandidate=b.5\n"
	  "Candidate=vlan5\nCandidate=c vf=1\nCandidate=pool=fast\n"
	  L "Member=b\nVFVLAN=5\n", NULL },
	{ P "Candidate=eth1\nCandidate=eth*\n", NULL },
};

static void test_odd(struct tap *t)
{
	size_t i;

	for (i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct answer a = ask(odd[i].text);
		const char *said = a.said ? strstr(a.said, "warning: ") : NULL;

		if (odd[i].said)
			is_str(t, said ? said + strlen("warning: ") : "",
			       odd[i].said, "warning:");
		else
			is_str(t, a.said, "", "no warning:");
		ok(t, !a.wrong && a.conf && !a.conf->left_out_n,
		   "a warning is not an error");
		forget(&a);
	}
}

static void test_features(struct tap *t)
{
	struct answer a = ask(P P2 "Candidate=b\nOnDetach=hold\n");
	char *said = NULL;
	size_t len;
	FILE *out = open_memstream(&said, &len);

	if (ok(t, a.conf && out, "hold is taken")) {
		ok(t, !conf_check_features(a.conf, STABLETAP_FEATURE_HOLD, out),
		   "a module that can hold will do");
		ok(t, conf_check_features(a.conf, 0, out) == 1,
		   "one that can't is an error");
		fclose(out);
		is_str(t, said, "f:3: 'OnDetach=hold': the loaded module can't "
		       "hold frames, and would refuse port 'vm2'; load a newer "
		       "one, or write 'OnDetach=drop'\n", "and is reported");
	}
	free(said);
	forget(&a);
}

/* ---- files ---- */

static void make_dirs(char *path)
{
	char *p;

	for (p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
}

static void write_file(const char *root, const char *name, const char *text)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_dirs(path);
	unlink(path);
	if (!text) {
		if (symlink("/dev/null", path))
			perror(path);
		return;
	}
	out = fopen(path, "w");
	if (!out) {
		perror(path);
		return;
	}
	fputs(text, out);
	fclose(out);
}

static struct answer ask_root_again(const struct conf *before,
				    const char *root, const char *file)
{
	struct answer a = { 0 };
	size_t len;
	FILE *out = open_memstream(&a.said, &len);

	if (!out)
		return a;
	a.wrong = conf_read(root, file, before, out, &a.conf);
	fclose(out);
	return a;
}

static struct answer ask_root(const char *root, const char *file)
{
	return ask_root_again(NULL, root, file);
}

static void test_hiding(struct tap *t, const char *root)
{
	struct answer a = ask_root(root, NULL);

	ok(t, !a.wrong && a.conf && !a.conf->ports_n,
	   "no directory at all is no port at all");
	forget(&a);
	write_file(root, "usr/lib/stabletap/a.conf", P "Queues=1\n");
	write_file(root, "run/stabletap/a.conf", P "Queues=2\n");
	write_file(root, "run/stabletap/b.conf", "[Port vm2]\nCandidate=e\n");
	write_file(root, "etc/stabletap/b.conf~", "nonsense");
	write_file(root, "etc/stabletap/.c.conf", "nonsense");
	a = ask_root(root, NULL);
	ok(t, !a.wrong && a.conf->ports_n == 2 && a.conf->ports[0].queues == 2,
	   "run hides usr/lib, other names are not read");
	forget(&a);
	write_file(root, "etc/stabletap/a.conf", P "Queues=3\n");
	a = ask_root(root, NULL);
	ok(t, !a.wrong && a.conf->ports[0].queues == 3, "etc hides run");
	forget(&a);
	write_file(root, "etc/stabletap/b.conf", NULL);
	a = ask_root(root, NULL);
	ok(t, !a.wrong && a.conf->ports_n == 1 && a.conf->files_n == 1,
	   "a link to /dev/null masks");
	forget(&a);
}

static void test_drop_ins(struct tap *t, const char *root)
{
	static const char want[] =
		"/etc/stabletap/a.conf.d/30.conf:1: 'vm2': there is no such "
		"port in ROOT/etc/stabletap/a.conf; did you mean 'vm1'?\n";
	struct answer a;

	write_file(root, "usr/lib/stabletap/a.conf.d/10.conf",
		   Q "Queues=10\nCandidate=ten\n");
	write_file(root, "etc/stabletap/a.conf.d/20.conf",
		   Q "Queues=20\nCandidate=\nCandidate=twenty\n");
	write_file(root, "run/stabletap/a.conf.d/20.conf", "nonsense");
	write_file(root, "run/stabletap/a.conf.d/90.conf", Q "Queues=90\n");
	write_file(root, "etc/stabletap/a.conf.d/90.conf", NULL);
	write_file(root, "run/stabletap/b.conf.d/10.conf", "nonsense");
	a = ask_root(root, NULL);
	is_str(t, a.said, "", "drop-ins may say a key again, masked files' "
	       "are not read");
	ok(t, !a.wrong && a.conf->ports[0].queues == 20 &&
	   a.conf->files_n == 3, "the last that is not hidden wins");
	ok(t, !a.wrong && a.conf->ports[0].candidates.n == 1 &&
	   a.conf->selectors_n == 1 &&
	   !strcmp(a.conf->selectors[0]->name, "twenty"),
	   "and can take lists back");
	forget(&a);

	write_file(root, "etc/stabletap/a.conf.d/30.conf", "[Port vm2]\n");
	write_file(root, "etc/stabletap/z.conf.d/10.conf", "nonsense");
	a = ask_root(root, NULL);
	ok(t, a.wrong == 1, "a drop-in makes no port");
	ok(t, a.said && strlen(a.said) > strlen(root) &&
	   !strncmp(a.said + strlen(root), want, strlen("/etc/stabletap/"
		    "a.conf.d/30.conf:1: 'vm2': there is no such port in ")) &&
	   strstr(a.said, "did you mean 'vm1'?"), "and is told its place");
	ok(t, a.said && strstr(a.said, "z.conf.d: warning: is not read: there "
			       "is no 'z.conf' that it could add to\n"),
	   "drop-ins of nothing are told");
	forget(&a);
}

static void test_files(struct tap *t, const char *root)
{
	char path[256];
	struct answer a;

	snprintf(path, sizeof(path), "%s/etc/stabletap/a.conf", root);
	a = ask_root(root, path);
	ok(t, !a.wrong && a.conf->ports[0].queues == 3 && a.conf->files_n == 1,
	   "a file asked for is read alone");
	forget(&a);
	snprintf(path, sizeof(path), "%s/etc/stabletap/none", root);
	a = ask_root(root, path);
	ok(t, a.wrong == 1 && !a.conf &&
	   strstr(a.said, "none: can't be read: No such file or directory\n"),
	   "one that is not there fails");
	forget(&a);

	write_file(root, "etc/stabletap/a.conf", NULL);
	snprintf(path, sizeof(path), "%s/etc/stabletap/p.conf", root);
	if (mkfifo(path, 0600))
		perror(path);
	a = ask_root(root, NULL);
	ok(t, a.wrong == 1 && !a.conf &&
	   strstr(a.said, "p.conf: can't be read: it is not a regular file\n"),
	   "a FIFO is complained of, not waited for");
	forget(&a);
	alarm(5);
	a = ask_root(root, path);
	ok(t, a.wrong == 1 && !a.conf &&
	   strstr(a.said, "p.conf: can't be read: it is not a regular file\n"),
	   "nor is one that is asked for");
	alarm(0);
	forget(&a);
	unlink(path);
	if (symlink("nowhere", path))
		perror(path);
	a = ask_root(root, NULL);
	ok(t, a.wrong == 1 && !a.conf &&
	   strstr(a.said, "p.conf: can't be read: No such file or "
			  "directory\n"),
	   "a link to nowhere is complained of");
	forget(&a);
}

/* The device of the best candidate of the first port */
static void is_best(struct tap *t, const struct answer *a, const char *want,
		    const char *name)
{
	is_str(t, a->conf && a->conf->ports_n ?
	       a->conf->ports[0].candidates.v[0].selector->name
	       : "none", want, name);
}

static void test_doubles(struct tap *t, const char *root)
{
	struct answer a, b, c;

	write_file(root, "etc/stabletap/m.conf", Q "Candidate=m\n");
	a = ask_root(root, NULL);
	is_best(t, &a, "m", "a port is described in m.conf");
	write_file(root, "etc/stabletap/c.conf",
		   Q "Candidate=c\n" P2 "Candidate=two\n");
	b = ask_root_again(a.conf, root, NULL);
	ok(t, b.wrong == 1 && strstr(b.said, "m.conf:1: 'vm1': the port is "
				     "described already in "),
	   "a second description in another file is an error");
	is_best(t, &b, "m", "a reload keeps what is in force");
	ok(t, b.conf && b.conf->ports_n == 2 && b.conf->left_out_n == 1,
	   "and takes the rest of that file");
	c = ask_root(root, NULL);
	is_best(t, &c, "c", "at start the first in the order of names counts");
	forget(&c);
	write_file(root, "etc/stabletap/m.conf", "");
	c = ask_root_again(b.conf, root, NULL);
	ok(t, !c.wrong && !c.conf->left_out_n, "with one of them gone there is "
	   "no error");
	is_best(t, &c, "c", "and the other one counts");
	forget(&a);
	forget(&b);
	forget(&c);
}

static void test_broken_drop_in(struct tap *t, const char *root)
{
	struct answer a = ask_root(root, NULL), b;

	write_file(root, "run/stabletap/c.conf.d/1.conf",
		   Q "Candidate=\nCandidate=x\nQueues=x\n");
	b = ask_root(root, NULL);
	ok(t, b.wrong == 1 && b.conf->ports_n == 1 &&
	   !strcmp(b.conf->left_out[0].section, "Port vm1") &&
	   strstr(b.conf->left_out[0].at.file, "/c.conf.d/1.conf"),
	   "a port with an error in a drop-in is left out, with its place");
	forget(&b);
	b = ask_root_again(a.conf, root, NULL);
	is_best(t, &b, "c", "on a reload all that was in force is kept");
	forget(&b);
	write_file(root, "run/stabletap/c.conf.d/1.conf",
		   "[Port vm3]\n" Q "Candidate=\nCandidate=x\n");
	b = ask_root(root, NULL);
	ok(t, b.wrong == 1, "a drop-in makes no port");
	is_best(t, &b, "x", "but its other sections count");
	forget(&a);
	forget(&b);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void test_layers(struct tap *t)
{
	char root[] = "/tmp/test-conf.XXXXXX";

	if (!ok(t, mkdtemp(root), "there is room for files"))
		return;
	test_hiding(t, root);
	test_drop_ins(t, root);
	test_files(t, root);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	test_doubles(t, root);
	test_broken_drop_in(t, root);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- differences ---- */

static void is_diff(struct tap *t, const char *old, const char *new,
		    const char *want, const char *name)
{
	struct answer a = ask(old);
	struct answer b = ask(new);
	char *said = NULL;
	size_t len;
	FILE *out = open_memstream(&said, &len);

	if (ok(t, a.conf && b.conf && out, "both are good")) {
		int n = conf_diff(a.conf, b.conf, out);

		fclose(out);
		is_str(t, said, want, name);
		ok(t, !n == !*want, "and it is counted");
	}
	free(said);
	forget(&a);
	forget(&b);
}

static void test_diff(struct tap *t)
{
	is_diff(t, whole, whole, "", "a file is the same as itself");
	is_diff(t, P, "\n\n# moved\n[Daemon]\n" P "Failback=yes\n", "",
		"places and defaults make no difference");
	is_diff(t, P "[Port vm2]\nQueues=2\nMACAddress=2:0:0:0:0:1\n",
		"[Port vm2]\nCandidate=a vlan=5 create mode=vepa\n"
		"Candidate=b\nMode=600\nMACAddress=2:0:0:0:0:1\n"
		"LossDelaySec=1500ms\nGuestLinkDownSec=\n"
		"[Port vm3]\n[Daemon]\nMetricsFile=/m\n",
		"daemon: MetricsFile was the default, is '/m'\n"
		"vm1: no longer configured\n"
		"vm2: Queues was '2', is the default\n"
		"vm2: Mode was the default, is '0600'\n"
		"vm2: Candidate was the default, is 'name=a vlan=5 create "
		"mode=vepa, name=b'\n"
		"vm2: LossDelaySec was '0s', is '1500ms'\n"
		"vm3: newly configured\n", "all that differs is said");
	is_diff(t, L "Member=a\nVFVLAN=5\n[Pool slow]\nMember=b\n" U,
		"[Pool new]\nMember=c\n" L "Member=a vf=1\nVFTrust=no\n"
		"[Port vm9]\nCandidate=pool=fast mode=vepa\n",
		"pool fast: Member was 'name=a', is 'name=a vf=1'\n"
		"pool fast: VFVLAN was '5', is the default\n"
		"pool fast: VFTrust was 'keep', is 'no'\n"
		"pool new: newly configured\n"
		"pool slow: no longer configured\n"
		"vm9: Candidate was 'pool=fast', is 'pool=fast mode=vepa'\n",
		"of pools, too");
}

static void test_equal(struct tap *t)
{
	/* No two of these are equal. */
	struct answer a = ask("[Port a]\nCandidate=e1\nCandidate=e2\n"
			      "Candidate=mac=2:0:0:0:0:1\n"
			      "Candidate=mac=2:0:0:0:0:2\n"
			      "Candidate=e1 vlan=5\nCandidate=e1 vlan=6\n"
			      "Candidate=e1 vlan=6 create\n"
			      "Candidate=e1 vf=0\nCandidate=e1 vf=1\n"
			      "Candidate=e1 vf=0-1\nCandidate=pool=e1\n"
			      "Candidate=pool=e2\n[Pool e1]\nMember=e1 vf=0\n"
			      "[Pool e2]\nMember=e2\n[Port b]\n"
			      "Candidate=driver=e1\nCandidate=port=e1\n"
			      "Candidate=path=e-1\nCandidate=property=e=1\n"
			      "Candidate=driver=e2\nCandidate=port=e2\n"
			      "Candidate=path=e-2\nCandidate=property=e=2\n");
	struct conf_selector *const *s = a.conf ? a.conf->selectors : NULL;
	size_t i, k, n = s ? a.conf->selectors_n : 0;
	bool good = true;

	ok(t, !a.wrong, "what differs in one word is another device");
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			good = good && (i == k) ==
			       conf_selector_equal(s[i], s[k]);
	ok(t, good && n == 20, "each is like itself and no other");
	forget(&a);
}

int main(void)
{
	struct tap t = { 0 };

	test_whole(&t);
	test_defaults(&t);
	test_bounds_of_drop(&t);
	test_probes(&t);
	test_bad(&t);
	test_many(&t);
	test_warnings(&t);
	test_pools(&t);
	test_lines(&t);
	test_nul(&t);
	test_long(&t);
	test_left_out(&t);
	test_why(&t);
	test_kept_whole(&t);
	test_reloads(&t);
	test_odd(&t);
	test_features(&t);
	test_layers(&t);
	test_diff(&t);
	test_equal(&t);
	return tap_end(&t);
}
