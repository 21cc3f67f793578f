// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's device model on a port: its operations on the fd when the guest
 * starts, resets and changes queues, and when QMP commands are given, while the
 * port is attached and while it is detached.  QEMU must survive each, and
 * frames must flow again.  vm-timeout: 1800
 *
 *	qtest: virtio-net driver in this program
 *	  |
 *	QEMU (processor halted) - 2 fds - vm1 - mv0 (macvlan) - v0 ==== p0
 *	                                                                 |
 *	                                                     packet socket
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "qemu.h"
#include "qnic.h"
#include "st.h"

#define PAIRS	2
#define TIMEOUT	600	/* seconds for a test: emulation inside emulation */
#define SLOT	4

FIXTURE(qtest) {
	int control;
	int port;
	int v0;
	int peer;		/* packet socket on p0 */
	int fds[PAIRS];
	uint32_t number;	/* number of the last frame */
	bool vhost;
	struct qemu qemu;
	struct qnic nic;
};

FIXTURE_VARIANT(qtest) {
	bool vhost;
};

/*
 * Starting QEMU takes long, so only qtest-long.c runs the tests without vhost.
 */
#ifdef WITHOUT_VHOST
FIXTURE_VARIANT_ADD(qtest, user) {
	.vhost = false,
};
#else
FIXTURE_VARIANT_ADD(qtest, vhost) {
	.vhost = true,
};
#endif

static int start_qemu(struct qemu *q, const int *fds, bool vhost)
{
	return qemu_start(q, fds, PAIRS,
			  "-netdev tap,id=n0,fds=%d:%d,vhost=%s "
			  "-device virtio-net-pci,id=d0,netdev=n0,mq=on,"
			  "addr=%d,disable-legacy=on,romfile=",
			  fds[0], fds[1], vhost ? "on" : "off", SLOT);
}

/* Send one frame from the device.  Returns true if it arrives at the peer. */
static bool goes_out(struct qnic *nic, int pair, int peer, uint32_t number)
{
	uint8_t frame[100], got[2048];
	ssize_t len;

	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, number);
	if (qnic_send(nic, pair, frame, sizeof(frame)))
		return false;
	while (st_readable(peer, ST_DEADLINE) > 0) {
		len = read(peer, got, sizeof(got));
		if (st_frame_number(got, len) == number)
			return true;
	}
	return false;
}

struct arrival {
	struct qnic *nic;
	uint32_t number;
};

static bool has_arrived(void *arg)
{
	struct arrival *arrival = arg;
	uint8_t got[2048];
	int len;

	do {
		len = qnic_receive(arrival->nic, got, sizeof(got));
		if (len > 0 && st_frame_number(got, len) == arrival->number)
			return true;
	} while (len > 0);
	return false;
}

static bool comes_in(struct qnic *nic, int peer, uint32_t number)
{
	struct arrival arrival = { nic, number };
	uint8_t frame[100];

	st_frame(frame, sizeof(frame), ST_MAC_PORT, ST_MAC_PEER, number);
	if (st_packet_send(peer, st_ifindex("p0"), frame, sizeof(frame)) < 0)
		return false;
	return st_wait(has_arrived, &arrival, ST_DEADLINE);
}

static bool both_ways(FIXTURE_DATA(qtest) *self)
{
	self->number += 2;
	return goes_out(&self->nic, 0, self->peer, self->number - 1) &&
	       comes_in(&self->nic, self->peer, self->number);
}

static int bring_lower(FIXTURE_DATA(qtest) *self)
{
	return st_macvlan_add("mv0", self->v0, (uint8_t *)ST_MAC_PORT,
			      self->port);
}

static int lose_lower(void)
{
	return st_link_del(st_ifindex("mv0"));
}

/*
 * Returns true if a frame that is sent while detached is accepted, counted and
 * dropped.
 */
static bool is_dropped(FIXTURE_DATA(qtest) *self)
{
	struct stabletap_stats before, after;
	uint8_t frame[100];

	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 0);
	if (st_stats(self->control, self->port, &before) ||
	    qnic_send(&self->nic, 0, frame, sizeof(frame)) ||
	    st_stats(self->control, self->port, &after))
		return false;
	return after.tx_detached == before.tx_detached + 1;
}

