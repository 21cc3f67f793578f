// SPDX-License-Identifier: GPL-2.0
/*
 * One fd, opened once, survives the loss of devices below the port and changes
 * of the port.
 *
 *	fd -- vm1 -- mv0 (macvlan) -- v0 ==== p0 -- packet socket
 *	fd -- vm1 -- v0 ==== p0 -- packet socket	(direct)
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"
#include "scene.h"
#include "st.h"

FIXTURE(survive) {
	struct scene s;
};

FIXTURE_VARIANT(survive) {
	bool macvlan;
};

FIXTURE_VARIANT_ADD(survive, macvlan) {
	.macvlan = true,
};

FIXTURE_VARIANT_ADD(survive, direct) {
	.macvlan = false,
};

FIXTURE_SETUP(survive)
{
	ASSERT_EQ(0, scene_new(&self->s, variant->macvlan, 1));
	ASSERT_EQ(0, scene_attach(&self->s));
	ASSERT_EQ(0, scene_flows(&self->s));
}

/*
 * After every test: the fd was opened only once, and a read returns no error.
 */
FIXTURE_TEARDOWN(survive)
{
	uint8_t frame[256];

	EXPECT_EQ(-EAGAIN, st_fd_read(self->s.fd, frame, sizeof(frame)));
	EXPECT_EQ(1, scene_get(&self->s)->open_queues);
	scene_end(&self->s);
}

/* Between loss and return, written frames are accepted and counted. */
static int lost(struct scene *s, uint32_t reason)
{
	uint64_t dropped;

	if (scene_get(s)->state != STABLETAP_STATE_DETACHED ||
	    s->get.detach_reason != reason)
		return -EPROTO;
	dropped = SCENE_STAT(s, tx_detached);
	if (scene_write(s) || scene_write(s))
		return -EIO;
	return SCENE_STAT(s, tx_detached) == dropped + 2 ? 0 : -EBADMSG;
}

TEST_F(survive, the_lower_is_deleted_and_made_again)
{
	struct scene *s = &self->s;
	int turn;

	for (turn = 0; turn < 3; turn++) {
		ASSERT_EQ(0, st_link_del(s->lower));
		ASSERT_EQ(0, lost(s, STABLETAP_REASON_LOWER_GONE));
		if (!variant->macvlan)
			ASSERT_EQ(0, scene_veth(s));
		ASSERT_EQ(0, scene_attach(s));
		EXPECT_EQ(0, scene_flows(s));
	}
	EXPECT_EQ(3, scene_get(s)->losses);
}

TEST_F(survive, the_parent_is_deleted_and_made_again)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_link_del(s->v0));
	EXPECT_EQ(-ENODEV, st_ifindex("mv0"));
	ASSERT_EQ(0, lost(s, STABLETAP_REASON_LOWER_GONE));
	ASSERT_EQ(0, scene_veth(s));
	ASSERT_EQ(0, scene_attach(s));
	EXPECT_EQ(0, scene_flows(s));
}

TEST_F(survive, another_lower_on_another_parent_takes_over)
{
	struct scene *s = &self->s;
	int old = s->v0;

	/* The old veth stays, under other names. */
	ASSERT_EQ(0, st_sh("ip link set v0 down && ip link set v0 name old && "
			   "ip link set p0 down && ip link set p0 name oldp"));
	if (variant->macvlan)
		ASSERT_EQ(0, st_sh("ip link set mv0 down && ip link set mv0 name oldmv"));
	ASSERT_EQ(0, scene_veth(s));
	if (variant->macvlan)
		ASSERT_EQ(0, scene_macvlan(s));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->lower,
			       STABLETAP_ATTACH_REPLACE));
	EXPECT_EQ(0, scene_flows(s));
	ASSERT_EQ(0, st_link_del(old));
	EXPECT_EQ(0, scene_flows(s));
	EXPECT_EQ(0, scene_get(s)->losses);
}

TEST_F(survive, the_lower_is_renamed)
{
	struct scene *s = &self->s;
	const char *name = variant->macvlan ? "mv0" : "v0";

	ASSERT_EQ(0, st_sh("ip link set %s down && ip link set %s name other && "
			   "ip link set other up", name, name));
	ASSERT_TRUE(st_wait_up(s->lower, SCENE_DEADLINE));
	ASSERT_TRUE(st_wait_up(s->p0, SCENE_DEADLINE));
	EXPECT_EQ(0, scene_flows(s));
	EXPECT_EQ(s->lower, scene_get(s)->lower);
	EXPECT_EQ(0, s->get.losses);
}

TEST_F(survive, the_parent_is_set_down_and_up_again)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_link_up(s->v0, false));
	EXPECT_EQ(0, scene_write(s));
	EXPECT_TRUE(scene_await_state(s, STABLETAP_STATE_LOWER_DOWN));
	EXPECT_EQ(0, s->get.losses);
	ASSERT_EQ(0, st_link_up(s->v0, true));
	ASSERT_TRUE(scene_await_state(s, STABLETAP_STATE_ATTACHED));
	ASSERT_TRUE(st_wait_up(s->lower, SCENE_DEADLINE));
	ASSERT_TRUE(st_wait_up(s->p0, SCENE_DEADLINE));
	EXPECT_EQ(0, scene_flows(s));
}

