// SPDX-License-Identifier: GPL-2.0
/*
 * A real guest whose port stabletapd manages.  The NIC is unplugged, its VLAN
 * deleted, its driver reloaded, a second device is lost and comes back.  Each
 * time the daemon restores the guest's network, `events` lists what happened,
 * and the change is announced to the network and to the guest.
 *
 *	iPXE - QEMU - fd - vm1 - child -.- VLAN 5 - e1000e === vmxnet3 - VLAN 5
 *	         |                      |                                  |
 *	        QMP - stabletapd        '- second ========= far ------- switch
 *
 *	the network namespace of the machine            another
 *
 * The test runs in the machine's namespace, because a NIC appears there when
 * its driver probes it.
 *
 * vm-timeout: 1800
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "harness.h"
#include "ipxe.h"
#include "nics.h"
#include "qnic.h"
#include "scene.h"
#include "st.h"

#define TIMEOUT		1200	/* seconds */
#define DEADLINE	120000	/* ms; a NIC has carrier after some seconds */
#define ROUNDS		5	/* of announcements */
#define GUEST_DOWN	1	/* seconds, GuestLinkDownSec */

/* The devices in the expected events */
enum { NONE, NIC, SECOND };

struct expected {
	const char *event;
	int from;
	int to;
	const char *why;
	const char *or;		/* also true, if not NULL */
};

FIXTURE(follow) {
	int home;
	int lan;
	struct daemon daemon;
	struct ipxe guest;
	struct qnic nic;	/* the guest's NIC, only to read its status */
	int control;
	int port;
	int sniffer;		/* packet socket on the port */
	int far;		/* packet socket at the far end of "second" */
	char pci[32];		/* address of the e1000e */
	char vlan[32];		/* name of the VLAN on it */
	int events;		/* number of events that were checked */
	int attaches, replaces, losses;
	uint64_t begun;		/* time of the last change */
	double detached;	/* duration before the last attach, seconds */
};

/* ---- the machine ---- */

/* Create the other end of the NIC's wire, and the guest's peer */
static int make_lan(FIXTURE_DATA(follow) *self)
{
	char name[IFNAMSIZ];
	int ifindex, err;

	ifindex = nics_take(self->home, self->lan, NICS_VMXNET3);
	if (ifindex < 0)
		return ifindex;
	err = ipxe_serve(&self->guest);
	if (err)
		return err;
	if_indextoname(ifindex, name);
	if (st_sh("ip link set %s up && "
		  "ip link add link %s name lan5 type vlan id 5 && "
		  "ip link set lan5 master switch up", name, name))
		return -EIO;
	return st_netns_enter(self->home);
}

static bool has_nic(void *arg)
{
	return nics_find(NICS_E1000E);
}

/* The daemon answers requests before it has created the port. */
static bool has_port(void *arg)
{
	return st_ifindex("vm1") > 0;
}

/* Name of the port's device since the last event */
static const char *device_of(FIXTURE_DATA(follow) *self)
{
	static char name[32];
	const char *dev = "";
	json_t *status;

	status = daemon_ask("{\"status\": true}");
	json_unpack(status, "{s:[{s:s}]}", "ports", "dev", &dev);
	snprintf(name, sizeof(name), "%s", dev);
	json_decref(status);
	return name;
}

/* Returns true if @name is VLAN 5 on the NIC in the e1000e's slot. */
static bool is_the_vlan(FIXTURE_DATA(follow) *self, const char *name)
{
	return !st_sh("nic=$(ls /sys/bus/pci/devices/%s/net) && "
		      "grep -q '^%s *| 5 *| '\"$nic\"'$' "
		      "/proc/net/vlan/config", self->pci, name);
}

