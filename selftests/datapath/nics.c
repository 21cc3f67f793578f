// SPDX-License-Identifier: GPL-2.0
/*
 * Tests that need a real driver: large receive offload, an address filter.
 *
 *	fd -- vm1 -- vmxnet3		(large receive offload)
 *	fd -- vm1 -- e1000e ==== vmxnet3 -- packet socket	(filter)
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "lists.h"
#include "nics.h"
#include "scene.h"
#include "st.h"
#include "trace.h"
#include "way.h"

FIXTURE(nic) {
	struct scene s;
	struct nics nics;
	char vmxnet3[IFNAMSIZ];
};

FIXTURE_SETUP(nic)
{
	if (!nics_have_driver())
		SKIP(return, "this kernel has no e1000e");
	ASSERT_EQ(0, nics_new(&self->nics, &self->s, false)) {
		TH_LOG("the machine needs --nics");
	}
}

FIXTURE_TEARDOWN(nic)
{
	nics_end(&self->nics, &self->s);
}

/* libvirt, for example, replaces the queues of devices by noqueue. */
TEST_F_TIMEOUT(nic, without_a_qdisc_is_sent_to_under_its_lock, 60)
{
	struct scene *s = &self->s;
	char name[IFNAMSIZ];
	int err;

	ASSERT_NE(NULL, if_indextoname(s->v0, name));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->v0, 0));
	ASSERT_EQ(0, scene_flows_again(s, NICS_DEADLINE));
	ASSERT_EQ(0, st_sh("tc qdisc replace dev %s root noqueue", name));
	err = way_begin(name);
	if (err == -EOPNOTSUPP)
		SKIP(return, NO_TRACER);
	ASSERT_EQ(0, err);
	EXPECT_EQ(WAY_LONG, way_of_sent(s));
	way_end();
	st_sh("tc qdisc del dev %s root", name);
}

static bool lro_is(const char *device, const char *state)
{
	return !st_sh("ethtool -k %s | grep -q '^large-receive-offload: %s'",
		      device, state);
}

TEST_F(nic, LRO_is_off_while_attached_and_back_afterwards)
{
	struct scene *s = &self->s;
	char name[IFNAMSIZ];
	int lower;

	lower = nics_take(self->nics.there, self->nics.here, NICS_VMXNET3);
	ASSERT_LT(0, lower);
	ASSERT_NE(NULL, if_indextoname(lower, name));
	/* A macvlan of an earlier test has switched it off. */
	ASSERT_EQ(0, st_sh("ethtool -K %s lro on", name));
	ASSERT_TRUE(lro_is(name, "on"));

	ASSERT_EQ(0, st_attach(s->control, s->port, lower, 0)) {
		TH_LOG("%s", st_msg);
	}
	EXPECT_TRUE(lro_is(name, "off"));
	st_sh("ethtool -K %s lro on >/dev/null 2>&1", name);
	EXPECT_TRUE(lro_is(name, "off"));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(lro_is(name, "on"));

	/* What the operator has switched off stays off. */
	ASSERT_EQ(0, st_sh("ethtool -K %s lro off", name));
	ASSERT_EQ(0, st_attach(s->control, s->port, lower, 0));
	ASSERT_EQ(0, st_detach(s->control, s->port));
	EXPECT_TRUE(lro_is(name, "off"));
	st_sh("ethtool -K %s lro on", name);
}

static int peer_send_to(struct scene *s, const void *mac, uint32_t number)
{
	uint8_t frame[100];

	st_frame(frame, sizeof(frame), mac, ST_MAC_PEER, number);
	return st_packet_send(s->peer, s->p0, frame, sizeof(frame)) == 100 ?
	       0 : -EIO;
}

/*
 * Read until the frame with @number comes; -EBADMSG if the frame with @not came
 * before.
 * @header: @fd is a port's, which puts a vnet header before each frame.
 */
static int await_but_not(int fd, bool header, uint32_t number, uint32_t not)
{
	uint8_t frame[256];
	int64_t now;
	ssize_t len;

	do {
		if (st_readable(fd, SCENE_DEADLINE) != 1)
			return -ETIMEDOUT;
		len = header ? st_fd_read(fd, frame, sizeof(frame)) :
			       read(fd, frame, sizeof(frame));
		now = st_frame_number(frame, len);
		if (now == not)
			return -EBADMSG;
	} while (now != number);
	return 0;
}

static int await_fd_but_not(struct scene *s, uint32_t number, uint32_t not)
{
	return await_but_not(s->fd, true, number, not);
}

