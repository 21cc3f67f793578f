// SPDX-License-Identifier: GPL-2.0
/*
 * A real guest: iPXE from the ROM of QEMU's NIC. It gets a lease by DHCP and a
 * script by HTTP, and answers pings of the host.
 *
 *	iPXE - QEMU - fd, vhost - vm1 - mv0 (macvlan) - v0 ==== p0 - switch
 *	                                       (then mv1 on v1 ==== p1)
 *
 * vm-timeout: 1500
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "ipxe.h"
#include "st.h"

#define TIMEOUT		900	/* seconds; for a busy emulated machine */
#define BACK_MS		120000

FIXTURE(smoke) {
	int control;
	int port;
	struct ipxe guest;
};

/* Create NIC number @nr: a veth whose other end is plugged into the switch */
static int plug_nic(int nr)
{
	char name[16], peer[16];
	int err;

	snprintf(name, sizeof(name), "v%d", nr);
	snprintf(peer, sizeof(peer), "p%d", nr);
	err = st_veth_add(name, peer, -1);
	if (err)
		return err;
	return st_link_master(st_ifindex(peer), st_ifindex("switch"));
}

FIXTURE_SETUP(smoke)
{
	ASSERT_EQ(0, st_netns_new());
	ASSERT_EQ(0, ipxe_serve(&self->guest));
	self->control = st_control_open();
	ASSERT_LE(0, self->control);
	self->port = st_port_new(self->control, "vm1", 0, 1);
	ASSERT_LT(0, self->port);
	ASSERT_EQ(0, plug_nic(0));
	ASSERT_LT(0, st_macvlan_add("mv0", st_ifindex("v0"),
				    (uint8_t *)ST_MAC_PORT, self->port));
}

FIXTURE_TEARDOWN(smoke)
{
	ipxe_end(&self->guest);
	close(self->control);
}

TEST_F_TIMEOUT(smoke, a_real_guest_answers_pings_again_after_each_loss,
	       TIMEOUT)
{
	struct qemu *qemu = &self->guest.qemu;
	struct stabletap_get get;
	int fd;

	if (!qemu_is_here())
		SKIP(return, "no QEMU for this guest here");
	fd = st_port_open(self->control, self->port, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ipxe_start(&self->guest, fd, "")) {
		TH_LOG("%s", qemu_log(qemu));
	}
	close(fd);
	ASSERT_TRUE(ipxe_boots(&self->guest)) {
		TH_LOG("the guest did not boot: %s", qemu_log(qemu));
	}
	ASSERT_TRUE(ipxe_answers(&self->guest, BACK_MS));

	/* The macvlan is deleted and created again. */
	ASSERT_EQ(0, st_link_del(st_ifindex("mv0")));
	ASSERT_TRUE(ipxe_is_silent(&self->guest));
	ASSERT_LT(0, st_macvlan_add("mv0", st_ifindex("v0"),
				    (uint8_t *)ST_MAC_PORT, self->port));
	ASSERT_TRUE(ipxe_answers(&self->guest, BACK_MS));

	/* The NIC is deleted, and another one appears. */
	ASSERT_EQ(0, st_link_del(st_ifindex("v0")));
	ASSERT_TRUE(ipxe_is_silent(&self->guest));
	ASSERT_EQ(0, plug_nic(1));
	ASSERT_LT(0, st_macvlan_add("mv1", st_ifindex("v1"),
				    (uint8_t *)ST_MAC_PORT, self->port));
	ASSERT_TRUE(ipxe_answers(&self->guest, BACK_MS));

	ASSERT_TRUE(qemu_runs(qemu));
	ASSERT_STREQ("", qemu_log(qemu));
	ASSERT_EQ(0, st_get(self->control, self->port, &get));
	ASSERT_EQ(1, get.open_queues);
	ASSERT_EQ(2, get.losses);
}

TEST_HARNESS_MAIN