/*
 * QEMU's messages, except the one that it always prints with several queues:
 * neither a macvtap nor a port accepts a steering program.
 */
static const char *complaints(struct qemu *q)
{
	static char kept[2048];
	char *line, *log = (char *)qemu_log(q);

	kept[0] = 0;
	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		if (!strstr(line, "TUNSETSTEERINGEBPF"))
			strcat(kept, line);
	return kept;
}

FIXTURE_SETUP(qtest)
{
	ASSERT_EQ(0, st_netns_new());
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, PAIRS);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, st_veth_add("v0", "p0", -1));
	self->v0 = st_ifindex("v0");
	ASSERT_TRUE(st_wait_up(self->v0, ST_DEADLINE));
	ASSERT_TRUE(st_wait_up(st_ifindex("p0"), ST_DEADLINE));
	self->peer = st_packet_open(st_ifindex("p0"), false);
	ASSERT_LE(0, self->peer);
	for (int i = 0; i < PAIRS; i++) {
		self->fds[i] = st_port_open(self->control, self->port, 0);
		ASSERT_LE(0, self->fds[i]);
	}
	self->vhost = variant->vhost;
	ASSERT_EQ(0, start_qemu(&self->qemu, self->fds, self->vhost)) {
		TH_LOG("%s", qemu_log(&self->qemu));
	}
	/* Only QEMU's fds may stay open: the port must not depend on ours. */
	for (int i = 0; i < PAIRS; i++)
		close(self->fds[i]);
	ASSERT_EQ(0, qnic_init(&self->nic, &self->qemu, SLOT));
}

/* After every test QEMU must exit normally, and close the port. */
FIXTURE_TEARDOWN(qtest)
{
	struct stabletap_get get;

	EXPECT_TRUE(qemu_runs(&self->qemu)) {
		TH_LOG("QEMU has ended: %s", qemu_log(&self->qemu));
	}
	if (qemu_runs(&self->qemu))
		EXPECT_EQ(0, qemu_quit(&self->qemu));
	EXPECT_STREQ("", complaints(&self->qemu));
	qemu_kill(&self->qemu);
	EXPECT_EQ(0, st_get(self->control, self->port, &get));
	EXPECT_EQ(0, get.open_queues);
	close(self->peer);
	close(self->control);
}

TEST_F_TIMEOUT(qtest, frames_flow_again_after_each_of_ten_losses, TIMEOUT)
{
	ASSERT_LT(0, bring_lower(self));
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_TRUE(both_ways(self));
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, lose_lower());
		ASSERT_TRUE(is_dropped(self));
		ASSERT_LT(0, bring_lower(self));
		ASSERT_TRUE(both_ways(self));
	}
}

TEST_F_TIMEOUT(qtest, a_driver_starts_and_starts_again_while_detached,
	       TIMEOUT)
{
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_TRUE(is_dropped(self));
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_TRUE(is_dropped(self));
	ASSERT_LT(0, bring_lower(self));
	ASSERT_TRUE(both_ways(self));

	/* Attach, lose the lower, reset the driver, attach again */
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_TRUE(both_ways(self));
	ASSERT_EQ(0, lose_lower());
	qnic_reset(&self->nic);
	ASSERT_LT(0, bring_lower(self));
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_TRUE(both_ways(self));
}

TEST_F_TIMEOUT(qtest, the_guest_changes_its_queue_pairs_while_detached,
	       TIMEOUT)
{
	ASSERT_LT(0, bring_lower(self));
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_EQ(PAIRS, self->nic.pairs);
	ASSERT_EQ(0, qnic_set_pairs(&self->nic, 2));
	ASSERT_TRUE(goes_out(&self->nic, 1, self->peer, 1000));
	ASSERT_TRUE(both_ways(self));

	ASSERT_EQ(0, lose_lower());
	ASSERT_EQ(0, qnic_set_pairs(&self->nic, 1));
	ASSERT_TRUE(is_dropped(self));
	ASSERT_EQ(0, qnic_set_pairs(&self->nic, 2));
	ASSERT_TRUE(is_dropped(self));

	ASSERT_LT(0, bring_lower(self));
	ASSERT_TRUE(goes_out(&self->nic, 1, self->peer, 1001));
	ASSERT_TRUE(both_ways(self));
	ASSERT_EQ(0, qnic_set_pairs(&self->nic, 1));
	ASSERT_TRUE(both_ways(self));
}

