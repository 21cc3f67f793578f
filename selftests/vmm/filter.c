// SPDX-License-Identifier: GPL-2.0
/*
 * stabletapd follows the guest's receive filter.  A virtio-net driver sets it in
 * QEMU's device model, QEMU reports it to the daemon through QMP, the daemon
 * sets the port's address lists, and the module gives them to the lower.
 * vm-timeout: 1800
 *
 *	qtest: virtio-net driver in this program
 *	  |
 *	QEMU (processor halted) -- fd -- vm1 -- child -- v0 ==== p0
 *	  |                               |                       |
 *	 QMP ------- stabletapd ----------'              packet socket
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/virtio_net.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "qemu.h"
#include "qnic.h"
#include "scene.h"
#include "st.h"

#define TIMEOUT		900	/* seconds; emulation inside emulation */
#define DEADLINE	ST_DEADLINE	/* ms, if it should happen at once */
#define SLOT		4
#define CONF		"/run/stabletap-test.conf"
#define LOG		"/run/stabletap-test.log"
#define QMP		"/run/stabletap-test.qmp"

#define GROUP(n)	{ 0x01, 0x00, 0x5e, 0x01, 0x00, n }
#define STRANGERS	8	/* groups that no one has joined: 0xa0 ... */

typedef uint8_t mac_t[6];

static const mac_t group1 = GROUP(1);
static const mac_t group2 = GROUP(2);
static const mac_t group3 = GROUP(3);
/* The group of neighbour solicitations for fe80::5054:ff:fe00:1 */
static const mac_t solicited = { 0x33, 0x33, 0xff, 0x00, 0x00, 0x01 };
static const mac_t guests_own = { 0x52, 0x54, 0x00, 0x00, 0x0d, 0x77 };
static const mac_t guests_other = { 0x52, 0x54, 0x00, 0x00, 0x0d, 0x78 };

FIXTURE(filter) {
	int control;
	int port;
	int v0;
	int p0;
	int peer;		/* packet socket on p0 */
	int seen;		/* packet socket on vm1 */
	uint32_t number;
	pid_t daemon;
	struct qemu qemu;
	struct qnic nic;
};

/* ---- state ---- */

static bool port_is_attached(void *arg)
{
	int *control = arg;
	struct stabletap_get get;
	int port = st_ifindex("vm1");

	return port > 0 && !st_get(*control, port, &get) &&
	       get.state == STABLETAP_STATE_ATTACHED;
}

static void run_daemon(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen(LOG, "a", stderr))
		_exit(126);
	execlp("stabletapd", "stabletapd", "--config", CONF, NULL);
	_exit(127);
}

static int start_daemon(FIXTURE_DATA(filter) *self)
{
	fflush(NULL);
	self->daemon = fork();
	if (self->daemon < 0)
		return -errno;
	if (!self->daemon)
		run_daemon();
	return st_wait(port_is_attached, &self->control, DEADLINE) ? 0 :
	       -ETIMEDOUT;
}

static void end_daemon(FIXTURE_DATA(filter) *self, int signal)
{
	if (self->daemon <= 0)
		return;
	kill(self->daemon, signal);
	waitpid(self->daemon, NULL, 0);
	self->daemon = 0;
}

/* Returns true if a shell command succeeds. */
static bool holds(void *command)
{
	return !st_sh("%s", (const char *)command);
}

static bool becomes(const char *command)
{
	return st_wait(holds, (void *)command, DEADLINE);
}

#define ALLMULTI(device) "ip link show " device " | grep -q ALLMULTI"
#define NO_ALLMULTI(device) "! ip link show " device " | grep -q ALLMULTI"
#define HAS(device, last) \
	"ip maddr show dev " device " | grep -q 01:00:5e:01:00:" last
#define HAS_NOT(device, last) "! " HAS(device, last)

/* ---- the guest ---- */

static int set_flag(struct qnic *nic, int cmd, uint8_t on)
{
	return qnic_control(nic, VIRTIO_NET_CTRL_RX, cmd, &on, sizeof(on));
}