TEST_F(survive, the_lower_goes_to_another_namespace_and_comes_back)
{
	const char *name = variant->macvlan ? "mv0" : "v0";
	int here = st_netns_fd(), there = st_netns_another();
	struct scene *s = &self->s;

	ASSERT_LE(0, there);
	ASSERT_EQ(0, st_link_netns(s->lower, there));
	ASSERT_EQ(0, lost(s, STABLETAP_REASON_LOWER_MOVED));
	ASSERT_EQ(0, st_netns_enter(there));
	ASSERT_EQ(0, st_link_netns(st_ifindex(name), here));
	ASSERT_EQ(0, st_netns_enter(here));
	s->lower = st_ifindex(name);
	ASSERT_EQ(0, st_attach(s->control, s->port, s->lower, 0));
	ASSERT_TRUE(st_wait_up(s->lower, SCENE_DEADLINE));
	ASSERT_TRUE(st_wait_up(s->p0, SCENE_DEADLINE));
	EXPECT_EQ(0, scene_flows(s));
}

TEST_F(survive, the_parent_goes_to_another_namespace_and_comes_back)
{
	int here = st_netns_fd(), there = st_netns_another();
	struct scene *s = &self->s;

	if (!variant->macvlan)
		return;		/* For a direct lower this is the test above. */
	ASSERT_LE(0, there);
	ASSERT_EQ(0, st_link_netns(s->v0, there));
	EXPECT_EQ(0, scene_write(s));
	ASSERT_EQ(0, st_netns_enter(there));
	ASSERT_EQ(0, st_link_netns(st_ifindex("v0"), here));
	ASSERT_EQ(0, st_netns_enter(here));
	s->v0 = st_ifindex("v0");
	ASSERT_EQ(0, st_link_up(s->v0, true));
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));
	EXPECT_EQ(0, scene_get(s)->losses);
}

TEST_F(survive, the_driver_of_the_lower_is_removed_and_loaded_again)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, st_sh("rmmod veth"));
	ASSERT_EQ(0, lost(s, STABLETAP_REASON_LOWER_GONE));
	EXPECT_EQ(-ENODEV, st_ifindex("v0"));
	ASSERT_EQ(0, st_sh("modprobe veth"));
	ASSERT_EQ(0, scene_veth(s));
	ASSERT_EQ(0, scene_attach(s));
	EXPECT_EQ(0, scene_flows(s));
}

TEST_F(survive, a_dummy_is_removed_with_its_driver)
{
	struct scene *s = &self->s;
	int d0;

	ASSERT_EQ(0, st_sh("modprobe dummy numdummies=0"));
	d0 = st_link_add("d0", "dummy", 0);
	ASSERT_LT(0, d0);
	if (variant->macvlan) {
		/* A child on the dummy replaces the one on v0. */
		d0 = st_macvlan_add("mvd", d0, (uint8_t *)ST_MAC_PORT, 0);
		ASSERT_LT(0, d0);
	}
	ASSERT_EQ(0, st_attach(s->control, s->port, d0,
			       STABLETAP_ATTACH_REPLACE));
	ASSERT_EQ(0, scene_write(s));
	ASSERT_EQ(0, st_sh("rmmod dummy"));
	ASSERT_EQ(0, lost(s, STABLETAP_REASON_LOWER_GONE));
	ASSERT_EQ(0, st_sh("modprobe dummy numdummies=0"));
	ASSERT_EQ(0, st_attach(s->control, s->port, s->lower, 0));
	EXPECT_EQ(0, scene_flows_again(s, SCENE_DEADLINE));
}

TEST_F(survive, the_port_is_renamed)
{
	struct scene *s = &self->s;
	struct ifreq ifr = {};

	ASSERT_EQ(0, st_sh("ip link set vm1 down && ip link set vm1 name other && "
			   "ip link set other up"));
	EXPECT_EQ(0, scene_flows(s));
	ASSERT_EQ(0, ioctl(s->fd, TUNGETIFF, &ifr));
	EXPECT_STREQ("other", ifr.ifr_name);
	EXPECT_EQ(1, scene_get(s)->attaches);
	EXPECT_EQ(STABLETAP_REASON_NONE, s->get.detach_reason);
}

TEST_F(survive, the_port_goes_to_another_namespace_and_comes_back)
{
	int here = st_netns_fd(), there = st_netns_another();
	struct scene *s = &self->s;
	int control = s->control;

	/* In that namespace the port gets a veth, and a child on it. */
	ASSERT_LE(0, there);
	ASSERT_EQ(0, st_link_netns(s->port, there));
	EXPECT_EQ(0, scene_write(s));
	ASSERT_EQ(0, st_link_del(s->v0));
	ASSERT_EQ(0, st_netns_enter(there));
	ASSERT_EQ(0, scene_file_write("/proc/sys/net/ipv6/conf/default/disable_ipv6",
				      "1"));
	s->control = st_control_open();
	s->port = st_ifindex("vm1");
	ASSERT_EQ(0, lost(s, STABLETAP_REASON_PORT_MOVED) == -EBADMSG ? 0 : 1);
	ASSERT_EQ(0, st_link_up(s->port, true));
	ASSERT_EQ(0, lost(s, STABLETAP_REASON_PORT_MOVED));
	ASSERT_EQ(0, scene_veth(s));
	ASSERT_EQ(0, scene_attach(s));
	EXPECT_EQ(0, scene_flows(s));

	/* Move the port back; that veth stays. */
	ASSERT_EQ(0, st_link_netns(s->port, here));
	ASSERT_EQ(0, st_netns_enter(here));
	close(s->control);
	s->control = control;
	s->port = st_ifindex("vm1");
	ASSERT_EQ(0, st_link_up(s->port, true));
	ASSERT_EQ(0, lost(s, STABLETAP_REASON_PORT_MOVED));
	ASSERT_EQ(0, scene_veth(s));
	ASSERT_EQ(0, scene_attach(s));
	EXPECT_EQ(0, scene_flows(s));
}

TEST_HARNESS_MAIN