TEST_F_TIMEOUT(qtest, set_link_stop_and_cont_work_while_detached, TIMEOUT)
{
	struct qemu *q = &self->qemu;

	ASSERT_LT(0, bring_lower(self));
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_TRUE(both_ways(self));
	ASSERT_EQ(0, lose_lower());

	ASSERT_EQ(0, qemu_qmp(q, -1, "{\"execute\": \"set_link\", "
			      "\"arguments\": {\"name\": \"d0\", "
			      "\"up\": false}}"));
	ASSERT_EQ(0, qnic_link_status(&self->nic) & VIRTIO_NET_S_LINK_UP);
	ASSERT_EQ(0, qemu_qmp(q, -1, "{\"execute\": \"set_link\", "
			      "\"arguments\": {\"name\": \"d0\", "
			      "\"up\": true}}"));
	ASSERT_NE(0, qnic_link_status(&self->nic) & VIRTIO_NET_S_LINK_UP);
	ASSERT_TRUE(is_dropped(self));

	ASSERT_EQ(0, qemu_qmp(q, -1, "{\"execute\": \"stop\"}"));
	ASSERT_LT(0, bring_lower(self));
	ASSERT_EQ(0, qemu_qmp(q, -1, "{\"execute\": \"cont\"}"));
	ASSERT_TRUE(both_ways(self));
}

/* Eject a device as a guest does, through ACPI's PCI hot-plug registers */
static void eject(struct qemu *q, int slot)
{
	qtest(q, "outl 0xae10 0");
	qtest(q, "outl 0xae08 0x%x", 1u << slot);
}

/* The NIC is unplugged with its netdev, and both come back with new fds. */
TEST_F_TIMEOUT(qtest, a_nic_is_unplugged_and_plugged_again_while_detached,
	       TIMEOUT)
{
	struct qemu *q = &self->qemu;
	struct stabletap_get get;
	int fd;

	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_EQ(0, qemu_qmp(q, -1, "{\"execute\": \"netdev_del\", "
			      "\"arguments\": {\"id\": \"n0\"}}"));
	ASSERT_EQ(0, st_get(self->control, self->port, &get));
	ASSERT_EQ(0, get.open_queues);
	ASSERT_EQ(0, qemu_qmp(q, -1, "{\"execute\": \"device_del\", "
			      "\"arguments\": {\"id\": \"d0\"}}"));
	eject(q, SLOT);
	ASSERT_EQ(0, qemu_event(q, "DEVICE_DELETED", ST_DEADLINE));

	fd = st_port_open(self->control, self->port, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, qemu_qmp(q, fd, "{\"execute\": \"getfd\", "
			      "\"arguments\": {\"fdname\": \"tap\"}}"));
	close(fd);
	ASSERT_EQ(0, qemu_qmp(q, -1, "{\"execute\": \"netdev_add\", "
			      "\"arguments\": {\"type\": \"tap\", "
			      "\"id\": \"n1\", \"fd\": \"tap\", "
			      "\"vhost\": %s}}",
			      self->vhost ? "true" : "false")) {
		TH_LOG("%s", q->answer);
	}
	ASSERT_EQ(0, qemu_qmp(q, -1, "{\"execute\": \"device_add\", "
			      "\"arguments\": {\"driver\": "
			      "\"virtio-net-pci\", \"id\": \"d1\", "
			      "\"netdev\": \"n1\", \"addr\": \"%d\", "
			      "\"disable-legacy\": \"on\", "
			      "\"romfile\": \"\"}}", SLOT)) {
		TH_LOG("%s", q->answer);
	}
	ASSERT_EQ(0, qnic_init(&self->nic, q, SLOT));
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_TRUE(is_dropped(self));
	ASSERT_LT(0, bring_lower(self));
	ASSERT_TRUE(both_ways(self));
}

/*
 * Flows are spread over all open queues, so a further queue would get some of
 * the guest's.
 */