FIXTURE_SETUP(follow)
{
	int nic;

	if (access("/sys/bus/pci/drivers", F_OK))
		SKIP(return, "no PCI bus here");
	ASSERT_EQ(0, st_sh("modprobe -a e1000e vmxnet3 8021q"));
	self->control = -1;
	self->sniffer = -1;
	self->far = -1;
	self->home = st_netns_fd();
	ASSERT_LE(0, self->home);
	self->lan = st_netns_another();
	ASSERT_LE(0, self->lan);
	ASSERT_TRUE(st_wait(has_nic, NULL, DEADLINE)) {
		TH_LOG("the machine needs --nics");
	}
	nic = nics_find(NICS_E1000E);
	ASSERT_EQ(0, nics_pci(nic, self->pci, sizeof(self->pci)));
	ASSERT_EQ(0, make_lan(self));
	self->control = st_control_open();
	ASSERT_LE(0, self->control);

	ASSERT_EQ(0, daemon_init(&self->daemon));
	ASSERT_EQ(0, daemon_configure(&self->daemon,
		"[Port vm1]\n"
		"MACAddress=52:54:00:00:00:01\n"
		"Candidate=second\n"
		"Candidate=path=pci-%s mac=52:54:00:aa:00:01 vlan=5 create\n"
		"FailbackDelaySec=500ms\n"
		"QMPSocket=%s/qmp\n"
		"QMPDevice=net0\n"
		"GuestLinkDownSec=%d\n", self->pci, self->guest.dir,
		GUEST_DOWN));
	ASSERT_EQ(0, daemon_start(&self->daemon)) {
		TH_LOG("%s", daemon_log(&self->daemon));
	}
	ASSERT_TRUE(st_wait(has_port, NULL, DEADLINE));
	self->port = st_ifindex("vm1");
	self->sniffer = st_packet_open(self->port, true);
	ASSERT_LE(0, self->sniffer);
}

FIXTURE_TEARDOWN(follow)
{
	st_netns_enter(self->home);
	ipxe_end(&self->guest);
	daemon_end(&self->daemon);
	close(self->sniffer);
	close(self->far);
	close(self->lan);
	st_link_del(st_ifindex("second"));
	if (self->vlan[0])
		st_link_del(st_ifindex(self->vlan));
	if (self->port > 0)
		EXPECT_EQ(0, st_port_delete(self->control, self->port, 0));
	close(self->control);
	/* Restore the NIC for other tests, even after a failure. */
	st_sh("modprobe e1000e; echo 1 >/sys/bus/pci/rescan");
}

/* ---- checks ---- */

static json_t *new_events(FIXTURE_DATA(follow) *self)
{
	json_t *events = daemon_events("vm1");
	int i;

	for (i = 0; i < self->events; i++)
		json_array_remove(events, 0);
	return events;
}

struct count {
	FIXTURE_DATA(follow) *self;
	int n;
};

static bool are_so_many(void *arg)
{
	struct count *count = arg;
	json_t *events = new_events(count->self);
	int n = json_array_size(events);

	json_decref(events);
	return n >= count->n;
}

static const char *name_of(FIXTURE_DATA(follow) *self, int device)
{
	return device == NIC ? self->vlan :
	       device == SECOND ? "second" : NULL;
}

static bool is_text(const json_t *value, const char *text)
{
	const char *got = json_string_value(value);

	return text ? got && !strcmp(got, text) : json_is_null(value);
}

/* Check one event, and that its duration without a lower is plausible. */
static bool is_event(FIXTURE_DATA(follow) *self, const json_t *event,
		     const struct expected *e)
{
	double most = (st_now() - self->begun) / 1e9;

	if (!is_text(json_object_get(event, "event"), e->event) ||
	    !is_text(json_object_get(event, "from"), name_of(self, e->from)) ||
	    !is_text(json_object_get(event, "to"), name_of(self, e->to)) ||
	    (!is_text(json_object_get(event, "why"), e->why) &&
	     (!e->or || !is_text(json_object_get(event, "why"), e->or))))
		return false;
	self->detached = json_number_value(json_object_get(event,
							   "detached_seconds"));
	self->attaches += !strcmp(e->event, "attached");
	self->replaces += !strcmp(e->event, "replaced");
	self->losses += !strcmp(e->event, "detached");
	/* Before the first attach there was no loss. */
	if (strcmp(e->event, "attached") || self->attaches == 1)
		return self->detached == 0;
	return self->detached > 0 && self->detached < most;
}

/*
 * Wait until the guest answers again.  Check that exactly these events have
 * come since the last check, and that the port is on the device that they name.
 */