TEST_F(nic, in_filter_mode_it_takes_in_the_ports_address_only)
{
	/*
	 * Addresses whose hash in the emulated NIC differs from that of a group
	 */
	static const char stranger[] = "\x52\x54\x00\x00\x0d\x77";
	static const char mac[] = "\x52\x54\x00\x00\x0d\x66";
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_link_mac(s->port, (uint8_t *)mac));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->v0, 0));
	ASSERT_EQ(0, scene_flows_again(s, NICS_DEADLINE));
	ASSERT_EQ(0, peer_send_to(s, stranger, 7000));
	EXPECT_EQ(0, scene_await_fd(s, 7000, SCENE_DEADLINE));

	ASSERT_EQ(0, st_attach(s->control, s->port, s->v0,
			       STABLETAP_ATTACH_REPLACE |
			       STABLETAP_ATTACH_FILTER));
	ASSERT_EQ(0, peer_send_to(s, stranger, 7001));
	ASSERT_EQ(0, peer_send_to(s, mac, 7002));
	EXPECT_EQ(0, await_fd_but_not(s, 7002, 7001));

	ASSERT_EQ(0, st_attach(s->control, s->port, s->v0,
			       STABLETAP_ATTACH_REPLACE));
	ASSERT_EQ(0, peer_send_to(s, stranger, 7003));
	EXPECT_EQ(0, scene_await_fd(s, 7003, SCENE_DEADLINE));
}

/* The lists are set by the operator, not by the daemon. */
TEST_F_TIMEOUT(nic, in_filter_mode_it_takes_in_the_ports_groups_only, 60)
{
	/* Addresses whose hashes in the emulated NIC differ */
	static const char stranger[] = "\x01\x00\x5e\x01\x42\x43";
	static const char joined[] = "\x01\x00\x5e\x01\x02\x03";
	/* The address of another station, which is added to the list */
	static const char other[] = "\x52\x54\x00\x00\x0d\x77";
	struct scene *s = &self->s;

	ASSERT_EQ(0, maddr_set("vm1", joined, true));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->v0,
			       STABLETAP_ATTACH_FILTER));
	ASSERT_EQ(0, scene_flows_again(s, NICS_DEADLINE));
	EXPECT_TRUE(fdb_has(s->v0, joined));
	ASSERT_EQ(0, peer_send_to(s, stranger, 7001));
	ASSERT_EQ(0, peer_send_to(s, joined, 7002));
	EXPECT_EQ(0, await_fd_but_not(s, 7002, 7001));

	ASSERT_EQ(0, fdb_set(s->port, other, true));
	EXPECT_TRUE(fdb_has(s->v0, other));
	ASSERT_EQ(0, peer_send_to(s, other, 7003));
	EXPECT_EQ(0, scene_await_fd(s, 7003, SCENE_DEADLINE));

	ASSERT_EQ(0, maddr_set("vm1", joined, false));
	ASSERT_EQ(0, maddr_set("vm1", stranger, true));
	EXPECT_TRUE(fdb_lacks(s->v0, joined));
	ASSERT_EQ(0, peer_send_to(s, joined, 7004));
	ASSERT_EQ(0, peer_send_to(s, stranger, 7005));
	EXPECT_EQ(0, await_fd_but_not(s, 7005, 7004));

	ASSERT_EQ(0, st_sh("ip link set vm1 allmulticast on"));
	ASSERT_EQ(0, peer_send_to(s, joined, 7006));
	EXPECT_EQ(0, scene_await_fd(s, 7006, SCENE_DEADLINE));
}

struct entry {
	int ifindex;
	const char *mac;
};

static bool nic_has(void *arg)
{
	const struct entry *entry = arg;

	return fdb_has(entry->ifindex, entry->mac);
}

/* The parent of a child must accept every address that the child accepts. */
TEST_F_TIMEOUT(nic, the_ports_groups_reach_the_nic_through_a_macvlan, 60)
{
	static const char joined[] = "\x01\x00\x5e\x01\x02\x03";
	static const char stranger[] = "\x01\x00\x5e\x01\x42\x43";
	static const char other[] = "\x52\x54\x00\x00\x0d\x77";
	struct scene *s = &self->s;
	int mv0, nic;

	mv0 = st_macvlan_add("mv0", s->v0, (uint8_t *)ST_MAC_PORT, 0);
	ASSERT_LT(0, mv0);
	ASSERT_EQ(0, st_attach(s->control, s->port, mv0,
			       STABLETAP_ATTACH_FILTER));
	ASSERT_EQ(0, scene_flows_again(s, NICS_DEADLINE));
	ASSERT_EQ(0, maddr_set("vm1", joined, true));
	EXPECT_TRUE(fdb_has(mv0, joined));
	/* On 7.3 a macvlan passes its lists on from a work queue. */
	EXPECT_TRUE(st_wait(nic_has, &(struct entry){ s->v0, joined },
			    SCENE_DEADLINE));
	ASSERT_EQ(0, fdb_set(s->port, other, true));
	EXPECT_TRUE(st_wait(nic_has, &(struct entry){ s->v0, other },
			    SCENE_DEADLINE));

	/*
	 * Check that the NIC itself accepts the group.  Its hash tells the two
	 * groups apart.
	 */
	nic = st_packet_open(s->v0, false);
	ASSERT_LE(0, nic);
	ASSERT_EQ(0, peer_send_to(s, stranger, 7001));
	ASSERT_EQ(0, peer_send_to(s, joined, 7002));
	EXPECT_EQ(0, await_but_not(nic, false, 7002, 7001));
	EXPECT_EQ(0, await_fd_but_not(s, 7002, 7001));
	close(nic);
}

TEST_HARNESS_MAIN