TEST_F_TIMEOUT(qtest, a_second_qemu_cannot_steal_frames, TIMEOUT)
{
	ASSERT_LT(0, bring_lower(self));
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_EQ(-EBUSY, st_port_open(self->control, self->port, 0));
	ASSERT_TRUE(both_ways(self));

	/* Nor while the guest has disabled one of its queues. */
	ASSERT_EQ(0, qnic_set_pairs(&self->nic, 1));
	ASSERT_TRUE(both_ways(self));
	ASSERT_EQ(-EBUSY, st_port_open(self->control, self->port, 0));
}

#ifndef WITHOUT_VHOST
/*
 * Control: the same on a plain macvtap.  It shows that the tests above can
 * fail, and that the documentation is right about macvtap.
 *
 *	QEMU - 2 fds - mvtap0 (macvtap) - v0 ==== p0 -- packet socket
 */
FIXTURE(macvtap) {
	int v0;
	int peer;
	int fds[PAIRS];
	struct qemu qemu;
	struct qnic nic;
};

static int open_macvtap(void)
{
	struct {
		int ifindex;
		char path[32];
	} tap;
	int fd;

	tap.ifindex = st_ifindex("mvtap0");
	snprintf(tap.path, sizeof(tap.path), "/dev/tap%d", tap.ifindex);
	fd = open(tap.path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make_macvtap(void)
{
	return st_sh("ip link add link v0 name mvtap0 "
		     "address 52:54:00:00:00:01 type macvtap mode bridge && "
		     "ip link set mvtap0 up");
}

FIXTURE_SETUP(macvtap)
{
	ASSERT_EQ(0, st_netns_new());
	ASSERT_EQ(0, st_veth_add("v0", "p0", -1));
	ASSERT_TRUE(st_wait_up(st_ifindex("v0"), ST_DEADLINE));
	ASSERT_TRUE(st_wait_up(st_ifindex("p0"), ST_DEADLINE));
	self->peer = st_packet_open(st_ifindex("p0"), false);
	ASSERT_LE(0, self->peer);
	ASSERT_EQ(0, make_macvtap());
	for (int i = 0; i < PAIRS; i++) {
		self->fds[i] = open_macvtap();
		ASSERT_LE(0, self->fds[i]);
	}
	ASSERT_EQ(0, start_qemu(&self->qemu, self->fds, true)) {
		TH_LOG("%s", qemu_log(&self->qemu));
	}
	for (int i = 0; i < PAIRS; i++)
		close(self->fds[i]);
	ASSERT_EQ(0, qnic_init(&self->nic, &self->qemu, SLOT));
	ASSERT_EQ(0, qnic_start(&self->nic));
	ASSERT_TRUE(goes_out(&self->nic, 0, self->peer, 1));
	ASSERT_TRUE(comes_in(&self->nic, self->peer, 2));
}

FIXTURE_TEARDOWN(macvtap)
{
	qemu_kill(&self->qemu);
	close(self->peer);
}

TEST_F_TIMEOUT(macvtap, in_its_place_loses_the_network_silently_and_then_aborts,
	       TIMEOUT)
{
	uint8_t frame[100], got[2048];
	ssize_t len;
	int status;

	ASSERT_EQ(0, st_link_del(st_ifindex("mvtap0")));
	ASSERT_EQ(0, make_macvtap());

	/* The write succeeds, but the frame does not arrive. */
	st_frame(frame, sizeof(frame), ST_MAC_PEER, ST_MAC_PORT, 3);
	ASSERT_EQ(0, qnic_send(&self->nic, 0, frame, sizeof(frame)));
	while (st_readable(self->peer, 500) > 0) {
		len = read(self->peer, got, sizeof(got));
		ASSERT_NE(3, st_frame_number(got, len));
	}
	ASSERT_TRUE(qemu_runs(&self->qemu));
	ASSERT_STREQ("", complaints(&self->qemu));

	ASSERT_NE(0, qnic_set_pairs(&self->nic, 2));
	status = qemu_wait(&self->qemu, ST_DEADLINE);
	ASSERT_LE(0, status);
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(SIGABRT, WTERMSIG(status));
}
#endif /* !WITHOUT_VHOST */

TEST_HARNESS_MAIN