static void expect_events(struct __test_metadata *_metadata,
			  FIXTURE_DATA(follow) *self, const char *what,
			  const struct expected *e, int n)
{
	struct count count = { self, n };
	json_t *events;
	int i;

	ASSERT_TRUE(st_wait(are_so_many, &count, DEADLINE)) {
		TH_LOG("%s: %s", what, daemon_log(&self->daemon));
	}
	if (e[n - 1].to == NIC) {
		strcpy(self->vlan, device_of(self));
		ASSERT_TRUE(is_the_vlan(self, self->vlan)) {
			TH_LOG("%s: on %s", what, self->vlan);
		}
	}
	ASSERT_STREQ(name_of(self, e[n - 1].to), device_of(self));
	if (self->guest.qemu.pid)
		ASSERT_TRUE(ipxe_answers(&self->guest, DEADLINE)) {
			TH_LOG("%s: %s", what, daemon_log(&self->daemon));
		}
	events = new_events(self);
	ASSERT_EQ(n, json_array_size(events)) {
		TH_LOG("%s: %s", what, daemon_log(&self->daemon));
	}
	for (i = 0; i < n; i++)
		ASSERT_TRUE(is_event(self, json_array_get(events, i), &e[i])) {
			TH_LOG("%s: event %d: %s", what, i,
			       daemon_log(&self->daemon));
		}
	self->events += n;
	json_decref(events);
	if (self->guest.heard)
		TH_LOG("%s: %.2f s without a lower, %.2f s without an answer",
		       what, self->detached, self->guest.silence / 1e9);
	self->guest.silence = 0;
}

#define EXPECT_EVENTS(what, ...) do {					\
	const struct expected e[] = { __VA_ARGS__ };			\
									\
	expect_events(_metadata, self, what, e, sizeof(e) / sizeof(*e));\
} while (0)

#define LOST(device)	{ "detached", device, NONE, "lower-gone", NULL }
#define ATTACHED(device) { "attached", NONE, device, "usable", NULL }
#define REPLACED(from, to, why) { "replaced", from, to, why, NULL }

/* Note the time before the next change. */
static void begin(FIXTURE_DATA(follow) *self)
{
	self->begun = st_now();
}

static bool link_is_off(void *arg)
{
	return !(qnic_link_status(arg) & VIRTIO_NET_S_LINK_UP);
}

static bool link_is_on(void *arg)
{
	return !link_is_off(arg);
}

/* Counts the RARPs from the port's address that a packet socket sees */
struct rarps {
	int fd;
	bool outgoing;	/* count those that the device has sent, not received */
	int wanted;
	int n;		/* number so far */
};

static bool are_announced(void *arg)
{
	struct rarps *rarps = arg;
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	struct ethhdr frame[128];

	while (recvfrom(rarps->fd, frame, sizeof(frame), MSG_DONTWAIT,
			(struct sockaddr *)&from, &size) > 0)
		rarps->n += frame->h_proto == htons(ETH_P_RARP) &&
			    !memcmp(frame->h_source, ST_MAC_PORT, 6) &&
			    rarps->outgoing ==
			    (from.sll_pkttype == PACKET_OUTGOING);
	return rarps->n >= rarps->wanted;
}

/* ---- changes ---- */

static int start_guest(FIXTURE_DATA(follow) *self)
{
	char args[128];
	int fd, err;

	fd = st_port_open(self->control, self->port, 0);
	if (fd < 0)
		return fd;
	snprintf(args, sizeof(args), "-qmp unix:%s/qmp,server=on,wait=off",
		 self->guest.dir);
	err = ipxe_start(&self->guest, fd, args);
	close(fd);
	if (err)
		return err;
	return ipxe_boots(&self->guest) ? 0 : -ETIMEDOUT;
}

/*
 * The far end is down at first, so that the test listens before the device has
 * carrier.
 */
static int plug_second(FIXTURE_DATA(follow) *self)
{
	int ifindex, far, err;

	if (st_netns_enter(self->lan) ||
	    st_sh("ip link add far type veth peer name second && "
		  "ip link set far master switch"))
		return -EIO;
	ifindex = st_ifindex("second");
	err = st_link_netns(ifindex, self->home);
	if (err)
		return err;
	far = st_ifindex("far");
	self->far = st_packet_open(far, true);
	if (self->far < 0)
		return self->far;
	/* Read the socket's error about the device that is down. */
	recv(self->far, &ifindex, sizeof(ifindex), MSG_DONTWAIT);
	err = st_link_up(far, true);
	return err ? err : st_netns_enter(self->home);
}

static int set_far(FIXTURE_DATA(follow) *self, bool up)
{
	int err;

	if (st_netns_enter(self->lan))
		return -EIO;
	err = st_link_up(st_ifindex("far"), up);
	return err ? err : st_netns_enter(self->home);
}

/* Number of devices of a kind that the daemon may have created */
static int number_of(const char *kind)
{
	char command[64];
	int n = -1;
	FILE *out;

	snprintf(command, sizeof(command),
		 "ip -br link show type %s | wc -l", kind);
	out = popen(command, "r");
	if (!out || fscanf(out, "%d", &n) != 1)
		n = -1;
	if (out)
		pclose(out);
	return n;
}