static int set_lists(struct qnic *nic, const mac_t *uc, uint32_t uc_n,
		     const mac_t *mc, uint32_t mc_n)
{
	uint8_t data[2048];
	size_t len = 0;

	memcpy(data + len, &uc_n, 4);
	len += 4;
	memcpy(data + len, uc, uc_n * 6);
	len += uc_n * 6;
	memcpy(data + len, &mc_n, 4);
	len += 4;
	memcpy(data + len, mc, mc_n * 6);
	len += mc_n * 6;
	return qnic_control(nic, VIRTIO_NET_CTRL_MAC,
			    VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
}

static int join(struct qnic *nic, const mac_t *groups, int n)
{
	return set_lists(nic, NULL, 0, groups, n);
}

static int set_address(struct qnic *nic, const mac_t mac)
{
	return qnic_control(nic, VIRTIO_NET_CTRL_MAC,
			    VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, 6);
}

static int add_vlan(struct qnic *nic, uint16_t id)
{
	return qnic_control(nic, VIRTIO_NET_CTRL_VLAN,
			    VIRTIO_NET_CTRL_VLAN_ADD, &id, sizeof(id));
}

static int drive(FIXTURE_DATA(filter) *self)
{
	self->nic.features = 1ULL << VIRTIO_NET_F_CTRL_RX |
			     1ULL << VIRTIO_NET_F_CTRL_VLAN |
			     1ULL << VIRTIO_NET_F_CTRL_MAC_ADDR;
	return qnic_start(&self->nic);
}

/* Start the driver as Linux's does when its interface is set up */
static int drive_with_lists(FIXTURE_DATA(filter) *self)
{
	int err = drive(self);

	if (!err)
		err = set_flag(&self->nic, VIRTIO_NET_CTRL_RX_PROMISC, 0);
	return err ? err : set_flag(&self->nic, VIRTIO_NET_CTRL_RX_ALLMULTI, 0);
}

/* ---- frames ---- */

static int peer_sends(FIXTURE_DATA(filter) *self, const mac_t to,
		      uint32_t number)
{
	uint8_t frame[100];

	st_frame(frame, sizeof(frame), to, ST_MAC_PEER, number);
	return st_packet_send(self->peer, self->p0, frame, sizeof(frame)) ==
	       sizeof(frame) ? 0 : -EIO;
}

/*
 * Send frames to groups that no one has joined, then one to @joined.  Returns
 * how many of the former reach the port, or a negative number if the latter
 * does not.
 */
static int strangers_before(FIXTURE_DATA(filter) *self, const mac_t joined)
{
	mac_t stranger = GROUP(0);
	uint8_t frame[256];
	int64_t number;
	int count = 0;

	self->number += STRANGERS + 1;
	for (int i = 0; i < STRANGERS; i++) {
		stranger[5] = 0xa0 + i;
		if (peer_sends(self, stranger, self->number - 1 - i))
			return -EIO;
	}
	if (peer_sends(self, joined, self->number))
		return -EIO;
	for (;;) {
		if (st_readable(self->seen, DEADLINE) != 1)
			return -ETIMEDOUT;
		number = st_frame_number(frame, read(self->seen, frame,
						     sizeof(frame)));
		if (number == self->number)
			return count;
		count += number >= self->number - STRANGERS &&
			 number < self->number;
	}
}

/* ---- the topology ---- */

static int configure(bool trusted)
{
	FILE *file = fopen(CONF, "w");

	if (!file)
		return -errno;
	fprintf(file, "[Port vm1]\nMACAddress=52:54:00:00:00:01\n"
		"Candidate=v0\nQMPSocket=" QMP "\nQMPDevice=d0\n"
		"FollowGuestFilter=yes\nTrustGuestMAC=%s\n",
		trusted ? "yes" : "no");
	return fclose(file) ? -errno : 0;
}

static int start_qemu(FIXTURE_DATA(filter) *self)
{
	int fd = st_port_open(self->control, self->port, 0);
	int err;

	if (fd < 0)
		return fd;
	err = qemu_start(&self->qemu, &fd, 1,
			 "-netdev tap,id=n0,fd=%d -device virtio-net-pci,id=d0,"
			 "netdev=n0,mac=52:54:00:00:00:01,addr=%d,"
			 "disable-legacy=on,romfile= "
			 "-qmp unix:" QMP ",server=on,wait=off", fd, SLOT);
	close(fd);
	return err ? err : qnic_init(&self->nic, &self->qemu, SLOT);
}

FIXTURE_SETUP(filter)
{
	ASSERT_EQ(0, st_netns_new());
	unlink(LOG);
	unlink(QMP);
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	ASSERT_EQ(0, st_veth_add("v0", "p0", -1));
	self->v0 = st_ifindex("v0");
	self->p0 = st_ifindex("p0");
	self->peer = st_packet_open(self->p0, false);
	ASSERT_LE(0, self->peer);
	ASSERT_EQ(0, configure(false));
	ASSERT_EQ(0, start_daemon(self));
	self->port = st_ifindex("vm1");
	self->seen = st_packet_open(self->port, true);
	ASSERT_LE(0, self->seen);
	/* There is no QEMU yet, so the filter is unknown. */
	ASSERT_TRUE(becomes(ALLMULTI("vm1")));
	ASSERT_EQ(0, start_qemu(self)) {
		TH_LOG("%s", qemu_log(&self->qemu));
	}
}

FIXTURE_TEARDOWN(filter)
{
	end_daemon(self, SIGTERM);
	qemu_kill(&self->qemu);
	if (_metadata->exit_code)
		st_sh("sed 's/^/# /' " LOG);
	close(self->seen);
	close(self->peer);
	close(self->control);
}

TEST_F_TIMEOUT(filter, the_guests_groups_are_received_and_no_others, TIMEOUT)
{
	const mac_t groups[] = { GROUP(1), GROUP(2), [2] = {
		0x33, 0x33, 0xff, 0x00, 0x00, 0x01 } };
	mac_t many[65];
	int n;

	ASSERT_EQ(STRANGERS, strangers_before(self, group1));
	ASSERT_EQ(0, drive_with_lists(self));
	ASSERT_EQ(0, join(&self->nic, groups, 3));
	ASSERT_TRUE(becomes(NO_ALLMULTI("vm1")));
	EXPECT_TRUE(becomes(HAS("vm1", "01")));
	EXPECT_TRUE(becomes(HAS("v0", "01")));
	/*
	 * A macvlan's filter is a hash of 256 values: a few other groups may
	 * pass.
	 */
	n = strangers_before(self, group1);
	EXPECT_LE(0, n);
	EXPECT_GE(3, n);
	EXPECT_LE(0, strangers_before(self, solicited));
	ASSERT_EQ(0, join(&self->nic, groups + 1, 2));
	EXPECT_TRUE(becomes(HAS_NOT("vm1", "01")));
	EXPECT_TRUE(becomes(HAS_NOT("v0", "01")));
	EXPECT_LE(0, strangers_before(self, group2));

	/* More addresses than QEMU's table can hold */
	for (int i = 0; i < 65; i++)
		memcpy(many[i], (mac_t)GROUP(0x20 + i), 6);
	ASSERT_EQ(0, join(&self->nic, many, 65));
	ASSERT_TRUE(becomes(ALLMULTI("vm1")));
	EXPECT_EQ(STRANGERS, strangers_before(self, group1));
	ASSERT_EQ(0, join(&self->nic, groups, 1));
	ASSERT_TRUE(becomes(NO_ALLMULTI("vm1")));
	EXPECT_TRUE(becomes(HAS("vm1", "01")));
	ASSERT_EQ(0, set_flag(&self->nic, VIRTIO_NET_CTRL_RX_ALLMULTI, 1));
	ASSERT_TRUE(becomes(ALLMULTI("vm1")));
	ASSERT_EQ(0, set_flag(&self->nic, VIRTIO_NET_CTRL_RX_ALLMULTI, 0));
	ASSERT_TRUE(becomes(NO_ALLMULTI("vm1")));

	/* QEMU sends no event about the filter at a reset. */
	ASSERT_EQ(0, qemu_qmp(&self->qemu, -1,
			      "{\"execute\": \"system_reset\"}"));
	ASSERT_TRUE(becomes(ALLMULTI("vm1")));
	EXPECT_TRUE(becomes(HAS_NOT("vm1", "01")));
}

TEST_F_TIMEOUT(filter, a_daemon_that_was_killed_leaves_nothing_stale, TIMEOUT)
{
	const mac_t before[] = { GROUP(1), GROUP(2) };
	const mac_t after[] = { GROUP(2), GROUP(3), GROUP(4) };

	/* Groups of the operator; the guest will join one of them too */
	ASSERT_EQ(0, st_sh("ip maddr add 01:00:5e:01:00:03 dev vm1"));
	ASSERT_EQ(0, st_sh("ip maddr add 01:00:5e:01:00:09 dev vm1"));
	ASSERT_EQ(0, drive_with_lists(self));
	ASSERT_EQ(0, join(&self->nic, before, 2));
	ASSERT_TRUE(becomes(HAS("vm1", "01")));
	ASSERT_TRUE(becomes(NO_ALLMULTI("vm1")));
	end_daemon(self, SIGKILL);
	EXPECT_EQ(0, st_sh(NO_ALLMULTI("vm1")));
	EXPECT_LE(0, strangers_before(self, group1));
	ASSERT_EQ(0, join(&self->nic, after, 3));
	ASSERT_EQ(0, start_daemon(self));
	ASSERT_TRUE(becomes(HAS("vm1", "04")));
	EXPECT_TRUE(becomes(HAS_NOT("vm1", "01")));
	EXPECT_TRUE(becomes(NO_ALLMULTI("vm1")));
	EXPECT_EQ(0, st_sh(HAS("vm1", "02")));

	ASSERT_EQ(0, join(&self->nic, before, 1));
	ASSERT_TRUE(becomes(HAS("vm1", "01")));
	EXPECT_TRUE(becomes(HAS_NOT("vm1", "04")));
	EXPECT_EQ(0, st_sh(HAS_NOT("vm1", "02")));
	EXPECT_EQ(0, st_sh(HAS("vm1", "03")));
	EXPECT_EQ(0, st_sh(HAS("vm1", "09")));

	/* Without a daemon the guest gets all multicast frames. */
	end_daemon(self, SIGTERM);
	EXPECT_EQ(0, st_sh(ALLMULTI("vm1")));
	EXPECT_EQ(STRANGERS, strangers_before(self, group3));
	ASSERT_EQ(0, start_daemon(self));
	ASSERT_TRUE(becomes(NO_ALLMULTI("vm1")));

	/* Likewise when QEMU or its socket is gone. */
	ASSERT_EQ(0, qemu_quit(&self->qemu));
	ASSERT_TRUE(becomes(ALLMULTI("vm1")));
}

TEST_F_TIMEOUT(filter, the_guests_address_is_taken_only_if_trusted, TIMEOUT)
{
	const mac_t more[] = { { 0x52, 0x54, 0x00, 0x00, 0x0d, 0x79 } };
	uint8_t mac[6];

	ASSERT_EQ(0, drive_with_lists(self));
	ASSERT_EQ(0, set_address(&self->nic, guests_own));
	ASSERT_EQ(0, set_lists(&self->nic, more, 1, &group1, 1));
	ASSERT_TRUE(becomes(HAS("vm1", "01")));
	ASSERT_TRUE(becomes("grep -q 'guest-mac: 52:54:00:00:0d:77 is the guest.s, not trusted' " LOG));
	ASSERT_EQ(0, set_address(&self->nic, guests_own));
	ASSERT_EQ(0, set_lists(&self->nic, more, 1, &group2, 1));
	ASSERT_TRUE(becomes(HAS("vm1", "02")));
	EXPECT_EQ(0, st_sh("[ $(grep -c guest-mac " LOG ") = 1 ]"));
	ASSERT_EQ(0, st_link_state(self->port, NULL, NULL, mac, NULL));
	EXPECT_EQ(0, memcmp(mac, ST_MAC_PORT, 6));
	EXPECT_EQ(0, st_sh("! bridge fdb show dev vm1 | grep -q 0d:79"));

	ASSERT_EQ(0, configure(true));
	ASSERT_EQ(0, kill(self->daemon, SIGHUP));
	ASSERT_TRUE(becomes("ip link show vm1 | grep -q 52:54:00:00:0d:77"));
	EXPECT_EQ(0, st_sh("ip link show type macvlan | grep -q 52:54:00:00:0d:77"));
	EXPECT_LE(0, strangers_before(self, guests_own));
	EXPECT_TRUE(becomes("bridge fdb show dev vm1 | grep -q 0d:79"));
	EXPECT_TRUE(becomes("bridge fdb show dev v0 | grep -q 0d:79"));

	/* An address that another macvlan on the parent has */
	ASSERT_LT(0, st_macvlan_add("mv9", self->v0, guests_other, 0));
	ASSERT_EQ(0, st_link_up(st_ifindex("mv9"), true));
	ASSERT_EQ(0, set_address(&self->nic, guests_other));
	ASSERT_TRUE(becomes("grep -q 'guest-mac: 52:54:00:00:0d:78 is the guest.s, refused' " LOG));
	ASSERT_EQ(0, st_link_state(self->port, NULL, NULL, mac, NULL));
	EXPECT_EQ(0, memcmp(mac, guests_own, 6));

	/* The port is restored for the next guest. */
	ASSERT_EQ(0, qemu_quit(&self->qemu));
	ASSERT_TRUE(becomes("ip link show vm1 | grep -q 52:54:00:00:00:01"));
}

TEST_F_TIMEOUT(filter, an_attach_is_announced_in_the_guests_vlans, TIMEOUT)
{
#define DUMP LOG ".dump"
	ASSERT_EQ(0, drive_with_lists(self));
	ASSERT_EQ(0, add_vlan(&self->nic, 7));
	ASSERT_EQ(0, add_vlan(&self->nic, 9));
	/* When a later change has taken effect, the earlier ones have too. */
	ASSERT_EQ(0, join(&self->nic, &group1, 1));
	ASSERT_TRUE(becomes(HAS("vm1", "01")));
	ASSERT_EQ(0, st_sh("exec timeout 100 tcpdump -i p0 -nn -e -l "
			   "--immediate-mode >" DUMP " 2>" DUMP ".err & "
			   "echo $! >" DUMP ".pid"));
	ASSERT_TRUE(becomes("grep -q listening " DUMP ".err"));
	ASSERT_EQ(0, st_detach(self->control, self->port));
	EXPECT_TRUE(becomes("grep -q 'vlan 7,.*Reverse Request' " DUMP));
	EXPECT_TRUE(becomes("grep -q 'vlan 9,.*Reverse Request' " DUMP));
	st_sh("kill $(cat " DUMP ".pid)");
}

TEST_HARNESS_MAIN