TEST_F_TIMEOUT(follow, the_guest_gets_its_network_back_after_each_loss,
	       TIMEOUT)
{
	struct rarps of_guest = { .fd = self->sniffer, .outgoing = true };
	struct rarps of_both = { .wanted = ROUNDS + 1 };
	struct qemu *qemu = &self->guest.qemu;
	struct stabletap_get get;
	char path[128];
	pid_t pid;

	EXPECT_EVENTS("the daemon starts", ATTACHED(NIC));
	ASSERT_EQ(0, start_guest(self)) {
		TH_LOG("the guest did not boot: %s", qemu_log(qemu));
	}
	ASSERT_TRUE(ipxe_answers(&self->guest, DEADLINE));
	ASSERT_EQ(0, qnic_watch(&self->nic, qemu, IPXE_SLOT));
	ASSERT_TRUE(link_is_on(&self->nic));
	pid = qemu->pid;
	self->guest.silence = 0;

	/* Longer than GuestLinkDownSec */
	begin(self);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove",
		 self->pci);
	ASSERT_EQ(0, scene_file_write(path, "1"));
	ASSERT_TRUE(ipxe_is_silent(&self->guest));
	ASSERT_TRUE(st_wait(link_is_off, &self->nic, DEADLINE)) {
		TH_LOG("%s", daemon_log(&self->daemon));
	}
	ASSERT_EQ(0, scene_file_write("/sys/bus/pci/rescan", "1"));
	EXPECT_EVENTS("the NIC's PCI device is removed and found again",
		      LOST(NIC), ATTACHED(NIC));
	EXPECT_LE(GUEST_DOWN, self->detached);
	EXPECT_TRUE(st_wait(link_is_on, &self->nic, DEADLINE));

	begin(self);
	ASSERT_EQ(0, st_link_del(st_ifindex(self->vlan)));
	EXPECT_EVENTS("the VLAN is deleted", LOST(NIC), ATTACHED(NIC));

	begin(self);
	ASSERT_EQ(0, st_sh("rmmod e1000e"));
	ASSERT_TRUE(ipxe_is_silent(&self->guest));
	ASSERT_EQ(0, st_sh("modprobe e1000e"));
	EXPECT_EVENTS("the NIC's driver is reloaded",
		      LOST(NIC), ATTACHED(NIC));

	/* Read the announcements of earlier changes. */
	are_announced(&of_guest);
	of_guest.wanted = of_guest.n + ROUNDS;
	begin(self);
	ASSERT_EQ(0, plug_second(self));
	of_both.fd = self->far;
	EXPECT_EVENTS("a better device is plugged in",
		      REPLACED(NIC, SECOND, "failback"));
	EXPECT_TRUE(st_wait(are_announced, &of_guest, DEADLINE)) {
		TH_LOG("%d of %d announcements", of_guest.n, of_guest.wanted);
	}
	EXPECT_TRUE(st_wait(are_announced, &of_both, DEADLINE)) {
		TH_LOG("%d announcements", of_both.n);
	}

	begin(self);
	ASSERT_EQ(0, set_far(self, false));
	EXPECT_EVENTS("it loses its carrier",
		      REPLACED(SECOND, NIC, "lower down"));

	begin(self);
	ASSERT_EQ(0, set_far(self, true));
	EXPECT_EVENTS("it has its carrier again",
		      REPLACED(NIC, SECOND, "failback"));

	begin(self);
	ASSERT_EQ(0, st_link_del(st_ifindex("second")));
	/*
	 * The device goes down before it goes, so the daemon may have moved the
	 * port already.
	 */
	EXPECT_EVENTS("it is pulled out", LOST(SECOND),
		      { "attached", NONE, NIC, "usable", "lower down" });

	EXPECT_EQ(1, number_of("macvlan"));
	EXPECT_EQ(1, number_of("vlan"));
	ASSERT_EQ(0, st_get(self->control, self->port, &get));
	EXPECT_EQ(1, get.open_queues);
	EXPECT_EQ(self->attaches, get.attaches);
	EXPECT_EQ(self->replaces, get.replaces);
	EXPECT_EQ(self->losses, get.losses);
	ASSERT_TRUE(qemu_runs(qemu));
	EXPECT_EQ(pid, qemu->pid);
	EXPECT_STREQ("", qemu_log(qemu));
}

TEST_HARNESS_MAIN
